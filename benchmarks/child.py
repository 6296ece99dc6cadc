"""A subject in a process of its own, on the core of the servers, led by lines of JSON.

The first line that a child writes says that it is ready, with what its starter must know;
after that it answers each line that it is sent. It ends when its input ends. openleadr
keeps state on classes and prints to the standard output, both of which stay inside.
"""

import asyncio
import importlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

from benchmarks import cores

ROOT = Path(__file__).resolve().parent.parent


class Channel:
    """The child's side of the lines."""

    def __init__(self) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", buffering=1)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        self._in = sys.stdin

    def answer(self, value: Any) -> None:
        """Sends one line."""
        self._out.write(json.dumps(value) + "\n")

    async def next(self) -> Any:
        """Returns the next line that was sent; None when there will be no more."""
        line = await asyncio.to_thread(self._in.readline)
        return json.loads(line) if line else None


class Child:
    """The starter's side."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    async def receive(self) -> Any:
        """Returns the next line of the child.

        Raises:
            RuntimeError: it has ended.
        """
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the child process has ended; its error output says why")
        return json.loads(line)

    async def call(self, **command: Any) -> Any:
        """Sends a command and returns the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()
        return await self.receive()

    async def close(self) -> None:
        """Ends the child."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(20):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def started(module: str, **options: Any) -> AsyncIterator[tuple[Child, Any]]:
    """Gives a child that is ready, and what it said then.

    Args:
        module: of this package, with ``async def main(channel, **options)``.
        options: for it.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.child",
        module,
        json.dumps(options),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        limit=1 << 26,
    )
    child = Child(process)
    try:
        yield child, await child.receive()
    finally:
        await child.close()


def _main() -> None:
    cores.pin(cores.server_core())
    channel = Channel()
    module = importlib.import_module(f"benchmarks.{sys.argv[1]}")
    asyncio.run(module.main(channel, **json.loads(sys.argv[2])))


if __name__ == "__main__":
    _main()
