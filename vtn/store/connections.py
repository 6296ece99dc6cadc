"""Connections of one engine that no cancellation loses.

A request is cancelled when its client hangs up. What the driver opens at that moment it
would forget without closing it; so a connection is made in a task of its own, which ends
by itself, and is closed there if nobody is left to take it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from runtime.tasks import Tasks

#: How long ``close`` waits for what was cancelled, in seconds. It takes milliseconds.
_DRAIN = 10.0


class Connections:
    """The connections of an engine.

    Attributes:
        engine: that makes and keeps them.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._tasks = Tasks()

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncConnection]:
        """Gives a connection, which goes back when the block is left."""
        opening = asyncio.ensure_future(self.engine.connect().start())
        try:
            connection = await asyncio.shield(opening)
        except asyncio.CancelledError:
            self._tasks.start(_close_late(opening), name="closing an unwanted connection")
            raise
        try:
            yield connection
        finally:
            # Unlike close(), this is not cut short when the task is cancelled meanwhile.
            await connection.__aexit__(None, None, None)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """Gives a connection with a transaction, undone if an exception leaves the block."""
        async with self.connect() as connection, connection.begin():
            yield connection

    async def close(self) -> None:
        """Closes all connections."""
        await self._tasks.drain(_DRAIN)
        await self.engine.dispose()


async def _close_late(opening: asyncio.Future[AsyncConnection]) -> None:
    # Whoever wanted to know why it failed is gone.
    with suppress(Exception):
        connection = await opening
        await connection.close()
