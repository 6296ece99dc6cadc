"""The device under test: one that runs somewhere, or one that an adapter starts."""

import importlib
import inspect
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from conformance.cli.base import Given, NothingTested
from conformance.cli.identity import identity
from conformance.operator import Nobody, Script, Terminal, Who
from conformance.reached import MINUTE, AwaitedVen, ReachedVtn
from runtime.clock import Clock
from runtime.errors import ConfigError
from runtime.sections import ClockSettings, check

#: What an adapter starts, by name and side. A new one is a line here.
ADAPTERS = {
    ("openadr-kit", "vtn"): "conformance.adapters.our_vtn:our_vtn",
    ("openadr-kit", "ven"): "conformance.adapters.our_ven:our_ven",
    ("openleadr", "vtn"): "conformance.adapters.openleadr_vtn:openleadr_vtn",
    ("openleadr", "ven"): "conformance.adapters.openleadr_ven:openleadr_ven",
}
#: A VTN of ours that runs already, by its configuration.
RUNNING = "vtn"
_RUNNING = "conformance.adapters.running_vtn:running_vtn"


def names(side: str) -> list[str]:
    """Returns the names of the adapters for a side."""
    return [name for name, for_side in ADAPTERS if for_side == side]


def _loaded(where: str) -> Callable[..., AbstractAsyncContextManager[Any]]:
    module, _, attribute = where.partition(":")
    found: Callable[..., AbstractAsyncContextManager[Any]] = getattr(
        importlib.import_module(module), attribute
    )
    return found


async def started(given: Given, stack: AsyncExitStack) -> Any:
    """Returns the device that an adapter starts, and ends with the stack.

    Raises:
        click.UsageError: the adapter cannot do what is wanted.
    """
    make = _loaded(ADAPTERS[given.adapter or "", given.side])
    wanted = {"tls": given.tls, "signed": given.sign}
    able = inspect.signature(make).parameters
    for name, option in (("tls", "--tls"), ("signed", "--sign")):
        if wanted[name] and name not in able:
            raise click.UsageError(f"The adapter {given.adapter} cannot do {option}.")
    chosen = {name: value for name, value in wanted.items() if value}
    return await stack.enter_async_context(make(**chosen))


async def running(url: str, given: Given, stack: AsyncExitStack, keys: ExitStack) -> Any:
    """Returns a VTN of ours that runs already; its operator acts on its database.

    Raises:
        click.UsageError: its configuration is not named.
    """
    if given.config is None:
        raise click.UsageError("--adapter vtn needs --config, the vtn.toml of that VTN.")
    device = _loaded(_RUNNING)(url, given.config, identity(given, keys))
    return await stack.enter_async_context(device)


def reached(url: str, given: Given, keys: ExitStack, who: Who) -> ReachedVtn:
    """Returns a VTN at an address."""
    return ReachedVtn(url, identity(given, keys), clock(given.clock), given.unit or MINUTE, who)


def awaited(given: Given, keys: ExitStack, who: Who, say: Callable[[str], None]) -> AwaitedVen:
    """Returns a VEN that is to come."""
    return AwaitedVen(
        identity(given, keys),
        clock(given.clock),
        given.unit or MINUTE,
        who,
        poll_freq=given.poll_interval,
        say=say,
        url=_address(given),
    )


def _address(given: Given) -> str:
    """Returns where a VEN elsewhere reaches the kit; empty for one on this machine."""
    if given.listen is None or not given.listen.port:
        return ""
    host = given.listen.host
    if host in ("127.0.0.1", "localhost", "::1"):
        return ""
    shown = "<this machine>" if host in ("0.0.0.0", "::") else host  # noqa: S104
    shown = f"[{shown}]" if ":" in shown else shown
    scheme = "https" if given.bundle or given.cert else "http"
    return f"{scheme}://{shown}:{given.listen.port}/OpenADR2/Simple/2.0b"


def clock(file: Path | None) -> Clock:
    """Returns the clock of the device: that of this machine, or the one that a file tells of.

    Raises:
        NothingTested: the file has none.
    """
    import tomllib

    if file is None:
        return ClockSettings().clock()
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise NothingTested(f"{file}: {error.strerror or error}.") from None
    except ValueError as error:
        raise NothingTested(f"{file}: cannot be read: {error}.") from None
    if not isinstance(data.get("clock"), dict):
        raise NothingTested(f"{file}: has no [clock].")
    try:
        return check(data["clock"], ClockSettings, file=str(file)).clock()
    except ConfigError as error:
        raise NothingTested(f"{error.below('clock')}.") from None


def operator(given: Given, say: Callable[[str], None]) -> Who:
    """Returns who does something at a device that no adapter operates.

    Raises:
        click.UsageError: the setup command is none.
    """
    if given.setup_command:
        try:
            return Script(given.setup_command)
        except ValueError as error:
            raise click.UsageError(f"--setup-command: {error}.") from None
    if given.unattended or not sys.stdin.isatty():
        return Nobody()
    return Terminal(say)


def seconds(unit: timedelta, on: Clock) -> float:
    """Returns how long a unit of the device's clock is in real seconds."""
    return unit.total_seconds() / float(getattr(on, "factor", 1.0))
