"""A VEN inside a program.

ven = Client("school-7", "https://vtn.example:8443", cert="ven.crt", key="ven.key",
             ca_file="ca.crt", state="ven.db")

@ven.meter("main-meter", measurement="energyReal", unit="Wh", every="10s")
async def main_meter() -> float: ...

await ven.run()
"""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, Self

from oadr.enums import OptType
from oadr.messages import (
    CreatedPartyRegistration,
    DistributeEvent,
    Event,
    Message,
)
from oadr.repair.catalogue import Tolerance
from runtime.clock import Clock, SystemClock
from runtime.middleware import Chain, Middleware
from ven.connection import Connection
from ven.engine.core import Core, new_registry
from ven.engine.machine import Machine
from ven.options import Options
from ven.plugging import Pluggable
from ven.reachable import Reachable
from ven.reported import Reported
from ven.requesting import Requesting
from ven.state import Registration, State
from ven.status import Status, read_status
from ven.taking_part import TakingPart
from ven.transport import Exchange

if TYPE_CHECKING:
    from ven.config import Settings

log = logging.getLogger("openadr.ven")


class Client(Pluggable, TakingPart, Reported, Requesting, Reachable):
    """A VEN.

    Args:
        ven_name: what people call it.
        vtn_url: of the VTN, with or without ``/OpenADR2/Simple/2.0b``.
        options: how it behaves; ``ven_name``, ``ven_id`` and ``default_opt`` are taken
            from the other arguments.
        ven_id: allocated beforehand by the VTN; None lets it choose.
        default_opt: answer to events when no handler decides.
        state: file that it remembers everything in; ``":memory:"`` forgets.
        cert: certificate of the VEN (PEM), for TLS and for signing.
        key: its private key (PEM).
        passphrase: opens the key.
        ca_file: authority that the VTN's certificate must come from (PEM).
        connection: how the VTN is reached, in place of ``cert`` to ``ca_file`` and of
            ``vtn_fingerprint``, where these do not suffice.
        vtn_fingerprint: of the VTN's certificate; no other server is talked to.
        vtn_profile: what is put up with in messages of the VTN: ``strict``, ``repair`` or
            ``lenient``.
        pre_provisioned: whether the VTN has no EiRegisterParty and knows ``ven_id`` all the
            same; see ``ven.options`` for what else can be said about it.
        push_address: base address that the VTN pushes to, in place of being polled (R38,
            R402). ``connection`` says where this VEN listens for it; without that somebody
            else does, and calls ``receive``.
        clock: tells the time.
        random: source of jitter and random offsets.
        handlers: objects with hook methods, see ``ven.hooks``.
        middleware: what stands around each message of the VTN, first outermost.
        exchange: reaches the VTN in place of HTTP, for tests and other transports.

    Raises:
        ValueError: an argument cannot be used.
        HandlerError: a handler cannot be used.
    """

    def __init__(
        self,
        ven_name: str,
        vtn_url: str,
        *,
        options: Options | None = None,
        ven_id: str | None = None,
        default_opt: OptType | str | None = None,
        state: str | Path = ":memory:",
        cert: str | Path | None = None,
        key: str | Path | None = None,
        passphrase: str | None = None,
        ca_file: str | Path | None = None,
        connection: Connection | None = None,
        vtn_fingerprint: str | None = None,
        vtn_profile: Tolerance | str | None = None,
        pre_provisioned: bool | None = None,
        push_address: str | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        handlers: Iterable[object] = (),
        middleware: Iterable[Middleware] = (),
        exchange: Exchange | None = None,
    ) -> None:
        self._connection = connection or Connection(
            url=vtn_url,
            cert=cert,
            key=key,
            passphrase=passphrase,
            ca_file=ca_file,
            vtn_fingerprint=vtn_fingerprint,
        )
        if vtn_profile is not None:
            self._connection = replace(self._connection, profile=Tolerance(vtn_profile))
        options = (options or Options(ven_name=ven_name)).given(
            ven_name=ven_name,
            ven_id=ven_id,
            default_opt=OptType(default_opt) if default_opt is not None else None,
            xml_signature=self._connection.signs,
            push_address=push_address,
            pre_provisioned=pre_provisioned,
        )
        if self._connection.listen is not None and options.push_address is None:
            raise ValueError("listen without push_address: the VTN would not know where to push")
        Reachable.__init__(self)
        clock = clock or SystemClock()
        if exchange is None:
            self._signatures = self._connection.signatures_at(clock)
            self._reader = self._connection.reader_at(clock, self.health, ven_name)
            exchange = self._transport = self._connection.transport(
                clock,
                self._trace,
                self._traces,
                signatures=self._signatures,
                reader=self._reader,
            )
        self._stopped = asyncio.Event()
        self._ending: asyncio.Task[None] | None = None
        self._machine = Machine(
            Core(
                options=options,
                exchange=exchange,
                state=State(state),
                clock=clock,
                random=random or SystemRandom(),
                hooks=new_registry(options.hook_seconds, options.hook_limits),
                middleware=Chain(time_limit=options.hook_seconds),
                shown=self._shown,
                health=self.health,
            )
        )
        for handler in handlers:
            self.add_handler(handler)
        for one in middleware:
            self.add_middleware(one)

    @classmethod
    def from_config(cls, settings: "Path | str | Settings", **overrides: Any) -> Self:
        """Returns the VEN that a configuration describes.

        Args:
            settings: a ``ven.toml``, or what ``ven.config.load`` made of one.
            overrides: arguments of the constructor that count more.

        Raises:
            ConfigError: it cannot be used; the text names file, key and what was expected.
        """
        from ven.assembly import assemble

        return assemble(cls, settings, overrides)

    # Who and how this is

    @property
    def ven_name(self) -> str:
        """What people call this VEN."""
        return self._machine.core.options.ven_name

    @property
    def registration(self) -> Registration | None:
        """Who this VEN is to its VTN; None while it is not registered."""
        return self._machine.core.registration

    @property
    def events(self) -> tuple[Event, ...]:
        """The events that this VEN holds."""
        return tuple(held.event for held in self._machine.events.held.values())

    async def status(self) -> Status:
        """Returns how this VEN is; also works beside a VEN that runs in another process.

        Raises:
            StateError: the state cannot be read.
        """
        core = self._machine.core
        await core.state.open()
        return await read_status(
            core.state,
            now=core.clock.now(),
            ven_name=self.ven_name,
            vtn_url=self._connection.url,
            running=self._machine.running,
            lost=core.lost,
        )

    @property
    def busy(self) -> bool:
        """Whether a message is being processed or a report sent, handlers included."""
        return self._machine.core.turn.taken

    async def progress(self) -> int:
        """Waits for what was asked of the state, and returns a number that grows with that.

        Tests that let a fake time pass see by it when this VEN has come to rest.
        """
        return await self._machine.core.state.database.progress()

    # Living on its own

    async def run(self) -> None:
        """Lives on its own until ``stop`` is called or the task is cancelled.

        Raises:
            StateError: the state cannot be used.
            ComplianceError: a meter cannot be offered.
        """
        await self.start()
        try:
            await self._stopped.wait()
        finally:
            await self.stop()

    async def start(self) -> None:
        """Lives on its own from now on, in the background.

        Raises:
            ConfigError: certificate, key or CA cannot be used.
            StateError: the state cannot be used.
            ComplianceError: a meter cannot be offered.
        """
        self._stopped.clear()
        if self._transport is not None:
            self._transport.open()
        try:
            await self._listen()
            await self._machine.start()
            self._watch_certificates()
        except BaseException:
            # The next VEN needs the state that this one has claimed.
            await self.stop()
            raise

    def _watch_certificates(self) -> None:
        core = self._machine.core
        if self._transport is not None and self._connection.ca_file is not None:
            name = "look what expires"
            watch = self._connection.watch(self.ven_name, self.health)
            core.tasks.start(core.keep_running(watch.run, name), name=name)

    async def stop(self) -> None:
        """Ends; what is in flight is finished, what waits is kept.

        In a handler this returns at once, and the end comes when the exchange is over.
        """
        self._stopped.set()
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end(), name="end of the VEN")
        if not self._machine.core.turn.mine:
            await asyncio.shield(self._ending)

    async def _end(self) -> None:
        await self._hang_up()
        await self._machine.stop()
        if self._transport is not None:
            await self._transport.close()
        if self._traces.capture is not None:
            await asyncio.to_thread(self._traces.capture.close)

    # One step at a time

    async def poll(self) -> Message | None:
        """Asks the VTN once and acts on the answer, which is returned.

        Raises:
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        async with self._machine.core.turn:
            message = await self._machine.poll.poll()
            if message is not None:
                await self._machine.poll.dispatch(message)
            return message

    async def query_registration(self) -> CreatedPartyRegistration:
        """Asks what the VTN supports.

        Raises:
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        async with self._machine.core.turn:
            return await self._machine.registration.query()

    async def create_party_registration(self) -> Registration:
        """Registers anew.

        Raises:
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        async with self._machine.core.turn:
            registration = await self._machine.registration.create()
        self._machine.core.woken.set()
        return registration

    async def create_party_reregistration(self, registration_id: str | None = None) -> Registration:
        """Registers again under the same IDs.

        Args:
            registration_id: in place of the one that is kept.

        Raises:
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        async with self._machine.core.turn:
            return await self._machine.registration.renew(registration_id)

    async def cancel_party_registration(self) -> None:
        """Ends the registration; the VEN stays away until it is told to register.

        Raises:
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        async with self._machine.core.turn:
            await self._machine.registration.cancel()

    async def register_reports(self) -> None:
        """Sends the metadata of all meters; the VTN asks anew for what it wants (R306).

        Raises:
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        async with self._machine.core.turn:
            await self._machine.reports.register()

    async def request_event(self, reply_limit: int | None = None) -> DistributeEvent:
        """Asks for all events, takes them in and answers them.

        Raises:
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        async with self._machine.core.turn:
            return await self._machine.events.request(reply_limit)

    async def sync_events(self) -> None:
        """Asks for all events, takes them in and answers them.

        Raises:
            VenError: it did not work; the subclass says how.
        """
        await self.request_event()
