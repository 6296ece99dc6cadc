"""Carries events out: at each step of an event's plan it tells handlers and loads.

What is in force is worked out from the event and the time, so a VEN that was down in
the middle of an event takes it up where it is.

Spec: rules 30, 31, 32, 47 and 65.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from oadr.enums import OptType
from oadr.event import Step, StepKind, plan, running_interval
from oadr.event.signals import value_of
from oadr.event.status import starts
from oadr.messages import Event, Signal
from oadr.times import ZERO, add, end_of
from ven.engine.core import Core, log
from ven.engine.loads import Loads
from ven.hooks import IntervalCall, Moment
from ven.load import CommandKind
from ven.state import EventState, HeldEvent

_MICROSECOND = timedelta(microseconds=1)
Finished = Callable[[HeldEvent], Awaitable[None]]


@dataclass(slots=True)
class _Run:
    """An event that is being carried out.

    Attributes:
        held: the event.
        current: signal ID -> the interval that is in force.
        ramping: whether loads were told to get there.
        telling: whether handlers and loads are being told something; an event that was
            cut off in the middle tells it all again.
        resumed: whether it began in an earlier run of the program.
        task: waits for the next step.
    """

    held: HeldEvent
    current: dict[str, IntervalCall] = field(default_factory=dict)
    ramping: bool = False
    telling: bool = False
    resumed: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def event(self) -> Event:
        return self.held.event

    @property
    def start(self) -> datetime:
        return add(self.event.active_period.dtstart, self.held.offset)

    @property
    def end(self) -> datetime:
        return end_of(self.start, self.event.active_period.duration)

    @property
    def closed(self) -> datetime:
        """When nothing is in force any more: the end, or that of a cancelled event."""
        until = self.held.until if self.held.state is EventState.ENDING else None
        return self.end if until is None else min(until, self.end)


class Schedule:
    """Carries out the events that the VEN takes part in."""

    def __init__(self, core: Core, loads: Loads) -> None:
        self._core = core
        self._loads = loads
        self._runs: dict[str, _Run] = {}

    def is_running(self, event_id: str) -> bool:
        """Whether the event has anything in force now."""
        run = self._runs.get(event_id)
        return run is not None and (bool(run.current) or run.ramping)

    def note(self, held: HeldEvent) -> None:
        """Takes an event of which nothing has changed that matters here."""
        run = self._runs.get(held.event_id)
        if run is not None:
            run.held = held

    def current(self, event_id: str) -> tuple[IntervalCall, ...]:
        """Returns the intervals of an event that are in force, one for each signal."""
        run = self._runs.get(event_id)
        return tuple(run.current.values()) if run is not None else ()

    async def resume(self, events: Sequence[HeldEvent], finished: Finished) -> None:
        """Takes up the events of the last run of the program.

        What the VEN may have left in force when it died is ended first, so that an event
        that goes on has the last word.
        """
        now = self._core.clock.now()
        out = [held for held in events if held.opt is OptType.OPT_OUT]
        for held in out:
            run = _Run(held, resumed=True)
            if run.start <= now < run.end and held.state is EventState.HELD:
                await self._loads.release(held.event, CommandKind.NORMAL)
        for held in events:
            if held.state is not EventState.OVER and held.event_id not in self._runs:
                await self._begin(_Run(held, resumed=True), finished)

    async def start(self, held: HeldEvent, finished: Finished) -> None:
        """Carries out an event from now on, in place of what was known of it."""
        run = _Run(held)
        old = self._runs.pop(held.event_id, None)
        if old is not None:
            await _stop(old)
            run.current, run.ramping, run.telling = old.current, old.ramping, old.telling
        await self._begin(run, finished)

    async def stop(self, event_id: str) -> None:
        """Ends an event now."""
        run = self._runs.pop(event_id, None)
        if run is not None:
            await _stop(run)
            await self._release(run, CommandKind.NORMAL)

    async def stop_all(self) -> None:
        """Ends all events now."""
        for event_id in list(self._runs):
            await self.stop(event_id)

    async def close(self) -> None:
        """Waits no longer; what is in force stays so, until the VEN is started again."""
        for run in self._runs.values():
            await _stop(run)
        self._runs.clear()

    async def _begin(self, run: _Run, finished: Finished) -> None:
        if run.held.opt is OptType.OPT_OUT and run.held.state is not EventState.RUNNING_OUT:
            await self._release(run, CommandKind.NORMAL)
            if run.held.state is not EventState.ENDING:
                return
        self._runs[run.held.event_id] = run
        run.task = self._core.tasks.start(
            self._carry_out(run, finished), name=f"event {run.held.event_id}"
        )

    async def _carry_out(self, run: _Run, finished: Finished) -> None:
        now, held = self._core.clock.now(), run.held
        steps = plan(run.event, held.offset)
        again, run.telling = run.telling, True
        await self._catch_up(run, steps, now, again=again)
        run.telling = False
        until = held.until if held.state is EventState.ENDING else None
        left = deque(step for step in steps if step.at > now and (until is None or step.at < until))
        while left:
            await self._core.clock.sleep_until(left[0].at)
            run.telling = True
            for step in _due(left, self._core.clock.now()):
                await self._fire(run, step)
            run.telling = False
        if until is not None:
            await self._core.clock.sleep_until(until)
            await self._release(run, CommandKind.NORMAL)
        if until is not None or run.end <= self._core.clock.now():
            self._runs.pop(held.event_id, None)
            await finished(run.held)

    async def _catch_up(
        self, run: _Run, steps: Sequence[Step], now: datetime, *, again: bool
    ) -> None:
        """Puts in force what should be, given what is; all of it ``again`` if that is unsure."""
        closed = run.closed
        wanted = {} if closed <= now else _calls_at(run, now)
        missed = (
            run.resumed and run.held.opt is OptType.OPT_IN and run.held.received_at < closed <= now
        )
        if missed:
            # The last run of the program may have died before it could end these.
            run.current = _calls_at(run, closed - _MICROSECOND)
            run.ramping = any(step.kind is StepKind.RAMP_UP for step in steps if step.at < closed)
        past = {step.kind for step in steps if step.at <= now}
        ramping = StepKind.RAMP_UP in past and now < run.start and now < closed
        had_any = again or bool(run.current) or run.ramping
        for signal_id, call in list(run.current.items()):
            there = wanted.get(signal_id)
            if there is None or (there.index, there.value) != (call.index, call.value):
                await self._end(run, signal_id)
        for signal_id, call in wanted.items():
            if again or signal_id not in run.current:
                await self._start(run, call)
        if had_any and not wanted and not ramping:
            recovering = StepKind.END in past and StepKind.RECOVERED not in past
            kind = CommandKind.RECOVERY if recovering and _recovers(run) else CommandKind.NORMAL
            await self._release(run, kind, force=True)
        if ramping:
            await self._ramp_up(run)

    async def _fire(self, run: _Run, step: Step) -> None:
        log.debug("event %s: %s", run.held.event_id, step.kind, extra=self._core.extra)
        if step.kind is StepKind.NOTIFY:
            where = {**self._core.extra, "event": run.held.event_id}
            log.info("event %s starts soon", run.held.event_id, extra=where)
            await self._core.hooks.notify("on_notification", run.event, self._core.context(step.at))
        elif step.kind is StepKind.RAMP_UP and step.at < run.start:
            await self._ramp_up(run)
        elif step.kind is StepKind.INTERVAL:
            signal = next(one for one in run.event.signals if one.signal_id == step.signal_id)
            call = _call(run, signal, step.interval or 0, step.at)
            await self._end(run, call.signal_id)
            await self._start(run, call)
        elif step.kind is StepKind.END and (run.current or run.ramping):
            kind = CommandKind.RECOVERY if _recovers(run) else CommandKind.NORMAL
            await self._release(run, kind)
        elif step.kind is StepKind.RECOVERED:
            self._tell(run, f"recovered, {self._left_by(run)}")
            await self._loads.release(run.event, CommandKind.NORMAL)

    async def _ramp_up(self, run: _Run) -> None:
        run.ramping = True
        self._tell(run, "ramp-up")
        for signal in run.event.signals:
            call = _call(run, signal, 0, run.start)
            await self._loads.ramp_up(run.event, signal.signal_name, call.value)

    async def _start(self, run: _Run, call: IntervalCall) -> None:
        run.current[call.signal_id] = call
        run.ramping = False
        self._tell(run, f"interval {call.index}, {call.signal_name} {call.value}")
        await self._loads.want(run.event, call.signal_name, call.value, call.index)
        await self._notify(run, call, call.start)

    async def _end(self, run: _Run, signal_id: str) -> None:
        call = run.current.pop(signal_id, None)
        if call is not None:
            ended = replace(call, moment=Moment.END, resumed=run.resumed)
            await self._notify(run, ended, self._core.clock.now())

    async def _release(self, run: _Run, kind: CommandKind, *, force: bool = False) -> None:
        had_any = force or run.telling or bool(run.current) or run.ramping
        run.ramping = False
        for signal_id in list(run.current):
            await self._end(run, signal_id)
        if had_any:
            recovering = kind is CommandKind.RECOVERY
            self._tell(run, f"ended, {'recovery' if recovering else self._left_by(run)}")
            await self._loads.release(run.event, kind)

    def _left_by(self, run: _Run) -> str:
        """Returns what follows when an event wants nothing any more, for the log."""
        others = (one for one in self._runs.values() if one.held.event_id != run.held.event_id)
        goes_on = any(one.current or one.ramping for one in others)
        return "another goes on" if goes_on else "back to normal"

    def _tell(self, run: _Run, what: str) -> None:
        where = {**self._core.extra, "event": run.held.event_id}
        log.info("event %s: %s", run.held.event_id, what, extra=where)

    async def _notify(self, run: _Run, call: IntervalCall, moment: datetime) -> None:
        context = self._core.context(moment)
        await self._core.hooks.notify("on_interval", run.event, call, context)


def _calls_at(run: _Run, moment: datetime) -> dict[str, IntervalCall]:
    """Returns the intervals that are to be in force at a moment, by signal ID."""
    if not run.start <= moment < run.end:
        return {}
    found = (
        (signal, running_interval(signal.intervals, run.start, moment))
        for signal in run.event.signals
    )
    calls = (
        _call(run, signal, index, starts(signal.intervals[:index], run.start)[-1])
        for signal, index in found
        if index is not None
    )
    return {call.signal_id: call for call in calls}


def _due(left: deque[Step], now: datetime) -> list[Step]:
    """Takes the steps that are due out of ``left`` and returns those that still matter.

    A machine that was suspended, or whose clock was set, may have slept through several
    intervals; of each signal the last one counts.
    """
    due = []
    while left and left[0].at <= now:
        due.append(left.popleft())
    newest = {step.signal_id: step for step in due if step.kind is StepKind.INTERVAL}
    return [step for step in due if newest.get(step.signal_id, step) is step]


def _call(run: _Run, signal: Signal, index: int, start: datetime) -> IntervalCall:
    interval = signal.intervals[index]
    value = value_of(interval)
    assert value is not None  # noqa: S101 - assess lets no other event in
    return IntervalCall(
        moment=Moment.START,
        index=index,
        signal_name=signal.signal_name,
        signal_id=signal.signal_id,
        value=value,
        start=start,
        duration=interval.duration or ZERO,
        resumed=run.resumed,
    )


def _recovers(run: _Run) -> bool:
    return (run.event.active_period.recovery or ZERO) > ZERO


async def _stop(run: _Run) -> None:
    task, run.task = run.task, None
    if task is not None and task is not asyncio.current_task():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
