"""Rows of a report of 1,000 intervals: parsed, parsed and committed, sent over HTTP."""

import itertools
import statistics
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks import disk
from benchmarks.child import Child, started
from benchmarks.documents import report
from benchmarks.kit_vtn import configure
from benchmarks.load import Load, Target, WrongReplyError
from benchmarks.plan import Plan
from benchmarks.results import Row, Sample


@dataclass(slots=True, kw_only=True)
class _Reports:
    """The reports of one VEN, each new, written to files before their round."""

    plan: Plan
    ven_id: str
    request_id: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def batch(self) -> list[bytes]:
        """Returns the reports of a round."""
        return [
            report(
                self.ven_id,
                self.request_id,
                number=next(self.numbers),
                intervals=self.plan.intervals,
            )
            for _ in range(self.plan.reports)
        ]

    def files(self) -> list[str]:
        """Returns files with the reports of a round."""
        names = []
        for n, document in enumerate(self.batch()):
            path = self.plan.folder / f"report-{n}.xml"
            path.write_bytes(document)
            names.append(str(path))
        return names


@asynccontextmanager
async def _parsers(plan: Plan, name: str) -> AsyncIterator[tuple[Child, Child, Any]]:
    config = configure(plan.folder / name)
    async with (
        started("openleadr_parser") as (theirs, _),
        started("kit_parser", config=str(config)) as (ours, ready),
    ):
        yield theirs, ours, ready


async def parsed(plan: Plan) -> Row:
    """A report from bytes to readings, in time of the processor: nothing waits in it."""
    theirs, ours = await _rounds(plan, "report", commit=False)
    return Row(
        name="report",
        title=f"report of {plan.intervals:,} intervals, parsed and validated",
        unit="ms",
        better="less",
        openleadr=theirs,
        kit=ours,
        factor=9,
    )


async def committed(plan: Plan) -> Row:
    """A report from bytes to rows on disk, against one that openleadr has only parsed."""
    theirs, ours = await _rounds(plan, "report-commit", commit=True)
    fsync = statistics.median(disk.fsync(plan.folder)) * 1e3
    commit = statistics.median(disk.commits(plan.folder, rows=plan.intervals)) * 1e3
    ours.extra.update({"fsync_ms": fsync, "commit_ms": commit})
    return Row(
        name="report-commit",
        title="the same, committed to SQLite (openleadr: parsed)",
        unit="ms",
        better="less",
        openleadr=theirs,
        kit=ours,
        factor=6,
        note=f"on this disk an fsync of 4 KiB takes {fsync:.2f} ms, a bare COMMIT of "
        f"{plan.intervals:,} rows {commit:.2f} ms",
    )


async def _rounds(plan: Plan, name: str, *, commit: bool) -> tuple[Sample, Sample]:
    async with _parsers(plan, name) as (theirs, ours, ready):
        made = _Reports(plan=plan, ven_id=ready["ven_id"], request_id=ready["request_id"])
        rounds: tuple[list[float], list[float]] = [], []
        cpu: tuple[list[float], list[float]] = [], []
        for number in range(plan.rounds + 1):
            files = made.files()
            answers = (
                await theirs.call(files=files),
                await ours.call(files=files, commit=commit),
            )
            for found, used, answer in zip(rounds, cpu, answers, strict=True):
                if any(one["intervals"] != plan.intervals for one in answer):
                    raise WrongReplyError(f"a report has lost intervals: {answer}")
                if number:  # the first round warms up
                    found.append(statistics.median(one["seconds"] for one in answer) * 1e3)
                    used.append(statistics.median(one["cpu"] for one in answer) * 1e3)
    first, second = (
        Sample(rounds=tuple(found if commit else used), cpu=statistics.median(used))
        for found, used in zip(rounds, cpu, strict=True)
    )
    return first, second


async def over_http(plan: Plan) -> Row:
    """A report sent by one VEN after the other over plain HTTP, until its answer is there."""
    async with (
        started("openleadr_vtn", vens=1) as (_, their_server),
        _parsers(plan, "report-http") as (_, _, our_server),
    ):
        ours = _Sender(plan, our_server["port"], our_server["ven_id"], our_server["request_id"])
        theirs = _Sender(plan, their_server["port"], "ven-0", "request-1")
        for sender in (theirs, ours):
            await sender.open()
        for _ in range(plan.rounds):
            for sender in (theirs, ours):
                await sender.round()
        for sender in (theirs, ours):
            sender.load.close()
    return Row(
        name="report-http",
        title="the same over HTTP (openleadr: handed to a callback, not stored)",
        unit="ms",
        better="less",
        openleadr=Sample(rounds=tuple(theirs.found)),
        kit=Sample(rounds=tuple(ours.found)),
    )


class _Sender:
    """One VEN that sends reports to one server."""

    def __init__(self, plan: Plan, port: int, ven_id: str, request_id: str) -> None:
        expected = (b"oadrUpdatedReport", b"responseCode>200<")
        self.load = Load(Target(port=port, service="EiReport", expected=expected))
        self.found: list[float] = []
        self._reports = _Reports(plan=plan, ven_id=ven_id, request_id=request_id)

    async def open(self) -> None:
        """Connects and warms up."""
        self.load.open([None])
        await self.round()
        self.found.clear()

    async def round(self) -> None:
        """Sends the reports of a round."""
        batch = self._reports.batch()
        self.found.append(self.load.run([batch]) / len(batch) * 1e3)
