"""Who does something at the device under test: a person, a hook script, or nobody."""

import asyncio
import contextlib
import json
import shlex
import shutil
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from conformance.actions import Action
from conformance.case import Inconclusive
from conformance.device import Cannot
from conformance.words import ANSWERS, UNKNOWN, plain, told, understood
from runtime.logs import one_line

#: Exit status by which a hook script says that it cannot do something.
CANNOT = 3
#: Longest that a hook script may take, real seconds.
PATIENCE = 600.0
#: Most that is read of what a hook script says, characters.
_MOST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is to be done.

    Attributes:
        now: what the clock of the device shows.
        peer: what the party of the kit is called there.
        facts: what a hook script is told beside the action, such as ``vtn_url``.
    """

    now: datetime
    peer: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


class Who(Protocol):
    """Somebody who does what a case wants done at the device."""

    #: Whether it takes as long as people take.
    slow: bool

    async def do(self, action: Action, place: Place) -> Any:
        """Does it, and returns what comes of it.

        Raises:
            Cannot: it cannot be done here.
            Inconclusive: it was tried and failed.
        """


class Nobody:
    """Nobody is there to do anything."""

    slow = False

    async def do(self, action: Action, place: Place) -> Any:
        """Says what would help."""
        what = told(action, place.now, place.peer)[0].rstrip(".")
        raise Cannot(
            f"needs somebody to {what[:1].lower()}{what[1:]}; use --setup-command or a terminal"
        )


async def typed(prompt: str) -> str:
    """Returns what a person types; Ctrl-C ends the program, as it should."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    sys.stdout.write(prompt)
    sys.stdout.flush()

    def give(line: str) -> None:
        if not answer.done():
            answer.set_result(line)

    def read() -> None:
        line = sys.stdin.readline()
        # The program may have ended meanwhile.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(give, line)

    # Not of the pool of the loop: nobody could end a thread that waits for a person.
    threading.Thread(target=read, daemon=True).start()
    line = await answer
    if not line:
        raise EOFError
    return line.strip()


class Terminal:
    """A person at a terminal, who is asked in words.

    Args:
        say: prints a line.
        ask: prints a prompt, and returns what is typed.
    """

    slow = True

    def __init__(
        self, say: Callable[[str], None], ask: Callable[[str], Awaitable[str]] = typed
    ) -> None:
        self._say = say
        self._ask = ask

    async def confirmed(self, prompt: str) -> None:
        """Waits for Enter."""
        with contextlib.suppress(EOFError):
            await self._ask(prompt)

    async def do(self, action: Action, place: Place) -> Any:
        """Asks, until the answer can be understood."""
        self._say("")
        for line in told(action, place.now, place.peer):
            self._say(one_line(line))
        answer = ANSWERS.get(action.name, "")
        done = "Press Enter when done" if action.name in UNKNOWN or not answer else ""
        choices = ", or ".join(one for one in (done, answer) if one)
        prompt = f"{choices[:1].upper()}{choices[1:]}; s to skip: "
        while True:
            try:
                text = await self._ask(prompt)
            except EOFError:
                raise Cannot("nobody answers on the terminal") from None
            if text.lower() == "s":
                raise Cannot("skipped by the operator")
            try:
                return _of_text(action.name, text)
            except ValueError as error:
                self._say(f"That cannot be read: {one_line(str(error))}.")


def _of_text(name: str, text: str) -> Any:
    """Returns what a person has typed as what an action comes to.

    Raises:
        ValueError: it cannot be read.
    """
    if name not in ANSWERS:
        return None
    if not text:
        if name in UNKNOWN:
            return UNKNOWN[name]
        raise ValueError("expected an answer")
    words = [] if text == "-" else text.replace(",", " ").split()
    if name == "OptOf":
        if text not in ("optIn", "optOut", "-"):
            raise ValueError("expected optIn, optOut or -")
        return "" if text == "-" else text
    if name == "Readings":
        return understood(name, [list(one.partition("="))[::2] for one in words])
    if name in ("RequestReports", "Events"):
        return understood(name, words)
    return text


class Script:
    """A hook script: ``COMMAND ActionName``, with the fields as JSON on its standard input.

    It exits with 0 if it is done, and may print what comes of the action as JSON; with 3 if
    that cannot be done, and says why on its standard error; else the case is inconclusive.

    Args:
        command: as a shell would have it; no shell runs it.
        patience: real seconds.

    Raises:
        ValueError: the command cannot be taken apart, is empty, or is not there.
    """

    slow = False

    def __init__(self, command: str, patience: float = PATIENCE) -> None:
        self._command: Sequence[str] = shlex.split(command)
        self._patience = patience
        if not self._command:
            raise ValueError("the command is empty")
        if shutil.which(self._command[0]) is None:
            raise ValueError(f"{self._command[0]} is no program that can be run")

    async def do(self, action: Action, place: Place) -> Any:
        """Runs the script."""
        facts = {"action": action.name, "words": action.words, "now": plain(place.now, place.now)}
        given = facts | {"peer": place.peer, **place.facts} | plain(action, place.now)
        status, out, said = await self._run(action.name, json.dumps(given).encode())
        last = next((one_line(line) for line in reversed(said.splitlines()) if line.strip()), "")
        if status == CANNOT:
            raise Cannot(last or f"the setup command cannot do {action.name}")
        if status != 0:
            why = f": {last}" if last else ""
            raise Inconclusive(f"the setup command failed at {action.name}, status {status}{why}")
        return self._result(action.name, out.strip())

    async def _run(self, name: str, given: bytes) -> tuple[int, str, str]:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                name,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            why = error.strerror or str(error)
            raise Inconclusive(f"the setup command cannot be started: {why}") from None
        try:
            async with asyncio.timeout(self._patience):
                out, said = await process.communicate(given)
        except TimeoutError:
            why = f"the setup command was not done with {name} after {self._patience:g} s"
            raise Inconclusive(why) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, _text(out), _text(said)

    def _result(self, name: str, out: str) -> Any:
        if not out:
            if name in ANSWERS and name not in UNKNOWN:
                raise Cannot(f"the setup command says nothing to {name}; it must print JSON")
            return UNKNOWN.get(name)
        try:
            value = json.loads(out)
        except ValueError:
            # Many programs print something; only those that are asked have to print JSON.
            if name in ANSWERS and name not in UNKNOWN:
                raise Inconclusive(f"the setup command printed no JSON for {name}") from None
            return UNKNOWN.get(name)
        try:
            return understood(name, value) if name in ANSWERS else value
        except ValueError as error:
            raise Inconclusive(f"the setup command, {name}: {one_line(str(error))}") from None


def _text(data: bytes) -> str:
    return data.decode(errors="replace")[:_MOST]
