"""Whatever a peer sends, the judge judges and never fails: it reads what anybody may write."""

from datetime import UTC, datetime
from random import Random

import pytest
from lxml import etree

from conformance.checks import Side
from conformance.checks.xml import duration, whole
from conformance.judge import Judge
from oadr import codec
from oadr import messages as m
from oadr.messages import MESSAGES
from oadr.replies import SERVICE_OF
from tests.fuzz.writing import Writer

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_X = "urn:ietf:params:xml:ns:icalendar-2.0"


@pytest.mark.parametrize("seed", range(2))
def test_any_valid_messages_are_judged(seed: int) -> None:
    random = Random(seed)
    writer = Writer(random=random, known={"ei:venID": ["v"], "ei:eventID": ["e"], "ei:rID": ["r"]})
    judge = Judge({Side.VTN, Side.VEN})
    for _ in range(150):
        asked, answered = writer.document(), writer.document()
        exchange = judge.open(
            asked.data,
            answered.data,
            asked_by=random.choice(list(Side)),
            identity="v",
            status=200,
            service=str(SERVICE_OF.get(MESSAGES[asked.name], "EiEvent")),
            at=_NOW,
        )
        judge.ask(exchange)
        judge.answer(exchange)


@pytest.mark.parametrize("text", ["P" + "9" * 5000 + "D", "P999999999999D", "P1Y", "P", "x", ""])
def test_a_duration_that_nobody_can_hold_is_none(text: str) -> None:
    node = etree.fromstring(f'<a><b xmlns="{_X}">{text}</b></a>')
    assert duration(node, "xcal:b") is None


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("1E+999999", 0), ("1E+400", 0), ("x", 0)])
def test_a_number_beyond_all_limits_is_none(text: str, number: int) -> None:
    node = etree.fromstring(f'<a><b xmlns="{_X}">{text}</b></a>')
    assert whole(node, "xcal:b") == number


def test_entities_of_its_own_make_a_document_invalid() -> None:
    poll = codec.encode(m.Poll(ven_id="v")).replace(b">v<", b">&e;<")
    body = poll.partition(b"?>")[2]
    doctype = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "v">]>'
    found = Judge({Side.VEN}).see(doctype + body, asked_by=Side.VEN, status=406)
    assert [one.check.id for one in found] == ["XSD.valid"]
