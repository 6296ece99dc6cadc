"""The events of the server page of the first OpenLEADR, which the application keeps itself."""

from dataclasses import asdict
from typing import Any

import pytest

from tests.generations.pages import runs
from tests.generations.stage import a_peer, a_ven, an_event, events_of, let_in, load, serving, until
from vtn import VTN


@pytest.mark.parametrize("form", ["object", "dict", "list", "none"])
async def test_a_ven_that_requests_events_gets_what_the_application_returns(form: str) -> None:
    asked: list[str] = []
    event = an_event()
    returned = {"object": event, "dict": asdict(event), "list": [event], "none": None}[form]

    async def on_request_event(ven_id: str) -> Any:
        asked.append(ven_id)
        return returned

    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_request_event", on_request_event)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        shot = await events_of(peer)
        assert asked == ["ven123"]
        assert [one.event_id for one in shot.events] == ([] if form == "none" else ["e1"])


async def test_answers_to_events_of_the_application_are_told() -> None:
    told: list[tuple[str, str, str]] = []

    async def on_request_event(ven_id: str) -> Any:
        return an_event()

    async def on_created_event(ven_id: str, event_id: str, opt_type: str) -> None:
        told.append((ven_id, event_id, opt_type))

    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_request_event", on_request_event)
    server.add_handler("on_created_event", on_created_event)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.answer(await events_of(peer), "optOut")
        assert await until(lambda: told) == [("ven123", "e1", "optOut")]


async def test_the_whole_of_a_created_event_may_be_told() -> None:
    told: list[dict[str, Any]] = []
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_request_event", lambda ven_id: an_event())

    async def on_created_event(payload: dict[str, Any]) -> None:
        told.append(payload)

    server.add_handler("on_created_event", on_created_event)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.answer(await events_of(peer))
        (payload,) = await until(lambda: told)
        assert payload["ven_id"] == "ven123"
        (answer,) = payload["event_responses"]
        assert (answer["event_id"], answer["opt_type"]) == ("e1", "optIn")


@runs("early/on_poll")
async def test_a_poll_is_answered_by_the_application_as_long_as_it_has_something() -> None:
    messages = [("oadrDistributeEvent", {"events": [asdict(an_event())]})]
    program = load("early/on_poll", messages=messages)
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_poll", program.on_poll)
    async with serving(server), a_ven(server) as ven:
        await until(lambda: ven.events)
        assert ven.events[0].event_id == "e1"
        assert not messages
