"""on_poll may return whatever the pages and openleadr itself promise."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openleadr import objects

from oadr import messages as m
from tests.generations.stage import a_peer, an_event, let_in, serving
from vtn import VTN
from vtn.testing.peer import Peer

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)


async def polled(returned: Any, *, coroutine: bool = True) -> tuple[Any, list[str], Any]:
    """Returns the reply to a poll, whom the handler was asked about, and the next reply."""
    asked: list[str] = []
    waiting = [returned]

    def on_poll(ven_id: str) -> Any:
        asked.append(ven_id)
        return waiting.pop(0) if waiting else None

    async def on_poll_later(ven_id: str) -> Any:
        return on_poll(ven_id)

    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_poll", on_poll_later if coroutine else on_poll)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        reply = await beyond_metadata(peer)
        if isinstance(reply, m.DistributeEvent):
            await peer.answer(reply)
        following = None if isinstance(reply, m.RequestReregistration) else await peer.poll()
        return reply, asked, following


async def beyond_metadata(peer: Peer) -> Any:
    """Returns what a poll brings once the VTN's metadata are answered (R301)."""
    while isinstance(reply := await peer.poll(), m.RegisterReport):
        response = m.EiResponse(request_id=reply.request_id)
        await peer.post(m.RegisteredReport(response=response, ven_id=peer.ven_id))
    return reply


EVENTS: dict[str, Callable[[], Any]] = {
    "message with dicts": lambda: ("oadrDistributeEvent", {"events": [asdict(an_event())]}),
    "message with objects": lambda: ("oadrDistributeEvent", {"events": [an_event()]}),
    "object": an_event,
    "dict": lambda: asdict(an_event()),
    "list of objects": lambda: [an_event()],
    "list of dicts": lambda: [asdict(an_event())],
}


@pytest.mark.parametrize("form", EVENTS)
@pytest.mark.parametrize("coroutine", [True, False], ids=["coroutine", "function"])
async def test_events_may_come_in_any_form(form: str, coroutine: bool) -> None:
    reply, asked, following = await polled(EVENTS[form](), coroutine=coroutine)
    assert isinstance(reply, m.DistributeEvent)
    (event,) = reply.events
    assert event.event_id == "e1"
    assert event.signals[0].signal_name == "SIMPLE"
    assert set(asked) == {"ven123"}
    assert isinstance(following, m.Response)


async def test_a_list_may_hold_several_events() -> None:
    reply, _, _ = await polled([an_event("e1"), asdict(an_event("e2"))])
    assert isinstance(reply, m.DistributeEvent)
    assert {one.event_id for one in reply.events} == {"e1", "e2"}


@pytest.mark.parametrize("coroutine", [True, False], ids=["coroutine", "function"])
async def test_none_is_no_message(coroutine: bool) -> None:
    reply, asked, _ = await polled(None, coroutine=coroutine)
    assert isinstance(reply, m.Response)
    assert reply.response.code == 200
    assert asked[0] == "ven123"


@pytest.mark.parametrize("payload", [{}, {"ven_id": "ven123"}])
async def test_a_ven_may_be_told_to_register_again(payload: dict[str, Any]) -> None:
    reply, _, _ = await polled(("oadrRequestReregistration", payload))
    assert isinstance(reply, m.RequestReregistration)
    assert reply.ven_id == "ven123"


async def test_a_report_may_be_requested() -> None:
    request = objects.ReportRequest(
        report_request_id="rr1",
        report_specifier=objects.ReportSpecifier(
            report_specifier_id="usage",
            granularity=MINUTE,
            report_back_duration=5 * MINUTE,
            specifier_payloads=[objects.SpecifierPayload(r_id="main", reading_type="Direct Read")],
        ),
    )
    payload = {"report_requests": [request], "request_id": "q1"}
    reply, _, _ = await polled(("oadrCreateReport", payload))
    assert isinstance(reply, m.CreateReport)
    (found,) = reply.requests
    assert (found.report_request_id, found.report_specifier_id) == ("rr1", "usage")
    assert (found.granularity, found.report_back_duration) == (MINUTE, 5 * MINUTE)
    assert found.data_points[0].r_id == "main"


async def test_a_report_may_be_cancelled() -> None:
    payload = {"request_id": "q1", "report_request_id": "rr1", "report_to_follow": False}
    reply, _, _ = await polled(("oadrCancelReport", payload))
    assert isinstance(reply, m.CancelReport)
    assert reply.report_request_ids == ("rr1",)


async def test_a_registration_may_be_cancelled() -> None:
    payload = {"request_id": "q1", "registration_id": "reg123"}
    reply, _, _ = await polled(("oadrCancelPartyRegistration", payload))
    assert isinstance(reply, m.CancelPartyRegistration)
    assert reply.registration_id == "reg123"


@pytest.mark.sends_wrong("R304", reason="the application sends what nobody wanted")
async def test_a_report_of_the_vtn_may_be_brought() -> None:
    report = {
        "report_request_id": "rr1",
        "report_specifier_id": "prices",
        "report_name": "TELEMETRY_USAGE",
        "created_date_time": NOW,
        "dtstart": NOW,
        "intervals": [
            {"dtstart": NOW, "duration": MINUTE, "report_payload": {"r_id": "p", "value": 7.5}}
        ],
    }
    reply, _, _ = await polled(("oadrUpdateReport", {"request_id": "q1", "reports": [report]}))
    assert isinstance(reply, m.UpdateReport)
    assert reply.reports[0].report_request_id == "rr1"


@pytest.mark.parametrize("payload", [{}, None])
async def test_a_response_says_that_there_is_nothing(payload: Any) -> None:
    reply, _, _ = await polled(("oadrResponse", payload))
    assert isinstance(reply, m.Response)
    assert reply.response.code == 200


@pytest.mark.parametrize("returned", ["hello", 7, ("oadrNoSuchMessage", {}), {"nothing": 1}])
async def test_what_cannot_be_understood_is_469_and_the_log_names_the_handler(
    returned: Any, caplog: pytest.LogCaptureFixture
) -> None:
    reply, _, following = await polled(returned)
    assert isinstance(reply, m.Response)
    assert 400 <= reply.response.code < 500
    assert "on_poll" in caplog.text
    assert following.response.code == 200
