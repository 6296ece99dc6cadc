"""Messages with values that cannot be used are refused as what they are."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oadr import codec
from oadr import messages as m
from oadr.errors import InvalidData
from oadr.replies import outcome, refuse, request_id_of, ven_id_of
from oadr.unusable import stand_in
from tests.oadr.strategies import BY_CLASS
from tests.vtn.kit import a_ven, metadata, usage

ERROR = InvalidData("a value cannot be used")
#: What a VEN sends that holds numbers, dates or durations.
CLASSES = (
    m.CreateOpt,
    m.CreateReport,
    m.CreatedEvent,
    m.CreatedReport,
    m.RegisterReport,
    m.RegisteredReport,
    m.RequestEvent,
    m.UpdateReport,
    m.UpdatedReport,
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(message=st.one_of(*(BY_CLASS[cls] for cls in CLASSES)))
def test_what_stands_in_is_refused_as_the_message_itself_would_be(message: Any) -> None:
    root = codec.parse(codec.encode(message))
    found = stand_in(codec.signed_object_of(root))
    original = codec.decode(codec.encode(message))
    assert type(found) is type(original)
    assert request_id_of(found) == request_id_of(original)
    assert ven_id_of(found) == ven_id_of(original)
    refused = refuse(found, ERROR, vtn_id="vtn")
    assert codec.decode(codec.encode(refused)) == refused
    assert outcome(found, ERROR).code == 454


@pytest.mark.parametrize("venid", [True, False])
async def test_a_ven_id_in_a_data_source_does_not_name_the_sender(venid: bool) -> None:
    async with a_ven() as (world, peer):
        offer = usage()
        source = m.Target(ven_ids=("somebody else",))
        points = tuple(replace(point, data_source=source) for point in offer.points)
        message = metadata(peer, world, replace(offer, points=points))
        if not venid:
            message = replace(message, ven_id=None)
        body = codec.encode(message).replace(b">PT1M<", b">P99999999999Y<")
        root = codec.parse(body)
        assert ven_id_of(stand_in(codec.signed_object_of(root))) == (peer.ven_id if venid else None)
        answer = await peer.raw("EiReport", body)
        assert isinstance(answer.message, m.RegisteredReport)
        assert answer.message.response.code == (454 if venid else 463)
