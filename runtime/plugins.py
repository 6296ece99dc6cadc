"""Finds what a configuration names: ``module:attr``, or the name of an entry point."""

import importlib
import importlib.util
from collections.abc import Mapping
from typing import Any

from runtime.errors import ConfigError

#: Entry points of this group can be named in a configuration.
GROUP = "openadr_kit.handlers"


def load(name: str, *, key: str) -> Any:
    """Returns the object that ``name`` stands for.

    Args:
        name: ``"module:attr"``, or an entry point such as ``"allow-list"``.
        key: where it stands in the configuration, for the message.

    Raises:
        ConfigError: there is no such thing, or its module cannot be imported.
    """
    if ":" not in name:
        name = _entry_point(name, key)
    module_name, _, attribute = name.partition(":")
    if not module_name or module_name.startswith("."):
        raise ConfigError(f"handler {name!r} names no module; expected module:attr", key=key)
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # a module is somebody's program, and may end in any way
        why = f"{error}" if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        where = _place(module_name.partition(".")[0])
        raise ConfigError(f"cannot import {module_name!r}{where}: {why}", key=key) from error
    try:
        return getattr(module, attribute)
    except AttributeError:
        place = getattr(module, "__file__", None) or module_name
        raise ConfigError(f"{place} has no {attribute!r}", key=key) from None


def _entry_point(name: str, key: str) -> str:
    """Returns the ``module:attr`` of an entry point."""
    # Its module reads mail and archives, which is much for a VEN that names none.
    from importlib.metadata import entry_points

    found = entry_points(group=GROUP, name=name)
    if not found:
        known = ", ".join(sorted(point.name for point in entry_points(group=GROUP)))
        raise ConfigError(f"handler {name!r} is not installed; known: {known}", key=key)
    return next(iter(found)).value


def _place(package: str) -> str:
    """Returns where a package was found, in brackets; nothing if it was not."""
    try:
        spec = importlib.util.find_spec(package)
    except ValueError:  # it is loaded, and not from a place
        return ""
    return f" (found {spec.origin})" if spec and spec.origin else ""


def build(name: str, section: Mapping[str, Any], *, key: str, settings: str) -> Any:
    """Returns a handler made from its section of the configuration.

    A class with ``from_config`` is built by it, another class is called without
    arguments, anything else is used as it stands.

    Args:
        name: see ``load``.
        section: its settings.
        key: where ``name`` stands in the configuration.
        settings: where ``section`` stands there.

    Raises:
        ConfigError: it cannot be loaded, or it refuses its section.
    """
    target = load(name, key=key)
    try:
        if hasattr(target, "from_config"):
            return target.from_config(dict(section))
        return target() if isinstance(target, type) else target
    except ConfigError as error:
        raise error.below(settings) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"handler {name!r} refuses its settings: {error}", key=key) from error
