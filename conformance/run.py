"""Runs cases against a device under test."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

from conformance.case import Case, Inconclusive, Skipped, Test, VenTest, VtnTest
from conformance.checks import Severity, Side
from conformance.device import Device, VenDevice, VtnDevice
from conformance.peers import ScriptedVen, ScriptedVtn, Tape
from conformance.results import Result, Run, Verdict, fault_of, said

log = logging.getLogger("openadr.conformance")
#: Longest real time of one case, in seconds, unless somebody has to do something by hand.
LIMIT = 300.0
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

    async def run(self, test: Test) -> None:
        """Runs a case."""
        self._progress(test.case, None)
        start = time.monotonic()
        verdict, reason = await self._tried(test)
        result = _result(test, verdict, reason, time.monotonic() - start)
        self._results.append(result)
        self._progress(test.case, result)

    async def _tried(self, test: Test) -> tuple[Verdict, str]:
        run: Any = test.case.run
        try:
            async with asyncio.timeout(self._limit):
                await run(test)
        except Skipped as skipped:
            return Verdict.SKIP, str(skipped)
        except Inconclusive as inconclusive:
            return Verdict.INCONCLUSIVE, str(inconclusive)
        except TimeoutError:
            return Verdict.INCONCLUSIVE, f"it was not over after {self._limit:g} s"
        except Exception as error:
            log.exception("%s", test.case.code)
            return Verdict.INCONCLUSIVE, f"it broke off: {type(error).__name__}: {error}"
        return Verdict.PASS, ""

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


def _result(test: Test, verdict: Verdict, reason: str, took: float) -> Result:
    """Returns a result; what is violated fails, however the case ended."""
    case, tape = test.case, test.tape
    found = [fault_of(one, heard.number) for heard in tape.recorded for one in heard.findings]
    faults = (*found, *test.faults)
    if any(one.severity is Severity.VIOLATION for one in faults):
        verdict = Verdict.FAIL
    elif verdict is Verdict.PASS and not (test.met or tape.checks):
        verdict, reason = Verdict.INCONCLUSIVE, "nothing was checked"
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
