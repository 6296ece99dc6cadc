"""Fifty buildings and their VTN, in one process, on lines that lose and repeat messages."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

from oadr import codec
from oadr import messages as m
from oadr.enums import OptType, ServiceName
from tests.soak.instant import LoopClock
from tests.soak.plan import Building, Day
from ven.client import Client
from ven.engine.machine import Machine
from ven.errors import Rejected, Unreachable
from ven.hooks import Context
from ven.options import Options
from vtn import upkeep
from vtn.dispatch.undelivered import Undelivered
from vtn.operator import Operator
from vtn.roster import Member
from vtn.store import Store
from vtn.testing.configured import configured
from vtn.testing.inside import Unplugged, Welcome, fingerprint_of

T = TypeVar("T")

SETTINGS = {
    "vtn_id": "vtn",
    "http": {"host": "127.0.0.1", "port": 0, "plain": True},
    "registration": {"poll_interval": "2h"},
    "reports": {"request": [{"report": "TELEMETRY_USAGE", "every": "1h", "deliver": "4h"}]},
}
_NO = m.EiResponse(code=459)
#: How often a message is lost on its way, its answer is lost, or it comes twice.
LOST = REPLY_LOST = TWICE = 0.03
#: The longest way of a message, in seconds.
DELAY = 1.5


class Line:
    """The way between a building and the VTN.

    Args:
        random: decides what becomes of each message.

    Attributes:
        sound: nothing is lost any more, nothing comes twice.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.sound = False

    async def carry(self, deliver: Callable[[], Awaitable[T]]) -> T:
        """Returns the answer to a message.

        Raises:
            Unreachable: the message was lost, or its answer.
        """
        if self.sound:
            return await deliver()
        await asyncio.sleep(self._random.uniform(0, DELAY))
        fate = self._random.random()
        if fate < LOST:
            raise Unreachable("lost on the way")
        answer = await deliver()
        if fate < LOST + TWICE:
            answer = await deliver()
        await asyncio.sleep(self._random.uniform(0, DELAY))
        if fate > 1 - REPLY_LOST:
            raise Unreachable("the answer was lost on the way back")
        return answer


class House:
    """A building with its VEN, which may be down.

    Attributes:
        plan: who it is.
        client: its VEN; None while it is down.
        asked: what its application wanted of schedules, in order: optID and type, or an
            optID and None where it is cancelled.
        taken: the last answer to each event that has arrived at the VTN, and was not refused.
    """

    def __init__(self, town: "Town", plan: Building) -> None:
        self.plan = plan
        self.clock = LoopClock(plan.skew)
        self.line = Line(Random(f"{town.day.seed} line {plan.name}"))
        self.client: Client | None = None
        self.asked: list[tuple[str, OptType | None]] = []
        self.taken: dict[str, m.EventResponse] = {}
        self._town = town
        self._starts = 0
        self._measured = 0

    @property
    def machine(self) -> Machine:
        """The parts of the VEN that runs."""
        if self.client is None:
            raise RuntimeError(f"{self.plan.name} is down")
        return self.client._machine

    async def start(self) -> None:
        """Starts the VEN, with what it remembers."""
        self._starts += 1
        self.client = client = Client(
            self.plan.name,
            "https://vtn.test",
            options=Options(
                ven_name=self.plan.name,
                # It would look every ten seconds whether it has changed.
                status=False,
                push_resync=timedelta(hours=4),
            ),
            exchange=self._to_vtn,
            clock=self.clock,
            random=Random(f"{self._town.day.seed} {self.plan.name} {self._starts}"),
            state=self._town.folder / f"{self.plan.name}.db",
            push_address=f"https://{self.plan.name}.test" if self.plan.push else None,
        )
        client.meter("main", measurement="energyReal", unit="Wh", every="1h")(self._read)
        client.add_handler("on_event", self._decide)
        await client.start()

    async def stop(self) -> None:
        """Ends the VEN in an orderly way."""
        client, self.client = self.client, None
        if client is not None:
            await client.stop()

    async def kill(self) -> None:
        """Ends the VEN at once: nothing of what it is at is finished, nothing more is written."""
        client, self.client = self.client, None
        if client is not None:
            await client._machine.core.state.close()
            await client._machine._cancel()

    async def _read(self) -> int:
        # No two readings of a building are alike, so none can pass for another.
        self._measured += 1
        return self._measured

    async def _decide(self, event: m.Event, ctx: Context) -> OptType:
        number = event.descriptor.modification_number
        lot = Random(f"{self._town.day.seed} {self.plan.name} {event.event_id} {number}")
        return OptType.OPT_OUT if lot.random() < 0.2 else OptType.OPT_IN

    async def _to_vtn(self, service: ServiceName, message: m.Message) -> m.Message | None:
        return await self.line.carry(partial(self._arrive, service, message))

    async def _arrive(self, service: ServiceName, message: m.Message) -> m.Message | None:
        reply = await self._town.answer(self.plan.name, service, codec.encode(message))
        if isinstance(message, m.CreatedEvent) and getattr(reply, "response", _NO).ok:
            self.taken |= {one.event_id: one for one in message.responses}
        return reply

    async def hear(self, service: ServiceName, message: m.Message) -> m.Message | None:
        """Returns what the VEN answers to what is pushed to it.

        Raises:
            Undelivered: it has not got it, or its answer was lost.
        """
        try:
            return await self.line.carry(partial(self._hear, service, codec.encode(message)))
        except Unreachable as error:
            raise Undelivered(str(error)) from error

    async def _hear(self, service: ServiceName, body: bytes) -> m.Message | None:
        if self.client is None:
            raise Unreachable("the VEN is down")
        reply = await self.client.receive(service, body)
        if reply.status == 503:
            raise Unreachable("HTTP 503", status=503)
        if reply.status != 200:
            raise Undelivered(f"HTTP {reply.status}", final=reply.status in {404, 406, 501})
        return codec.decode(reply.body) if reply.body else None


