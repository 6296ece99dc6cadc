"""A trace that was exported, and a VEN of now in the place of the one that was in it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
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
from ven.client import Client
from ven.errors import Rejected, Unreachable
from ven.options import Options
from ven.testing.acting import Decider, act, decoded
from ven.testing.vtn import ScriptedVTN
from ven.testing.world import World, joined

#: A poll may come so much earlier than in the trace and bring the same, beside an interval.
_SLACK = timedelta(seconds=2)
#: What meters read is not in a trace, only what was reported of it.
_READINGS = frozenset({"oadrReportPayload"})
#: How a VEN begins; where the trace begins later, this comes before it.
_BEGIN = (
    m.QueryRegistration,
    m.CreatePartyRegistration,
    m.RegisterReport,
    m.RegisteredReport,
    m.RequestEvent,
    m.CreatedReport,
)


async def replay(
    trace: Bundle | Path,
    make: Callable[..., Client] = Client,
    *,
    ven: str = "",
    readings: bool = False,
    **arguments: Any,
) -> Replayed:
    """Lets a VEN live through a trace, and compares what it says.

    The VEN is that of ``joined``: no sockets, and a clock that shows what it showed then. A
    VTN answers it as it was answered, and pushes what was pushed; without handlers it decides
    about events, and opts, as the one in the trace did. Signatures are neither made
    nor checked: who has the trace does not have the keys.

    Args:
        trace: an exported trace of a VEN, or of a VTN.
        make: makes the VEN: its class, or a function that takes the same arguments.
        ven: in the trace of a VTN, which VEN: its name or venID; not needed if there is one.
        readings: whether the values that are reported must be the same.
        arguments: further ones for the VEN, as ``joined`` takes them: ``config``,
            ``handlers``, ``options`` and so on.

    Raises:
        runtime.capture.bundle.BundleError: the file is no trace.
        ValueError: the trace is of several VENs, or empty.
    """
    bundle = trace if isinstance(trace, Bundle) else load_bundle(trace)
    exchanges = _of_one(bundle, ven)
    script = _Script(exchanges=exchanges, values=readings)
    given: dict[str, Any] = {"clock": FakeClock(moment=exchanges[0].at), "exchange": script}
    if "config" not in arguments:
        name = script.ven_name or (bundle.name if bundle.side == "VEN" else exchanges[0].peer)
        given |= {"ven_name": name, "options": Options(ven_name=name, poll_jitter=0.0)}
        given["ven_id"] = script.allocated
        if "handlers" not in arguments:
            given["handlers"] = [Decider(exchanges)]
    pushes = any(one.asked_by == "VTN" for one in exchanges)
    async with joined(make, push=pushes, **(given | arguments)) as world:
        script.clock = world.clock
        return await _live(world, script)


async def _live(world: World, script: "_Script") -> Replayed:
    """Lets the time of a trace pass, and tells what came of it."""
    await world.start()
    for number, one in enumerate(script.exchanges, 1):
        if one.at > world.clock.now():
            await world.pass_until(one.at)
        await world.rest()
        if one.asked_by == "VTN" and number not in script.skipped:
            await script.pushed(number, one, world)
        elif number in script.waiting:
            await act(world.ven, one)
        await world.rest()
    # What the last answers ask for, and a poll that comes later than it came.
    await world.pass_time(script.interval + _SLACK)
    script.miss()
    return Replayed(
        exchanges=len(script.exchanges) - len(script.skipped),
        skipped=tuple(sorted(script.skipped.items())),
        differences=tuple(script.found),
    )


@dataclass
class _Script(ScriptedVTN):
    """A VTN that answers what was answered.

    Attributes:
        exchanges: of the trace.
        values: whether those that are reported are compared.
        found: what is not as it was.
        skipped: numbers of exchanges that cannot be replayed, and why.
        waiting: numbers of those that have not come yet.
        ids: which identifiers stand for which.
        interval: between two polls.
        ven_name: that the VEN registered under; empty if the trace does not say.
        allocated: venID that the VEN was given beforehand; None if it was given none.
        begins: whether the trace has a registration.
    """

    exchanges: tuple[Exchange, ...] = ()
    values: bool = False
    found: list[Difference] = field(default_factory=list)
    skipped: dict[int, str] = field(default_factory=dict)
    waiting: dict[int, Exchange] = field(default_factory=dict)
    ids: Names = field(default_factory=Names)
    interval: timedelta = timedelta(seconds=10)
    ven_name: str = ""
    allocated: str | None = None
    begins: bool = False

    def __post_init__(self) -> None:
        for number, one in enumerate(self.exchanges, 1):
            why = _why_not(one)
            if why:
                self.skipped[number] = why
            elif one.asked_by == "VEN":
                self.waiting[number] = one
            self._learn(one)

    def _learn(self, one: Exchange) -> None:
        """Takes over who is who, for what is not in the trace."""
        said, answer = decoded(one.request), decoded(one.response)
        if isinstance(said, m.CreatePartyRegistration):
            if not self.begins and said.registration_id is None:
                self.allocated = said.ven_id
            self.begins, self.ven_name = True, said.ven_name or ""
        for message in (said, answer):
            self.ven_id = getattr(message, "ven_id", None) or self.ven_id
            self.vtn_id = getattr(message, "vtn_id", None) or self.vtn_id
            freq = getattr(message, "poll_freq", None)
            self.interval = self.poll_freq = freq or self.interval
        if isinstance(answer, m.CreatedPartyRegistration):
            self.registration_id = answer.registration_id or self.registration_id

    async def __call__(self, service: ServiceName, message: m.Message) -> m.Message | None:
        """Returns what was answered; what a VTN usually answers to what was not said."""
        body = codec.encode(message)
        self.received.append((service, codec.decode(body)))
        number = self._next(message)
        if number is None:
            if not isinstance(message, m.Poll) and (self.begins or not isinstance(message, _BEGIN)):
                self._differ(0, message_in(body), "", "", "the message")
            reply = self._usual(codec.decode(body))
            return codec.decode(codec.encode(reply))
        one = self.waiting.pop(number)
        self._compare(number, one.request, body)
        if one.status != 200:
            raise _failure(one)
        answer = self.ids.in_terms_of_now(one.response)
        self.ids.fix(identifiers(one.response))
        return codec.decode(answer) if answer.strip() else None

    def _next(self, message: m.Message) -> int | None:
        """Returns the number of the exchange that a message belongs to; None if there is none."""
        name = codec.message_name(message)
        for number, one in self.waiting.items():
            if _name_of(one) == name:
                if name == "oadrPoll" and one.at > self.clock.now() + self.interval + _SLACK:
                    return None
                return number
        return None

    async def pushed(self, number: int, one: Exchange, world: World) -> None:
        """Pushes what was pushed, and compares the answer."""
        self.ids.fix(identifiers(one.request))
        service, body = ServiceName(one.service), self.ids.in_terms_of_now(one.request)
        reply = await world.ven.receive(service, body)
        if reply.status != one.status:
            self._differ(number, _name_of(one), "HTTP", str(one.status), str(reply.status))
        elif one.status == 200:
            self._compare(number, one.response, reply.body)

    def miss(self) -> None:
        """Notes what the VEN has not said; how often it polls is no matter."""
        for number, one in self.waiting.items():
            answer = decoded(one.response)
            if _name_of(one) != "oadrPoll" or not isinstance(answer, m.Response):
                self._differ(number, _name_of(one), "", "the message", "")

    def _compare(self, number: int, recorded: bytes, now: bytes) -> None:
        leave_out = frozenset({"oadrTransportAddress"}) | (
            frozenset() if self.values else _READINGS
        )
        for where, was, is_ in differences(recorded, now, self.ids, leave_out=leave_out):
            self._differ(number, message_in(recorded or now), where, was, is_)

    def _differ(self, number: int, message: str, where: str, was: str, is_: str) -> None:
        at = self.exchanges[number - 1].at if number else self.clock.now()
        self.found.append(
            Difference(
                number=number,
                at=at,
                message=message or "the answer",
                where=where,
                recorded=was,
                now=is_,
            )
        )


def _of_one(bundle: Bundle, ven: str) -> tuple[Exchange, ...]:
    """Returns the exchanges of one VEN.

    Raises:
        ValueError: it is not clear of which one, or there is none.
    """
    found = bundle.exchanges
    if ven:
        found = tuple(one for one in found if ven in (one.peer, one.ven_id))
    if not found:
        raise ValueError("the trace has no exchange" + (f" of {ven}" if ven else ""))
    names = sorted({one.ven_id for one in found} - {""})
    if len(names) > 1:
        raise ValueError(f"the trace is of several VENs: {', '.join(names)}; expected ven=")
    return found


def _why_not(one: Exchange) -> str:
    """Returns why an exchange cannot be replayed; empty if it can."""
    if one.cut:
        return "a document was too long to be kept"
    if one.asked_by == "VTN" and (one.service not in set(ServiceName) or one.target):
        return "it was refused by HTTP before a document was read"
    if one.asked_by == "VEN" and decoded(one.request) is None:
        return "no VEN of ours says that: the request is no message"
    if one.asked_by == "VEN" and one.status == 200 and one.response.strip():
        return "" if decoded(one.response) is not None else "the answer is no message"
    return ""


def _failure(one: Exchange) -> Exception:
    if one.status is None or one.status >= 500:
        return Unreachable(one.problem or f"HTTP {one.status}", status=one.status)
    return Rejected(one.status, one.problem or f"HTTP {one.status}")


def _name_of(one: Exchange) -> str:
    return one.message or message_in(one.request)
