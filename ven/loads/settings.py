"""What ``[[loads]]`` of a configuration may hold: one class for each type of load."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from oadr.enums import SignalName
from runtime.hooks import TIME_LIMIT
from runtime.sections import Duration, PlainSection, Positive, Rule, Text
from ven.sources.settings import Named

#: Part of a load.
Fraction = Annotated[Decimal, Rule(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedLoadSettings(PlainSection):
    """A load of type ``simulated``: sheds a part of a replayed meter.

    Attributes:
        name: unique in the VEN.
        meter: the ``csv`` meter that it acts on.
        shed: level -> fraction of the load; another level sheds as the next lower one.
        ramp: how long a change takes where the event has no ramp-up or recovery.
        signals: signals that it follows.
    """

    type: Literal["simulated"]
    name: Text
    meter: str
    shed: dict[Decimal, Fraction]
    ramp: Annotated[Duration, Rule(ge=timedelta(0))] = timedelta(0)
    signals: frozenset[str] = frozenset({SignalName.SIMPLE.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonLoadSettings(PlainSection):
    """A load of type ``python``: calls a function of ``(command, now)``.

    Attributes:
        name: unique in the VEN.
        function: ``module:function``; the module may lie beside the file.
        time_limit: longest time that a call may take.
    """

    type: Literal["python"]
    name: Text
    function: Named
    time_limit: Positive = timedelta(seconds=TIME_LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLoadSettings(PlainSection):
    """A load of type ``log``: writes what it is told to the log.

    Attributes:
        name: unique in the VEN.
    """

    type: Literal["log"]
    name: Text


AnyLoad = Annotated[
    SimulatedLoadSettings | PythonLoadSettings | LogLoadSettings, Rule(discriminator="type")
]
