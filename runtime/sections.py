"""Configuration files: TOML, whose sections pydantic checks before anything starts.

A section is a plain frozen dataclass, and what pydantic has to know of its fields stands
in ``Annotated`` in a form that does not import it. So a program that runs for months with
a small memory may check its configuration in a child (``runtime.apart``), and never
load pydantic itself.

An error names the file, the key and what was expected.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

from runtime.apart import apart
from runtime.clock import AcceleratedClock, Clock, SystemClock
from runtime.durations import duration_from
from runtime.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

M = TypeVar("M")

#: What pydantic calls a key that nobody knows.
_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
#: And a plain value where a section should be.
_NO_TABLE = frozenset({"dataclass_type", "model_type"})


class PlainSection:
    """Base of dataclasses that are a part of a configuration; an unknown key is an error."""

    __slots__ = ()
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


class Rule:
    """Stands in ``Annotated`` for ``pydantic.Field`` with the same arguments."""

    def __init__(self, **constraints: Any) -> None:
        self.constraints = constraints

    def __get_pydantic_core_schema__(
        self, source: Any, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        from pydantic import Field

        return handler(Annotated[source, Field(**self.constraints)])


class Read:
    """Stands in ``Annotated`` for a function that makes the value before it is checked.

    Args:
        function: raises ValueError for what it cannot read.
    """

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def __get_pydantic_core_schema__(
        self, source: Any, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(self.function, handler(source))


def moment_from(value: object) -> datetime:
    """Returns the moment that a person wrote, in UTC.

    Raises:
        ValueError: it is none, or has no time zone.
    """
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        found = None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise ValueError(f"{value!s} is no moment with a time zone; expected 2026-11-20T12:00:00Z")
    return found.astimezone(UTC)


#: A duration in a configuration.
Duration = Annotated[timedelta, Read(duration_from)]
#: One that is more than 0.
Positive = Annotated[Duration, Rule(gt=timedelta(0))]
#: A moment in a configuration.
Moment = Annotated[datetime, Read(moment_from)]
#: A text that is not empty.
Text = Annotated[str, Rule(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings(PlainSection):
    """``[clock]``: leave it out for the machine's own time.

    Attributes:
        origin: real moment at which an accelerated clock started.
        shown: what it showed then.
        factor: its seconds per real second, more than 0.
    """

    origin: Moment | None = None
    shown: Moment | None = None
    factor: Annotated[float, Rule(gt=0, allow_inf_nan=False)] = 1.0

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

    Args:
        data: as it came out of the file.
        model: a dataclass such as a ``PlainSection``, or a model of pydantic's own.
        file: where it came from, for errors.

    Raises:
        ConfigError: a key is wrong; the first is named, and how many more there are.
    """
    return apart(lambda: _check(data, model, file), sparing="pydantic")


def _check(data: dict[str, Any], model: type[M], file: str) -> M:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(model).validate_python(data)
    except ValidationError as error:
        first, *more = error.errors()
        key = ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        if first["type"] in _UNKNOWN:
            text = "this key is not known"
        elif first["type"] in _NO_TABLE:
            text = "this is no table; expected keys with values"
        if more:
            text += f" (and {len(more)} more)"
        raise ConfigError(text, key=key, file=file) from None
