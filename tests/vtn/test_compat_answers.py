"""``on_created_event`` of an application: what VENs say to events, and when it changes."""

import pytest

from oadr import messages as m
from oadr.enums import OptReason, OptType
from tests.vtn.compat_kit import a_server, now, running, steps
from vtn.compat import event_forms


def _opt(ven_id: str, *resources: str) -> m.CreateOpt:
    return m.CreateOpt(
        opt_id="o1",
        opt_type=OptType.OPT_OUT,
        opt_reason=OptReason.ECONOMIC,
        ven_id=ven_id,
        created_date_time=now(),
        request_id="o1",
        event_id="e1",
        modification_number=0,
        target=m.Target(resource_ids=resources),
    )


async def test_each_change_of_an_answer_reaches_on_created_event_and_no_repetition() -> None:
    seen: list[str] = []
    server = a_server()
    server.add_handler("on_created_event", lambda ven_id, event_id, opt_type: seen.append(opt_type))
    server.add_event("ven1", "simple", "level", steps(), event_id="e1")
    async with running(server) as application:
        peer = await application.fresh()
        shot = await peer.poll()
        for opt_type in (OptType.OPT_IN, OptType.OPT_IN, OptType.OPT_OUT, OptType.OPT_IN):
            await peer.answer(shot, opt_type)
        await peer.post(_opt(peer.ven_id, "boiler"))
    assert seen == ["optIn", "optOut", "optIn"]


async def test_on_created_event_that_fails_is_called_with_the_repetition() -> None:
    seen: list[str] = []

    def on_created_event(ven_id: str, event_id: str, opt_type: str) -> None:
        seen.append(event_id)
        if len(seen) == 1:
            raise RuntimeError("the disk is full")

    server = a_server()
    server.add_handler("on_created_event", on_created_event)
    server.add_event("ven1", "simple", "level", steps(), event_id="e1")
    async with running(server) as application:
        peer = await application.fresh()
        shot = await peer.poll()
        for _ in range(3):
            await peer.answer(shot)
    assert seen == ["e1", "e1"]


async def test_no_more_than_so_many_answers_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_forms, "_HEARD", 1)
    seen: list[str] = []
    server = a_server()
    server.add_handler("on_created_event", lambda ven_id, event_id, opt_type: seen.append(event_id))
    for event_id in ("e1", "e2"):
        server.add_event("ven1", "simple", "level", steps(), event_id=event_id)
    async with running(server) as application:
        peer = await application.fresh()
        shot = await peer.poll()
        await peer.answer(shot)
        await peer.answer(shot)
    assert seen == ["e1", "e2", "e1", "e2"]
