"""``vtn event``: what the utility wants, and what VENs say to it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from oadr.enums import OptType
from oadr.opt import Extent
from vtn.cli import events
from vtn.cli.base import Group
from vtn.cli.compose import (
    Content,
    SignalText,
    Timing,
    audience_of,
    changed,
    compose,
    programme,
)
from vtn.cli.office import Office, at_work
from vtn.cli.params import DURATION, MOMENT, When
from vtn.cli.present import as_json, clock, json_option, plural, span, table
from vtn.operator import find_event
from vtn.store import Transaction
from vtn.store import event as stored_events
from vtn.store.event import StoredEvent

F = TypeVar("F", bound=Callable[..., Any])


def _shared(function: F) -> F:
    """Adds the options that both ``create`` and ``modify`` have."""
    options = (
        click.option(
            "--ramp-up", type=DURATION, help="Time to get there, before the start: 5m, 1h."
        ),
        click.option("--recovery", type=DURATION, help="Time to get back, after the end."),
        click.option("--notification", type=DURATION, help="How long ahead a VEN should know."),
        click.option(
            "--randomize", type=DURATION, help="Each VEN starts at a random moment within this."
        ),
        click.option(
            "--priority", type=click.IntRange(0), help="1 is the highest; 0 is none, the lowest."
        ),
        click.option("--comment", help="Words for the people at the VEN."),
        click.option("--test/--no-test", default=None, help="Whether it is a test event."),
        click.option(
            "--response",
            type=click.Choice(["always", "never"]),
            help="Whether VENs must answer; always if left out.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def _timing(start: When | None, options: dict[str, Any]) -> Timing:
    return Timing(
        start=start,
        ramp_up=options["ramp_up"],
        recovery=options["recovery"],
        notification=options["notification"],
        randomize=options["randomize"],
    )


def _content(levels: str | None, options: dict[str, Any]) -> Content:
    return Content(
        levels=levels,
        priority=options["priority"],
        comment=options["comment"],
        test=options["test"],
        response=options["response"],
    )


@click.group(cls=Group)
def event() -> None:
    r"""Create, modify, cancel and follow events.

    \b
    vtn event create --to group:schools --levels 1:15m,2:30m,1:15m --start today@18:00
    vtn event modify e-20261120-1 --levels 1:15m,2:1h,1:15m
    vtn event show e-20261120-1
    vtn event cancel e-20261120-1
    """


@event.command()
@click.option(
    "--to",
    "audience",
    multiple=True,
    required=True,
    metavar="WHOM",
    help="all, group:NAME, ven:NAME or resource:ID. Repeatable; all parts add up.",
)
@click.option(
    "--signal",
    default="SIMPLE",
    show_default=True,
    help="A standard signal, or an x- name with --signal-type.",
)
@click.option(
    "--levels",
    required=True,
    help="Values and how long each holds: 1:15m,2:30m,1:15m. A single 2:0 is open-ended.",
)
@click.option("--unit", help="Of the values: kW, Wh, EUR/kWh, EUR/kW, EUR, temperature:celsius.")
@click.option("--signal-type", help="The first that the profile has for the signal if left out.")
@click.option(
    "--also",
    multiple=True,
    metavar="'NAME LEVELS [UNIT] [TYPE]'",
    help="One more signal, as long as the first. Repeatable.",
)
@click.option(
    "--baseline",
    metavar="'LEVELS [UNIT]'",
    help="What the load would be without the event: '40:30m,45:30m kW'.",
)
@click.option(
    "--start",
    type=MOMENT,
    required=True,
    help="now, now+10m, today@18:00, tomorrow@06:30 or 2026-11-20T18:00Z; UTC unless it has an "
    "offset.",
)
@click.option("--program", help="URI of the programme, or a name beside the usual one ('peak').")
@click.option("--id", "event_id", help="Its eventID; made up if left out.")
@_shared
@json_option
def create(
    audience: tuple[str, ...],
    signal: str,
    levels: str,
    unit: str | None,
    signal_type: str | None,
    also: tuple[str, ...],
    baseline: str | None,
    start: When,
    program: str | None,
    event_id: str | None,
    json_: bool,
    **options: Any,
) -> None:
    r"""Send a new event to VENs.

    Each VEN gets it at its next poll, again and again until it has answered.

    \b
    vtn event create --to group:schools --levels 1:15m,2:30m,1:15m --start today@18:00 \
        --ramp-up 5m --randomize 2m --program peak
    vtn event create --to all --signal ELECTRICITY_PRICE --unit EUR/kWh \
        --levels 0.18:6h,0.42:2h --start tomorrow
    vtn event create --to resource:battery-1 --signal LOAD_DISPATCH --unit kW \
        --levels -50:1h --start now+10m
    """
    first = SignalText(name=signal, levels=levels, unit=unit, type=signal_type)
    wanted = audience_of(audience)
    more = [SignalText.read(text) for text in also]

    async def act(office: Office) -> dict[str, Any]:
        async with office.store.read() as tx:
            chosen = event_id or await _free_id(tx, office)
        composed = compose(
            event_id=chosen,
            market_context=programme(office.settings.market_context, program),
            audience=wanted,
            signal=first,
            also=more,
            baseline=baseline,
            timing=_timing(start, options),
            content=_content(levels, options),
            now=office.now,
        )
        stored, count = await office.operator.create_event(composed, wanted, now=office.now)
        async with office.store.read() as tx:
            rows = await events.rows_of(tx, stored, office.settings.opts.policy)
        out = sorted(row.ven.ven_name for row in rows if row.takes_part.marked)
        return events.summary(stored, office.now) | {"vens": count, "out_by_schedule": out}

    made = at_work(act)
    if json_:
        as_json(made)
        return
    intervals = len(made["signals"][0]["intervals"])
    click.echo(
        f"Event {made['event_id']} for {plural(made['vens'], 'VEN')}: "
        f"{events.extent(made['start'], made['end'])}, {plural(intervals, 'interval')}, "
        f"{made['status']}."
    )
    if out := made["out_by_schedule"]:
        who = "1 of them is" if len(out) == 1 else f"{len(out)} of them are"
        click.echo(f"{who} opted out by schedule at that time (vtn event show {made['event_id']}).")


async def _free_id(tx: Transaction, office: Office) -> str:
    """Returns an event ID that nobody has used: the date and a number."""
    number = 1
    while True:
        found = f"e-{office.now:%Y%m%d}-{number}"
        if await stored_events.get(tx, event_id=found) is None:
            return found
        number += 1


@event.command()
@click.argument("event_id", metavar="ID")
@click.option("--start", type=MOMENT, help="A new start; not once it has begun.")
@click.option("--levels", help="New values of its first signal: 1:15m,2:1h.")
@_shared
@json_option
def modify(
    event_id: str, start: When | None, levels: str | None, json_: bool, **options: Any
) -> None:
    r"""Change an event; what is not named stays.

    What lies in the past cannot be changed (R20). VENs are sent the modification until
    they have answered it.

    \b
    vtn event modify e-20261120-1 --start today@19:00
    vtn event modify e-20261120-1 --levels 1:15m,2:1h,1:15m --comment "colder than forecast"
    """
    timing, content = _timing(start, options), _content(levels, options)
    if not any(value is not None for value in (start, levels, *options.values())):
        raise click.UsageError("nothing to change; see vtn event modify --help")

    async def act(office: Office) -> tuple[StoredEvent, StoredEvent, dict[str, Any]]:
        async with office.store.read() as tx:
            before = await find_event(tx, event_id)
        wanted = changed(before.event, timing, content, office.now)
        after = await office.operator.modify_event(wanted, now=office.now)
        return before, after, events.summary(after, office.now)

    before, after, shown = at_work(act)
    if json_:
        as_json(shown)
    elif after.modification == before.modification:
        click.echo(f"Event {event_id} is like that already (modification {after.modification}).")
    else:
        click.echo(
            f"Event {event_id} is now modification {after.modification}: "
            f"{events.extent(shown['start'], shown['end'])}, {shown['status']}."
        )


@event.command()
@click.argument("event_id", metavar="ID")
@json_option
def cancel(event_id: str, json_: bool) -> None:
    """Cancel an event; VENs are told until they have acknowledged it."""

    async def act(office: Office) -> tuple[StoredEvent, StoredEvent, dict[str, Any]]:
        async with office.store.read() as tx:
            before = await find_event(tx, event_id)
        after = await office.operator.cancel_event(event_id, now=office.now)
        return before, after, events.summary(after, office.now)

    before, after, shown = at_work(act)
    if json_:
        as_json(shown)
    elif before.cancelled:
        click.echo(f"Event {event_id} was cancelled before (modification {after.modification}).")
    else:
        click.echo(f"Event {event_id} is cancelled (modification {after.modification}).")


@event.command("list")
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@json_option
def list_(all_: bool, json_: bool) -> None:
    """List events by start; those that are not over yet."""

    async def act(office: Office) -> list[dict[str, Any]]:
        async with office.store.read() as tx:
            active_at = None if all_ else office.now
            found = await stored_events.list_events(tx, active_at=active_at)
        return [events.summary(one, office.now) for one in found]

    rows = at_work(act)
    if json_:
        as_json(rows)
        return
    if not rows:
        click.echo("none" if all_ else "none is open; vtn event list --all shows those that were")
        return
    columns = ("event", "modification", "status", "when", "signal", "values", "programme")
    table(
        columns,
        (
            (
                row["event_id"],
                row["modification"],
                row["status"] + (", test" if row["test"] else ""),
                events.extent(row["start"], row["end"]),
                ", ".join(signal["name"] for signal in row["signals"]),
                events.levels(row["signals"][0]),
                row["program"],
            )
            for row in rows
        ),
        right=("modification",),
    )


@event.command()
@click.argument("event_id", metavar="ID")
@json_option
def show(event_id: str, json_: bool) -> None:
    """Show an event and what became of it at each VEN."""

    async def act(office: Office) -> tuple[dict[str, Any], Any]:
        return await events.everything(office, event_id), office.now

    found, now = at_work(act)
    if json_:
        as_json(found)
        return
    names = ", ".join(signal["name"] for signal in found["signals"])
    total = len(found["vens"])
    click.echo(
        f"{found['program']} · {names} · {found['status']} · modification {found['modification']}"
        f"      {events.extent(found['start'], found['end'])}"
    )
    for signal in found["signals"]:
        click.echo(f"{signal['name']} {signal['type']}: {_steps(signal)}")
    extras = {
        name: span(found[name])
        for name in ("notification", "ramp_up", "recovery", "randomize")
        if found[name]
    }
    if extras:
        click.echo(", ".join(f"{name.replace('_', '-')} {text}" for name, text in extras.items()))
    click.echo(
        f"delivered {found['delivered']}/{total}   opted in {found['opted_in']}   "
        f"opted out {found['opted_out']}   waiting {found['waiting']}      (times in UTC)"
    )
    click.echo(
        f"taking part {found['taking_part']}   in part {found['in_part']}   out {found['out']}"
    )
    columns = ("VEN", "sent", "answered", "opt", "takes part", "note")
    table(columns, [line for row in found["vens"] for line in _lines(row, now)])


def _lines(row: dict[str, Any], now: datetime) -> Iterator[tuple[str, ...]]:
    """Yields the lines of a VEN: one, and one for each part of it that has to be told apart."""
    yield (
        row["ven"],
        clock(row["sent"], now),
        clock(row["answered"], now),
        row["opt"] or "-",
        _TAKES_PART[row["takes_part"]],
        "      ".join(one for one in (row["note"], row["explain"]) if one),
    )
    for part in row["parts"]:
        takes_part = "no" if part["opt"] == OptType.OPT_OUT else "yes"
        yield (f"  {part['name']}", "", "", "", takes_part, part["why"])


_TAKES_PART = {Extent.IN: "yes", Extent.OUT: "no", Extent.PARTIAL: "in part"}


def _steps(signal: dict[str, Any]) -> str:
    steps = ", ".join(
        f"{one['value']} for {span(one['duration']) if one['duration'] > timedelta(0) else 'ever'}"
        for one in signal["intervals"]
    )
    return f"{steps} ({signal['unit']})" if signal["unit"] else steps
