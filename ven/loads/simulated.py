"""The part of a building that can be shed, for meters that are replayed from a file.

A replayed meter knows nothing of events. This load keeps the history of what it was
told, and takes from each metered interval what would have been shed in it: the fraction
of the level, weighted with the time for which it was in force, ramps included.

The history is in a small file, so that after a restart the intervals that ended in the
meantime are reduced as they should be.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from oadr.enums import SignalName
from oadr.times import ZERO
from runtime.errors import ConfigError
from ven.load import Command, CommandKind
from ven.loads.shedding import NOTHING, Shedding, Step, fraction_for
from ven.sources.notes import Notes

#: How long a step is remembered after the next one, so that late readings are right.
MEMORY = timedelta(days=8)
_SIMPLE = frozenset({SignalName.SIMPLE, SignalName.SIMPLE_LOWER})


class SimulatedLoad:
    """Sheds a fraction of a replayed meter for each level of a signal.

    Attributes:
        name: for people.
        shedding: what it shed when; the meter's ``shed``.
    """

    def __init__(
        self,
        name: str,
        shed: Mapping[Decimal, Fraction],
        *,
        ramp: timedelta = ZERO,
        signals: frozenset[str] = _SIMPLE,
        memory: timedelta = MEMORY,
        notes: Notes | None = None,
    ) -> None:
        """Makes the load, with the history that its notes hold.

        Args:
            name: for people.
            shed: level -> fraction of the load, 0 to 1. A level that is not there sheds as
                the next lower one; below the lowest nothing is shed.
            ramp: how long a change takes where the event has no ramp-up or recovery.
            signals: names of the signals that it follows.
            memory: how long history is kept.
            notes: where; None keeps it for as long as the process lives.

        Raises:
            ConfigError: the notes cannot be read.
            ValueError: a fraction is not in 0 to 1.
        """
        for level, fraction in shed.items():
            if not 0 <= fraction <= 1:
                raise ValueError(f"level {level} sheds {fraction}; expected 0 to 1")
        self.name = name
        self.shedding = Shedding()
        self._table = dict(shed)
        self._ramp = ramp
        self._signals = signals
        self._memory = memory
        self._notes = notes or Notes(None)
        self._event_id = ""
        self._restore()

    def reduced(self, value: Decimal, start: datetime, end: datetime) -> Decimal:
        """Returns what is left of a metered value."""
        return self.shedding.reduced(value, start, end)

    async def apply(self, command: Command, now: datetime) -> None:
        """Goes to the fraction of the level.

        A signal that it does not follow changes nothing while it is of the same event. Of
        another event it means normal: that one counts now, and wants nothing of this load.
        """
        event_id = "" if command.event is None else command.event.event_id
        level = command.level
        if command.signal_name and command.signal_name not in self._signals:
            if event_id == self._event_id:
                return
            level = None
        self._event_id = "" if level is None else event_id
        target = NOTHING if level is None else fraction_for(level, self._table)
        if target == self.shedding.target:
            return
        why = "normal" if level is None else f"{command.signal_name} {level}"
        why += f" ({event_id})" if event_id else ""
        self.shedding.add(Step(at=now, target=target, ramp=self._duration(command), why=why))
        self.shedding.forget(now - self._memory)
        self._keep()

    def _duration(self, command: Command) -> timedelta:
        period = None if command.event is None else command.event.active_period
        if period is not None and command.kind is CommandKind.RAMP_UP:
            return max(period.ramp_up or ZERO, ZERO) or self._ramp
        if period is not None and command.kind is CommandKind.RECOVERY:
            return max(period.recovery or ZERO, ZERO) or self._ramp
        return self._ramp

    def _keep(self) -> None:
        steps = [
            {
                "at": step.at.isoformat(),
                "target": str(step.target),
                "ramp": step.ramp.total_seconds(),
                "why": step.why,
            }
            for step in self.shedding.steps
        ]
        self._notes.write({"load": self.name, "event": self._event_id, "steps": steps})

    def _restore(self) -> None:
        try:
            notes = self._notes.read()
            self._event_id = str(notes.get("event", ""))
            for entry in notes.get("steps", ()):
                self.shedding.add(_step(entry))
        except (KeyError, TypeError, ValueError) as error:
            problem = f"is not the history of a load ({error!r}); delete it to start afresh"
            raise ConfigError(problem, file=str(self._notes.path)) from None


def _step(entry: Mapping[str, Any]) -> Step:
    return Step(
        at=datetime.fromisoformat(entry["at"]),
        target=Fraction(entry["target"]),
        ramp=timedelta(seconds=entry["ramp"]),
        why=entry["why"],
    )
