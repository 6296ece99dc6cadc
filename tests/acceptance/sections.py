"""Configurations as sections, and as the TOML that people write."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Sections = Mapping[str, Any]


def toml(sections: Sections) -> str:
    """Returns sections as TOML; what is no section comes first, as TOML wants it."""
    plain = {name: value for name, value in sections.items() if not isinstance(value, Mapping)}
    lines = [f"{name} = {_value(value)}" for name, value in plain.items()]
    for name, section in sections.items():
        if isinstance(section, Mapping):
            lines.append(f"[{name}]")
            lines += [f"{key} = {_value(value)}" for key, value in section.items()]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value if isinstance(value, bool | int | float) else str(value))


def merged(old: Sections, new: Sections) -> dict[str, Any]:
    """Returns sections with some keys replaced."""
    found = dict(old)
    for name, value in new.items():
        before = found.get(name)
        both = isinstance(value, Mapping) and isinstance(before, Mapping)
        found[name] = {**before, **value} if both else value  # type: ignore[dict-item]
    return found


def fast_clock(factor: float) -> dict[str, Any]:
    """Returns a section ``[clock]``; certificates and signatures live by the same date."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {"origin": now, "shown": now, "factor": factor}
