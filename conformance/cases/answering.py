"""What cases about VENs have in common: saying events, hearing what becomes of them.

A VEN may answer several events in one message or one by one, and answer once more what it
was told twice; so each answer is looked up by event and modificationNumber.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from conformance.actions import Events
from conformance.case import Inconclusive, Skipped, VenTest
from conformance.checks import Side
from conformance.checks.exchange import code_of, succeeded
from conformance.checks.session import answers_in, event_id_of
from conformance.checks.xml import text, whole
from conformance.demands import Demand
from conformance.device import Cannot
from conformance.peers import Recorded
from conformance.peers.http import Reply, pause
from conformance.peers.vtn import ANSWERS
from conformance.peers.vtn_events import changed
from oadr import messages as m
from oadr.enums import EventStatus, ResponseRequired

CREATED = "oadrCreatedEvent"
#: Short whiles of the device in which what is due has come.
SOON = 3.0
#: Likewise, in which a VEN tries again what has failed: it backs off, the longer the more failed.
PATIENT = 8.0
#: Likewise, in which a VEN has polled: it may poll less often than asked, but not for ever.
FETCHED = 5.0
Said = m.Message | bytes | Reply | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a VEN answers to an event.

    Attributes:
        code: of the event, or of the whole message if that is refused.
        opt: ``optIn`` or ``optOut``; empty if the whole message is refused.
        request_id: empty likewise.
        at: the exchange.
    """

    code: str
    opt: str
    request_id: str
    at: Recorded

    def __str__(self) -> str:
        return f"code {self.code} {self.opt}".strip()

    @property
    def good(self) -> bool:
        """Whether the event is taken."""
        return self.code.startswith("2")

    @property
    def refusal(self) -> bool:
        """Whether the event is refused with a code of the profile."""
        return self.code.startswith("4")


def answers_to(one: Recorded, event_id: str, number: int) -> Iterator[Answer]:
    """Yields the answers to an event in an exchange: a push may be refused as a whole at once."""
    refused = code_of(one.answered)
    if one.asked_by is Side.VTN and one.asked.name == "oadrDistributeEvent" and refused[:1] == "4":
        yield Answer(code=refused, opt="", request_id="", at=one)
    if one.asked_by is not Side.VEN or one.asked.name != CREATED:
        return
    if not succeeded(one.asked):
        yield Answer(code=code_of(one.asked), opt="", request_id="", at=one)
    for answer in answers_in(one.asked):
        its = whole(answer, "ei:qualifiedEventID/ei:modificationNumber")
        if event_id_of(answer) == event_id and its == number:
            yield Answer(
                code=text(answer, "ei:responseCode") or "",
                opt=text(answer, "ei:optType") or "",
                request_id=text(answer, "pyld:requestID") or "",
                at=one,
            )


async def seen(
    t: VenTest, condition: Callable[[Recorded], bool], since: int, units: float = SOON
) -> Recorded | None:
    """Returns the first exchange that fits; None if none comes in so many short whiles."""
    deadline = t.clock.now() + t.device.unit * units
    while True:
        found = await t.tape.wait(condition, since=since, within=0.05)
        if found is not None or t.clock.now() >= deadline:
            return found


async def hears(t: VenTest, name: str, since: int, units: float = SOON) -> Recorded | None:
    """Returns the first request of the VEN of that name; None if none comes soon."""
    return await seen(
        t, lambda one: one.asked_by is Side.VEN and one.asked.name == name, since, units
    )


def needed(found: Recorded | None, reason: str) -> Recorded:
    """Returns what a case builds upon.

    Raises:
        Inconclusive: it is not there.
    """
    if found is None:
        raise Inconclusive(reason)
    return found


async def settled(t: VenTest) -> None:
    """Has the VEN registered and introduced, and its first question for events answered."""
    new = not t.vtn.registration_id
    await t.joined()
    if new:
        await hears(t, "oadrRequestEvent", 0, 1)


def takes_events(t: VenTest) -> None:
    """Looks whether the VEN is one for events at all.

    Raises:
        Skipped: it is a Report-Only VEN.
    """
    if t.report_only:
        raise Skipped("a Report-Only VEN takes no events and sends no opts")


async def say(t: VenTest, *events: m.Event, request_id: str = "", vtn_id: str = "") -> int:
    """Puts events into the snapshot and sends it, without waiting for an answer.

    Args:
        t: the case.
        events: new ones or new versions; those that are known already stay.
        request_id: of the message; a new one if left out.
        vtn_id: in place of that of the VTN.

    Returns:
        How long the tape was before.

    Raises:
        Skipped: the VEN is one for reports alone.
    """
    takes_events(t)
    t.vtn.events |= {one.event_id: one for one in events}
    message = t.vtn.snapshot(response=not t.push)
    return await send(
        t,
        replace(
            message,
            request_id=request_id or message.request_id,
            vtn_id=vtn_id or message.vtn_id,
        ),
    )


async def send(t: VenTest, message: m.Message | bytes) -> int:
    """Sends whatever, in answer to the next poll or by push; returns the length of the tape."""
    since = len(t.tape)
    if t.push:
        await t.vtn.pushed(message)
    else:
        t.vtn.queue.append(message)
        t.need(await fetched(t), "the VEN does not poll")
    return since


