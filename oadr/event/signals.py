"""The standard signals: which type, unit and values each may have.

Spec: table 1, rules 9, 104, 109, 116 and 510.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from oadr.enums import SignalName, SignalType
from oadr.messages.common import GreenButtonUnit, Interval, SignalPayload, Unit
from oadr.messages.event import Signal

#: Signal name -> pairs of signal type and unit name; ``None`` where there is no unit.
SignalKinds = Mapping[str, Collection[tuple[str, str | None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRule:
    """One line of the table of standard signals.

    Attributes:
        signal_type: what the payload means.
        units: names of ``oadr.units`` of which one is required; empty for no unit.
        values: what a payload may be, in words.
        allows: whether a finite payload is allowed.
    """

    signal_type: SignalType
    units: frozenset[str] = frozenset()
    values: str = "any number"
    allows: Callable[[Decimal], bool] = lambda value: value.is_finite()


def _whole(value: Decimal) -> bool:
    return value == value.to_integral_value()


_LEVELS = frozenset(map(Decimal, range(4)))
_ENERGY = frozenset({"energyApparent", "energyReactive", "energyReal"})
_POWER = frozenset({"powerApparent", "powerReactive", "powerReal"})


def _fraction(signal_type: SignalType) -> SignalRule:
    return SignalRule(
        signal_type=signal_type, values="0.0 to 1.0", allows=lambda value: 0 <= value <= 1
    )


def _prices(unit: str) -> tuple[SignalRule, ...]:
    return (
        SignalRule(signal_type=SignalType.PRICE, units=frozenset({unit})),
        SignalRule(signal_type=SignalType.PRICE_RELATIVE, units=frozenset({unit})),
        SignalRule(signal_type=SignalType.PRICE_MULTIPLIER),
    )


#: Signal name -> what is allowed; the first type is the one meant when nobody says (R104).
SIGNALS: Mapping[str, tuple[SignalRule, ...]] = MappingProxyType(
    {
        SignalName.SIMPLE: (
            SignalRule(
                signal_type=SignalType.LEVEL,
                values="0, 1, 2 or 3",
                allows=lambda value: value in _LEVELS,
            ),
        ),
        SignalName.ELECTRICITY_PRICE: _prices("currencyPerKWh"),
        SignalName.ENERGY_PRICE: _prices("currencyPerKWh"),
        SignalName.DEMAND_CHARGE: _prices("currencyPerKW"),
        SignalName.BID_PRICE: (
            SignalRule(signal_type=SignalType.PRICE, units=frozenset({"currency"})),
        ),
        SignalName.BID_LOAD: (SignalRule(signal_type=SignalType.SETPOINT, units=_POWER),),
        SignalName.BID_ENERGY: (SignalRule(signal_type=SignalType.SETPOINT, units=_ENERGY),),
        SignalName.CHARGE_STATE: (
            SignalRule(signal_type=SignalType.SETPOINT, units=_ENERGY),
            SignalRule(signal_type=SignalType.DELTA, units=_ENERGY),
            _fraction(SignalType.MULTIPLIER),
        ),
        SignalName.LOAD_DISPATCH: (
            SignalRule(signal_type=SignalType.SETPOINT, units=_POWER),
            SignalRule(signal_type=SignalType.DELTA, units=_POWER),
            SignalRule(signal_type=SignalType.MULTIPLIER),
            SignalRule(
                signal_type=SignalType.LEVEL,
                units=_POWER,
                values="a whole number from -10 to 10",
                allows=lambda value: -10 <= value <= 10 and _whole(value),
            ),
        ),
        SignalName.LOAD_CONTROL: (
            _fraction(SignalType.LOAD_CONTROL_CAPACITY),
            SignalRule(
                signal_type=SignalType.LOAD_CONTROL_LEVEL_OFFSET,
                values="a whole number",
                allows=_whole,
            ),
            SignalRule(signal_type=SignalType.LOAD_CONTROL_SETPOINT),
            SignalRule(signal_type=SignalType.LOAD_CONTROL_PERCENT_OFFSET),
        ),
    }
)

#: All standard signals, as ``assess`` takes them; more than the minimum of R510.
DEFAULT_SIGNALS: SignalKinds = MappingProxyType(
    {
        name: frozenset(
            (rule.signal_type, unit) for rule in rules for unit in (rule.units or {None})
        )
        for name, rules in SIGNALS.items()
    }
)
#: What every VEN has to accept (R510).
MINIMUM_SIGNALS: SignalKinds = MappingProxyType(
    {
        SignalName.SIMPLE: frozenset({(SignalType.LEVEL, None)}),
        SignalName.ELECTRICITY_PRICE: frozenset({(SignalType.PRICE, "currencyPerKWh")}),
        SignalName.LOAD_DISPATCH: frozenset({(SignalType.SETPOINT, unit) for unit in _POWER}),
    }
)


def is_simple(name: str) -> bool:
    """Whether the name is ``SIMPLE``, in either of the two ways to write it."""
    return name in {SignalName.SIMPLE, SignalName.SIMPLE_LOWER}


def unit_name(unit: Unit | GreenButtonUnit | None) -> str | None:
    """Returns the name that units are compared by; ``None`` for no unit."""
    if unit is None:
        return None
    return unit.name if isinstance(unit, Unit) else "oadrGBDataDescription"


def rule_for(signal: Signal) -> SignalRule | None:
    """Returns the line of the table that fits name and type; ``None`` if there is none."""
    name = SignalName.SIMPLE if is_simple(signal.signal_name) else signal.signal_name
    rules = SIGNALS.get(name, ())
    return next((rule for rule in rules if rule.signal_type == signal.signal_type), None)


def value_of(interval: Interval) -> Decimal | None:
    """Returns the number of an event interval; ``None`` if it has not exactly one (R100)."""
    if len(interval.payloads) != 1:
        return None
    payload = interval.payloads[0]
    if isinstance(payload, SignalPayload) and isinstance(payload.value, Decimal):
        return payload.value
    return None
