"""Runs cases against a device under test."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from conformance.case import Case, Inconclusive, Skipped, Test, VenTest, VtnTest
from conformance.checks import Severity, Side
from conformance.demands import demand
from conformance.device import Device, VenDevice, VtnDevice
from conformance.peers import ScriptedVen, ScriptedVtn, Tape
from conformance.peers.http import Unreached, pause
from conformance.results import Result, Run, Said, Verdict, fault_of, said

log = logging.getLogger("openadr.conformance")
#: Longest real time of one case, in seconds, unless somebody has to do something by hand.
LIMIT = 300.0
#: How long a VTN that has ended may take to come back, real seconds.
COMES_BACK = 10.0
#: So many cases in a row without a word from a VEN, and it is not waited for any more.
SILENT = 3
GOES_ON = demand("HTTP", "goes_on", "Whatever a VTN is sent, it goes on listening.")
#: Characters of what was said that a run keeps; of what is beyond, only the beginnings.
MOST_KEPT = 256 * 1024 * 1024
_BEGINNING = 2000
#: Called before a case (with None) and after it.
Progress = Callable[[Case, Result | None], None]


def _silent(case: Case, result: Result | None) -> None:
    """Tells nobody."""


async def run_vtn_cases(
    cases: Iterable[Case],
    device: VtnDevice,
    *,
    push: bool = False,
    limit: float = LIMIT,
    progress: Progress = _silent,
    peer: type[ScriptedVen] = ScriptedVen,
) -> Run:
    """Runs cases against a VTN and returns what came of them.

    Args:
        cases: those of a VTN; what does not exist in the model is left out.
        device: the VTN.
        push: the push model.
        limit: longest real time of a case, in seconds.
        progress: told of each case before and after it.
        peer: the class of the VEN that the kit plays.
    """
    runner = _Runner(device, push, limit, progress)
    async with AsyncExitStack() as stack:
        ven: ScriptedVen | None = None
        for case in cases:
            if push not in case.models:
                continue
            await device.renew()
            tape = Tape(Side.VTN, device.clock)
            if ven is not None and await runner.came_back(device.url):
                # It may have come back without its memory.
                ven.forget()
            if ven is None or device.fresh:
                ven = peer(device.url, device.identity, device.clock, tape, push=push)
                stack.push_async_callback(ven.close)
                await ven.listen()
            ven.begin(tape)
            await runner.run(VtnTest(case, device, tape, ven, push=push))
            if device.fresh:
                await ven.close()
    return runner.finished()


async def run_ven_cases(
    cases: Iterable[Case],
    device: VenDevice,
    *,
    push: bool = False,
    host: str = "127.0.0.1",
    port: int = 0,
    limit: float = LIMIT,
    progress: Progress = _silent,
    peer: type[ScriptedVtn] = ScriptedVtn,
) -> Run:
    """Runs cases against a VEN and returns what came of them.

    Args:
        cases: those of a VEN.
        device: the VEN.
        push: the push model.
        host: where the VTN of the kit listens.
        port: likewise; 0 for any free one.
        limit: longest real time of a case, in seconds.
        progress: told of each case before and after it.
        peer: the class of the VTN that the kit plays.
    """
    runner = _Runner(device, push, limit, progress)
    first = Tape(Side.VEN, device.clock)
    vtn = peer(device.identity, device.clock, first, push=push, poll_freq=device.poll_freq)
    await vtn.listen(host, port)
    try:
        await device.meet(vtn.url, push=push)
        for case in cases:
            if push not in case.models:
                continue
            # What the VEN of the last case says before it ends belongs to that.
            await device.renew()
            tape = Tape(Side.VEN, device.clock)
            vtn.begin(tape)
            if device.fresh:
                vtn.forget()
            await runner.run(VenTest(case, device, tape, vtn, push=push))
    finally:
        await vtn.close()
    return runner.finished()


class _Runner:
    """Runs one case after the other, and keeps what comes of them."""

    def __init__(self, device: Device, push: bool, limit: float, progress: Progress) -> None:
        self._device = device
        self._push = push
        self._limit = limit
        self._progress = progress
        self._began = datetime.now(UTC)
        self._start = time.monotonic()
        self._results: list[Result] = []
        self._room = MOST_KEPT
        self._silent = 0
        #: Why nothing can be tested any more; empty if it can.
        self._gone = ""
        self._patience = COMES_BACK

    async def run(self, test: Test) -> None:
        """Runs a case; not if the device is gone."""
        self._progress(test.case, None)
        start = time.monotonic()
        if self._gone:
            verdict, reason = Verdict.INCONCLUSIVE, self._gone
        else:
            verdict, reason = await self._tried(test)
            if verdict is not Verdict.SKIP and self._unheard(test):
                # A device that is not there has broken no rule, and kept none.
                test.faults.clear()
                test.met.clear()
                verdict, reason = Verdict.INCONCLUSIVE, "nothing was heard of the VEN"
        result = _result(test, verdict, reason, time.monotonic() - start)
        self._room -= sum(len(one.request) + len(one.reply) for one in result.said)
        if self._room < 0:
            result = replace(result, said=tuple(map(_begun, result.said)))
        self._results.append(result)
        self._progress(test.case, result)

    async def _tried(self, test: Test) -> tuple[Verdict, str]:
        run: Any = test.case.run
        try:
            async with asyncio.timeout(self._limit) as scope:
                now = asyncio.get_running_loop().time
                test.tape.when_full = lambda: scope.reschedule(now())
                await run(test)
        except Skipped as skipped:
            return Verdict.SKIP, str(skipped)
        except Inconclusive as inconclusive:
            return Verdict.INCONCLUSIVE, str(inconclusive)
        except Unreached as unreached:
            return Verdict.INCONCLUSIVE, self._ended(test, str(unreached))
        except TimeoutError:
            late = f"it was not over after {self._limit:g} s"
            return Verdict.INCONCLUSIVE, test.tape.spoiled or late
        except Exception as error:
            log.exception("%s", test.case.code)
            return Verdict.INCONCLUSIVE, f"it broke off: {type(error).__name__}: {error}"
        finally:
            test.tape.when_full = None
        return Verdict.PASS, ""

    async def came_back(self, url: str) -> bool:
        """Whether a VTN that was gone is there again; only once it is waited for."""
        if not self._gone:
            return False
        back = await _listens(url, self._patience)
        self._gone = "" if back else self._gone
        self._patience = COMES_BACK if back else 0.0
        return back

    def _ended(self, test: Test, reason: str) -> str:
        """Takes note that the VTN is gone, by what it was sent last if it was there before."""
        if not self._device.fresh:
            self._gone = f"{reason} since {test.case.code}"
        *before, _ = test.tape.recorded
        if any(one.status is not None for one in before):
            last = before[-1]
            test.expect(GOES_ON, ok=False, seen=f"{reason} after {last.asked.name}", at=last)
        return reason

    def _unheard(self, test: Test) -> bool:
        """Whether a VEN that the kit does not start itself has said nothing in a case."""
        if self._device.side is Side.VTN or self._device.fresh:
            return False
        heard = any(one.asked_by is Side.VEN or one.status for one in test.tape.recorded)
        self._silent = 0 if heard else self._silent + 1
        if self._silent == SILENT:
            self._gone = f"nothing was heard of the VEN in {SILENT} cases"
        return not heard

    def finished(self) -> Run:
        """Returns what came of all."""
        return Run(
            device=self._device.title,
            side=self._device.side,
            push=self._push,
            began=self._began,
            took=time.monotonic() - self._start,
            results=tuple(self._results),
        )


async def _listens(url: str, within: float) -> bool:
    """Whether something listens at an address, now or within so many real seconds."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    deadline = time.monotonic() + within
    while True:
        try:
            _, writer = await asyncio.open_connection(parts.hostname, port)
        except OSError:
            if time.monotonic() >= deadline:
                return False
            await pause(0.2)
        else:
            writer.close()
            return True


