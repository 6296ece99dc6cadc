"""Sections of a configuration as models of pydantic, for programs of any size.

``runtime.sections`` has the same for those that must stay small, and what both share.
"""

from pydantic import BaseModel, ConfigDict

from runtime.durations import duration_from
from runtime.errors import ConfigError
from runtime.sections import ClockSettings, Duration, check, load_toml

__all__ = [
    "ClockSettings",
    "ConfigError",
    "Duration",
    "Section",
    "check",
    "duration_from",
    "load_toml",
]


class Section(BaseModel):
    """A part of a configuration; a key that nobody knows is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
