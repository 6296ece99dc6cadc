"""A transaction: what every function of the store gets first."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from vtn.store.sqlite import translated

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Transaction:
    """One transaction of a ``Store``; made by ``Store.begin`` and ``Store.read``.

    Attributes:
        connection: the connection of SQLAlchemy that it runs on.
    """

    __slots__ = ("connection",)

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Runs a statement; with a list of parameters, once for each in one call.

        Raises:
            StorageError: the database refused it.
        """
        with translated():
            return await self.connection.execute(statement, parameters)

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Returns all rows of a query."""
        return (await self.execute(statement)).all()

    async def first(self, statement: Executable) -> Row[Any] | None:
        """Returns the first row of a query; None if there is none."""
        return (await self.execute(statement)).first()

    async def scalar(self, statement: Executable) -> Any:
        """Returns the first value of the first row; None if there is none."""
        return (await self.execute(statement)).scalar()

    async def count(self, statement: Executable) -> int:
        """Runs a change and returns how many rows it concerned."""
        return (await self.execute(statement)).rowcount

    async def driver_many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Runs SQL of the driver once for each row, in one call and without conversions."""
        if rows:
            with translated():
                await self.connection.exec_driver_sql(sql, list(rows))

    async def stream(self, statement: Executable, *, chunk: int) -> AsyncGenerator[Row[Any], None]:
        """Yields the rows of a query, holding ``chunk`` of them at a time."""
        with translated():
            result = await self.connection.stream(statement.execution_options(yield_per=chunk))
            try:
                # One step of the event loop for a chunk, not for each row.
                async for rows in result.partitions(chunk):
                    for row in rows:
                        yield row
            finally:
                await result.close()
