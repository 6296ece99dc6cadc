"""Our VEN as a device under test: in this process, new for each case, on a faster clock."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from conformance.actions import (
    Action,
    CancelOpt,
    CancelRegistration,
    ChangeOpt,
    CreateOpt,
    Decide,
    Events,
    OfferReports,
    QualifyEvent,
    QueryRegistration,
    Register,
    RequestEvents,
    Reregister,
    Restart,
    Start,
)
from conformance.adapters.our_vtn import clock
from conformance.checks import Side
from conformance.device import Cannot
from conformance.peers import Identity
from oadr import messages as m
from oadr.enums import OptReason, OptType
from runtime.clock import Clock
from ven.client import Client
from ven.connection import Connection
from ven.options import Options
from ven.push import Listening

MINUTE = timedelta(minutes=1)


class OurVen:
    """Our VEN in this process; a ``conformance.device.VenDevice``.

    Attributes:
        client: the VEN of the present case; None until it is started.
    """

    title = "openadr-kit VEN"
    side = Side.VEN
    unit = MINUTE
    fresh = True
    poll_freq = timedelta(seconds=15)

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.clock: Clock = clock()
        self.client: Client | None = None
        self._url = ""
        self._push = False
        self._opt = OptType.OPT_IN

    async def meet(self, url: str, *, push: bool) -> None:
        """Learns where the VTN of the kit is."""
        self._url, self._push = url, push

    async def renew(self) -> None:
        """Ends the VEN of the last case."""
        await self.stop()
        self._opt = OptType.OPT_IN

    async def stop(self) -> None:
        """Ends the VEN."""
        if self.client is not None:
            await self.client.stop()
            self.client = None

    async def do(self, action: Action) -> Any:
        """Does what somebody at the VEN would do."""
        doing = getattr(self, f"_do_{action.name}", None)
        if doing is None:
            raise Cannot(f"{action.words}: nobody at this VEN can do that")
        return await doing(action)

    @property
    def _running(self) -> Client:
        if self.client is None:
            raise Cannot("the VEN has not been started")
        return self.client

    async def _do_Start(self, action: Start) -> None:  # noqa: N802
        self.client = self._made()
        await self.client.start()

    def _made(self) -> Client:
        options = Options(
            ven_name="device",
            resource_ids=frozenset({"resource-1"}),
            reregister_after=MINUTE,
            poll_jitter=0.0,
        )
        connection, address = Connection(url=self._url), None
        if self._push:
            port = _free_port()
            address = f"http://127.0.0.1:{port}"
            connection = Connection(url=self._url, listen=Listening(host="127.0.0.1", port=port))
        made = Client(
            "device",
            self._url,
            options=options,
            connection=connection,
            push_address=address,
            clock=self.clock,
        )
        made.add_handler("on_event", self._decide)
        made.meter("power", measurement="powerReal", every=MINUTE, resource_id="resource-1")(_power)
        return made

    async def _decide(self, event: m.Event, ctx: object) -> OptType:
        return self._opt

    async def _do_Restart(self, action: Restart) -> None:  # noqa: N802
        raise Cannot(f"{action.words}: this one keeps its state in memory")

    async def _do_Register(self, action: Register) -> None:  # noqa: N802
        await self._running.create_party_registration()

    async def _do_Reregister(self, action: Reregister) -> None:  # noqa: N802
        await self._running.create_party_reregistration()

    async def _do_QueryRegistration(self, action: QueryRegistration) -> None:  # noqa: N802
        await self._running.query_registration()

    async def _do_CancelRegistration(self, action: CancelRegistration) -> None:  # noqa: N802
        await self._running.cancel_party_registration()

    async def _do_OfferReports(self, action: OfferReports) -> None:  # noqa: N802
        await self._running.register_reports()

    async def _do_RequestEvents(self, action: RequestEvents) -> None:  # noqa: N802
        await self._running.request_event()

    async def _do_Decide(self, action: Decide) -> None:  # noqa: N802
        self._opt = action.opt

    async def _do_ChangeOpt(self, action: ChangeOpt) -> None:  # noqa: N802
        await self._running.opt(action.event_id, action.opt)

    async def _do_CreateOpt(self, action: CreateOpt) -> str:  # noqa: N802
        now = self.clock.now().replace(microsecond=0)
        return await self._running.create_opt(
            action.opt,
            OptReason.NOT_PARTICIPATING,
            availability=tuple(
                m.Period(dtstart=now + start, duration=action.each) for start in action.starts_in
            ),
            market_context=action.market_context or None,
            target=m.Target(resource_ids=action.resources),
        )

    async def _do_QualifyEvent(self, action: QualifyEvent) -> str:  # noqa: N802
        return await self._running.create_opt(
            action.opt,
            OptReason.NOT_PARTICIPATING,
            event_id=action.event_id,
            target=m.Target(resource_ids=action.resources),
        )

    async def _do_CancelOpt(self, action: CancelOpt) -> None:  # noqa: N802
        await self._running.cancel_opt(action.opt_id)

    async def _do_Events(self, action: Events) -> frozenset[str]:  # noqa: N802
        return frozenset(one.descriptor.event_id for one in self._running.events)


async def _power() -> float:
    return 1500.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def our_ven() -> AsyncIterator[OurVen]:
    """Gives our VEN on plain HTTP, and stops it afterwards."""
    device = OurVen(Identity(name="kit-vtn"))
    try:
        yield device
    finally:
        await device.stop()
