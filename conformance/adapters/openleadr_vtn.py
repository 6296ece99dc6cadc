"""The VTN of stock openleadr as a device under test: in a process of its own for each case."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from conformance.actions import (
    Action,
    Admit,
    CancelEvent,
    CreateEvent,
    Enrol,
    EventSpec,
    OptOf,
    Readings,
    Refuse,
    RequestReregistration,
    SignalSpec,
)
from conformance.adapters.openleadr_process import Child, OpenleadrError, Program, program
from conformance.adapters.papers import Papers, papers, signing_key
from conformance.checks import Side
from conformance.device import Cannot
from conformance.peers import Identity
from oadr import messages as m
from runtime.clock import Clock, SystemClock

NAME = "kit-ven"
UNIT = timedelta(seconds=2)
POLL = timedelta(seconds=1)
#: What openleadr's application can do nothing about, by the name of the action.
_REASONS = {
    "ModifyEvent": "openleadr has nothing to change an event with",
    "RequestReports": "openleadr asks for reports only when they are offered",
    "CancelReports": "openleadr has nothing to cancel reports with",
    "CancelRegistration": "openleadr cannot tell a VEN that its registration ends",
}
#: openleadr's name for each kind of target.
_TARGETS = {
    "group_ids": "group_id",
    "group_names": "group_name",
    "resource_ids": "resource_id",
    "ven_ids": "ven_id",
    "party_ids": "party_id",
}


class OpenleadrVtn:
    """openleadr's VTN; a ``conformance.device.VtnDevice``.

    Args:
        programs: has a child for each case.
        identity: of the VEN of the kit.
        arguments: of the VTN on the other side.
    """

    title = "openleadr VTN"
    side = Side.VTN
    unit = UNIT
    fresh = True

    def __init__(self, programs: Program, identity: Identity, arguments: dict[str, Any]) -> None:
        self.identity = identity
        self.clock: Clock = SystemClock()
        self.url = ""
        self._programs = programs
        self._arguments = arguments
        self._child: Child | None = None

    async def renew(self) -> None:
        """Starts another one."""
        await self.stop()
        self._child = await self._programs.child()
        self.url = await self._child.call("vtn", **self._arguments)

    async def stop(self) -> None:
        """Ends the present one."""
        if self._child is not None:
            await self._child.end()
            self._child = None

    async def do(self, action: Action) -> Any:
        """Does what an application around openleadr's VTN can do."""
        doing = getattr(self, f"_do_{action.name}", None)
        if doing is None:
            raise Cannot(_REASONS.get(action.name, f"{action.words}: openleadr has no way to"))
        try:
            return await doing(action)
        except OpenleadrError as error:
            raise Cannot(f"{action.words}: openleadr raises {error}") from None

    async def _call(self, do: str, **args: Any) -> Any:
        if self._child is None:
            raise Cannot("the VTN does not run")
        return await self._child.call(do, **args)

    async def _do_CreateEvent(self, action: CreateEvent) -> str:  # noqa: N802
        event = _event(action.event)
        return str(await self._call("create_event", event=event, name=self.identity.name))

    async def _do_CancelEvent(self, action: CancelEvent) -> None:  # noqa: N802
        await self._call("cancel_event", event_id=action.event_id, name=self.identity.name)

    async def _do_OptOf(self, action: OptOf) -> str:  # noqa: N802
        return str(await self._call("opt_of", event_id=action.event_id))

    async def _do_RequestReregistration(self, action: RequestReregistration) -> None:  # noqa: N802
        await self._call("request_reregistration", name=self.identity.name)

    async def _do_Enrol(self, action: Enrol) -> None:  # noqa: N802
        who = self.identity
        await self._call("enrol", name=who.name, ven_id=action.ven_id, fingerprint=who.fingerprint)

    async def _do_Refuse(self, action: Refuse) -> None:  # noqa: N802
        await self._call("refuse", name=self.identity.name)

    async def _do_Admit(self, action: Admit) -> None:  # noqa: N802
        await self._call("admit", name=self.identity.name)

    async def _do_Readings(self, action: Readings) -> tuple[tuple[str, str], ...]:  # noqa: N802
        return tuple((r_id, value) for r_id, value in await self._call("stored"))


def _event(spec: EventSpec) -> dict[str, Any]:
    return {
        "starts_in": spec.starts_in,
        "signals": [_signal(one) for one in spec.signals],
        "response_required": str(spec.response_required),
        "priority": spec.priority,
        "market_context": spec.market_context,
        "start_after": spec.start_after,
        "notification": spec.notification,
        "ramp_up": spec.ramp_up,
        "recovery": spec.recovery,
        "test": spec.test,
        "comment": spec.comment,
        "targets": _targets(spec.target),
        "baseline": spec.baseline,
    }


def _signal(spec: SignalSpec) -> dict[str, Any]:
    return {
        "name": spec.name,
        "type": str(spec.type),
        "unit": spec.unit,
        "symbol": spec.symbol,
        "values": [_number(one) for one in spec.values],
        "each": spec.each,
        "assets": list(spec.assets),
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _targets(target: m.Target | None) -> dict[str, list[str]]:
    """Returns a target as openleadr has it, by kind.

    Raises:
        Cannot: it is of a kind that openleadr does not write.
    """
    if target is None:
        return {}
    found = {
        name: list(value)
        for name in m.Target.__dataclass_fields__
        if (value := getattr(target, name))
    }
    if others := found.keys() - _TARGETS.keys():
        raise Cannot(
            f"openleadr does not write targets of these kinds: {', '.join(sorted(others))}"
        )
    return {_TARGETS[name]: value for name, value in found.items()}


def _identity(made: Papers | None, *, signed: bool) -> Identity:
    if made is None:
        return Identity(name=NAME)
    return Identity(
        name=NAME,
        client_tls=made.client(made.ven),
        server_tls=made.server(made.ven),
        key=signing_key(made.ven) if signed else None,
        signs=signed,
        fingerprint=made.ven_fingerprint,
        files=made.files(made.ven, made.ven_rsa),
        stranger=made.other,
        expired=made.expired,
    )


@asynccontextmanager
async def openleadr_vtn(
    *,
    tls: bool = False,
    signed: bool = False,
    verify: bool = False,
    programs: Program | None = None,
    log: Path | None = None,
) -> AsyncIterator[OpenleadrVtn]:
    """Gives openleadr's VTN, and stops it afterwards.

    Args:
        tls: mutual TLS; plain HTTP otherwise.
        signed: whether it and the VEN of the kit sign.
        verify: whether it verifies signatures, as it does if nothing else is said; over TLS only.
        programs: shared with others; one of its own if None.
        log: file for what openleadr prints and logs; None for nowhere.

    Raises:
        OpenleadrMissing: it cannot be started.
    """
    async with AsyncExitStack() as stack:
        made = stack.enter_context(papers(NAME)) if tls else None
        arguments: dict[str, Any] = {
            "vtn_id": "openleadr-VTN",
            "poll_freq": POLL,
            "fingerprints": [made.ven_fingerprint] if made is not None else [],
            "verify_message_signatures": verify,
        }
        if made is not None:
            arguments |= {
                "http_cert": str(made.vtn.certificate),
                "http_key": str(made.vtn.key),
                "http_ca_file": str(made.ca),
            }
        if made is not None and signed:
            arguments |= {"cert": str(made.vtn.certificate), "key": str(made.vtn.key)}
        shared = programs
        if shared is None:
            shared = await stack.enter_async_context(program(log))
        device = OpenleadrVtn(shared, _identity(made, signed=signed), arguments)
        try:
            yield device
        finally:
            await device.stop()