def _begun(one: Said) -> Said:
    """Returns an exchange with the beginnings of its documents."""
    return replace(one, request=_beginning(one.request), reply=_beginning(one.reply))


def _beginning(text: str) -> str:
    if len(text) <= _BEGINNING:
        return text
    return f"{text[:_BEGINNING]}... ({len(text):,} characters; the run has too many to keep them)"


def _result(test: Test, verdict: Verdict, reason: str, took: float) -> Result:
    """Returns a result; what is violated fails, however the case ended."""
    case, tape = test.case, test.tape
    found = [fault_of(one, heard.number) for heard in tape.recorded for one in heard.findings]
    faults = (*found, *test.faults)
    if any(one.severity is Severity.VIOLATION for one in faults):
        verdict = Verdict.FAIL
    elif verdict is Verdict.PASS and not (test.met or tape.checks):
        verdict, reason = Verdict.INCONCLUSIVE, "nothing was checked"
    elif verdict is Verdict.PASS and tape.spoiled:
        verdict, reason = Verdict.INCONCLUSIVE, tape.spoiled
    return Result(
        id=case.id(push=test.push),
        title=case.title,
        suite=str(case.suite),
        purpose=case.purpose,
        steps=case.steps,
        needs=case.needs,
        rules=tuple(f"R{number}" for number in case.rules),
        verdict=verdict,
        reason=reason,
        faults=faults,
        checks=tuple(sorted({*tape.checks, *test.met})),
        said=tuple(map(said, tape.recorded)),
        took=took,
    )
