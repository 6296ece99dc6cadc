"""The command ``trace``, as ``vtn`` and ``ven`` share it: what it takes, and what it does."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from oadr.errors import OpenADRError
from runtime.capture import present
from runtime.capture.bundle import SUFFIX, Bundle, save_bundle
from runtime.capture.reader import Reader, Who
from runtime.capture.record import Exchange, Party
from runtime.capture.redact import Redactor, Unredacted
from runtime.capture.timeline import Selection, Shown, Timeline
from runtime.capture.verdict import Verdicts, load_judge
from runtime.moments import parse_moment

#: Real seconds between two looks at a trace that is followed.
LOOK = 0.3
#: Exchanges that are shown if nobody says how many.
MOST = 50
_NO_RULES = (
    "Rules are not checked: no package is installed that knows them (entry point "
    "openadr_kit.judges; pip install openadr-kit has it)."
)


class NoTrace(OpenADRError):
    """There is nothing to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed.

    Attributes:
        last: how many exchanges at most; None for as many as fit a screen, or all to export.
        follow: go on with what comes.
        failed: only what went wrong.
        since: only from then on, as a person writes it; None from the beginning.
        until: only before; None to the end.
        message: only exchanges with this message; None for all.
        id: only this exchange, with all that is known of it; None for all.
        xml: show the documents.
        json: print JSON.
        secrets: show what is secret.
        export: file to write instead; None to show.
    """

    last: int | None
    follow: bool
    failed: bool
    since: str | None
    until: str | None
    message: str | None
    id: str | None
    xml: bool
    json: bool
    secrets: bool
    export: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Whose trace it is.

    Attributes:
        folder: of the trace; None if none is kept.
        side: who writes it.
        name: what that one is called.
        now: by its clock.
        who: only of this VEN; None for all.
        unknown: what to say if nothing is known of that VEN at all; empty if something is.
    """

    folder: Path | None
    side: Party
    name: str
    now: datetime
    who: Who | None = None
    unknown: str = ""


_OPTIONS = (
    click.option(
        "-n",
        "--last",
        type=click.IntRange(1),
        help=f"How many; {MOST} if left out, and all for --export.",
    ),
    click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C."),
    click.option(
        "--failed",
        is_flag=True,
        help="Only what went wrong: HTTP, a response code, the schema, or a rule.",
    ),
    click.option("--since", metavar="MOMENT", help="Only from then on: today, now-2h."),
    click.option("--until", metavar="MOMENT", help="Only before."),
    click.option("--message", metavar="NAME", help="Only with this message: oadrCreatedEvent."),
    click.option("--id", metavar="ID", help="Only this exchange, and all that is known of it."),
    click.option("--xml", is_flag=True, help="Show the documents as well."),
    click.option("--json", is_flag=True, help="Print JSON, one object a line."),
    click.option("--secrets", is_flag=True, help="Show registrationIDs and passwords."),
    click.option(
        "--export",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help=f"Write what is selected to a file that can be replayed ({SUFFIX}).",
    ),
)


def options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options to a command; ``Asked`` takes their values."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def run(source: Source, asked: Asked) -> None:
    """Does what was asked.

    Raises:
        NoTrace: there is none.
        ValueError: a moment cannot be read.
    """
    if source.folder is None:
        raise NoTrace('no trace is kept; see keep in [trace]: expected "exchanges" or "all"')
    if asked.follow and asked.export is not None:
        raise click.UsageError("--export writes what is there; leave out --follow.")
    reader, redactor = Reader(source.folder), Unredacted() if asked.secrets else Redactor()
    judge = load_judge(alone=source.side == "VEN")
    if judge is None:
        click.echo(_NO_RULES, err=True)
    timeline = Timeline(_selection(source, asked), Verdicts(judge), redactor)
    most = asked.last or (sys.maxsize if asked.export is not None else MOST)
    found = timeline.latest(reader.new(), most)
    if asked.export is not None:
        _export(source, asked, asked.export, found)
        return
    if not asked.follow and not asked.failed and not asked.id:
        found += _counting(reader, timeline)
    if not found and not asked.follow:
        if source.unknown and not timeline.heard:
            raise NoTrace(source.unknown)
        if asked.id:
            raise NoTrace(f"the trace has no exchange {asked.id}; the oldest make room for others")
        if not asked.json:
            click.echo("none")
    named = source.side == "VTN"
    _print(found, asked, named)
    while asked.follow:
        time.sleep(LOOK)
        _print(timeline.of(reader.new()), asked, named)


def _selection(source: Source, asked: Asked) -> Selection:
    def moment(text: str | None) -> datetime | None:
        try:
            return parse_moment(text, source.now) if text is not None else None
        except ValueError as error:
            raise click.UsageError(f"{error}.") from None

    return Selection(
        who=source.who,
        failed=asked.failed,
        since=moment(asked.since),
        until=moment(asked.until),
        message=asked.message or "",
        id=asked.id or "",
    )


def _counting(reader: Reader, timeline: Timeline) -> list[Shown]:
    """Returns the polls that are being counted, of the VENs that are asked for."""
    return list(timeline.of(reader.counting()))


def _print(found: Iterable[Shown], asked: Asked, named: bool) -> None:
    for shown in found:
        for line in _lines(shown, asked, named):
            click.echo(line)


def _lines(shown: Shown, asked: Asked, named: bool) -> Iterator[str]:
    if asked.json:
        yield present.as_object(shown, xml=asked.xml or bool(asked.id))
    elif asked.id:
        yield from present.details(shown)
    else:
        yield from present.lines(shown, xml=asked.xml, named=named)


def _export(source: Source, asked: Asked, path: Path, found: list[Shown]) -> None:
    exchanges = tuple(one.record for one in found if isinstance(one.record, Exchange))
    if not exchanges:
        raise NoTrace("there is nothing of that kind to export")
    bundle = Bundle(side=source.side, name=source.name, secrets=asked.secrets, exchanges=exchanges)
    save_bundle(path, bundle)
    if asked.json:
        click.echo(json.dumps({"file": str(path), "exchanges": len(exchanges)}))
        return
    hidden = "with its secrets" if asked.secrets else "registrationIDs and passwords left out"
    count = "1 exchange" if len(exchanges) == 1 else f"{len(exchanges)} exchanges"
    click.echo(f"{path}: {count}, {hidden}")
    if any(one.cut for one in exchanges):
        click.echo("Some documents were too long to be kept as a whole; these cannot be replayed.")


__all__ = ["Asked", "NoTrace", "Source", "options", "run"]
