"""A run from the first line to the exit status."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import click
from rich.console import Console

from conformance.case import Case
from conformance.cli.base import TAKEN, Given, NothingTested, check_folders, taken
from conformance.cli.devices import seconds
from conformance.operator import Terminal, Who
from conformance.reached import COMES_WITHIN
from conformance.report import write
from conformance.report.terminal import Screen, closing
from conformance.results import Result, Run, Verdict
from conformance.run import LIMIT
from runtime.cli import debugging
from runtime.logs import configure

#: Real seconds of a case in which a person has to do something.
BY_HAND = 24 * 3600.0
#: Units that the longest case takes, with room.
_LONGEST = 60.0


class Running:
    """What a run needs beside cases and device.

    Args:
        given: the command line.
        cases: those to run.
    """

    def __init__(self, given: Given, cases: Sequence[Case]) -> None:
        self.given = given
        self._cases = cases
        self._over = False
        self.screen = Screen(Console(highlight=False), len(cases), quiet=given.quiet)

    def cases(self) -> Iterator[Case]:
        """Yields the cases, until one has failed if that is to be the end."""
        for case in self._cases:
            if self._over:
                return
            yield case

    def progress(self, case: Case, result: Result | None) -> None:
        """Tells of a case; see ``conformance.run``."""
        self.screen.progress(case, result)
        if result is not None and result.verdict is Verdict.FAIL and self.given.stop_on_fail:
            self._over = True

    def say(self, text: str) -> None:
        """Prints a line, above whatever else is shown."""
        self.screen.rest()
        self.screen.say(text)

    def limit(self, device: Any, who: Who | None) -> float:
        """Returns the longest real time of a case, in seconds."""
        if who is not None and who.slow:
            return BY_HAND
        longest = max(LIMIT, _LONGEST * seconds(device.unit, device.clock))
        return longest + COMES_WITHIN if self.given.side == "ven" and who is not None else longest

    async def prepare(self, who: Who) -> None:
        """Has a person configure the device, if there is one and cases need it."""
        needs = list(dict.fromkeys(need for case in self._cases for need in case.needs))
        if not needs or not isinstance(who, Terminal):
            return
        self.say("Some cases need this at the device beforehand:")
        for need in needs:
            self.say(f"  {need}")
        await who.confirmed("Press Enter to begin: ")


def run(running: Running, work: Callable[[], Awaitable[Run]]) -> None:
    """Runs, tells, writes the reports, and ends the program with its exit status.

    Raises:
        NothingTested: something stands in the way.
    """
    given = running.given
    check_folders((given.html, given.junit, given.json))
    logger = logging.getLogger("openadr")
    level = logger.level
    if debugging():
        configure(debug=True)
    else:
        # What goes wrong in a case is told by its verdict.
        logger.setLevel(logging.CRITICAL)
    try:
        found = asyncio.run(_done(work))
    except OSError as error:
        if error.errno not in TAKEN:
            raise
        raise NothingTested(taken("The kit", given.listen, error)) from None
    finally:
        running.screen.rest()
        logger.setLevel(level)
    files = write([found], html=given.html, junit=given.junit, json=given.json)
    running.screen.say(closing([found], files))
    if found.count(Verdict.SKIP) == len(found.results):
        raise NothingTested("Nothing was tested: all cases were skipped.")
    click.get_current_context().exit(0 if found.passed else 1)


async def _done(work: Callable[[], Awaitable[Run]]) -> Run:
    return await work()
