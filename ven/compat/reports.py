"""``add_report``, and the reports as OpenLEADR's applications look at them."""

import inspect
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from oadr.enums import ReadingType, ReportName, ReportType, Scale
from oadr.messages import Target
from ven.compat.added import AddedReport
from ven.compat.dicts import target_of
from ven.compat.measured import Measured, measured, power_of
from ven.compat.meters import CallbackMeter
from ven.engine.machine import Machine
from ven.engine.offers import is_usage, report_name_of
from ven.meter import MeterSpec

log = logging.getLogger("openadr.ven")
_PREFIX = "METADATA_"
_MODES = ("incremental", "full")
_FULL_ARGUMENTS = frozenset({"date_from", "date_to", "sampling_interval"})
#: What OpenLEADR takes where nobody says.
_DURATION = timedelta(hours=1)
_FASTEST, _SLOWEST = timedelta(seconds=10), timedelta(hours=1)


class Reports:
    """The part of the client that takes and shows reports."""

    _machine: Machine
    _added: list[AddedReport]
    _callbacks: dict[tuple[str, str], Callable[..., Any]]
    _shown: list[Any] | None

    def add_report(
        self,
        callback: Callable[..., Any],
        resource_id: str,
        measurement: Any = None,
        data_collection_mode: str = "incremental",
        report_specifier_id: str | None = None,
        r_id: str | None = None,
        report_name: str = ReportName.TELEMETRY_USAGE,
        reading_type: str = ReadingType.DIRECT_READ,
        report_type: str = ReportType.READING,
        report_duration: timedelta | None = None,
        report_dtstart: datetime | None = None,
        sampling_rate: Any = None,
        data_source: Any = None,
        scale: str = "none",
        unit: str | None = None,
        power_ac: bool = True,
        power_hertz: float = 50,
        power_voltage: float = 230,
        market_context: str | None = None,
        end_device_asset_mrid: str | None = None,
        report_data_source: Any = None,
    ) -> tuple[str, str]:
        """Adds a report, or a data point to one; before the VEN starts.

        Args:
            callback: function or coroutine function. For ``incremental`` it returns the
                value of now, or a list of ``(datetime, value)``, and is called as often as
                the VTN wants values; for ``full`` it gets ``date_from``, ``date_to`` and
                ``sampling_interval`` and returns such a list. See ``ven.compat.meters``.
            resource_id: what is measured.
            measurement: a name, any other text for a unit of your own, a ``Measurement`` or
                a dict, see ``ven.compat.measured``; None for TELEMETRY_STATUS.
            data_collection_mode: ``"incremental"`` or ``"full"``.
            report_specifier_id: of the report; its name if left out, which is the same
                after a restart.
            r_id: of the data point, unique in the VEN; made of resource and measurement if
                left out.
            report_name: one of ``ReportName``, or an ``x-`` name.
            reading_type: one of ``ReadingType``, or an ``x-`` value.
            report_type: one of ``ReportType``, or an ``x-`` value. What R331 does not allow
                in a TELEMETRY_USAGE is offered in a report of its own, named
                ``x-TELEMETRY_READING``.
            report_duration: how much data a report may hold, an hour if left out.
            report_dtstart: earliest data; taken and not sent (R305).
            sampling_rate: time between two values, or an object with ``min_period``,
                ``max_period`` and ``on_change``; 10 seconds to an hour if left out.
            data_source: what is measured, as targets; the resource if left out.
            scale: power of ten of the unit.
            unit: its symbol, for a measurement that leaves a choice.
            power_ac: alternating current, for powers.
            power_hertz: frequency of the grid, for powers.
            power_voltage: in volt, for powers.
            market_context: programme that it belongs to.
            end_device_asset_mrid: the meter.
            report_data_source: the same as ``data_source``.

        Returns:
            reportSpecifierID and rID.

        Raises:
            ValueError: an argument cannot be used, or the rID is taken.
            TypeError: the callback does not take what its mode wants.
        """
        name = _checked(report_name, "report_name", _report_names())
        if data_collection_mode not in _MODES:
            raise ValueError("The data_collection_mode should be 'incremental' or 'full'.")
        full = data_collection_mode == "full"
        _check_callback(callback, full=full)
        what = _what(name, measurement, unit, scale, (power_hertz, power_voltage, power_ac))
        fastest, slowest, on_change = _rate(sampling_rate)
        r_id = r_id or self._free_r_id(resource_id, what)
        spec = MeterSpec(
            name=r_id,
            resource_id=resource_id,
            report_name=name.removeprefix(_PREFIX),
            specifier_id=report_specifier_id or "",
            measurement=what.name,
            unit=what.unit,
            description=what.description,
            scale=what.scale,
            power=what.power,
            report_type=_checked(report_type, "report_type", set(ReportType)),
            reading_type=_checked(reading_type, "reading_type", set(ReadingType)),
            data_source=_source(
                resource_id, report_data_source or data_source, end_device_asset_mrid
            ),
            market_context=market_context,
            every=fastest,
            max_period=slowest,
            on_change=on_change,
            history=_history(name, report_duration),
            duration=_duration(report_duration, fastest),
            momentary=True,
        )
        spec = self._placed(spec)
        added = AddedReport(spec=spec, mode=data_collection_mode, dtstart=report_dtstart)
        self._add(added, callback, full=full)
        return added.specifier_id, r_id

    @property
    def reports(self) -> list[Any]:
        """The reports as ``openleadr.objects.Report``; to look at, not to change."""
        if self._shown is None:
            from ven.compat.shown import shown_reports

            self._shown = shown_reports(self._added, self._machine.core.clock.now())
        return self._shown

    @property
    def report_callbacks(self) -> dict[tuple[str, str], Callable[..., Any]]:
        """The callbacks by reportSpecifierID and rID; one that is replaced here counts."""
        return self._callbacks

    @property
    def report_requests(self) -> list[dict[str, Any]]:
        """What the VTN wants to have reported, as dicts."""
        return [
            {
                "report_request_id": held.request_id,
                "report_specifier_id": held.request.report_specifier_id,
                "report_back_duration": held.request.report_back_duration,
                "r_ids": [point.r_id for point in held.request.data_points],
                "granularity": held.request.granularity,
                "job": None,
            }
            for held in self._machine.reporting.requests
        ]

    @property
    def incomplete_reports(self) -> dict[str, Any]:
        """Nothing: values are kept one by one, and a report is made when it is due."""
        return {}

    def _add(self, added: AddedReport, callback: Callable[..., Any], *, full: bool) -> None:
        key = (added.specifier_id, added.spec.r_id)
        meter = CallbackMeter(
            added.spec,
            lambda: self._callbacks[key],
            wanted=lambda: self._machine.reporting.requests,
            clock=self._machine.core.clock,
            full=full,
        )
        self._machine.metering.add(meter)
        self._callbacks[key] = callback
        self._added.append(added)
        self._shown = None

    def _free_r_id(self, resource_id: str, what: Measured) -> str:
        """Returns an rID that nobody has, the same at each start of the program."""
        taken = {meter.spec.r_id for meter in self._machine.metering.meters}
        name = resource_id
        if name in taken:
            name = f"{resource_id}-{what.description or what.name or 'status'}".replace(" ", "-")
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name}-{number}"
        return free

    def _placed(self, spec: MeterSpec) -> MeterSpec:
        """Returns the data point with the report that it is in: one that there is, or another.

        Raises:
            ValueError: such a report cannot hold it.
        """
        name, wanted = report_name_of(spec), spec.specifier_id
        if name == ReportName.HISTORY_USAGE and not is_usage(spec):
            raise ValueError(
                "a HISTORY_USAGE holds powerReal, energyReal or pulseCount, reading type 'Direct "
                "Read' (R331); give it a report_name that begins with 'x-'"
            )
        same = [one.specifier_id for one in self._added if one.report_name == name]
        if not wanted:
            return replace(spec, specifier_id=next(iter(same), name))
        if any(one.specifier_id == wanted and one.report_name != name for one in self._added):
            # What one report may not hold together is in two, and each needs an ID (R308).
            wanted = f"{wanted}-{name}"
        return replace(spec, specifier_id=wanted)


