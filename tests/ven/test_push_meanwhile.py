"""What is pushed while the VEN is in the middle of something, or does not run."""

import asyncio
import sys
from dataclasses import replace
from typing import Any

import pytest

from oadr import messages as m
from tests.ven.push_kit import inbox_of, push, pushed_to, quiet
from ven.testing import NotTaken, ScriptedVTN, joined, until


class Pushy(ScriptedVTN):
    """Pushes its metadata before it answers a message of a certain kind."""

    kind: type = m.RegisterReport
    apart: bool = True
    took: Any = None

    async def __call__(self, service: Any, message: m.Message) -> m.Message | None:
        if isinstance(message, self.kind) and self.took is None:
            try:
                pushing = self.push(m.RegisterReport(request_id="meta"))
                self.took = await (asyncio.create_task(pushing) if self.apart else pushing)
            except NotTaken as error:
                self.took = error
        return await super().__call__(service, message)


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("kind", [m.CreatePartyRegistration, m.RegisterReport, m.RequestEvent])
async def test_a_vtn_that_pushes_before_it_answers_is_told_to_come_again_and_nothing_hangs(
    kind: type, apart: bool
) -> None:
    vtn = Pushy()
    vtn.kind, vtn.apart = kind, apart
    async with joined(push=True, exchange=vtn) as world:
        vtn.receive = world.ven.receive
        inbox_of(world.ven).patience = 0.02
        await world.start()
        assert isinstance(vtn.took, NotTaken)
        assert (vtn.took.status, vtn.took.headers["Retry-After"]) == (503, "1")
        assert world.ven.registration is not None
        assert isinstance(await vtn.push(m.RegisterReport(request_id="meta")), m.RegisteredReport)


class Overlapping(ScriptedVTN):
    """Answers the metadata of the VEN only when its own was answered."""

    pushing: "asyncio.Task[Any] | None" = None

    async def __call__(self, service: Any, message: m.Message) -> m.Message | None:
        reply = await super().__call__(service, message)
        if isinstance(message, m.CreatePartyRegistration):
            metadata = m.RegisterReport(request_id="meta")
            self.pushing = asyncio.create_task(self.push(metadata))
            await asyncio.sleep(0)
        return reply


async def test_r301_metadata_that_is_pushed_while_the_ven_registers_is_answered_between() -> None:
    vtn = Overlapping()
    async with joined(push=True, exchange=vtn) as world:
        vtn.receive = world.ven.receive
        await world.start()
        assert vtn.pushing is not None
        answer = await vtn.pushing
        assert answer.response == m.EiResponse(request_id="meta")
        assert vtn.names() == [
            "CreatePartyRegistration",
            "RegisteredReport",
            "RegisterReport",
            "RequestEvent",
        ]


async def test_a_handler_may_start_exchanges_of_its_own_while_events_are_pushed() -> None:
    async with pushed_to() as world:

        async def on_event(event: m.Event, ctx: Any) -> str:
            await world.ven.register_reports()
            return "optIn"

        await world.vtn.send_event("1:1h", event_id="e1")
        world.ven.add_handler("on_event", on_event)
        await world.vtn.send_event("1:1h", event_id="e2")
        assert world.vtn.answers["e2"].opt_type == "optIn"
        assert len(world.vtn.got(m.RegisterReport)) == 2


async def test_a_handler_that_asks_for_reports_of_its_own_does_not_answer_for_the_pushed_request() -> (  # noqa: E501
    None
):
    async with pushed_to() as world:

        async def on_report_requested(request: m.ReportRequest, ctx: Any) -> None:
            if request.report_request_id == "rr-1":
                world.vtn.requests = [replace(request, report_request_id="rr-2")]
                await world.ven.register_reports()

        world.ven.add_handler("on_report_requested", on_report_requested)
        await world.vtn.request_report("main", request_id="rr-1")
        first, second = world.vtn.got(m.CreatedReport)
        assert first.pending == ("rr-2",)
        assert set(second.pending) == {"rr-1", "rr-2"}


async def test_a_ven_that_does_not_run_answers_and_works_step_by_step() -> None:
    async with joined(push=True) as world:
        await world.ven.create_party_registration()
        event = await quiet(world).send_event("1:1h")
        assert (await push(world, world.vtn.snapshot(request_id="x"))).body == b""
        await push(world, m.RequestReregistration(ven_id="ven-1"))
        await until(lambda: len(world.vtn.got(m.CreatePartyRegistration)) == 2)
        await until(lambda: list(world.vtn.answers) == [event.event_id])


async def test_a_ven_that_polls_loads_nothing_of_all_this() -> None:
    program = """
import asyncio, sys
from ven.testing import joined
from ven.config import Settings
async def main():
    async with joined() as world:
        await world.start()
asyncio.run(main())
print([name for name in ("ven.inbox", "ven.listener", "aiohttp.web_runner", "cryptography")
       if name in sys.modules])
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert out.decode().strip() == "[]"
