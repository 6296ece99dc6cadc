"""A meter behind a callback of OpenLEADR's ``add_report``.

It is asked when the VTN wants a value, and at no other time: at the granularity of each
request that is served (``incremental``), or once for each report (``full``). A plain
function is called in the event loop, as OpenLEADR does it; one that takes long should be
a coroutine function. Values are reported as they are, with the time that they are of.

What a callback of a TELEMETRY_STATUS returns says how the resource is: a
``ResourceStatus``, a dict with ``online`` and ``manual_override``, or a number or bool
for online alone.
"""

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr.enums import DataQuality, ReportName
from oadr.messages import ResourceStatus
from oadr.report import RequestKind
from oadr.times import EVER, ZERO
from runtime.clock import Clock
from ven.meter import MeterSpec, Sample
from ven.sources.function import number_from
from ven.state import HeldRequest

log = logging.getLogger("openadr.ven.meters")


class CallbackMeter:
    """A meter behind a callback.

    Args:
        spec: what it measures.
        callback: returns the function to call at this moment.
        wanted: returns the requests that are served.
        clock: tells the time.
        full: whether the callback is asked once for each report.
    """

    def __init__(
        self,
        spec: MeterSpec,
        callback: Callable[[], Callable[..., Any]],
        *,
        wanted: Callable[[], Iterable[HeldRequest]],
        clock: Clock,
        full: bool = False,
    ) -> None:
        self._spec = spec
        self._callback = callback
        self._wanted = wanted
        self._clock = clock
        self._full = full
        self._taken: dict[str, int] = {}
        self._failing = False

    @property
    def spec(self) -> MeterSpec:
        """What it measures."""
        return self._spec

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        """Returns the value of now if a request wants one of now."""
        return [] if self._full or not self._due(until) else await self._ask(until)

    async def begin(self) -> Sequence[Sample]:
        """Returns the value of now, the first for a request; none if it begins later."""
        return await self.samples(None, self._clock.now())

    async def between(self, start: datetime, end: datetime, step: timedelta) -> Sequence[Sample]:
        """Returns the values for a report."""
        every = step or self._spec.every
        if not self._full:
            return await self._ask(self._clock.now()) if start >= end else []
        if start >= end:
            start = end - every
        if start <= EVER:
            start = end - self._spec.history
        arguments = {"date_from": start, "date_to": end, "sampling_interval": every}
        return await self._ask(end, **arguments)

    def _due(self, moment: datetime) -> bool:
        """Returns whether a value is wanted: one for each interval that is to be reported."""
        before, self._taken = self._taken, {}
        due = self._spec.report_name == ReportName.HISTORY_USAGE
        for held in self._wanted():
            if all(point.r_id != self._spec.r_id for point in held.request.data_points):
                continue
            if held.kind is RequestKind.ON_CHANGE:
                due = True
            elif held.kind is RequestKind.PERIODIC and moment >= (start := _start(held)):
                index = (moment - start) // held.request.granularity
                self._taken[held.request_id] = index
                due = due or before.get(held.request_id) != index
        return due

    async def _ask(self, moment: datetime, **arguments: Any) -> Sequence[Sample]:
        try:
            result = self._callback()(**arguments)
            if inspect.isawaitable(result):
                result = await result
            samples = [self._sample(start, value) for start, value in _pairs(result, moment)]
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            return self._failed(error, moment)
        if self._failing:
            self._failing = False
            log.info("report of %s can be read again", self._spec.name)
        return samples

    def _sample(self, start: datetime, value: Any) -> Sample:
        status = self._spec.report_name == ReportName.TELEMETRY_STATUS
        found = status_from(value) if status else number_from(value)
        # A moment without a time zone is one of this machine's.
        return Sample(start=start.astimezone(UTC), duration=ZERO, value=found)

    def _failed(self, error: Exception, moment: datetime) -> Sequence[Sample]:
        level = logging.DEBUG if self._failing else logging.ERROR
        reason = f"{type(error).__name__}: {error}"
        log.log(level, "report of %s cannot be read: %s", self._spec.name, reason)
        self._failing = True
        if self._full or self._spec.report_name == ReportName.TELEMETRY_STATUS:
            return []
        quality = DataQuality.BAD_DEVICE
        return [Sample(start=moment, duration=ZERO, value=Decimal(0), quality=quality)]


def status_from(value: Any) -> ResourceStatus:
    """Returns the state of a resource that a callback told.

    Raises:
        ValueError: it told none.
    """
    if isinstance(value, ResourceStatus):
        return value
    if isinstance(value, Mapping) and "online" in value:
        override = bool(value.get("manual_override", False))
        return ResourceStatus(online=bool(value["online"]), manual_override=override)
    if isinstance(value, bool | int | float | Decimal):
        return ResourceStatus(online=bool(value), manual_override=False)
    raise ValueError(
        f"returned {value!r}; expected a number or bool (online), a dict with 'online' and "
        "'manual_override', or a ResourceStatus"
    )


def _start(held: HeldRequest) -> datetime:
    """Returns from when on values are wanted; the intervals are counted from there."""
    period = held.request.report_interval
    return held.accepted_at.replace(microsecond=0) if period is None else period.dtstart


def _pairs(result: Any, moment: datetime) -> Iterable[tuple[datetime, Any]]:
    """Returns values with their times; a single value is of this moment."""
    if not isinstance(result, list | tuple):
        return [(moment, result)]
    for pair in result:
        if not (
            isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], datetime)
        ):
            raise ValueError(f"returned {pair!r} in a list; expected (datetime, value)")
    return [(start, value) for start, value in result]
