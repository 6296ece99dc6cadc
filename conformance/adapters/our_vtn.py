"""Our VTN as a device under test: in this process, new for each case, on a faster clock."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.actions import Action, Admit, Enrol, Refuse
from conformance.adapters.papers import Papers, papers, signing_key
from conformance.adapters.vtn_operator import VtnOperator
from conformance.adapters.vtn_source import FeederSource
from conformance.checks import Side
from conformance.device import Cannot
from conformance.peers import Identity
from runtime.clock import AcceleratedClock, Clock
from vtn.audience import Audience
from vtn.config import Settings
from vtn.hooks import Accept, Context, Registration
from vtn.hooks import Refuse as Refused
from vtn.server import Server, configured_handlers
from vtn.store import Store
from vtn.testing.configured import configured
from vtn.testing.empty import open_empty

#: Seconds of the VTN's clock in a real second.
FACTOR = 60.0
NAME = "kit-ven"
#: Real time of one unit.
_UNIT = timedelta(seconds=1)


def clock(factor: float = FACTOR) -> AcceleratedClock:
    """Returns a clock that shows the present moment, and runs faster from now on."""
    now = datetime.now(UTC)
    return AcceleratedClock(origin=now, shown=now, factor=factor)


class Door:
    """Lets in whom the handler of the configuration lets in, unless it is shut.

    Args:
        handler: that decides about registrations.
    """

    def __init__(self, handler: Any) -> None:
        self._handler = handler
        self.shut = False

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refused:
        """Refuses everybody while it is shut."""
        if self.shut:
            return Refused(463, "the operator does not admit this VEN")
        decision: Accept | Refused = await self._handler.on_create_party_registration(request, ctx)
        return decision


class OurVtn:
    """Our VTN in this process; a ``conformance.device.VtnDevice``.

    Args:
        settings: its configuration.
        identity: of the VEN of the kit.
        factor: seconds of its clock in a real second.
        enrolled: whether the VEN of the kit is enrolled with its certificate beforehand.

    Attributes:
        server: the VTN of the present case.
        papers: the certificates; None on plain HTTP without signatures.
    """

    title = "openadr-kit VTN"
    side = Side.VTN
    fresh = True

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        *,
        factor: float = FACTOR,
        enrolled: bool = False,
        papers: Papers | None = None,
    ) -> None:
        self.identity = identity
        self.papers = papers
        self.clock: Clock = clock(factor)
        self.unit = _UNIT * factor
        self.url = ""
        self.server: Server | None = None
        self._settings = settings
        self._enrolled = enrolled
        self._store: Store | None = None
        self._operator: VtnOperator | None = None
        self._door: Door | None = None

    async def renew(self) -> None:
        """Starts another one, with an empty database."""
        await self.stop()
        self._store = await open_empty()
        (handler,) = configured_handlers(self._settings)
        self._door = Door(handler)
        self.server = Server(
            self._settings,
            handlers=[self._door, FeederSource()],
            store=self._store,
            clock=self.clock,
        )
        await self.server.start()
        self.url = self.server.url
        operator = self.server.operator
        if self._enrolled:
            await operator.enrol(
                NAME,
                now=self.clock.now(),
                ven_id=self.identity.ven_id or None,
                fingerprint=self.identity.fingerprint,
            )
        self._operator = VtnOperator(
            operator=operator,
            store=self._store,
            clock=self.clock,
            name=NAME,
            audience=Audience(everyone=True),
        )

    async def stop(self) -> None:
        """Ends the present one."""
        if self.server is not None:
            await self.server.stop()
            self.server = None
        if self._store is not None:
            await self._store.close()
            self._store = None

    async def do(self, action: Action) -> Any:
        """Does what an operator of the VTN would do."""
        if self.server is None or self._operator is None:
            raise Cannot("the VTN does not run")
        if isinstance(action, Refuse | Admit) and self._door is not None:
            self._door.shut = isinstance(action, Refuse)
            return None
        if isinstance(action, Enrol) and self._enrolled:
            raise Cannot(f"{action.words}: this one is enrolled with its certificate")
        return await self._operator.do(action)


def _identity(made: Papers | None, *, tls: bool, signed: bool) -> Identity:
    if made is None:
        return Identity(name=NAME)
    return Identity(
        name=NAME,
        # Without TLS its venID alone says whose signature is to be expected.
        ven_id="" if tls else f"{NAME}-1",
        client_tls=made.client(made.ven) if tls else None,
        server_tls=made.server(made.ven) if tls else None,
        key=signing_key(made.ven),
        signs=signed,
        fingerprint=made.ven_fingerprint,
        files=made.files(made.ven, made.ven_rsa) if tls else None,
        stranger=made.other if tls else None,
        expired=made.expired if tls else None,
    )


@asynccontextmanager
async def our_vtn(
    *, tls: bool = False, signed: bool = False, factor: float = FACTOR
) -> AsyncIterator[OurVtn]:
    """Gives our VTN, and stops it afterwards.

    Args:
        tls: mutual TLS; plain HTTP otherwise.
        signed: it signs whatever it sends, and takes nothing that is not signed.
        factor: seconds of its clock in a real second.
    """
    with ExitStack() as stack:
        made = stack.enter_context(papers(NAME)) if tls or signed else None
        sections: dict[str, Any] = {
            "vtn_id": "openadr-kit-vtn",
            "http": {
                "host": "127.0.0.1",
                "port": 0,
                "plain": not tls,
                "rate": 1e6,
                "burst": 1e6,
            },
            "registration": {
                "handler": "allow-list" if tls else "open-enrolment",
                "poll_interval": "1m",
            },
            "trace": {"keep": "nothing"},
        }
        if made is not None and tls:
            sections["tls"] = {
                "certificate": str(made.vtn.certificate),
                "key": str(made.vtn.key),
                "rsa_certificate": str(made.vtn_rsa.certificate),
                "rsa_key": str(made.vtn_rsa.key),
                "ca": str(made.ca),
                "crl": str(made.crl),
                # The letter of R67: one of the two suites whatever else is offered.
                "profile": "certification",
            }
        if made is not None and signed:
            sections["signatures"] = {
                "policy": "required",
                "always": True,
                "certificate": str(made.vtn.certificate),
                "key": str(made.vtn.key),
                # What is signed may be some real seconds old when it is read.
                "tolerance": f"{round(max(60.0, factor * 5))}s",
            }
        device = OurVtn(
            configured(sections, None),
            _identity(made, tls=tls, signed=signed),
            factor=factor,
            enrolled=made is not None,
            papers=made,
        )
        try:
            yield device
        finally:
            await device.stop()