async def fetched(t: VenTest, units: float = FETCHED) -> bool:
    """Waits until the VEN has polled for all that waits; whether it has."""
    deadline = t.clock.now() + t.device.unit * units
    while t.vtn.queue:
        if t.clock.now() >= deadline:
            return False
        await pause()
    return True


async def asks(t: VenTest, message: m.Message) -> Recorded | None:
    """Sends a message, and returns the exchange with the VEN's logical answer; None if none comes.

    That is a request of its own, or the reply to a push.
    """
    wanted = ANSWERS[type(message).__name__]
    since = await send(t, message)
    return await seen(t, lambda one: _says(one) == wanted, since)


def _says(one: Recorded) -> str:
    """Returns the name of what the VEN says in an exchange."""
    said = one.asked if one.asked_by is Side.VEN else one.answered
    return "" if said is None else said.name


async def answer(
    t: VenTest, event: m.Event, since: int, *, number: int | None = None, units: float = SOON
) -> Answer | None:
    """Returns the VEN's answer to an event; None if none comes soon.

    Args:
        t: the case.
        event: the event.
        since: how many exchanges of the tape not to look at.
        number: the modificationNumber, if not that of ``event``.
        units: how many short whiles to wait.
    """
    its = event.descriptor.modification_number if number is None else number

    def fits(one: Recorded) -> bool:
        return next(answers_to(one, event.event_id, its), None) is not None

    found = await seen(t, fits, since, units)
    return None if found is None else next(answers_to(found, event.event_id, its))


def expect_taken(t: VenTest, demand: Demand, found: Answer | None) -> bool:
    """Notes whether an event was answered without an error."""
    ok = found is not None and found.good
    return t.expect(demand, ok, str(found or "no answer"), None if found is None else found.at)


def expect_refused(t: VenTest, demand: Demand, found: Answer | None, *codes: int) -> bool:
    """Notes whether an event was refused: with one of the codes, or with any 4xx."""
    ok = found is not None and (found.code in map(str, codes) if codes else found.refusal)
    return t.expect(demand, ok, str(found or "no answer"), None if found is None else found.at)


def expect_answered(t: VenTest, demand: Demand, found: Answer | None) -> bool:
    """Notes whether an event was answered at all."""
    return t.expect(demand, found is not None, "no answer")


def soon(t: VenTest, *levels: int, **changes: object) -> m.Event:
    """Returns an event far enough ahead for a case, with SIMPLE unless said otherwise."""
    unit = t.device.unit
    return t.vtn.event(*(levels or (1,)), starts_in=unit * 30, each=unit * 10, **changes)  # type: ignore[arg-type]


def modified(event: m.Event, *, by: int = 1, **changes: object) -> m.Event:
    """Returns the next version of an event (R5)."""
    number = event.descriptor.modification_number + by
    return changed(event, modification_number=number, **changes)


def cancelled(event: m.Event) -> m.Event:
    """Returns an event as it is when it has been cancelled (R10)."""
    return modified(event, event_status=EventStatus.CANCELLED)


def silent(event: m.Event) -> m.Event:
    """Returns an event that wants no answer."""
    return replace(event, response_required=ResponseRequired.NEVER)


async def held(t: VenTest) -> frozenset[str] | None:
    """Returns the events that the VEN carries out or will; None if nobody can tell."""
    try:
        found: frozenset[str] = await t.device.do(Events())
    except Cannot:
        return None
    return found


async def gone(t: VenTest, event: m.Event, units: float = SOON) -> bool:
    """Waits until the VEN does not carry out an event any more; whether that is so.

    Raises:
        Skipped: nobody can tell.
    """
    deadline = t.clock.now() + t.device.unit * units
    while event.event_id in await t.do(Events()):
        if t.clock.now() >= deadline:
            return False
        await t.wait(0.1)
    return True


async def away(t: VenTest, *events: m.Event) -> None:
    """Takes events out of the snapshot, as a VTN does when they are over for it."""
    for one in events:
        t.vtn.events.pop(one.event_id, None)


def at_first(t: VenTest, name: str, *replies: "Said | Callable[[m.Message], Said]") -> None:
    """Has the first messages of a name replied to like this, and later ones as usual."""
    left = list(replies)

    def reply(message: m.Message) -> Said:
        made = left.pop(0)
        if not left:
            t.vtn.replies.pop(name, None)
        return made(message) if callable(made) else made

    t.vtn.replies[name] = reply


def told(t: VenTest, name: str, since: int = 0) -> list[Recorded]:
    """Returns the requests of the VEN of that name."""
    return [
        one
        for one in t.tape.recorded[since:]
        if one.asked_by is Side.VEN and one.asked.name == name
    ]


@asynccontextmanager
async def polling_every(t: VenTest, interval: timedelta) -> AsyncIterator[None]:
    """Has the VEN registered and asked to poll at another interval for a while."""
    before, t.vtn.poll_freq = t.vtn.poll_freq, interval
    try:
        if t.vtn.registration_id:
            await again(t)
        else:
            await settled(t)
        yield
    finally:
        t.vtn.poll_freq = before
        if not t.device.fresh:
            await again(t)


async def again(t: VenTest) -> Recorded | None:
    """Has the VEN register again, and returns how it did; None if it did not."""
    since = await send(t, m.RequestReregistration(ven_id=t.vtn.ven_id))
    return await hears(t, "oadrCreatePartyRegistration", since)
