"""The program that runs stock openleadr, from the side of a test."""

import asyncio
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.openleadr_lines import read, written
from tests.acceptance.patience import PATIENCE, until

_MODULE = "tests.acceptance.openleadr_peer"
_ROOT = Path(__file__).parents[2]
Reply = asyncio.Future[dict[str, Any]]


class StockError(Exception):
    """openleadr did not do what it was told, and says why."""


class Process:
    """openleadr in a process of its own, and all that it says.

    Args:
        log: file for what it prints and logs.
    """

    def __init__(self, log: Path) -> None:
        self.log = log
        self.facts: list[dict[str, Any]] = []
        self._asked: dict[int, tuple[asyncio.AbstractEventLoop, Reply]] = {}
        self._count = 0
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = read(line)
            if "reply" in found:
                self._answer(found.pop("reply"), found)
            else:
                self.facts.append(found)
        for number in list(self._asked):
            self._answer(number, {"error": "its process has ended"})

    def _answer(self, number: int, found: dict[str, Any]) -> None:
        loop, reply = self._asked.pop(number)
        # The test that asked may be over, and its loop with it.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, reply, found)

    async def call(self, of: str, do: str, arguments: dict[str, Any]) -> Any:
        """Has something done there, and returns what came of it.

        Raises:
            StockError: it raised.
        """
        self._count += 1
        loop = asyncio.get_running_loop()
        reply: Reply = loop.create_future()
        self._asked[self._count] = loop, reply
        command = written({"id": self._count, "of": of, "do": do, "args": arguments})
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        found = await asyncio.wait_for(reply, PATIENCE)
        if "error" in found:
            raise StockError(f"{do}: {found['error']}")
        return found["result"]

    async def make(self, kind: str, name: str, **arguments: Any) -> "Stock":
        """Makes one of openleadr's VENs or VTNs."""
        stock = Stock(process=self, of=f"{kind} {name} {self._count}")
        await stock.call("make", kind=kind, **arguments)
        return stock

    def end(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()


def _settle(reply: Reply, found: dict[str, Any]) -> None:
    if not reply.done():
        reply.set_result(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """One of openleadr's VENs or VTNs in that process.

    Attributes:
        process: where it is.
        of: its name there.
    """

    process: Process
    of: str

    async def call(self, do: str, *positional: Any, **arguments: Any) -> Any:
        """Calls one of its methods or reads one of its attributes.

        Raises:
            StockError: it raised.
        """
        if positional:
            arguments["*"] = positional
        return await self.process.call(self.of, do, arguments)

    def facts(self, what: str, **like: Any) -> list[dict[str, Any]]:
        """Returns what has happened there, of one kind and with some values."""
        return [
            fact["values"]
            for fact in list(self.process.facts)
            if fact["of"] == self.of
            and fact["what"] == what
            and all(fact["values"].get(key) == value for key, value in like.items())
        ]

    async def fact(self, what: str, **like: Any) -> dict[str, Any]:
        """Waits until something has happened there, and returns the first of its kind."""
        found: list[dict[str, Any]] = await until(lambda: self.facts(what, **like))
        return found[0]

    def sent(self, *names: str) -> list[str]:
        """Returns the kinds of messages that a VEN has sent, in order; some if named."""
        found = [fact["message"] for fact in self.facts("sent")]
        return [name for name in found if not names or name in names]
