"""An OpenLEADR application that makes up a venID at each registration, as on its pages."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import OptType
from tests.vtn import compat_callbacks_app as app
from tests.vtn.compat_kit import MINUTE, Application, event, metadata, now, running, steps
from tests.vtn.kit import readings, usage
from vtn import VTN
from vtn.testing import Peer


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    app.seen.clear()
    yield
    app.seen.clear()


class Pages:
    """The application: it remembers the venID that it has made up last."""

    def __init__(self, **values: Any) -> None:
        self.server = VTN(vtn_id="MyVTN", http_port=0, **values)
        self.server.add_handler("on_create_party_registration", self.on_create_party_registration)
        self.ven_ids: list[str] = []
        self.answers: list[tuple[str, str, str]] = []

    async def on_create_party_registration(self, info: dict[str, Any]) -> tuple[str, str]:
        self.ven_ids.append(f"made-up-{len(self.ven_ids) + 1}")
        return self.ven_ids[-1], f"registration-{len(self.ven_ids)}"

    def give(self, event_id: str, ven_id: str = "") -> None:
        """Adds an event for the VEN as the application knows it now."""
        self.server.add_event(
            ven_id or self.ven_ids[-1],
            "simple",
            "level",
            steps(),
            callback=self.on_answer,
            event_id=event_id,
        )

    async def on_answer(self, ven_id: str, event_id: str, opt_type: str) -> None:
        self.answers.append((ven_id, event_id, opt_type))


async def shot_of(peer: Peer) -> m.DistributeEvent:
    shot = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
    assert isinstance(shot, m.DistributeEvent)
    return shot


def ids(shot: m.DistributeEvent) -> list[str]:
    return sorted(one.event_id for one in shot.events)


def listed(server: VTN) -> dict[str, list[str]]:
    """What ``server.events`` holds."""
    return {
        ven_id: sorted(
            one["event_descriptor"]["event_id"]
            if isinstance(one, dict)
            else one.event_descriptor.event_id
            for one in events
        )
        for ven_id, events in server.events.items()
        if events
    }


async def twice(application: Application, pages: Pages, *before: str) -> Peer:
    """A VEN that has registered, was given events, and has registered anew (R406)."""
    peer = application.peer("ven123")
    await peer.register()
    for event_id in before:
        pages.give(event_id)
    await pages.server.saved()
    await peer.register()
    assert peer.ven_id == "made-up-2"
    return peer


async def test_an_event_for_the_new_ven_id_reaches_the_ven_and_is_answered() -> None:
    pages = Pages()
    async with running(pages.server) as application:
        peer = await twice(application, pages, "before")
        pages.give("after")
        await pages.server.saved()
        shot = await shot_of(peer)
        assert ids(shot) == ["after", "before"]
        assert {one.target.ven_ids for one in shot.events} == {("made-up-2",)}
        await peer.answer(shot)
    assert sorted(pages.answers) == [
        ("made-up-2", "after", "optIn"),
        ("made-up-2", "before", "optIn"),
    ]
    assert listed(pages.server) == {"made-up-2": ["after", "before"]}
    assert set(pages.server.event_callbacks) == {"after", "before"}


async def test_an_answer_that_comes_again_is_told_once() -> None:
    pages = Pages()
    async with running(pages.server) as application:
        peer = await twice(application, pages, "before")
        for _ in range(2):
            await peer.answer(await shot_of(peer))
        await peer.answer(await shot_of(peer), OptType.OPT_OUT)
    assert [opt for *_, opt in pages.answers] == ["optIn", "optOut"]


@pytest.mark.parametrize("called", ["made-up-1", "made-up-2"])
async def test_an_event_from_before_is_cancelled_by_either_ven_id(called: str) -> None:
    pages = Pages()
    async with running(pages.server) as application:
        peer = await twice(application, pages, "before")
        pages.server.cancel_event(called, "before")
        await pages.server.saved()
        (cancelled,) = (await shot_of(peer)).events
        assert cancelled.descriptor.event_status == "cancelled"
        await peer.answer(await shot_of(peer))
        assert listed(pages.server) == {}


@pytest.mark.parametrize("called", ["made-up-1", "made-up-2"])
async def test_an_event_from_before_is_changed_by_hand_by_either_ven_id(called: str) -> None:
    pages = Pages()
    async with running(pages.server) as application:
        peer = application.peer("ven123")
        await peer.register()
        given = event("e1", targets=[{"ven_id": "made-up-1"}])
        pages.server.add_raw_event("made-up-1", given, callback=pages.on_answer)
        await pages.server.saved()
        await peer.register()
        await pages.server.saved()
        assert given["targets"] == [{"ven_id": "made-up-2"}]
        assert given["event_descriptor"]["modification_number"] == 1
        given["event_signals"][0]["intervals"][0]["signal_payload"] = 2
        pages.server.events_updated[called] = True
        await pages.server.saved()
        (changed,) = (await shot_of(peer)).events
        assert changed.descriptor.modification_number == 2
        assert changed.target.ven_ids == ("made-up-2",)
        (payload,) = changed.signals[0].intervals[0].payloads
        assert payload == m.SignalPayload(value=Decimal(2))


async def test_events_given_for_a_ven_id_before_it_is_given_out_reach_the_ven() -> None:
    pages = Pages()
    async with running(pages.server) as application:
        peer = application.peer("ven123")
        await peer.register()
        pages.give("first")
        pages.give("early", "made-up-2")
        await pages.server.saved()
        assert ids(await shot_of(peer)) == ["first"]
        await peer.register()
        shot = await shot_of(peer)
        assert ids(shot) == ["early", "first"]
        await peer.answer(shot)
    assert {ven_id for ven_id, *_ in pages.answers} == {"made-up-2"}
    assert len(pages.answers) == 2


async def test_an_event_that_is_being_given_while_the_ven_registers_is_not_lost() -> None:
    pages = Pages()
    async with running(pages.server) as application:
        peer = application.peer("ven123")
        await peer.register()
        for number in range(10):
            pages.give(f"e{number}")
        await peer.register()
        await pages.server.saved()
        await pages.server.saved()
        assert ids(await shot_of(peer)) == [f"e{number}" for number in range(10)]


async def test_two_vens_that_register_in_turn_keep_their_own_events() -> None:
    pages = Pages()
    async with running(pages.server) as application:
        peers = [application.peer(name) for name in ("one", "other")]
        for round_ in range(3):
            for peer in peers:
                await peer.register()
                pages.give(f"{peer.name}-{round_}")
                await pages.server.saved()
        for peer in peers:
            assert ids(await shot_of(peer)) == [f"{peer.name}-{n}" for n in range(3)]
    assert set(listed(pages.server)) == set(pages.ven_ids[-2:])


async def test_reports_and_their_readers_follow_the_ven() -> None:
    seen: list[Any] = []

    async def on_register_report(
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> Any:
        return lambda data: seen.append((ven_id, data)), MINUTE

    pages = Pages()
    pages.server.add_handler("on_register_report", on_register_report)
    async with running(pages.server) as application:
        peer = application.peer("ven123")
        for ven_id in ("made-up-1", "made-up-2"):
            await peer.register()
            reply = await peer.post(metadata(peer, usage()))
            (request,) = reply.requests
            await peer.post(
                m.UpdateReport(
                    request_id="u",
                    reports=(readings(request.report_request_id, now(), {"main": ["1"]}),),
                    ven_id=ven_id,
                )
            )
            assert list(pages.server.registered_reports) == [ven_id]
    assert [ven_id for ven_id, _ in seen] == ["made-up-1", "made-up-2"]


async def test_a_callback_is_found_by_its_name_after_a_restart(tmp_path: Path) -> None:
    pages = Pages(store=tmp_path / "vtn.db")
    async with running(pages.server) as application:
        peer = application.peer("ven123")
        await peer.register()
        for ven_id, event_id in (("made-up-1", "e1"), ("made-up-2", "e2")):
            pages.server.add_event(
                ven_id, "simple", "level", steps(), app.answered, event_id=event_id
            )
        await pages.server.saved()
        await peer.register()
        await pages.server.saved()
    again = Pages(store=tmp_path / "vtn.db")
    async with running(again.server) as application:
        peer = application.peer("ven123")
        peer.ven_id = "made-up-2"
        assert listed(again.server) == {"made-up-2": ["e1", "e2"]}
        await peer.answer(await shot_of(peer))
    assert len(app.seen) == 2


async def test_an_event_for_the_former_ven_id_waits_until_somebody_has_that() -> None:
    pages = Pages()
    async with running(pages.server) as application:
        peer = await twice(application, pages)
        pages.give("late", "made-up-1")
        await pages.server.saved()
        assert ids(await shot_of(peer)) == []
        pages.server.cancel_event("made-up-1", "late")
        await pages.server.saved()
        assert listed(pages.server) == {"made-up-1": ["late"]}
