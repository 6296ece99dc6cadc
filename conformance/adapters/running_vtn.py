"""A VTN of ours that runs elsewhere, by its configuration: its operator acts on its database."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from conformance.actions import Action
from conformance.adapters.vtn_operator import VtnOperator
from conformance.checks import Side
from conformance.peers import Identity
from vtn.config import Settings, load
from vtn.operator import Operator
from vtn.store import Store

#: The least real time of one unit: a server takes a moment to see what an operator has done.
_UNIT = timedelta(seconds=2)
_ACTOR = "conformance"


class RunningVtn:
    """A VTN of ours in a process of its own; a ``conformance.device.VtnDevice``.

    Args:
        url: where it is.
        identity: of the VEN of the kit, as it is enrolled there.
        settings: its configuration.
        store: its database.
    """

    title = "openadr-kit VTN"
    side = Side.VTN
    fresh = False

    def __init__(self, url: str, identity: Identity, settings: Settings, store: Store) -> None:
        self.url = url
        self.identity = identity
        self.clock = settings.clock.clock()
        self.unit = _UNIT * settings.clock.factor
        self._operator = VtnOperator(
            operator=Operator(store=store, actor=_ACTOR),
            store=store,
            clock=self.clock,
            name=identity.name,
            stem=f"conformance-{secrets.token_hex(3)}",
        )

    async def renew(self) -> None:
        """Leaves it as it is."""

    async def do(self, action: Action) -> Any:
        """Does what an operator of the VTN would do."""
        return await self._operator.do(action)


@asynccontextmanager
async def running_vtn(url: str, config: Path, identity: Identity) -> AsyncIterator[RunningVtn]:
    """Gives a VTN of ours that runs elsewhere.

    Args:
        url: where it is.
        config: its ``vtn.toml``, from where its database can be opened too.
        identity: of the VEN of the kit; its name is the one that it is enrolled by, or registers
            under.

    Raises:
        runtime.errors.ConfigError: the file cannot be used.
        vtn.store.errors.StorageError: the database cannot be opened.
    """
    settings = load(config)
    store = await Store.open(settings.store.url, create=False)
    try:
        yield RunningVtn(url, identity, settings, store)
    finally:
        await store.close()