def _report_names() -> set[str]:
    names = set(ReportName) - {ReportName.HISTORY_GREENBUTTON}
    return {*names, *(_PREFIX + name for name in names)}


def _checked(value: str, what: str, known: set[Any]) -> str:
    """Returns a value if it is a known one or begins with ``x-``."""
    if value in known or str(value).startswith("x-"):
        return str(value)
    raise ValueError(
        f"{value} is not a valid {what}. Valid options are {', '.join(sorted(known))}"
        " or any name starting with 'x-'."
    )


def _check_callback(callback: Any, *, full: bool) -> None:
    if not callable(callback):
        raise TypeError(f"the callback of a report is {callback!r}; expected a function")
    if not full:
        return
    try:
        names = inspect.signature(callback).parameters
    except ValueError:
        return
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in names.values())
    if not takes_any and not names.keys() >= _FULL_ARGUMENTS:
        raise TypeError(
            "Your callback function must accept the 'date_from', 'date_to' and "
            "'sampling_interval' arguments if used with data_collection_mode 'full'."
        )


def _what(
    report_name: str, measurement: Any, unit: str | None, scale: str, power: tuple[Any, Any, Any]
) -> Measured:
    if scale not in set(Scale):
        known = ", ".join(Scale)
        raise ValueError(f"{scale} is not a valid scale. Valid options are {known}")
    if report_name.endswith(ReportName.TELEMETRY_STATUS):
        return Measured(name="", unit="")
    return measured(measurement, unit=unit, scale=Scale(scale), power=power_of(*power))


def _rate(sampling_rate: Any) -> tuple[timedelta, timedelta, bool]:
    """Returns shortest and longest period, and whether changes are reported."""
    if sampling_rate is None:
        return _FASTEST, _SLOWEST, False
    if isinstance(sampling_rate, timedelta):
        return sampling_rate, sampling_rate, False
    try:
        fastest = sampling_rate.min_period or _FASTEST
        return fastest, max(sampling_rate.max_period or _SLOWEST, fastest), sampling_rate.on_change
    except AttributeError:
        raise ValueError(
            f"sampling_rate is {sampling_rate!r}; expected a timedelta or a SamplingRate"
        ) from None


def _duration(given: timedelta | None, fastest: timedelta) -> timedelta:
    if given is None:
        log.warning(
            "You did not provide a 'report_duration' parameter to 'add_report'. It says how much "
            "data a report may hold. It will now default to %d seconds, which may or may not be "
            "appropriate for your use case.",
            _DURATION.total_seconds(),
        )
    # R312: there is room for one value at least.
    return max(given or _DURATION, fastest)


def _history(report_name: str, duration: timedelta | None) -> timedelta:
    """Returns for how long values are offered afterwards: only if the report is about that."""
    history = report_name.endswith(ReportName.HISTORY_USAGE)
    return duration or _DURATION if history else timedelta(0)


def _source(resource_id: str, source: Any, mrid: str | None) -> Target | None:
    if source is None and mrid is None:
        return None
    found = target_of(source) if source else Target(resource_ids=(resource_id,))
    if mrid is None:
        return found
    return replace(found, meter_assets=(*found.meter_assets, mrid))
