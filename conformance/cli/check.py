"""``conform check``: judge what was recorded."""

from pathlib import Path

import click

from conformance.checks import Severity, Side
from conformance.cli.base import NothingTested, check_folders, telling
from conformance.passive.judging import judge
from conformance.passive.sources import SourceError, sources
from conformance.report import write
from conformance.report.terminal import closing
from conformance.results import Fault, Result
from runtime.logs import one_line

PATH = click.Path(path_type=Path)
PARTY = click.Choice(["vtn", "ven"])
_ORDER = list(Severity)


@click.command("check")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option(
    "--from", "sender", type=PARTY, help="Who sent single messages, if that cannot be told."
)
@click.option("--judge", "judged", type=PARTY, help="Judge this party only.  [default: both]")
@click.option(
    "--severity",
    type=click.Choice([str(one) for one in Severity]),
    default=str(Severity.INFORMATION),
    show_default=True,
    help="Show findings that are at least so bad.",
)
@telling
@click.option("--quiet", is_flag=True, help="Print the last line only.")
def check(
    files: tuple[Path, ...],
    sender: str | None,
    judged: str | None,
    severity: str,
    html: Path | None,
    junit: Path | None,
    json: Path | None,
    quiet: bool,
) -> None:
    r"""Judge recorded messages by all checks that need no case.

    \b
    A FILE is one of these:
      NAME.xml                  one message
      NAME.request.xml          an exchange, with NAME.reply.xml beside it
      NAME.oadr-trace.json      what 'vtn trace', 'ven trace' or 'conform proxy' exported
      a folder                  with such files, or a trace: vtn-trace, ven-trace, or what
                                'conform proxy' recorded

    \b
    conform check poll.xml
    conform check vtn-trace --judge ven --html report.html

    Exit codes: 0 nothing is violated, 1 something is, 2 there is nothing to judge.
    """
    check_folders((html, junit, json), files)
    sides = [Side(judged.upper())] if judged else list(Side)
    try:
        run = judge(sources(files, sender=Side(sender.upper()) if sender else None), sides)
    except SourceError as error:
        raise NothingTested(f"{one_line(str(error))}.") from None
    if not quiet:
        for result in run.results:
            for line in told(result, Severity(severity)):
                click.echo(line)
    written = write([run], html=html, junit=junit, json=json)
    click.echo(closing([run], written))
    click.get_current_context().exit(0 if run.passed else 1)


def told(result: Result, least: Severity) -> list[str]:
    """Returns what is wrong in a source, a line or two for each finding.

    Args:
        result: of the source.
        least: what is less bad is not told.
    """
    lines = []
    for fault in result.faults:
        if _ORDER.index(fault.severity) <= _ORDER.index(least):
            lines += [one_line(f"{result.id}: {place(fault)}"), f"    {one_line(wrong(fault))}"]
    if result.reason:
        lines.append(one_line(f"{result.id}: {result.verdict}: {result.reason}"))
    return lines


def place(fault: Fault) -> str:
    """Returns which rule is broken where."""
    line = f", line {fault.line}" if fault.line else ""
    where = f" at {fault.path}{line}" if fault.path else line
    return (
        f"exchange {fault.exchange}: {fault.severity} {fault.id}: "
        f"{fault.message or 'a document'} of the {fault.sender}{where}"
    )


def wrong(fault: Fault) -> str:
    """Returns what was seen and what was expected."""
    return f"seen: {fault.seen}; expected: {fault.expected}"
