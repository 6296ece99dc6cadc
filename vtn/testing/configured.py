"""Configurations for tests: defaults that never slow one down, and what a test changes."""

from collections.abc import Mapping
from typing import Any

from runtime.settings import check
from vtn.config import Settings

#: Keys and sections of a ``vtn.toml``.
Overrides = Mapping[str, Any]

_CHECKED: dict[str, Settings] = {}
_MOST = 100


def configured(sections: dict[str, Any], overrides: Overrides | None) -> Settings:
    """Returns a configuration with some of its keys replaced.

    Args:
        sections: the defaults.
        overrides: keys and sections; those of a section are replaced one by one.

    Raises:
        ConfigError: a key is wrong.
    """
    changed = dict(sections)
    for section, values in (overrides or {}).items():
        old = changed.get(section)
        changed[section] = old | dict(values) if isinstance(old, dict) else values
    # To check one takes longer than to start a VTN, and most tests have the same.
    key = repr(changed)
    if key not in _CHECKED:
        if len(_CHECKED) >= _MOST:
            _CHECKED.clear()
        _CHECKED[key] = check(changed, Settings)
    return _CHECKED[key]
