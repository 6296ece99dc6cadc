"""A VEN that the scripted VTN pushes to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from tests.ven.test_engine_report import Replay
from ven.client import Client
from ven.engine.pushed import FROM_VTN
from ven.inbox import Inbox, Reply
from ven.testing import ScriptedVTN, World, joined

#: One of each that a VTN may push, but for events.
PUSHED: tuple[Any, ...] = (
    m.RegisterReport(request_id="q-1", ven_id="ven-1"),
    m.CreateReport(
        request_id="q-2",
        ven_id="ven-1",
        requests=(
            m.ReportRequest(
                report_request_id="rr-0",
                report_specifier_id="METADATA",
                granularity=timedelta(0),
                report_back_duration=timedelta(0),
                data_points=(m.SpecifierPayload(r_id="0"),),
            ),
        ),
    ),
    m.CancelReport(
        request_id="q-3", ven_id="ven-1", report_request_ids=("rr-9",), report_to_follow=False
    ),
    m.UpdateReport(request_id="q-4", ven_id="ven-1"),
    m.CreatedReport(response=m.EiResponse(request_id="q-5"), ven_id="ven-1"),
    m.RequestReregistration(ven_id="ven-1"),
    m.CancelPartyRegistration(request_id="q-6", registration_id="reg-1", ven_id="ven-1"),
)


def service_of(message: m.Message) -> ServiceName:
    """Returns the service whose address a message of the VTN goes to."""
    return next(name for name, kinds in FROM_VTN.items() if type(message) in kinds)


@asynccontextmanager
async def pushed_to(**arguments: Any) -> AsyncIterator[World]:
    """Gives a VEN that has registered for push, with a meter."""
    async with joined(push=True, **arguments) as world:
        world.ven.add_meter(Replay("main"))
        await world.start()
        yield world


async def push(world: World, message: m.Message, **arguments: Any) -> Reply:
    """Returns the reply to a message, as it goes out over HTTP."""
    return await world.ven.receive(service_of(message), codec.encode(message), **arguments)


def answer_in(reply: Reply) -> Any:
    """Returns the message in a reply."""
    assert reply.status == 200, reply
    assert reply.headers["Content-Type"] == "application/xml"
    return codec.decode(reply.body)


def inbox_of(ven: Client) -> Inbox:
    """Returns what takes pushed documents."""
    return ven._take()


def document(message: m.Message) -> tuple[ServiceName, bytes]:
    """Returns the address that a message goes to, and how it is written."""
    return service_of(message), codec.encode(message)


def quiet(world: World) -> ScriptedVTN:
    """Returns a VTN with the same events that sends nothing."""
    return ScriptedVTN(events=world.vtn.events, clock=world.clock)
