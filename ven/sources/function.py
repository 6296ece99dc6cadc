"""A meter that asks a Python function or coroutine function.

Three kinds of function are understood:

* ``value``: returns what is true at this moment: power, voltage, a ``ResourceStatus``.
* ``amount``: returns what was counted since it was called last, such as Wh.
* ``register``: returns a counter that only goes up, as most electricity meters do; the
  difference of two readings is the value.

A reading that fails is a sample with the quality ``Quality Bad - Device Failure`` and the
value 0 (R318), unless the meter reports a status: then there is none. What a register
counted during failures and pauses is not lost: it is in the next sample, which is marked
``Quality Uncertain - Non Specific`` because it was not counted in that time alone.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from oadr.enums import DataQuality
from oadr.messages import ResourceStatus
from oadr.times import ZERO
from runtime.errors import ConfigError
from ven.meter import MeterSpec, Sample
from ven.sources.calling import Caller
from ven.sources.notes import Notes

log = logging.getLogger("openadr.ven.meters")
#: Real seconds that a reading may take unless the configuration says otherwise.
TIME_LIMIT = 5.0
#: After a longer pause a register starts afresh: nobody knows when it counted what.
MAX_PAUSE = timedelta(hours=1)


class Kind(StrEnum):
    """What the function returns."""

    VALUE = "value"
    AMOUNT = "amount"
    REGISTER = "register"


class FunctionMeter:
    """A meter behind a function without arguments.

    Attributes:
        spec: what it measures.
    """

    def __init__(
        self,
        spec: MeterSpec,
        function: Callable[[], Any],
        *,
        kind: Kind = Kind.VALUE,
        exponent: int = 0,
        wrap: Decimal | None = None,
        time_limit: float = TIME_LIMIT,
        max_pause: timedelta = MAX_PAUSE,
        notes: Notes | None = None,
    ) -> None:
        """Makes the meter.

        Args:
            spec: what it measures.
            function: returns a number or a ``ResourceStatus``; called for each sample.
            kind: what the number is.
            exponent: power of ten that turns it into the unit of the meter.
            wrap: value at which a register starts over at 0, in the unit of the function;
                None means that a lower reading is a reset, and counts from 0.
            time_limit: real seconds that a reading may take.
            max_pause: longest pause over which a register is trusted.
            notes: where a register is remembered between two runs.

        Raises:
            ConfigError: the notes cannot be read.
        """
        self._spec = spec
        self._call = Caller(function, time_limit=time_limit)
        self._kind = kind
        self._exponent = exponent
        self._wrap = wrap
        self._time_limit = time_limit
        self._max_pause = max_pause
        self._notes = notes or Notes(None)
        self._last, self._before = self._restore()
        self._called: datetime | None = self._last[0] if self._last else None
        self._failing = False
        self._unkept = False

    @property
    def spec(self) -> MeterSpec:
        """What it measures."""
        return self._spec

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        """Returns one sample for now; none if it has to be compared with a first reading."""
        if since is not None and since >= until:
            return []
        try:
            result = await self._call()
            sample = self._sample(result, since, until)
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            return self._failed(error, since, until)
        if self._failing:
            self._failing = False
            log.info("meter %s can be read again", self._spec.name)
        return [] if sample is None else [sample]

    def _sample(self, result: Any, since: datetime | None, until: datetime) -> Sample | None:
        if isinstance(result, ResourceStatus):
            return Sample(start=until, duration=ZERO, value=result)
        number = number_from(result)
        if self._kind is Kind.VALUE:
            return Sample(start=until, duration=ZERO, value=number.scaleb(self._exponent))
        start = self._start(since, until)
        self._called = until
        if self._kind is Kind.AMOUNT:
            value = number.scaleb(self._exponent)
            return Sample(start=start, duration=until - start, value=value)
        return self._difference(number, since, start, until)

    def _start(self, since: datetime | None, until: datetime) -> datetime:
        """Returns when the measured time began: at the last call, at most one step ago."""
        # What is later than now is of a clock that has been set back since.
        known = [moment for moment in (since, self._called) if moment and moment < until]
        earliest = until - self._spec.every
        # A call may come a little late; a pause of two steps or more is no such thing.
        start = max(known, default=earliest)
        return start if until - start < 2 * self._spec.every else earliest

    def _difference(
        self, number: Decimal, since: datetime | None, start: datetime, until: datetime
    ) -> Sample | None:
        last = self._trusted(since)
        self._before, self._last = None, (until, number)
        self._keep(last, until, number)
        if last is None or abs(until - last[0]) > self._max_pause:
            return None
        counted = number - last[1]
        if counted < 0:
            counted = number + (self._wrap - last[1] if self._wrap is not None else 0)
        return Sample(
            start=start,
            duration=until - start,
            value=counted.scaleb(self._exponent),
            quality=None if last[0] == start else DataQuality.UNCERTAIN,
        )

    def _trusted(self, since: datetime | None) -> tuple[datetime, Decimal] | None:
        """Returns the reading to count from.

        A VEN that was killed after it noted a reading and before it kept the sample has to
        count from the reading before that one.
        """
        if self._last is not None and self._before is not None:
            kept = since is not None and since >= self._last[0]
            return self._last if kept else self._before
        return self._last

    def _keep(
        self, last: tuple[datetime, Decimal] | None, until: datetime, number: Decimal
    ) -> None:
        before = last and {"at": last[0].isoformat(), "register": str(last[1])}
        content = {"at": until.isoformat(), "register": str(number), "before": before}
        try:
            self._notes.write(content)
        except OSError as error:
            level = logging.DEBUG if self._unkept else logging.ERROR
            log.log(level, "meter %s: its register cannot be noted: %s", self._spec.name, error)
            self._unkept = True
        else:
            self._unkept = False

    def _failed(
        self, error: Exception, since: datetime | None, until: datetime
    ) -> Sequence[Sample]:
        reason = f"{type(error).__name__}: {error}"
        if isinstance(error, TimeoutError):
            reason = f"no answer within {self._time_limit:g} s"
        level = logging.DEBUG if self._failing else logging.ERROR
        log.log(level, "meter %s cannot be read: %s", self._spec.name, reason)
        self._failing = True
        if not self._spec.measurement:
            return []
        start = until
        if self._kind is not Kind.VALUE:
            start = self._start(since, until)
            self._called = until
        quality = DataQuality.BAD_DEVICE
        return [Sample(start=start, duration=until - start, value=Decimal(0), quality=quality)]

    def _restore(
        self,
    ) -> tuple[tuple[datetime, Decimal] | None, tuple[datetime, Decimal] | None]:
        """Returns the last reading that was noted, and the one before."""
        content = self._notes.read()
        if not content:
            return None, None
        try:
            before = content.get("before")
            return _reading(content), _reading(before) if before else None
        except (AttributeError, KeyError, TypeError, ValueError, InvalidOperation) as error:
            problem = f"is not the last reading of a register ({error!r}); delete it"
            raise ConfigError(problem, file=str(self._notes.path)) from None


def _reading(content: dict[str, Any]) -> tuple[datetime, Decimal]:
    return datetime.fromisoformat(content["at"]), Decimal(content["register"])


def number_from(result: Any) -> Decimal:
    """Returns a finite decimal; a float counts as it is written, 0.1 as 0.1.

    Raises:
        ValueError: it is no such number.
    """
    if isinstance(result, int | float | str | Decimal) and not isinstance(result, bool):
        try:
            number = Decimal(str(result).strip())
        except InvalidOperation:
            number = Decimal("nan")
        if number.is_finite():
            return number
    raise ValueError(f"returned {result!r}; expected a number or a ResourceStatus")
