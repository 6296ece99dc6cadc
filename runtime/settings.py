"""Configuration files: TOML, checked by pydantic before anything starts.

An error names the file, the key and what was expected.
"""

import re
import tomllib
from datetime import UTC, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from oadr.errors import InvalidData, OpenADRError
from oadr.times import parse_duration
from runtime.clock import AcceleratedClock, Clock, SystemClock

M = TypeVar("M", bound=BaseModel)

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


class ConfigError(OpenADRError):
    """A configuration cannot be used.

    Attributes:
        problem: what is wrong, and what was expected.
        key: dotted path of the key, empty if no single key is to blame.
        file: the file, empty if it came from elsewhere.
    """

    def __init__(self, problem: str, *, key: str = "", file: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.key = key
        self.file = file

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.file, self.key) if part)
        return f"{where}: {self.problem}" if where else self.problem


def duration_from(text: object) -> timedelta:
    """Returns the duration that a person wrote: ``10s``, ``1h30m``, ``2d``, ``PT5M``, ``0``.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(text, timedelta):
        return text
    if isinstance(text, str) and text.strip() == "0":
        return timedelta(0)
    if isinstance(text, str) and text.startswith(("P", "-P")):
        try:
            return parse_duration(text)
        except InvalidData as error:
            raise ValueError(str(error)) from None
    if isinstance(text, str):
        compact = text.replace(" ", "").lower()
        if compact and _PART.sub("", compact) == "":
            seconds = sum(float(n) * _UNITS[unit] for n, unit in _PART.findall(compact))
            try:
                return timedelta(seconds=seconds)
            except OverflowError:
                raise ValueError(f"{text!r} is a duration longer than can be counted") from None
    raise ValueError(f"{text!r} is not a duration; expected such as '10s', '5m', '1h30m', '2d'")


#: A duration in a configuration.
Duration = Annotated[timedelta, BeforeValidator(duration_from)]


class Section(BaseModel):
    """A part of a configuration; a key that nobody knows is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockSettings(Section):
    """``[clock]``: leave it out for the machine's own time.

    Attributes:
        origin: real moment at which an accelerated clock started.
        shown: what it showed then.
        factor: its seconds per real second, more than 0.
    """

    origin: AwareDatetime | None = None
    shown: AwareDatetime | None = None
    factor: float = Field(default=1.0, gt=0, allow_inf_nan=False)

    def clock(self) -> Clock:
        """Returns the clock that these settings describe."""
        if self.origin is None or self.shown is None:
            return SystemClock()
        return AcceleratedClock(
            origin=self.origin.astimezone(UTC),
            shown=self.shown.astimezone(UTC),
            factor=self.factor,
        )


def load_toml(path: Path, model: type[M]) -> M:
    """Returns the configuration in a file.

    Raises:
        ConfigError: the file is missing, not TOML, or a key is wrong.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError("there is no such file", file=str(path)) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", file=str(path)) from None
    return check(data, model, file=str(path))


def check(data: dict[str, Any], model: type[M], *, file: str = "") -> M:
    """Returns the configuration in a dict.

    Raises:
        ConfigError: a key is wrong; the first is named, and how many more there are.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first, *more = error.errors()
        key = ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            text = "this key is not known"
        if more:
            text += f" (and {len(more)} more)"
        raise ConfigError(text, key=key, file=file) from None
