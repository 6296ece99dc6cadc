"""Any message that the schema allows, from a registered VEN and from a stranger.

None gives a fault, and none touches another VEN. ``OADR_EXAMPLES`` sets how many.
"""

import asyncio
import logging
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.replies import SERVICE_OF
from tests.oadr.strategies import messages
from tests.vtn.kit import STANDING, Open, answer, dispatch, joined, metadata, readings, update
from vtn.testing import Answer, Peer, World, running

EXAMPLES = int(os.environ.get("OADR_EXAMPLES", "150"))
#: Tables whose rows belong to one VEN.
OWNED = (
    "certificate",
    "label",
    "delivery",
    "opt_history",
    "outbox",
    "opt",
    "report_offer",
    "data_point",
    "report_request",
)


class Siege:
    """A VTN with a victim that has everything, an attacker that is registered, and a stranger."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self.world: World
        self.victim: Peer
        self.ven: Peer
        self.stranger: Peer

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def start(self) -> None:
        self.world = world = await self._stack.enter_async_context(
            running({"reports": STANDING}, handlers=[Open()])
        )
        self.victim = victim = await joined(world, "victim")
        self.ven = await joined(world, "ven")
        self.stranger = world.peer()
        await dispatch(world)
        await victim.post(answer(victim, await victim.poll()))
        reply = await victim.post(metadata(victim, world))
        request_id = reply.requests[0].report_request_id
        report = readings(request_id, world.clock.now(), {"main": ["1", "2"]})
        await victim.post(update(victim, report))
        self.known = ("e1", "usage", "main", request_id, victim.registration_id)
        self.before = await self.state()

    async def stop(self) -> None:
        await self._stack.aclose()

    async def state(self) -> dict[str, Any]:
        """All that is stored of the victim."""
        async with self.world.desk.store.read() as tx:
            found = {
                table: (
                    await tx.connection.execute(text(f"select * from {table} where party_pk = 1"))
                ).all()
                for table in OWNED
            }
            found["party"] = (
                await tx.connection.execute(
                    text("select ven_id, ven_name, state, registration_id from party where pk = 1")
                )
            ).all()
            found["reading"] = (
                await tx.connection.execute(
                    text(
                        "select reading.* from reading join data_point "
                        "on data_point.pk = data_point_pk where party_pk = 1"
                    )
                )
            ).all()
        return found

    async def post(self, peer: Peer, message: m.Message, service: ServiceName) -> Answer:
        return await peer.raw(service, codec.encode(message))

    async def check(self) -> None:
        """The victim has what it had, and the VTN serves; the attacker is registered again."""
        assert await self.state() == self.before
        if (await self.ven.poll()) is None or not self._registered():
            await self.ven.register("ven")

    def _registered(self) -> bool:
        member = self.world.desk.roster.of_ven_id(self.ven.ven_id)
        return member is not None and member.registered


@pytest.fixture(scope="module")
def siege() -> Iterator[Siege]:
    made = Siege()
    made.run(made.start())
    yield made
    made.run(made.stop())
    made.loop.close()


def _as(message: Any, ven_id: str, known: dict[str, str]) -> Any:
    """Returns the message from this VEN, with some IDs that mean something to the VTN."""
    if isinstance(message, tuple):
        return tuple(_as(one, ven_id, known) for one in message)
    if not is_dataclass(message) or isinstance(message, type):
        return message
    changed: dict[str, Any] = {}
    for field in fields(message):
        value = getattr(message, field.name)
        if field.name in known and isinstance(value, str):
            changed[field.name] = known[field.name]
        elif field.name == "ven_id":
            changed[field.name] = ven_id
        elif not isinstance(value, str | Decimal):
            changed[field.name] = _as(value, ven_id, known)
    return replace(message, **changed)


def _ids(siege: Siege) -> dict[str, str]:
    event_id, specifier_id, r_id, request_id, registration_id = siege.known
    return {
        "event_id": event_id,
        "report_specifier_id": specifier_id,
        "r_id": r_id,
        "report_request_id": request_id,
        "registration_id": registration_id,
    }


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(message=messages(), data=st.data())
def test_no_message_is_a_fault_or_touches_another_ven(
    siege: Siege, message: m.Message, data: st.DataObject, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    caplog.set_level(logging.ERROR)
    who = data.draw(st.sampled_from(["ven", "stranger", "victim's name"]))
    services = list(ServiceName)
    service = SERVICE_OF.get(type(message)) or data.draw(st.sampled_from(services))
    names = data.draw(st.sets(st.sampled_from(sorted(_ids(siege)))))
    known = {name: value for name, value in _ids(siege).items() if name in names}
    if who == "ven":
        message = _as(message, siege.ven.ven_id, known)
    peer = siege.ven if who == "ven" else siege.stranger
    reply = siege.run(siege.post(peer, message, service))
    assert reply.status in (200, 404), reply
    if reply.body and reply.status == 200:
        assert reply.message is not None
    siege.run(siege.check())
    faults = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert not faults, caplog.text


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(cut=st.integers(0, 2000), junk=st.binary(max_size=30), message=messages())
def test_no_damaged_message_is_a_fault(
    siege: Siege, cut: int, junk: bytes, message: m.Message
) -> None:
    body = codec.encode(message)
    cut %= len(body)
    service = SERVICE_OF.get(type(message), ServiceName.EI_REPORT)
    reply = siege.run(siege.ven.raw(service, body[:cut] + junk + body[cut + len(junk) :]))
    assert reply.status in (200, 404, 406), reply
