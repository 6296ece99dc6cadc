"""The program that runs openleadr, from the side of its adapters."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conformance.adapters.openleadr_lines import read, written
from conformance.device import Cannot

_MODULE = "conformance.adapters.openleadr_program"
#: Longest line, bytes.
_LONGEST = 2**24
#: Real seconds that openleadr may take for one thing.
_PATIENCE = 30.0
#: Real seconds that it takes at most to be imported.
_STARTING = 60.0


class OpenleadrMissing(Exception):
    """The program that runs openleadr does not start."""


class OpenleadrError(Exception):
    """openleadr raised an exception."""


class Child:
    """One openleadr VTN or VEN in a process of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = asyncio.Lock()

    async def call(self, do: str, **args: Any) -> Any:
        """Has something done there, and returns what comes of it.

        Raises:
            Cannot: openleadr has no way to do it.
            OpenleadrError: it has raised an exception.
        """
        async with self._turn:
            self._writer.write(written({"do": do, "args": args}))
            line = await asyncio.wait_for(self._reader.readline(), _PATIENCE)
        found: dict[str, Any] = read(line) if line else {"failed": "its process has ended"}
        if "cannot" in found:
            raise Cannot(found["cannot"])
        if "failed" in found:
            raise OpenleadrError(found["failed"])
        return found["result"]

    async def end(self) -> None:
        """Ends it."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


class Program:
    """The program that has a child for each device.

    Args:
        socket: where it is reached.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def child(self) -> Child:
        """Returns a new child, in which nothing has happened yet."""
        return Child(*await asyncio.open_unix_connection(str(self._socket), limit=_LONGEST))


@asynccontextmanager
async def program(log: Path | None = None) -> AsyncIterator[Program]:
    """Gives the program, and ends it afterwards.

    Args:
        log: file for what openleadr prints and logs; None for nowhere.

    Raises:
        OpenleadrMissing: it does not start.
    """
    with TemporaryDirectory(prefix="openleadr-") as folder:
        socket = Path(folder) / "socket"
        errors = log.open("ab") if log is not None else None
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", _MODULE, str(socket)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors if errors is not None else subprocess.DEVNULL,
            )
        finally:
            if errors is not None:
                errors.close()
        try:
            if process.stdout is None or process.stdin is None:
                raise OpenleadrMissing("the program for openleadr has no pipes")
            async with asyncio.timeout(_STARTING):
                if (await process.stdout.readline()).strip() != b"ready":
                    raise OpenleadrMissing("the program for openleadr does not start")
            yield Program(socket)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
