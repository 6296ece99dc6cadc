"""What the cases on events share: events that an operator makes, and what comes of them.

A ``Stage`` has the VEN registered, remembers which events are the case's own, and hears
what the VTN sends of them. What it is asked to make it also holds against what arrives.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from conformance.actions import CancelEvent, CreateEvent, EventSpec, ModifyEvent, SignalSpec
from conformance.case import Skipped, VtnTest
from conformance.cases.of_ven import poll_interval
from conformance.cases.vtn_event_shown import Shown, Snapshot, judge, shown_in
from conformance.checks import Side
from conformance.checks.event import NAME
from conformance.checks.xml import ZERO
from conformance.demands import Demand, demand
from conformance.peers import Recorded
from oadr import messages as m
from oadr.enums import OptType, SignalType

COMES = demand(502, "new_event_comes", "A new event comes with one of the next polls, or a push.")
CHANGE_COMES = demand(
    502, "change_comes", "A changed event comes with one of the next polls, or a push."
)
CANCEL_COMES = demand(
    10, "cancellation_comes", "A cancelled event is sent once more, with the status cancelled."
)
ZERO_FIRST = demand(4, "created_with_zero", "An event that was just created has modification 0.")
ONE_MORE = demand(
    5, "one_more", "The modificationNumber of an event that is changed once becomes 1 higher."
)
ALL_THERE = demand(
    50, "snapshot_complete", "A message has all events that are far, near or active."
)
#: What helps where somebody is slower than the events.
LONGER = "a longer --unit gives more time"
#: How many units something may take that the VTN does of its own accord.
SOON = 3.0
Fits = Callable[[Shown], bool]


class Stage:
    """The events of a case; see ``staged``.

    Attributes:
        t: the case.
        unit: a short while of the device's clock.
        own: the events that the case has had made, as they were last changed, by eventID.
    """

    def __init__(self, t: VtnTest) -> None:
        self.t = t
        self.unit = t.device.unit
        self.own: dict[str, Shown] = {}

    # What is asked for

    def signal(self, *values: float | str, units: float = 5, **changes: object) -> SignalSpec:
        """Returns a signal, SIMPLE unless said otherwise.

        Args:
            values: of its intervals.
            units: the length of each.
            changes: other fields.
        """
        made = SignalSpec(
            values=tuple(Decimal(str(one)) for one in values or (1,)), each=self.unit * units
        )
        return replace(made, **changes)  # type: ignore[arg-type]

    def price(self, *values: float | str, units: float = 5, **changes: object) -> SignalSpec:
        """Returns a signal ELECTRICITY_PRICE, in euros per kWh."""
        named = {"name": "ELECTRICITY_PRICE", "type": SignalType.PRICE} | changes
        return self.signal(*values, units=units, unit="currencyPerKWh", symbol="EUR", **named)

    def dispatch(self, *values: float | str, units: float = 5, **changes: object) -> SignalSpec:
        """Returns a signal LOAD_DISPATCH, in watts."""
        named = {"name": "LOAD_DISPATCH", "type": SignalType.SETPOINT} | changes
        return self.signal(*values, units=units, unit="powerReal", **named)

    def event(self, starts: float = 60, *signals: SignalSpec, **changes: object) -> EventSpec:
        """Returns an event, of one SIMPLE signal unless said otherwise.

        Args:
            starts: how many units from now.
            signals: its signals.
            changes: other fields.
        """
        made = EventSpec(starts_in=self.unit * starts, signals=signals or (self.signal(),))
        return replace(made, **changes)  # type: ignore[arg-type]

    # What the operator does

    async def create(self, *specs: EventSpec) -> list[Shown]:
        """Has events made, and returns them as the VTN sends them.

        Ends the case if one does not come.
        """
        t, since, before = self.t, len(self.t.tape), self._heard()
        asked: list[tuple[str, EventSpec, datetime]] = []
        for spec in specs:
            now = t.clock.now()
            asked.append((await t.do(CreateEvent(event=spec)) or "", spec, now))
        made = []
        for event_id, spec, now in asked:
            taken = {*before, *self.own, *(name for name, _, _ in asked if name)}
            shown = await self._new(event_id, taken, now + spec.starts_in, since)
            length = sum((spec.signals[0].each for _ in spec.signals[0].values), ZERO)
            late = length and t.clock.now() >= now + spec.starts_in + length
            t.need(shown or not late, f"an event was over before the VTN could send it; {LONGER}")
            came = t.expect(COMES, shown is not None, "it does not come")
            t.need(came, "an event does not come that the case is about")
            if shown is not None:
                self.own[shown.id] = shown
                t.expect(ZERO_FIRST, not shown.number, f"{shown.number}", shown.recorded)
                judge(t, shown, spec, now)
                made.append(shown)
        return made

    async def _new(
        self, event_id: str, taken: set[str], start: datetime, since: int
    ) -> Shown | None:
        """Returns a new event, by its ID, or as the one that begins when it was to."""
        if event_id:
            return await self.hear(lambda one: one.id == event_id, since)
        await self.hear(lambda one: one.id not in taken, since)
        found = [one for one in self.unasked(since) if one.id not in taken]
        return min(found, key=lambda one: abs((one.start or start) - start), default=None)

    async def modify(self, event: Shown, spec: EventSpec, *, keeps_start: bool = False) -> Shown:
        """Has an event changed once, and returns it as the VTN then sends it.

        Args:
            event: as it is.
            spec: what it is to be.
            keeps_start: whether it is to begin when it did, whatever the other says.
        """
        t, since, now = self.t, len(self.t.tape), self.t.clock.now()
        if keeps_start and event.start is not None:
            spec = replace(spec, starts_in=event.start - now)
        action = ModifyEvent(event_id=event.id, event=spec, keeps_start=keeps_start)
        await t.do(action)
        shown = await self.hear(lambda one: one.id == event.id and one.number > event.number, since)
        self._in_time(shown, event)
        t.expect(CHANGE_COMES, shown is not None, "it does not come")
        t.need(shown, "the changed event does not come")
        assert shown is not None  # noqa: S101
        self.own[shown.id] = shown
        self.one_more(event, shown)
        judge(t, shown, spec, now)
        return shown

    async def cancel(self, event: Shown) -> Shown:
        """Has an event cancelled, and returns it as the VTN then sends it."""
        t, since = self.t, len(self.t.tape)
        await t.do(CancelEvent(event_id=event.id))
        del self.own[event.id]
        shown = await self.hear(lambda one: one.id == event.id and one.status == "cancelled", since)
        self._in_time(shown, event)
        t.expect(CANCEL_COMES, shown is not None, "it does not come")
        t.need(shown, "the cancelled event does not come")
        assert shown is not None  # noqa: S101
        self.one_more(event, shown)
        return shown

    def _in_time(self, shown: Shown | None, event: Shown) -> None:
        """Ends the case if an event was over before the VTN could send what became of it."""
        over = event.ends is not None and self.t.clock.now() >= event.ends
        self.t.need(shown or not over, f"the event was over before that; {LONGER}")

    def one_more(self, before: Shown, after: Shown) -> None:
        """Expects that an event has changed once."""
        seen = f"{after.number} after {before.number}"
        self.t.expect(ONE_MORE, after.number == before.number + 1, seen, after.recorded)

    # What the VTN says

    def unasked(self, since: int = 0) -> list[Shown]:
        """Returns the events that came with polls or by push.

        Args:
            since: how many exchanges of the tape not to look at.
        """
        found: list[Shown] = []
        for one in self.t.tape.recorded[since:]:
            if one.asked_by is Side.VTN:
                found += shown_in(one, one.asked)
            elif one.asked.name == "oadrPoll":
                found += shown_in(one, one.answered)
        return found

    def _heard(self) -> set[str]:
        """Returns the eventIDs that the VTN has sent in this case, in whatever message."""
        return {
            shown.id
            for one in self.t.tape.recorded
            for document in (one.asked, one.answered)
            for shown in shown_in(one, document)
        }

    def with_it(self, event: Shown) -> tuple[Shown, ...]:
        """Returns all events of the message that brought an event."""
        at = event.recorded
        found = (shown_in(at, document) for document in (at.asked, at.answered))
        return tuple(one for events in found for one in events)

    async def hear_again(self, event: Shown, what: Demand) -> Shown | None:
        """Waits until the VTN repeats an event of its own accord, and notes whether it does.

        Nothing is noted of a VTN that need not have done so yet: it repeats when a VEN polls
        that keeps to its interval, and that may be longer than anybody waits.
        """
        due = 2.5 * (poll_interval(self.t) / self.unit)
        units = min(max(SOON, due), 5 * SOON)
        heard = len(self.t.tape)
        again = await self.hear(lambda one: one.id == event.id, heard, units)
        if again is not None or due <= units:
            self.t.expect(what, again is not None, "it does not come again")
        return again

    async def listen(self) -> None:
        """Polls until nothing waits, or takes what has been pushed; answers what wants it."""
        if self.t.push:
            while await self.t.ven.receive(NAME, within=0.05):
                pass
        else:
            await self.t.ven.drain(most=4)

    async def hear(self, fits: Fits, since: int, units: float = SOON) -> Shown | None:
        """Waits until the VTN sends an event of its own accord; None if it does not.

        Args:
            fits: says which.
            since: how many exchanges of the tape not to look at.
            units: how long to wait at most.
        """
        end = self.t.clock.now() + self.unit * units
        while True:
            over = self.t.clock.now() >= end
            await self.listen()
            found = next((one for one in self.unasked(since) if fits(one)), None)
            if found is not None or over:
                return found
            await self.t.wait(0.1)

    async def ask(self, reply_limit: int | None = None) -> Snapshot:
        """Asks the VTN for its events, and answers none of them."""
        recorded = await self.t.ven.request_event(reply_limit)
        return Snapshot(recorded, shown_in(recorded, recorded.answered))

    async def complete(self, *events: Shown) -> Snapshot:
        """Asks for all events, and expects these among them."""
        snapshot = await self.ask()
        self.all_in(snapshot.events, events, snapshot.recorded)
        return snapshot

    def all_in(
        self, there: Iterable[Shown], events: Iterable[Shown], at: Recorded | None = None
    ) -> None:
        """Expects that these events are there, unless they are over."""
        names, now = {one.id for one in there}, self.t.clock.now()
        alive = [one for one in events if one.ends is None or one.ends > now]
        missing = [one.id for one in alive if one.id not in names]
        self.t.expect(ALL_THERE, not missing, f"without {', '.join(missing)}", at)

    async def until(self, event: Shown, units: float) -> None:
        """Waits until that many units after the start of an event."""
        start = event.start
        self.t.need(start is not None, "the event has no dtstart that can be read")
        if start is not None:
            await self.t.clock.sleep_until(start + self.unit * units)

    # What the VEN says

    async def answer(
        self,
        *events: Shown,
        opt: OptType = OptType.OPT_IN,
        code: int = 200,
        **changes: object,
    ) -> Recorded:
        """Sends one oadrCreatedEvent about events.

        Args:
            events: which.
            opt: what to say.
            code: responseCode of each.
            changes: fields of the answers, such as ``event_id``.
        """
        responses = tuple(
            replace(
                m.EventResponse(
                    code=code,
                    description="OK",
                    request_id=one.request_id,
                    event_id=one.id,
                    modification_number=one.number,
                    opt_type=opt,
                ),
                **changes,  # type: ignore[arg-type]
            )
            for one in events
        )
        return await self.say(responses)

    async def say(
        self, responses: Iterable[m.EventResponse], response: m.EiResponse | None = None
    ) -> Recorded:
        """Sends an oadrCreatedEvent."""
        return await self.t.ven.send(
            m.CreatedEvent(
                response=response or m.EiResponse(description="OK"),
                responses=tuple(responses),
                ven_id=self.t.ven.ven_id,
            )
        )

    async def clear(self) -> None:
        """Has the events cancelled that are not over, for the sake of the cases to come."""
        now = self.t.clock.now()
        for event in self.own.values():
            end = event.ends
            if end is None or end > now:
                with suppress(Skipped):
                    await self.t.do(CancelEvent(event_id=event.id))
        await self.listen()


@asynccontextmanager
async def staged(t: VtnTest, *, opt: OptType | None = OptType.OPT_IN) -> AsyncIterator[Stage]:
    """Gives the stage of a case, with the VEN registered and nothing waiting for it.

    Args:
        t: the case.
        opt: what the VEN says to events that want an answer; None for no answer.
    """
    await t.joined()
    stage = Stage(t)
    await stage.listen()
    t.ven.opt = opt
    try:
        yield stage
    finally:
        t.ven.opt = OptType.OPT_IN
        if not t.device.fresh:
            await stage.clear()
