"""What people write on the command line: durations, moments, audiences, units."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import click

from oadr.enums import Scale
from oadr.messages import Unit
from oadr.units import MEASUREMENTS, unit
from runtime.moments import parse_moment
from runtime.settings import duration_from


class Duration(click.ParamType[timedelta, Any]):
    """A duration such as ``15m`` or ``1h30m``; whole seconds, as messages carry them."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Returns the duration, or fails with the accepted forms."""
        try:
            found = duration_from(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        if found % timedelta(seconds=1):
            self.fail(f"{value!r} is not a number of whole seconds.", param, ctx)
        return found


class When(NamedTuple):
    """A moment, or a distance from the moment at which the command runs.

    Attributes:
        text: as it was written.
    """

    text: str

    def at(self, now: datetime) -> datetime:
        """Returns the moment in UTC, whole seconds.

        Args:
            now: what the VTN's clock shows.

        Raises:
            ValueError: it is none of the accepted forms.
        """
        return parse_moment(self.text, now)


class Moment(click.ParamType[When, Any]):
    """A moment; UTC unless it says otherwise."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> When:
        """Returns the moment, or fails with the accepted forms."""
        if isinstance(value, When):
            return value
        try:
            parse_moment(value, datetime(2000, 1, 1, tzinfo=UTC))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        return When(value)


DURATION = Duration()
MOMENT = Moment()

_SCALES = {scale.value: scale for scale in Scale if scale is not Scale.NONE}
_BY_SYMBOL = {
    symbol: name for name, (_, symbol) in MEASUREMENTS.items() if symbol and name != "pulseCount"
}
_PER = {"kWh": "currencyPerKWh", "kW": "currencyPerKW", "thm": "currencyPerThm"}
_UNITS = "kW, Wh, EUR/kWh, EUR/kW, EUR, or a name of the schema such as temperature:celsius"


def parse_unit(text: str) -> Unit:
    """Returns the unit that a person wrote, such as ``kW`` or ``EUR/kWh``.

    Raises:
        ValueError: it is none of the accepted forms.
    """
    name, colon, symbol = text.strip().partition(":")
    if colon and MEASUREMENTS.get(name, ("", ""))[1]:
        found = parse_unit(symbol)
        if found.name != name:
            raise ValueError(f"{symbol!r} is no unit of {name}; write {_UNITS}")
        return found
    if colon:
        return unit(name, units=symbol)
    currency, slash, per = name.partition("/")
    if slash and per in _PER:
        return unit(_PER[per], units=currency)
    if re.fullmatch("[A-Z]{3}", name) and name not in _BY_SYMBOL:
        return unit("currency", units=name)
    for prefix, scale in [("", Scale.NONE), *_SCALES.items()]:
        measured = _BY_SYMBOL.get(name.removeprefix(prefix))
        if measured and name.startswith(prefix):
            return unit(measured, scale=scale)
    raise ValueError(f"{text!r} is no unit; write {_UNITS}")
