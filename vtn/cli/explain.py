"""``vtn explain``: why a VEN does or does not see an event."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click

from runtime.logs import one_line
from vtn.cli.base import Command
from vtn.cli.office import Office, at_work
from vtn.cli.present import as_json, json_option
from vtn.explain import Explanation, Finding, Grade, Overview, explain, explain_ven

_MARKS = {Grade.OK: " ", Grade.WARN: "!", Grade.FAIL: "x"}


@click.command("explain", cls=Command)
@click.option("--ven", required=True, metavar="NAME", help="The VEN, by name or venID.")
@click.option("--event", "event_id", metavar="ID", help="The event; all that are open if left out.")
@json_option
@click.pass_context
def explain_(ctx: click.Context, ven: str, event_id: str | None, json_: bool) -> None:
    r"""Say why a VEN does or does not see an event.

    The first line says how it stands. Below it stands what bears on that; x marks what is in
    the way, ! what deserves a look, and what helps stands under it. Without --event: how the
    VEN stands in general, with a line for each event that is open for it.

    A running VTN writes down every few seconds who has polled, and what went wrong.

    \b
    vtn explain --ven school-9 --event e-20261120-1
    vtn explain --ven school-9

    Exit codes: 0 the VEN sees the event, or gets it at its next poll; 1 something is in the
    way, or there is no such VEN or event; 2 wrong usage.
    """
    if event_id is None:
        overview = at_work(lambda office: _of_ven(office, ven))
        found = overview.ven
        as_json(_overview(overview)) if json_ else _show_overview(overview)
    else:
        found = at_work(lambda office: _of_event(office, ven, event_id))
        as_json(_explanation(found)) if json_ else _show(found)
    ctx.exit(1 if found.grade is Grade.FAIL else 0)


async def _of_ven(office: Office, ven: str) -> Overview:
    return await explain_ven(office.store, office.settings, ven=ven, now=office.now)


async def _of_event(office: Office, ven: str, event_id: str) -> Explanation:
    return await explain(office.store, office.settings, ven=ven, event_id=event_id, now=office.now)


def _show(found: Explanation) -> None:
    click.echo(one_line(found.headline))
    for line in _lines(found.findings):
        click.echo(line)


def _show_overview(found: Overview) -> None:
    _show(found.ven)
    for event_id, one in found.events:
        click.echo(f"{_MARKS[one.grade]} {one_line(event_id)}  {one_line(one.headline)}")


def _lines(findings: Iterable[Finding]) -> Iterable[str]:
    """Yields aligned lines; what helps stands below what it helps against."""
    found = list(findings)
    width = max(len(one.name) for one in found) + 2
    for one in found:
        yield f"{_MARKS[one.grade]} {one.name:<{width}}{one_line(one.words)}".rstrip()
        if one.todo:
            yield f"  {'':<{width}}-> {one_line(one.todo)}"


def _explanation(found: Explanation) -> dict[str, Any]:
    return {
        "headline": found.headline,
        "grade": found.grade,
        "at_next_poll": found.next_poll,
        "findings": [asdict(one) for one in found.findings],
    }


def _overview(found: Overview) -> dict[str, Any]:
    events = [{"event_id": name} | _explanation(one) for name, one in found.events]
    return _explanation(found.ven) | {"events": events}
