"""``vtn report``: what VENs can measure, what is asked of them, and what came."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import click

from oadr.report import METADATA, Offer, read_metadata
from oadr.times import ZERO
from vtn.cli import exports
from vtn.cli.base import Group
from vtn.cli.office import Office, at_work
from vtn.cli.params import DURATION, MOMENT, When
from vtn.cli.present import as_json, json_option, listed, plural, span, table
from vtn.cli.requests import LISTED, SERVED, listed_row, served_row, served_summary, summary
from vtn.export import unit_of
from vtn.hooks import Wanted
from vtn.operator import find_ven
from vtn.store import party, served
from vtn.store import report as reports
from vtn.store.report import RequestState, StoredRequest

_OPEN: tuple[RequestState, ...] = ("queued", "sent", "active", "cancelling")


@click.group(cls=Group)
def report() -> None:
    r"""Ask for reports and export readings.

    \b
    vtn report offers                        what VENs can measure
    vtn report request school-7 usage --every 1m --deliver 5m
    vtn report list                          what is asked of them, and what is late
    vtn report cancel report-7 --final       end it, with a last report
    vtn report served                        what VENs ask of this VTN
    vtn report export --ven school-7 --from today > load.csv
    """


@report.command()
@click.option("--ven", "name", help="Only those of this VEN.")
@json_option
def offers(name: str | None, json_: bool) -> None:
    """List the reports that VENs offer, data point by data point."""
    rows = at_work(lambda office: _offers(office, name))
    if json_:
        as_json(rows)
        return
    if not rows:
        click.echo("none; a VEN offers its reports when it has registered")
        return
    columns = ("VEN", "report", "specifier", "rID", "type", "unit", "resources", "sampling", "data")
    table(
        columns,
        (
            (
                row["ven"],
                row["report"] or "-",
                row["specifier_id"],
                row["r_id"],
                row["type"],
                row["unit"] or "-",
                listed(row["resources"]),
                _range(row["min_period"], row["max_period"]),
                span(row["duration"]),
            )
            for row in rows
        ),
    )


def _range(fastest: timedelta, slowest: timedelta) -> str:
    return span(fastest) if fastest == slowest else f"{span(fastest)} to {span(slowest)}"


async def _offers(office: Office, name: str | None) -> list[dict[str, Any]]:
    async with office.store.read() as tx:
        vens = [await find_ven(tx, name)] if name else await party.all_parties(tx)
        found = [
            (row.ven_name, offer)
            for row in vens
            for offer in read_metadata(await reports.offers(tx, party_pk=row.pk))
        ]
    return [row for ven, offer in found for row in _points(ven, offer)]


def _points(ven: str, offer: Offer) -> list[dict[str, Any]]:
    return [
        {
            "ven": ven,
            "report": offer.report_name,
            "specifier_id": offer.specifier_id,
            "duration": offer.duration,
            "r_id": point.r_id,
            "type": point.report_type,
            "unit": unit_of(point.unit) or None,
            "resources": point.data_source.resource_ids if point.data_source else (),
            "min_period": point.min_period,
            "max_period": point.max_period,
            "on_change": point.on_change,
        }
        for point in offer.points
    ]


@report.command()
@click.argument("ven")
@click.argument("specifiers", metavar="[SPECIFIER]...", nargs=-1)
@click.option(
    "--every",
    type=DURATION,
    help="Sampling, 0 for each change; 1m if left out. With --metadata: how often.",
)
@click.option(
    "--deliver",
    type=DURATION,
    default=timedelta(minutes=5),
    show_default="5m",
    help="How often readings are sent; at least --every.",
)
@click.option("--duration", type=DURATION, default=ZERO, help="For how long; for ever if left out.")
@click.option("--start", type=MOMENT, help="Of the data; at once if left out.")
@click.option("--once", is_flag=True, help="One report, now.")
@click.option(
    "--history", is_flag=True, help="What was: from --start on, for --duration or up to now."
)
@click.option(
    "--metadata", is_flag=True, help="The list of what it offers; SPECIFIER METADATA is the same."
)
@click.option("--r-id", "r_ids", multiple=True, help="Only this data point. Repeatable.")
@json_option
def request(
    ven: str,
    specifiers: tuple[str, ...],
    every: timedelta | None,
    deliver: timedelta,
    duration: timedelta,
    start: When | None,
    once: bool,
    history: bool,
    metadata: bool,
    r_ids: tuple[str, ...],
    json_: bool,
) -> None:
    r"""Ask VEN for reports that it offers, all of them in one message.

    \b
    vtn report request school-7 usage --every 1m --deliver 5m
    vtn report request school-7 usage status --once
    vtn report request school-7 status --every 0 --deliver 1m       at each change
    vtn report request school-7 history --history --start yesterday --duration 1d
    vtn report request school-7 --metadata --every 1d
    """
    if specifiers == (METADATA,):
        specifiers, metadata = (), True
    _check(specifiers, once=once, history=history, metadata=metadata)

    async def act(office: Office) -> tuple[str, list[StoredRequest]]:
        async with office.store.read() as tx:
            row = await find_ven(tx, ven)
        if metadata:
            one = await office.operator.request_metadata(
                ven, now=office.now, every=every or ZERO, duration=duration
            )
            return row.ven_name, [one]
        entries = [
            Wanted(
                specifier_id=specifier,
                r_ids=r_ids or None,
                every=timedelta(minutes=1) if every is None else every,
                deliver=ZERO if once else deliver,
                duration=duration,
                start=start.at(office.now) if start else None,
            )
            for specifier in specifiers
        ]
        made = await office.operator.request_reports(ven, entries, now=office.now, history=history)
        return row.ven_name, made

    name, made = at_work(act)
    if json_:
        found = [summary(one, name) for one in made]
        as_json(found if len(found) > 1 else found[0])
        return
    for one in made:
        click.echo(f"{one.report_request_id}: {name} is asked at its next poll for {_words(one)}.")


def _check(specifiers: tuple[str, ...], *, once: bool, history: bool, metadata: bool) -> None:
    if once + history + metadata > 1:
        raise click.UsageError("give one of --once, --history and --metadata")
    if metadata and specifiers:
        raise click.UsageError("--metadata is about all reports; leave SPECIFIER out")
    if not metadata and not specifiers:
        raise click.UsageError("name the report, see: vtn report offers")


def _words(made: StoredRequest) -> str:
    wanted = made.request
    back = wanted.report_back_duration
    if wanted.report_specifier_id == METADATA:
        return f"its metadata, {f'every {span(back)}' if back else 'once'}"
    what = f"{wanted.report_specifier_id} ({made.kind})"
    if not back:
        return f"{what}, once"
    every = span(wanted.granularity) if wanted.granularity else "change"
    return f"{what}, every {every}, delivered every {span(back)}"


@report.command()
@click.argument("request_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--final", "--follow", "follow", is_flag=True, help="Ask for a final report.")
def cancel(request_ids: tuple[str, ...], follow: bool) -> None:
    r"""End reports by their request ID (see vtn report list).

    \b
    vtn report cancel report-7
    vtn report cancel report-7 report-8 --final
    """
    at_work(
        lambda office: office.operator.cancel_reports(request_ids, now=office.now, follow=follow)
    )
    more = ", with a final report" if follow else ""
    for request_id in dict.fromkeys(request_ids):
        click.echo(f"{request_id} ends at the VEN's next poll{more}.")


@report.command("list")
@click.option("--ven", "name", help="Only those of this VEN.")
@click.option("--all", "all_", is_flag=True, help="Those that have ended, too.")
@json_option
def list_(name: str | None, all_: bool, json_: bool) -> None:
    """List the reports that VENs are asked for."""
    rows = at_work(lambda office: _requests(office, name, all_))
    if json_:
        as_json(rows)
        return
    if not rows:
        click.echo("none; ask for one: vtn report request VEN SPECIFIER")
        return
    table(LISTED, map(listed_row, rows), right=("every", "delivered"))


async def _requests(office: Office, name: str | None, all_: bool) -> list[dict[str, Any]]:
    async with office.store.read() as tx:
        chosen = (await find_ven(tx, name)).pk if name else None
        rows = await reports.requests(tx, party_pk=chosen, states=None if all_ else _OPEN)
        names = {row.pk: row.ven_name for row in await party.all_parties(tx)}
    return [summary(row, names.get(row.party_pk, "-"), office.now) for row in rows]


@report.command("served")
@click.option("--ven", "name", help="Only those of this VEN.")
@json_option
def served_(name: str | None, json_: bool) -> None:
    """List the reports that VENs have requested of this VTN."""
    rows = at_work(lambda office: _served(office, name))
    if json_:
        as_json(rows)
        return
    if not rows:
        click.echo("none; VENs can request what a handler offers, such as programme-load")
        return
    table(SERVED, map(served_row, rows), right=("every", "delivered"))


async def _served(office: Office, name: str | None) -> list[dict[str, Any]]:
    async with office.store.read() as tx:
        chosen = (await find_ven(tx, name)).pk if name else None
        rows = await served.requests(tx, party_pk=chosen)
        names = {row.pk: row.ven_name for row in await party.all_parties(tx)}
    return [served_summary(row, names.get(row.party_pk, "-")) for row in rows]


@report.command()
@click.option("--ven", "name", help="Only those of this VEN.")
@click.option("--from", "start", type=MOMENT, help="First moment: today, yesterday@18:00, ...")
@click.option("--to", "end", type=MOMENT, help="First moment after.")
@click.option("--rid", "r_id", help="Only this data point.")
@click.option("--specifier", help="Only this report.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="Comma-separated, or a JSON object on each line.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, in one step; standard output if left out.",
)
def export(
    name: str | None,
    start: When | None,
    end: When | None,
    r_id: str | None,
    specifier: str | None,
    style: Literal["csv", "jsonl"],
    output: Path | None,
) -> None:
    r"""Write readings out, oldest first for each data point.

    Values have exactly the digits that the VEN reported; times are UTC. The amount does
    not matter: nothing is held in memory.

    \b
    vtn report export --ven school-7 --from today > load.csv
    vtn report export --from 2026-11-01 --to 2026-12-01 --format jsonl -o november.jsonl
    """
    choice = exports.Choice(ven=name, start=start, end=end, r_id=r_id, specifier=specifier)
    count = at_work(lambda office: exports.write(office, choice, style, output))
    if output is not None:
        click.echo(f"{output}: {plural(count, 'reading')}")
