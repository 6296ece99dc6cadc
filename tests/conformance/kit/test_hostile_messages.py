"""Messages that are made to cost the kit its time, its memory or its verdict."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from conformance.checks import CHECKS, Document, Side
from conformance.checks.document import MOST_NAMESPACES
from conformance.judge import MOST_FOUND, Judge
from conformance.peers.offers import TELEMETRY_USAGE
from oadr import codec
from oadr import messages as m

POLL = codec.encode(m.Poll(ven_id="v"))


def metadata(count: int) -> bytes:
    """Returns metadata of so many data points, each of them wrong."""
    (point, *_) = TELEMETRY_USAGE.descriptions
    many = tuple(replace(point, r_id=f"r{n}", reading_type="x-own") for n in range(count))
    report = replace(TELEMETRY_USAGE, descriptions=many, duration=timedelta(hours=1))
    return codec.encode(m.RegisterReport(request_id="q", reports=(report,), ven_id="v"))


def test_what_is_wrong_ten_thousand_times_is_told_a_hundred_times() -> None:
    found = Judge({Side.VEN}).see(metadata(10_000), asked_by=Side.VEN, status=200)
    wrong = [one for one in found if one.check.id == "R331.well_known"]
    assert len(wrong) == MOST_FOUND
    assert "nothing more of this is looked for" in wrong[-1].seen


def test_the_time_of_a_judgement_does_not_grow_with_the_square() -> None:
    start = time.process_time()
    Judge({Side.VEN}).see(metadata(10_000), asked_by=Side.VEN, status=200)
    assert time.process_time() - start < 6


@pytest.mark.parametrize(
    "data",
    [
        b"<x>" + b"<a/>" * 1_000_000 + b"</x>",
        POLL + b" " * codec.MAX_BYTES,
        POLL.replace(
            b"<oadr:oadrPoll ",
            b"<oadr:oadrPoll "
            + b"".join(b'xmlns:a%d="urn:%d" ' % (n, n) for n in range(MOST_NAMESPACES)),
        ),
    ],
    ids=["elements", "bytes", "namespaces"],
)
def test_what_the_kit_does_not_read_is_never_right(data: bytes) -> None:
    document = Document(data, Side.VEN)
    assert document.invalid.startswith("not read")
    found = Judge({Side.VEN}).see(data, asked_by=Side.VEN, status=200)
    assert "XSD.valid" in {one.check.id for one in found}


def test_a_check_that_fails_itself_is_noted_and_the_others_go_on() -> None:
    (check,) = (one for one in CHECKS.values() if one.id == "XSD.valid")

    def fail(*_: object) -> None:
        raise LookupError("of the kit")

    broken = replace(check, name="broken", run=fail)  # type: ignore[arg-type]
    judge = Judge({Side.VEN}, checks=[broken, check])
    found = judge.see(b"<x/>", asked_by=Side.VEN, status=200)
    assert [one.check.id for one in found] == ["XSD.valid"]
    assert judge.broken == {"XSD.broken"}
