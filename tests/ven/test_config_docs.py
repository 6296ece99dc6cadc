"""The reference of ven.toml names every key, with its default and what it means."""

import re
import tomllib
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from handlers.event import Blackout, Limits
from runtime.sections import ClockSettings, PlainSection, check
from ven import config
from ven.config import Settings
from ven.loads import settings as loads
from ven.sources import settings as meters

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "ven-configuration.md"
#: Heading -> dataclass whose keys the section below it lists.
SECTIONS: dict[str, Any] = {
    "Top level": Settings,
    "[tls]": config.TlsSettings,
    "[vtn]": config.VtnSettings,
    "[signatures]": config.SignatureSettings,
    "[state]": config.StateSettings,
    "[poll]": config.PollSettings,
    "[push]": config.PushSettings,
    "[clock]": ClockSettings,
    "[reports]": config.ReportsSettings,
    "[policy]": config.PolicySettings,
    "Limits": Limits,
    "Blackouts": Blackout,
    "[[meters]]: every type": meters.MeterSettings,
    '[[meters]] of type "csv"': meters.CsvMeterSettings,
    '[[meters]] of type "python"': meters.PythonMeterSettings,
    '[[meters]] of type "cpu"': meters.CpuMeterSettings,
    '[[meters]] of type "status"': meters.StatusMeterSettings,
    '[[loads]] of type "simulated"': loads.SimulatedLoadSettings,
    '[[loads]] of type "python"': loads.PythonLoadSettings,
    '[[loads]] of type "log"': loads.LogLoadSettings,
}
#: Fields that are sections or stand for others.
NO_KEYS = {"type", "tls", "push", "meters", "loads", "limits"}
_SPAN = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def keys(section: Any) -> dict[str, str]:
    """Returns key -> default of the keys that the section's own table has to list."""
    shared: dict[str, Any] = {}
    if section is not meters.MeterSettings and issubclass(section, meters.MeterSettings):
        shared = {field.name: default_of(field) for field in fields(meters.MeterSettings)}
    found = {}
    for field in fields(section):
        default = default_of(field)
        if field.name in shared and default == shared[field.name]:
            continue
        if isinstance(default, PlainSection) or field.name in NO_KEYS:
            continue
        key = "from" if field.name == "start" else field.name
        found[key] = "required" if default is MISSING else shown(default)
    return found


def default_of(field: "Field[Any]") -> Any:
    """Returns the default of a field; MISSING if it must be given."""
    return field.default if field.default_factory is MISSING else field.default_factory()


def shown(value: Any) -> str:
    """Returns a default as a person writes it into the file; a dash for none."""
    if value is None or value == "" or (isinstance(value, tuple | frozenset | dict) and not value):
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        rest, text = round(value.total_seconds()), ""
        for unit, size in _SPAN:
            count, rest = divmod(rest, size)
            text += f"{count}{unit}" if count else ""
        return f'"{text or 0}"'
    if isinstance(value, frozenset):
        return "all" if len(value) > 1 else "[" + ", ".join(f'"{one}"' for one in value) + "]"
    if isinstance(value, Enum | str | Path):
        return f'"{value}"'
    return str(value)


def listed(heading: str) -> dict[str, str]:
    """Returns key -> default as the document's section lists them."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = re.search(
        rf"^##+ {re.escape(heading)}$(.*?)(?=^##+ |\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert section is not None, f"the document has no section {heading!r}"
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", section[1], re.MULTILINE)
    return {key: default.strip("`") for key, default, _ in rows}


@pytest.mark.parametrize(("heading", "model"), SECTIONS.items(), ids=SECTIONS)
def test_every_key_is_in_the_reference_with_its_default(heading: str, model: Any) -> None:
    assert listed(heading) == keys(model)


def test_the_example_of_the_reference_can_be_loaded() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    settings = check(tomllib.loads(example[1]), Settings)
    assert settings.meters
    assert settings.loads
    check(settings.policy.limits, Limits)
