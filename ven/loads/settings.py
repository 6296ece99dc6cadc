"""What ``[[loads]]`` of a configuration may hold: one class for each type of load."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from oadr.enums import SignalName
from runtime.hooks import TIME_LIMIT
from runtime.settings import Duration, Section
from ven.sources.settings import Named

#: Part of a load.
Fraction = Annotated[Decimal, Field(ge=0, le=1)]


class SimulatedLoadSettings(Section):
    """A load of type ``simulated``: sheds a part of a replayed meter.

    Attributes:
        name: unique in the VEN.
        meter: the ``csv`` meter that it acts on.
        shed: level -> fraction of the load; another level sheds as the next lower one.
        ramp: how long a change takes where the event has no ramp-up or recovery.
        signals: signals that it follows.
    """

    type: Literal["simulated"]
    name: str = Field(min_length=1)
    meter: str
    shed: dict[Decimal, Fraction]
    ramp: Annotated[Duration, Field(ge=timedelta(0))] = timedelta(0)
    signals: frozenset[str] = frozenset({SignalName.SIMPLE.value})


class PythonLoadSettings(Section):
    """A load of type ``python``: calls a function of ``(command, now)``.

    Attributes:
        name: unique in the VEN.
        function: ``module:function``; the module may lie beside the file.
        time_limit: longest time that a call may take.
    """

    type: Literal["python"]
    name: str = Field(min_length=1)
    function: Named
    time_limit: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=TIME_LIMIT)


class LogLoadSettings(Section):
    """A load of type ``log``: writes what it is told to the log.

    Attributes:
        name: unique in the VEN.
    """

    type: Literal["log"]
    name: str = Field(min_length=1)


AnyLoad = Annotated[
    SimulatedLoadSettings | PythonLoadSettings | LogLoadSettings, Field(discriminator="type")
]
