"""Readings as rows of text: the columns that every export has, exact and safe to open.

Numbers keep all their digits and are never written with an exponent; times are UTC.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from oadr.enums import Scale
from oadr.messages import LoadControl, ResourceStatus, Unit
from oadr.times import utc
from runtime.logs import one_line

#: Names of the columns, in order.
COLUMNS = (
    "ven",
    "ven_id",
    "report",
    "specifier_id",
    "r_id",
    "start",
    "duration_s",
    "value",
    "unit",
    "quality",
    "accuracy",
    "confidence",
    "online",
    "manual_override",
    "request_id",
    "received_at",
    "load_control",
)
#: Columns that hold numbers and times, which no peer can fill with words.
_OURS = frozenset(
    {"start", "duration_s", "value", "accuracy", "confidence", "received_at"}
    | {"online", "manual_override"}
)
#: A spreadsheet takes a cell that begins so for a formula and runs it.
_FORMULA = ("=", "+", "-", "@")
#: What the symbol of a price leaves out.
_PER = {"currencyPerKWh": "/kWh", "currencyPerKW": "/kW", "currencyPerThm": "/thm"}
#: Digits before or after the point up to which a number is written without exponent.
_LONGEST = 60


def number(value: Decimal) -> str:
    """Returns a number with exactly its digits; without exponent unless that is absurd."""
    if not value.is_finite() or abs(value.adjusted()) > _LONGEST:
        return str(value)
    return format(value, "f")


def moment(at: datetime) -> str:
    """Returns a time in ISO 8601, UTC, with fractions of a second only if there are any."""
    return utc(at).isoformat().replace("+00:00", "Z")


def unit(name: str | None, units: str | None, scale: Scale | None) -> str:
    """Returns a unit as people write it, such as ``kWh`` or ``EUR/kWh``."""
    if not units:
        return ""
    per = _PER.get(name or "", "")
    return f"{units}{per}" if scale in (None, Scale.NONE) else f"{scale}{units}{per}"


def unit_of(measured: Unit | None) -> str:
    """Returns the unit of a data point as people write it; empty if it has none."""
    return "" if measured is None else unit(measured.name, measured.units, measured.scale)


def value_cells(value: Decimal | ResourceStatus | None) -> dict[str, str]:
    """Returns the cells ``value``, ``online``, ``manual_override`` and ``load_control``."""
    if isinstance(value, ResourceStatus):
        return {
            "value": "",
            "online": _truth(value.online),
            "manual_override": _truth(value.manual_override),
            "load_control": load_control(value),
        }
    text = "" if value is None else number(value)
    return {"value": text, "online": "", "manual_override": "", "load_control": ""}


def load_control(status: ResourceStatus) -> str:
    """Returns the settings of a resource (R334), such as ``level_offset current=2 max=3``."""
    found = (
        (name, limits)
        for name in ("capacity", "level_offset", "percent_offset", "set_point")
        if (limits := getattr(status, name)) is not None
    )
    return "; ".join(f"{name} {_limits(limits)}" for name, limits in found)


def _limits(limits: LoadControl) -> str:
    values = (
        ("current", limits.current),
        ("normal", limits.normal),
        ("min", limits.minimum),
        ("max", limits.maximum),
    )
    return " ".join(f"{name}={number(value)}" for name, value in values if value is not None)


def seconds(duration: timedelta) -> str:
    """Returns whole seconds."""
    return str(duration // timedelta(seconds=1))


def safe(row: dict[str, str]) -> dict[str, str]:
    """Returns the row with every cell harmless in a spreadsheet.

    Text that a peer chose gets an apostrophe in front where it would be a formula, and
    blanks in place of line breaks and control characters.
    """
    return {name: text if name in _OURS else cell(text) for name, text in row.items()}


def cell(text: str) -> str:
    """Returns text that a spreadsheet shows and does not run."""
    text = one_line(text)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def line(row: dict[str, str]) -> Sequence[str]:
    """Returns the cells of a row in the order of ``COLUMNS``."""
    return [row[name] for name in COLUMNS]


def day(at: datetime) -> str:
    """Returns the date in UTC, as in the name of a file."""
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def _truth(value: bool) -> str:
    return "true" if value else "false"
