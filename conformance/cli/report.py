"""``conform report``: other reports out of JSON results."""

from pathlib import Path

import click

from conformance.cli.base import FILE, NothingTested, check_folders, telling
from conformance.report import BadReport, load, write
from conformance.report.terminal import closing
from conformance.results import Run, Verdict


@click.command("report")
@click.argument("results", nargs=-1, required=True, type=FILE)
@telling
def report(
    results: tuple[Path, ...], html: Path | None, junit: Path | None, json: Path | None
) -> None:
    r"""Make reports out of JSON results; several are put together.

    \b
    conform report pull.json push.json --html report.html --junit report.xml

    Exit codes are those of the runs: 0 all passed or were skipped, 1 not all, 2 there is nothing
    to report.
    """
    check_folders((html, junit, json), results)
    runs: list[Run] = []
    for file in results:
        try:
            runs += load(file)
        except BadReport as error:
            raise NothingTested(f"{file}: {error}.") from None
        except OSError as error:
            raise NothingTested(f"{file}: {error.strerror or error}.") from None
    files = write(runs, html=html, junit=junit, json=json)
    click.echo(closing(runs, files))
    if all(run.count(Verdict.SKIP) == len(run.results) for run in runs):
        raise NothingTested("Nothing was tested: there are no cases, or all were skipped.")
    click.get_current_context().exit(0 if all(map(_well, runs)) else 1)


def _well(run: Run) -> bool:
    """Whether nothing is wrong in a run; one of several may have nothing but skips."""
    return run.passed or run.count(Verdict.SKIP) == len(run.results)
