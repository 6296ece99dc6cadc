"""Delivered reports, held against what was asked for."""

from dataclasses import replace
from decimal import Decimal

import pytest

from oadr.errors import InvalidId
from oadr.messages import Interval, Report, ReportDescription, ReportPayload
from oadr.report import RequestKind, check_update, findings, next_window, pack
from tests.oadr.report_samples import HOUR, MINUTE, USAGE, T, amount, asked, point

REQUEST = asked(USAGE, "power", "energy", granularity=MINUTE, back=2 * MINUTE)
WINDOW = next_window(REQUEST, RequestKind.PERIODIC, T)
assert WINDOW is not None
GOOD = pack(
    REQUEST,
    RequestKind.PERIODIC,
    WINDOW,
    [point("power", T), amount("energy", T)],
    USAGE,
    now=T,
)
NUMBER = ReportPayload(r_id="power", value=Decimal(1))
SECOND_INTERVAL = GOOD.intervals[1]


def rules(report: Report) -> list[str]:
    return [finding.rule for finding in findings(report, REQUEST, USAGE)]


def test_what_we_pack_has_no_faults() -> None:
    check_update(GOOD, REQUEST, USAGE)
    assert findings(GOOD, REQUEST, USAGE) == ()


@pytest.mark.parametrize(
    "report",
    [
        replace(GOOD, report_request_id="R2"),
        replace(GOOD, report_specifier_id="other"),
        replace(GOOD, intervals=(Interval(payloads=(replace(NUMBER, r_id="gas"),)),)),
    ],
    ids=["request", "specifier", "rID"],
)
def test_r304_a_foreign_id_is_refused(report: Report) -> None:
    with pytest.raises(InvalidId, match="R304") as caught:
        check_update(report, REQUEST, USAGE)
    assert caught.value.code == 452


def test_r304_a_data_point_that_was_not_requested_is_refused() -> None:
    with pytest.raises(InvalidId, match=r"'energy' was not asked for in request 'R1'"):
        check_update(GOOD, asked(USAGE, "power"), USAGE)


def test_r300_a_missing_data_point_is_found() -> None:
    only = replace(GOOD, intervals=(replace(SECOND_INTERVAL, dtstart=T, payloads=(NUMBER,)),))
    (found,) = findings(only, REQUEST, USAGE)
    assert str(found) == "rID 'energy' is missing in the report (R300)"


DESCRIBED = ReportDescription(r_id="power", report_type="usage", reading_type="Direct Read")


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (replace(GOOD, descriptions=(DESCRIBED,)), ["R313"]),
        (replace(GOOD, report_name=None), ["R313"]),
        (replace(GOOD, report_name="METADATA_TELEMETRY_USAGE"), ["R313"]),
        (replace(GOOD, report_name="TELEMETRY_STATUS"), ["R313"]),
        (replace(GOOD, dtstart=None), ["R313"]),
        (replace(GOOD, intervals=()), ["R313", "R300", "R300"]),
        (replace(GOOD, dtstart=T - MINUTE), ["R314"]),
    ],
    ids=["described", "nameless", "metadata", "other name", "no start", "empty", "early"],
)
def test_r313_r314_faults_of_the_head_are_found(report: Report, expected: list[str]) -> None:
    assert rules(report) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (replace(SECOND_INTERVAL, dtstart=None), ["R314"]),
        (replace(SECOND_INTERVAL, dtstart=T - HOUR), ["R314"]),
        (replace(SECOND_INTERVAL, duration=None), ["R315"]),
    ],
    ids=["all or none", "order", "duration"],
)
def test_r314_r315_faults_of_the_intervals_are_found(second: Interval, expected: list[str]) -> None:
    assert rules(replace(GOOD, intervals=(GOOD.intervals[0], second))) == expected


WHOLE = replace(GOOD, duration=2 * MINUTE)


def test_r316_intervals_without_start_and_uid_are_found() -> None:
    bare = tuple(replace(one, dtstart=None) for one in GOOD.intervals)
    assert rules(replace(WHOLE, intervals=bare)) == ["R316"]
    numbered = tuple(replace(one, uid=str(i)) for i, one in enumerate(bare))
    assert rules(replace(WHOLE, intervals=numbered)) == []
    assert rules(replace(WHOLE, intervals=tuple(reversed(numbered)))) == ["R316"]


def test_r316_one_interval_without_start_and_uid_is_enough() -> None:
    first, second = (replace(one, dtstart=None) for one in GOOD.intervals)
    assert rules(replace(WHOLE, intervals=(replace(first, uid="0"), second))) == ["R316"]


def test_r315_intervals_without_start_need_the_duration_of_the_report() -> None:
    bare = tuple(replace(one, dtstart=None, uid=str(i)) for i, one in enumerate(GOOD.intervals))
    assert rules(replace(GOOD, intervals=bare)) == ["R315"]
    assert rules(replace(GOOD, intervals=bare[:1])) == []


ENERGY = replace(NUMBER, r_id="energy")


@pytest.mark.parametrize(
    ("payloads", "starts", "lengths", "expected"),
    [
        ((ENERGY,), True, False, ["R342"]),
        ((ENERGY,), True, True, []),
        ((NUMBER,), False, True, ["R342"]),
        ((NUMBER,), True, False, []),
        ((NUMBER, ENERGY), True, True, []),
    ],
    ids=["total, start", "total, both", "moment, duration", "moment, start", "mixed, both"],
)
def test_r342_a_kind_of_value_with_the_wrong_times_is_found(
    payloads: tuple[ReportPayload, ...], starts: bool, lengths: bool, expected: list[str]
) -> None:
    intervals = tuple(
        Interval(
            dtstart=T + i * MINUTE if starts else None,
            duration=MINUTE if lengths else None,
            uid=str(i),
            payloads=payloads,
        )
        for i in range(2)
    )
    found = rules(replace(WHOLE, intervals=intervals))
    assert [rule for rule in found if rule != "R300"] == expected


def test_a_name_is_not_compared_with_one_that_the_offer_lacks() -> None:
    assert findings(GOOD, REQUEST, replace(USAGE, report_name="")) == ()
