"""Our VEN as a device under test: in this process, new for each case, on a faster clock."""

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
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
    OnlyMarket,
    QualifyEvent,
    QueryRegistration,
    Register,
    RequestEvents,
    Reregister,
    Restart,
    Start,
    UseVenId,
)
from conformance.adapters.our_vtn import FACTOR, clock
from conformance.adapters.papers import Papers, papers, signing_key
from conformance.adapters.ven_meters import RESOURCE, meters
from conformance.checks import Side
from conformance.device import Cannot
from conformance.peers import Identity
from oadr import messages as m
from oadr.enums import OptReason, OptType
from oadr.errors import ProtocolError
from oadr.event import effective_end
from runtime.clock import Clock
from runtime.policy import SignaturePolicy
from ven.client import Client
from ven.connection import Connection
from ven.errors import Refused
from ven.options import Options
from ven.push import Listening

log = logging.getLogger("openadr.conformance")
#: What the VEN is called, and the VTN of the kit.
NAME, VTN = "device", "kit-vtn"
#: Real time of one unit.
_UNIT = timedelta(seconds=1)


class OurVen:
    """Our VEN in this process; a ``conformance.device.VenDevice``.

    Args:
        identity: of the VTN of the kit.
        folder: for its state.
        papers: its certificates; None on plain HTTP without signatures.
        tls: mutual TLS; plain HTTP otherwise.
        signed: it signs what it sends, and takes nothing that is not signed.
        factor: seconds of its clock in a real second.

    Attributes:
        client: the VEN of the present case; None until it is started.
        options: how it behaves, beside what the kit needs.
    """

    title = "openadr-kit VEN"
    side = Side.VEN
    fresh = True

    def __init__(
        self,
        identity: Identity,
        folder: Path,
        papers: Papers | None = None,
        *,
        tls: bool = False,
        signed: bool = False,
        factor: float = FACTOR,
    ) -> None:
        self.identity = identity
        self.options: dict[str, object] = {}
        self.clock: Clock = clock(factor)
        self.unit = _UNIT * factor
        self.poll_freq = self.unit / 4
        self.client: Client | None = None
        self._folder = folder
        self._papers = papers
        self._tls = tls
        self._signed = signed
        self._factor = factor
        self._url = ""
        self._push = False
        self._port = 0
        self._count = 0
        self._opt = OptType.OPT_IN
        self._ven_id = ""
        self._market = ""

    async def meet(self, url: str, *, push: bool) -> None:
        """Learns where the VTN of the kit is."""
        self._url, self._push = url, push

    async def renew(self) -> None:
        """Ends the VEN of the last case, and forgets what it knew."""
        await self.stop()
        self._count += 1
        self._port = _free_port() if self._push else 0
        self._opt = OptType.OPT_IN
        self._ven_id = self._market = ""

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
        # One that has only asked what the VTN supports has connections of its own.
        await self.stop()
        self.client = self._made()
        await self.client.start()

    def _made(self) -> Client:
        options = Options(
            ven_name=NAME,
            ven_id=self._ven_id or None,
            market_contexts=frozenset({self._market}) if self._market else None,
            resource_ids=frozenset({RESOURCE}),
            reregister_after=self.unit,
            poll_jitter=0.0,
        ).given(**self.options)
        scheme = "https" if self._tls else "http"
        made = Client(
            NAME,
            self._url,
            options=options,
            connection=self._connection(),
            push_address=f"{scheme}://127.0.0.1:{self._port}" if self._push else None,
            state=self._folder / f"{self._count}.db",
            clock=self.clock,
        )
        made.add_handler("on_event", self._decide)
        for meter in meters(self.unit / 2):
            made.add_meter(meter)
        return made

    def _connection(self) -> Connection:
        listen = Listening(host="127.0.0.1", port=self._port) if self._push else None
        plain = Connection(url=self._url, listen=listen)
        if self._papers is None:
            return plain
        pair, own = self._papers.ven, self._papers.vtn_fingerprint
        secured = plain
        if self._tls:
            secured = replace(
                plain,
                cert=pair.certificate,
                key=pair.key,
                ca_file=self._papers.ca,
                vtn_fingerprint=own,
            )
        if not self._signed:
            return secured
        return replace(
            secured,
            sign=True,
            signing_key=signing_key(pair),
            signatures=SignaturePolicy.REQUIRED,
            signature_fingerprint=own,
            # What is signed may be some real seconds old when it is read.
            tolerance=timedelta(seconds=max(60.0, 5 * self._factor)),
        )

    async def _decide(self, event: m.Event, ctx: object) -> OptType:
        return self._opt

    async def _do_Restart(self, action: Restart) -> None:  # noqa: N802
        await self.stop()
        await self._do_Start(Start())

    async def _do_UseVenId(self, action: UseVenId) -> None:  # noqa: N802
        self._ven_id = action.ven_id
        if self.client is not None:
            await self._do_Restart(Restart())

    async def _do_OnlyMarket(self, action: OnlyMarket) -> None:  # noqa: N802
        self._market = action.market_context
        if self.client is not None:
            await self._do_Restart(Restart())

    async def _do_Register(self, action: Register) -> None:  # noqa: N802
        await self._running.create_party_registration()

    async def _do_Reregister(self, action: Reregister) -> None:  # noqa: N802
        await self._running.create_party_reregistration()

    async def _do_QueryRegistration(self, action: QueryRegistration) -> None:  # noqa: N802
        self.client = self.client or self._made()
        await self.client.query_registration()

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
        return await self._opted(
            action.opt,
            OptReason.NOT_PARTICIPATING,
            availability=tuple(
                m.Period(dtstart=now + start, duration=action.each) for start in action.starts_in
            ),
            market_context=action.market_context or None,
            target=m.Target(resource_ids=action.resources),
        )

    async def _do_QualifyEvent(self, action: QualifyEvent) -> str:  # noqa: N802
        return await self._opted(
            action.opt,
            OptReason.NOT_PARTICIPATING,
            event_id=action.event_id,
            target=m.Target(resource_ids=action.resources),
        )

    async def _opted(self, opt: OptType, reason: OptReason, **what: Any) -> str:
        """Makes an opt; what the VEN or the VTN refuses has no optID."""
        try:
            return await self._running.create_opt(opt, reason, **what)
        except (ProtocolError, Refused) as error:
            log.info("no opt: %s", error)
            return ""

    async def _do_CancelOpt(self, action: CancelOpt) -> None:  # noqa: N802
        await self._running.cancel_opt(action.opt_id)

    async def _do_Events(self, action: Events) -> frozenset[str]:  # noqa: N802
        now = self.clock.now()
        held = self._running.events
        return frozenset(one.event_id for one in held if effective_end(one.active_period) > now)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _identity(made: Papers | None, *, tls: bool, signed: bool) -> Identity:
    if made is None:
        return Identity(name=VTN)
    return Identity(
        name=VTN,
        client_tls=made.client(made.vtn) if tls else None,
        server_tls=made.server(made.vtn) if tls else None,
        key=signing_key(made.vtn),
        signs=signed,
        fingerprint=made.vtn_fingerprint,
        files=made.files(made.vtn, made.vtn_rsa) if tls else None,
        stranger=made.other if tls else None,
        expired=made.expired_vtn if tls else None,
    )


@asynccontextmanager
async def our_ven(
    *, tls: bool = False, signed: bool = False, factor: float = FACTOR
) -> AsyncIterator[OurVen]:
    """Gives our VEN, and stops it afterwards.

    Args:
        tls: mutual TLS; plain HTTP otherwise.
        signed: it signs whatever it sends, and takes nothing that is not signed.
        factor: seconds of its clock in a real second.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="conformance-"))
        made = stack.enter_context(papers(NAME)) if tls or signed else None
        identity = _identity(made, tls=tls, signed=signed)
        device = OurVen(identity, Path(folder), made, tls=tls, signed=signed, factor=factor)
        try:
            yield device
        finally:
            await device.stop()
