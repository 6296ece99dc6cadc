"""A trace that was exported, said again to a VTN of now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from oadr import codec
from oadr import messages as m
from oadr.enums import ProfileName, ServiceName
from oadr.errors import OpenADRError
from oadr.report import Offer
from runtime.capture.bundle import Bundle, load_bundle
from runtime.capture.compare import (
    Difference,
    Names,
    Replayed,
    differences,
    identifiers,
    message_in,
)
from runtime.capture.record import Exchange
from runtime.clock import FakeClock
from vtn.audience import Audience
from vtn.hooks import Accept, Context, Refuse, Registration, Wanted
from vtn.store import event as events
from vtn.testing.configured import Overrides
from vtn.testing.ear import Said
from vtn.testing.inside import JoinedWorld, joined

#: A push may come so much earlier or later than it came.
_SOON = timedelta(seconds=15)


async def replay(
    trace: Bundle | Path,
    *,
    overrides: Overrides | None = None,
    handlers: Iterable[object] = (),
) -> Replayed:
    """Says again to a VTN what VENs said in a trace, and compares what it answers.

    The VTN is that of ``joined``: no sockets, and a clock that shows what it showed then.
    The VENs are enrolled as they were, each under its certificate. What the operator did is
    told by what the VTN said: events are made, modified and cancelled, and reports asked
    for, before the exchange that brought them. Signatures are not checked: who has the
    trace does not have the keys.

    Args:
        trace: an exported trace of a VTN, or of a VEN.
        overrides: keys and sections of ``vtn.toml``.
        handlers: handler objects; without one that decides on registrations or on what to
            ask for, that is decided as it was.

    Raises:
        runtime.capture.bundle.BundleError: the file is no trace.
    """
    bundle = trace if isinstance(trace, Bundle) else load_bundle(trace)
    cast = _Cast(bundle)
    sections: dict[str, Any] = {
        "vtn_id": cast.vtn_id,
        "signatures": {"policy": "ignored"},
        "reports": {"request": []},
        "registration": {"poll_interval": cast.poll_interval},
    }
    clock = FakeClock(moment=bundle.exchanges[0].at) if bundle.exchanges else FakeClock()
    given = list(handlers)
    if not any(hasattr(one, "on_create_party_registration") for one in given):
        given.append(_Registrar(cast))
    if not any(hasattr(one, "on_register_report") for one in given):
        given.append(_Asker(cast))
    for section, values in (overrides or {}).items():
        old = sections.get(section)
        sections[section] = old | dict(values) if isinstance(old, dict) else values
    async with joined(sections, handlers=given, clock=clock) as world:
        return await _Replay(world, bundle, cast).run()


class _Cast:
    """Who takes part in a trace, and what is decided next."""

    def __init__(self, bundle: Bundle) -> None:
        self.current: Exchange | None = None
        self.vtn_id, self.poll_interval = bundle.name if bundle.side == "VTN" else "", "10s"
        self.vens: dict[str, _Ven] = {}
        for one in bundle.exchanges:
            answer = _decoded(one.response if one.asked_by == "VEN" else one.request)
            self.vtn_id = getattr(answer, "vtn_id", None) or self.vtn_id
            freq = getattr(answer, "poll_freq", None)
            if freq is not None:
                self.poll_interval = f"{int(freq.total_seconds())}s"
            self._meet(bundle, one)
        self.vtn_id = self.vtn_id or "vtn"

    def _meet(self, bundle: Bundle, one: Exchange) -> None:
        # The trace of a VEN knows the certificate of the VTN, not its own.
        fingerprint = one.fingerprint if bundle.side == "VTN" and one.proof != "none" else ""
        name = one.peer if bundle.side == "VTN" else bundle.name
        key = one.ven_id or fingerprint
        if not key:
            return
        known = self.vens.get(key) or _Ven(name=name, ven_id=one.ven_id, fingerprint=fingerprint)
        said = _decoded(one.request)
        if isinstance(said, m.CreatePartyRegistration):
            known = replace(
                known, registers=True, name=said.ven_name or name, push=said.transport_address or ""
            )
        self.vens[key] = replace(known, fingerprint=known.fingerprint or fingerprint)

    def answer(self) -> Any:
        """Returns what the VTN answered in the exchange of now; None if that is no message."""
        return _decoded(self.current.response) if self.current is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ven:
    name: str
    ven_id: str
    fingerprint: str
    registers: bool = False
    push: str = ""


class _Registrar:
    """Decides on registrations as it was decided."""

    def __init__(self, cast: _Cast) -> None:
        self._cast = cast

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        """Gives the identifiers that were given."""
        answer = self._cast.answer()
        if not isinstance(answer, m.CreatedPartyRegistration):
            return Accept()
        if not answer.response.ok:
            return Refuse(answer.response.code, answer.response.description or "")
        return Accept(ven_id=answer.ven_id, registration_id=answer.registration_id)


class _Asker:
    """Asks for the reports that were asked for."""

    def __init__(self, cast: _Cast) -> None:
        self._cast = cast

    async def on_register_report(self, offers: Sequence[Offer], ctx: Context) -> Sequence[Wanted]:
        """Returns what was asked for in the same answer."""
        answer = self._cast.answer()
        requests = answer.requests if isinstance(answer, m.RegisteredReport) else ()
        return [_wanted(request) for request in requests]


class _Replay:
    """One run."""

    def __init__(self, world: JoinedWorld, bundle: Bundle, cast: _Cast) -> None:
        self._world = world
        self._bundle = bundle
        self._cast = cast
        self._names = Names()
        self._skipped: list[tuple[int, str]] = []
        self._found: list[Difference] = []
        #: What was pushed and has not been pushed again, by its number.
        self._pushes = {
            number: one
            for number, one in enumerate(bundle.exchanges, 1)
            if one.asked_by == "VTN" and not _why_not(one)
        }
        self._number = 0

    async def run(self) -> Replayed:
        """Returns what comes of it."""
        await self._prepare()
        said = 0
        for number, one in enumerate(self._bundle.exchanges, 1):
            self._number = number
            why = _why_not(one)
            if why:
                self._skipped.append((self._number, why))
                continue
            said += 1
            self._cast.current = one
            if one.at > self._world.clock.now():
                await self._world.pass_until(one.at)
            if one.asked_by == "VEN":
                await self._act(one)
                await self._say(one)
            elif number in self._pushes:
                await self._act(one)
                await self._await_push(one)
        return Replayed(
            exchanges=said, skipped=tuple(self._skipped), differences=tuple(self._found)
        )

    async def _prepare(self) -> None:
        """Enrols the VENs; those that had registered before the trace begins register."""
        now = self._world.clock.now()
        for ven in self._cast.vens.values():
            proof = ven.fingerprint or None
            await self._world.operator.enrol(
                ven.name, now=now, ven_id=ven.ven_id or None, fingerprint=proof
            )
            if ven.push:
                self._world.hear(ven.push, self._hear)
            if not ven.registers and ven.ven_id:
                await self._world.peer(ven.name, fingerprint=ven.fingerprint).join(ven.name)

    async def _act(self, one: Exchange) -> None:
        """Does what the operator did before the VTN could say what it said."""
        said = _decoded(one.response if one.asked_by == "VEN" else one.request)
        now, operator = self._world.clock.now(), self._world.operator
        ven = self._ven(one)
        if ven is None:
            return
        match said:
            case m.DistributeEvent():
                for event in said.events:
                    await self._publish(event, ven.name)
            case m.CreateReport() if one.asked_by == "VTN" or _polled(one):
                wanted = [_wanted(request) for request in said.requests]
                await operator.request_reports(ven.name, wanted, now=now)
            case m.CancelReport():
                ids = identifiers(self._names.in_terms_of_now(codec.encode(said)))
                asked = [one for one in ids if one not in (said.request_id, said.ven_id)]
                await operator.cancel_reports(asked, now=now, follow=said.report_to_follow)
            case m.RequestReregistration():
                await operator.request_reregistration(ven.name, now=now)
            case m.CancelPartyRegistration() if one.asked_by == "VTN" or _polled(one):
                await operator.cancel_registration(ven.name, now=now)

    async def _publish(self, event: m.Event, ven: str) -> None:
        """Makes an event be as it was."""
        now, operator = self._world.clock.now(), self._world.operator
        number = event.descriptor.modification_number
        async with self._world.store.read() as tx:
            row = await events.get(tx, event_id=event.event_id)
        held = row.event if row is not None else None
        if held is None:
            audience = Audience(vens=frozenset({ven}))
            await operator.create_event(event, audience, now=now, new=number == 0)
        elif held.descriptor.modification_number < number:
            if event.descriptor.event_status == "cancelled":
                await operator.cancel_event(event.event_id, now=now)
            else:
                await operator.modify_event(event, now=now)

    def _ven(self, one: Exchange) -> _Ven | None:
        key = one.ven_id or one.fingerprint
        return self._cast.vens.get(key)

    async def _say(self, one: Exchange) -> None:
        """Says to the VTN what the VEN said, and compares the answer."""
        self._names.fix(name for name in identifiers(one.request))
        ven = self._ven(one)
        response = await self._world.server.endpoint.answer(
            ServiceName(one.service),
            self._names.in_terms_of_now(one.request),
            fingerprint=ven.fingerprint if ven is not None else "",
            profile=ProfileName(one.profile),
        )
        body = response.body if isinstance(response.body, bytes) else b""
        if response.status != one.status:
            self._differ(one, one.answer, "HTTP", str(one.status), str(response.status))
        elif one.status == 200:
            self._compare(one, one.response, body)
        await self._world.rest()

    async def _hear(self, service: ServiceName, body: bytes, /) -> Said:
        """Answers a push as the VEN did, and compares what is pushed."""
        now, name = self._world.clock.now(), message_in(body)
        soon = now + _SOON
        number = next(
            (n for n, one in self._pushes.items() if one.message == name and one.at <= soon), 0
        )
        if not number:
            self._found.append(Difference(number=0, at=now, message=name, now="a push"))
            return Said(status=404)
        one = self._pushes.pop(number)
        self._compare(one, one.request, body, number=number)
        answer = self._names.in_terms_of_now(one.response)
        headers = {"Content-Type": codec.CONTENT_TYPE}
        return Said(status=one.status or 503, body=answer, headers=headers)

    async def _await_push(self, one: Exchange) -> None:
        """Waits for what was pushed, and notes if it is not."""
        await self._world.rest()
        if self._number in self._pushes:
            await self._world.pass_time(_SOON)
        if self._pushes.pop(self._number, None) is not None:
            self._differ(one, one.message, "", "a push", "")

    def _compare(self, one: Exchange, recorded: bytes, now: bytes, *, number: int = 0) -> None:
        for where, was, is_ in differences(recorded, now, self._names):
            name = message_in(recorded) if recorded.strip() else message_in(now)
            self._differ(one, name, where, was, is_, number=number)

    def _differ(
        self, one: Exchange, message: str, where: str, was: str, is_: str, *, number: int = 0
    ) -> None:
        self._found.append(
            Difference(
                number=number or self._number,
                at=one.at,
                message=message or "the answer",
                where=where,
                recorded=was,
                now=is_,
            )
        )


def _why_not(one: Exchange) -> str:
    """Returns why an exchange cannot be replayed; empty if it can."""
    if one.cut:
        return "a document was too long to be kept"
    if one.status is None:
        return "there was no answer"
    if one.service not in set(ServiceName) or one.target:
        return "it was refused by HTTP before a document was read"
    if one.status in (403, 408, 413, 503) or not one.request:
        return f"HTTP {one.status} of a connection, not of a document"
    return ""


def _polled(one: Exchange) -> bool:
    return one.message == "oadrPoll"


def _wanted(request: m.ReportRequest) -> Wanted:
    period = request.report_interval
    return Wanted(
        specifier_id=request.report_specifier_id,
        r_ids=tuple(point.r_id for point in request.data_points),
        every=request.granularity,
        deliver=request.report_back_duration,
        duration=period.duration if period is not None else timedelta(0),
    )


def _decoded(data: bytes) -> Any:
    """Returns the message in a document; None if there is none of 2.0b."""
    try:
        return codec.decode(data) if data.strip() else None
    except OpenADRError:
        return None
