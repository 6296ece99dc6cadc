"""What a program plugs into its VEN: handlers, meters, loads."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, overload

from oadr.enums import ReportName, Scale
from runtime.durations import duration_from
from ven.engine.machine import Machine
from ven.load import Load
from ven.meter import Meter, MeterSpec

F = TypeVar("F", bound=Callable[..., Any])


class Pluggable:
    """The part of the client that takes handlers, meters and loads."""

    _machine: Machine

    @overload
    def add_handler(self, handler: object, function: None = None) -> None: ...

    @overload
    def add_handler(self, handler: str, function: Callable[..., Any]) -> None: ...

    def add_handler(self, handler: object, function: Callable[..., Any] | None = None) -> None:
        """Adds every hook of a handler object, or one function for one hook.

        Args:
            handler: an object with hook methods (see ``ven.hooks``), or a hook's name.
            function: function or coroutine function, if ``handler`` is a name.

        Raises:
            HandlerError: unknown hook, wrong signature, or a second one to decide.
        """
        registry = self._machine.core.hooks
        if isinstance(handler, str) and function is not None:
            registry.add_function(handler, function)
        else:
            registry.add(handler)

    def on_event(self, function: F) -> F:
        """Decorator: ``function(event, ctx)`` decides about new and changed events."""
        self.add_handler("on_event", function)
        return function

    def on_interval(self, function: F) -> F:
        """Decorator: ``function(event, interval, ctx)`` acts at each start and end."""
        self.add_handler("on_interval", function)
        return function

    def add_meter(self, meter: Meter) -> None:
        """Adds a meter; before the VEN starts, because its metadata is told then.

        Raises:
            ValueError: another one has the same rID.
        """
        self._machine.metering.add(meter)

    def add_load(self, load: Load) -> None:
        """Adds a load, which is told what events want."""
        self._machine.loads.add(load)

    def meter(
        self,
        name: str,
        *,
        measurement: str = "energyReal",
        unit: str = "",
        every: timedelta | str = "10s",
        cumulative: bool = False,
        max_period: timedelta | str = "1h",
        history: timedelta | str = "7d",
        r_id: str = "",
        resource_id: str = "",
        scale: Scale = Scale.NONE,
    ) -> Callable[[F], F]:
        """Decorator: a function or coroutine function without arguments is a meter.

        It returns a number: of energy and pulses the amount since it was last called, of
        anything else the value at this moment. The name and what it measures are told to
        the VTN.

        Args:
            name: unique in the VEN.
            measurement: one of ``oadr.units.MEASUREMENTS``; empty for a function that
                returns a ``ResourceStatus``.
            unit: of the number, such as ``"Wh"`` or ``"kWh"``; the plain unit if left out.
            every: time between two samples.
            cumulative: the number is that of a register that only goes up.
            max_period: longest granularity on offer.
            history: how long readings are kept and offered.
            r_id: name of the data point, the name if left out.
            resource_id: its resource, the name if left out.
            scale: power of ten in which it is reported.

        Raises:
            ValueError: the unit, or another value, cannot be used.
        """
        spec = MeterSpec(
            name=name,
            r_id=r_id,
            resource_id=resource_id,
            report_name=ReportName.TELEMETRY_USAGE if measurement else ReportName.TELEMETRY_STATUS,
            measurement=measurement,
            unit=_symbol(measurement, unit),
            scale=scale,
            every=duration_from(every),
            max_period=max(duration_from(max_period), duration_from(every)),
            history=duration_from(history),
        )

        def add(function: F) -> F:
            self.add_function_meter(spec, function, unit=unit, cumulative=cumulative)
            return function

        return add

    def add_function_meter(
        self,
        spec: MeterSpec,
        function: Callable[[], Any],
        *,
        unit: str = "",
        cumulative: bool = False,
    ) -> None:
        """Adds a meter behind a function, as ``meter`` does.

        Args:
            spec: what it measures.
            function: returns a number or a ``ResourceStatus``.
            unit: of the number, such as ``"kWh"``; that of the spec if left out.
            cumulative: the number is that of a register that only goes up.

        Raises:
            ValueError: the unit does not belong to the measurement.
        """
        from ven.sources.exact import EXPONENTS, exponent_of
        from ven.sources.function import FunctionMeter, Kind

        kind = Kind.AMOUNT if spec.cumulates else Kind.VALUE
        exponent = 0
        if spec.measurement and unit:
            found = exponent_of(unit, measurement=spec.measurement, symbol=spec.unit)
            exponent = found - EXPONENTS[spec.scale]
        self.add_meter(
            FunctionMeter(
                spec, function, kind=Kind.REGISTER if cumulative else kind, exponent=exponent
            )
        )


def _symbol(measurement: str, unit: str) -> str:
    """Returns the symbol for the metadata where the schema leaves a choice."""
    from oadr.units import MEASUREMENTS

    return unit if measurement and not MEASUREMENTS.get(measurement, ("", ""))[1] else ""
