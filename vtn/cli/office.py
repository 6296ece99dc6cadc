"""Where a command does its work: configuration, database, operator and the time."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from runtime.settings import ConfigError
from vtn.cli.base import config_path
from vtn.config import Settings, load
from vtn.operator import Operator
from vtn.presence import online
from vtn.store import Store
from vtn.store.party import Party
from vtn.store.push import Push

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What a command works with.

    Attributes:
        settings: the configuration.
        store: its database, open.
        operator: acts on it.
        now: what the VTN's clock shows.
    """

    settings: Settings
    store: Store
    operator: Operator
    now: datetime

    def online(self, ven: Party, pushed: Push | None = None) -> bool:
        """Returns whether a VEN has been polling lately, as far as the database knows.

        One that listens instead is online while the last push to it got through.

        Args:
            ven: the VEN.
            pushed: how push to it has gone; None if there has been none.
        """
        return online(self.settings, ven, pushed, self.now)


def settings() -> Settings:
    """Returns the configuration that the command line names.

    Raises:
        ConfigError: it is missing or wrong.
    """
    path = config_path()
    if not path.exists():
        raise ConfigError(
            "there is no such file; make a VTN with 'vtn init DIR', or name its configuration "
            "with -c",
            file=str(path),
        )
    return load(path)


def at_work(work: Callable[[Office], Awaitable[T]], *, create: bool = False) -> T:
    """Runs ``work`` with the database open and returns its result.

    Args:
        work: what to do.
        create: make the database if it is not there.

    Raises:
        ConfigError: the configuration is missing or wrong.
        StorageError: the database cannot be used.
    """
    return asyncio.run(_work(settings(), work, create))


async def _work(given: Settings, work: Callable[[Office], Awaitable[T]], create: bool) -> T:
    store = await Store.open(given.store.url, create=create)
    try:
        operator = Operator(store=store, actor=actor())
        now = given.clock.clock().now()
        return await work(Office(settings=given, store=store, operator=operator, now=now))
    finally:
        await store.close()


def actor() -> str:
    """Returns how the audit calls whoever sits here."""
    try:
        return f"operator:{getpass.getuser()}"
    except (OSError, KeyError):
        # No such user in a bare container, and no variable that names one.
        return "operator"


def folder() -> Path:
    """Returns the folder of the configuration."""
    return config_path().resolve().parent
