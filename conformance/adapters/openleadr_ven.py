"""The VEN of stock openleadr as a device under test: in a process of its own for each case."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
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
    UseVenId,
)
from conformance.adapters.openleadr_process import Child, OpenleadrError, Program, program
from conformance.adapters.openleadr_vtn import POLL, UNIT
from conformance.adapters.papers import Papers, papers, signing_key
from conformance.checks import Side
from conformance.device import Cannot
from conformance.peers import Identity
from runtime.clock import Clock, SystemClock

NAME = "device"
#: Not all in lower case: openleadr's VEN takes such a vtnID for invalid.
VTN = "Kit-VTN"


class OpenleadrVen:
    """openleadr's VEN; a ``conformance.device.VenDevice``.

    Args:
        programs: has a child for each case.
        identity: of the VTN of the kit.
        arguments: of the VEN on the other side.
    """

    title = "openleadr VEN"
    side = Side.VEN
    unit = UNIT
    fresh = True
    poll_freq = POLL

    def __init__(self, programs: Program, identity: Identity, arguments: dict[str, Any]) -> None:
        self.identity = identity
        self.clock: Clock = SystemClock()
        self._programs = programs
        self._arguments = arguments
        self._url = ""
        self._child: Child | None = None

    async def meet(self, url: str, *, push: bool) -> None:
        """Learns where the VTN of the kit is."""
        if push:
            raise Cannot("openleadr's VEN cannot be pushed to")
        self._url = url

    async def renew(self) -> None:
        """Starts another process; the VEN in it is not started yet."""
        await self.stop()
        self._child = await self._programs.child()
        await self._child.call("ven", vtn_url=self._url, **self._arguments)

    async def stop(self) -> None:
        """Ends the present one."""
        if self._child is not None:
            await self._child.end()
            self._child = None

    async def do(self, action: Action) -> Any:
        """Does what an application around openleadr's VEN can do.

        What openleadr raises meanwhile is nothing that the VTN of the kit would hear of.
        """
        doing = getattr(self, f"_do_{action.name}", None)
        if doing is None:
            raise Cannot(f"{action.words}: openleadr has no way to do that")
        with suppress(OpenleadrError):
            return await doing(action)
        return None

    async def _call(self, do: str, **args: Any) -> Any:
        if self._child is None:
            raise Cannot("the VEN does not run")
        return await self._child.call(do, **args)

    async def _do_Start(self, action: Start) -> None:  # noqa: N802
        await self._call("begin")

    async def _do_Restart(self, action: Restart) -> None:  # noqa: N802
        await self._call("again")

    async def _do_UseVenId(self, action: UseVenId) -> None:  # noqa: N802
        await self._call("use_ven_id", ven_id=action.ven_id)

    async def _do_Register(self, action: Register) -> None:  # noqa: N802
        await self._call("register")

    async def _do_Reregister(self, action: Reregister) -> None:  # noqa: N802
        await self._call("reregister")

    async def _do_QueryRegistration(self, action: QueryRegistration) -> None:  # noqa: N802
        await self._call("query")

    async def _do_CancelRegistration(self, action: CancelRegistration) -> None:  # noqa: N802
        await self._call("cancel_registration")

    async def _do_OfferReports(self, action: OfferReports) -> None:  # noqa: N802
        await self._call("offer")

    async def _do_RequestEvents(self, action: RequestEvents) -> None:  # noqa: N802
        await self._call("request_events")

    async def _do_Decide(self, action: Decide) -> None:  # noqa: N802
        await self._call("decide", opt=str(action.opt))

    async def _do_ChangeOpt(self, action: ChangeOpt) -> None:  # noqa: N802
        await self._call("change_opt", event_id=action.event_id, opt=str(action.opt))

    async def _do_CreateOpt(self, action: CreateOpt) -> str:  # noqa: N802
        made = await self._call(
            "create_opt",
            opt=str(action.opt),
            starts_in=list(action.starts_in),
            each=action.each,
            market_context=action.market_context,
            resources=list(action.resources),
        )
        return str(made or "")

    async def _do_QualifyEvent(self, action: QualifyEvent) -> str:  # noqa: N802
        made = await self._call(
            "qualify_event",
            event_id=action.event_id,
            opt=str(action.opt),
            resources=list(action.resources),
        )
        return str(made or "")

    async def _do_CancelOpt(self, action: CancelOpt) -> None:  # noqa: N802
        await self._call("cancel_opt", opt_id=action.opt_id)

    async def _do_Events(self, action: Events) -> frozenset[str]:  # noqa: N802
        return frozenset(await self._call("events"))


def _identity(made: Papers | None, *, name: str, signed: bool) -> Identity:
    if made is None:
        return Identity(name=name)
    return Identity(
        name=name,
        client_tls=made.client(made.vtn),
        server_tls=made.server(made.vtn),
        key=signing_key(made.vtn) if signed else None,
        signs=signed,
        fingerprint=made.vtn_fingerprint,
        files=made.files(made.vtn, made.vtn_rsa),
    )


@asynccontextmanager
async def openleadr_ven(
    *,
    tls: bool = False,
    signed: bool = False,
    vtn_id: str = VTN,
    programs: Program | None = None,
    log: Path | None = None,
) -> AsyncIterator[OpenleadrVen]:
    """Gives openleadr's VEN, and stops it afterwards.

    Args:
        tls: mutual TLS; plain HTTP otherwise.
        signed: whether it and the VTN of the kit sign; over TLS only.
        vtn_id: how the VTN of the kit calls itself.
        programs: shared with others; one of its own if None.
        log: file for what openleadr prints and logs; None for nowhere.

    Raises:
        OpenleadrMissing: it cannot be started.
    """
    async with AsyncExitStack() as stack:
        made = stack.enter_context(papers(NAME)) if tls else None
        arguments: dict[str, Any] = {"ven_name": NAME, "least": POLL}
        if made is not None:
            arguments |= {
                "cert": str(made.ven.certificate),
                "key": str(made.ven.key),
                "ca_file": str(made.ca),
                "disable_signature": not signed,
                "vtn_fingerprint": made.vtn_fingerprint if signed else None,
            }
        shared = programs
        if shared is None:
            shared = await stack.enter_async_context(program(log))
        identity = _identity(made, name=vtn_id, signed=signed)
        device = OpenleadrVen(shared, identity, arguments)
        try:
            yield device
        finally:
            await device.stop()