class Mortal(Unplugged):
    """A VTN that can be killed."""

    async def cut_off(self) -> None:
        """Ends at once all that it does."""
        if self._parts is not None:
            await self._parts.pusher.close(0)
        await self.tasks.close()


class Town:
    """A VTN and its buildings.

    Args:
        day: what happens in it.
        folder: where VTN and VENs keep what they must not forget.

    Attributes:
        houses: the buildings, by name.
        up: set while the VTN runs.
    """

    def __init__(self, day: Day, folder: Path) -> None:
        self.day = day
        self.folder = folder
        self.clock = LoopClock()
        self.houses = {plan.name: House(self, plan) for plan in day.buildings}
        self.up = asyncio.Event()
        self._server: Mortal | None = None
        self._store: Store | None = None
        self._answers: set[asyncio.Task[m.Message | None]] = set()

    @property
    def operator(self) -> Operator | None:
        """What an operator can do; None while the VTN is down."""
        return self._server.operator if self._server is not None else None

    @property
    def store(self) -> Store:
        """The VTN's database."""
        if self._store is None:
            raise RuntimeError("the VTN is down")
        return self._store

    def now(self) -> datetime:
        """Returns the right time, which is the VTN's."""
        return self.clock.now()

    async def open(self) -> None:
        """Starts the VTN and all buildings."""
        await self.start_vtn()
        for house in self.houses.values():
            await house.start()

    async def close(self) -> None:
        """Stops all."""
        for house in self.houses.values():
            await house.stop()
        await self.stop_vtn()

    async def start_vtn(self) -> None:
        """Starts the VTN, with what is in its database."""
        self._store = await Store.open(self.folder / "vtn.db")
        self._server = Mortal(
            configured(SETTINGS, None),
            handlers=[Welcome()],
            clock=self.clock,
            store=self._store,
            deliver=self._push,
        )
        await self._server.start()
        self.up.set()

    async def stop_vtn(self) -> None:
        """Ends the VTN in an orderly way."""
        self.up.clear()
        server, self._server = self._server, None
        if server is not None:
            await asyncio.gather(*self._answers, return_exceptions=True)
            await server.stop()
            await self.store.close()

    async def kill_vtn(self) -> None:
        """Ends the VTN at once: what it is at is cut off, nothing more is written."""
        self.up.clear()
        server, self._server = self._server, None
        if server is not None:
            for answer in self._answers:
                answer.cancel()
            await asyncio.gather(*self._answers, return_exceptions=True)
            await server.cut_off()
            await self.store.close()

    async def _push(
        self, member: Member, service: ServiceName, message: m.Message
    ) -> m.Message | None:
        return await self.houses[member.ven_name].hear(service, message)

    async def keep_up(self) -> None:
        """Lets the VTN do what it does between messages, every quarter of an hour."""
        while True:
            await asyncio.sleep(timedelta(minutes=15).total_seconds())
            desk = self._server.desk if self._server is not None else None
            if desk is not None:
                for work in (upkeep.silent, upkeep.flush, upkeep.tidy):
                    await work(desk)

    async def answer(self, name: str, service: ServiceName, body: bytes) -> m.Message | None:
        """Returns the VTN's answer to a document of a building.

        Raises:
            Unreachable: the VTN is down, or ends meanwhile.
            Rejected: the VTN does not want it.
        """
        if self._server is None:
            raise Unreachable("the VTN is down")
        answer = asyncio.create_task(self._answer(self._server, name, service, body))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)
        # Whoever asked may go away; the VTN answers all the same.
        await asyncio.wait([answer])
        if answer.cancelled():
            raise Unreachable("the VTN has gone down meanwhile")
        return answer.result()

    async def _answer(
        self, server: Mortal, name: str, service: ServiceName, body: bytes
    ) -> m.Message | None:
        response = await server.endpoint.answer(service, body, fingerprint=fingerprint_of(name))
        if response.status == 503:
            raise Unreachable("HTTP 503", status=503)
        if response.status != 200:
            raise Rejected(response.status, f"HTTP {response.status}: {response.body!r}")
        return codec.decode(response.body) if isinstance(response.body, bytes) else None
