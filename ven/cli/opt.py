"""``ven opt``: when this VEN takes part, said by a person."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from oadr.enums import OptReason, OptType
from runtime.durations import duration_from
from runtime.logs import one_line
from runtime.moments import parse_moment
from ven.cli import opts as work
from ven.cli.base import config_option, debug_option
from ven.config import load

F = TypeVar("F", bound=Callable[..., Any])
_json = click.option("--json", "json_", is_flag=True, help="Print JSON.")


class _Moment(click.ParamType[str, Any]):
    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            parse_moment(value, datetime(2000, 1, 1, tzinfo=UTC))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        return str(value)


class _Duration(click.ParamType[timedelta, Any]):
    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        try:
            return duration_from(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def _shared(function: F) -> F:
    """Adds the options that both ``out`` and ``in`` have."""
    options = (
        click.option(
            "--from",
            "starts",
            multiple=True,
            type=_Moment(),
            help="now, now+10m, today@18:00, tomorrow@06:30 or 2026-11-20T18:00Z; now if left "
            "out. Repeatable, each with its --for.",
        ),
        click.option(
            "--for",
            "lengths",
            multiple=True,
            type=_Duration(),
            help="30m, 3h, 2d; 0 is until it is cancelled. Repeatable.",
        ),
        click.option("--event", metavar="ID", help="An event, in place of times."),
        click.option(
            "--resource", "resources", multiple=True, help="Only this resource. Repeatable."
        ),
        click.option("--market", metavar="URI", help="Only events of this programme."),
        click.option(
            "--device-class", "devices", multiple=True, help="Only these devices. Repeatable."
        ),
        click.option(
            "--reason",
            default=OptReason.NOT_PARTICIPATING.value,
            show_default=True,
            help=f"{', '.join(OptReason)}, or an x- word.",
        ),
        click.option("--id", "opt_id", help="Its optID; made up if left out."),
        click.option(
            "--add",
            is_flag=True,
            help="Keep the times of the schedule that this one would take the place of.",
        ),
        config_option,
        _json,
        debug_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group()
def opt() -> None:
    r"""Say when this VEN takes part in events, and when it does not.

    A schedule takes the place of earlier ones, from now on, for what it is about: one
    for the whole VEN for everything, one for a resource for that one. --add keeps their
    times. What is said counts at once, also for events that are known already, and the
    VTN is told as soon as it answers; a VEN that runs takes it over within seconds.

    \b
    ven opt out --from tomorrow@08:00 --for 4h
    ven opt out --for 0 --resource heat-pump --reason mustRun
    ven opt out --event e-20261120-1
    ven opt list
    ven opt cancel 5f0c...
    """


@opt.command()
@_shared
def out(**options: Any) -> None:
    r"""Take no part at some times, or in an event.

    \b
    ven opt out --for 3h
    ven opt out --from tomorrow@08:00 --for 4h --from tomorrow@18:00 --for 2h
    ven opt out --for 0 --resource heat-pump --market http://programme.example/peak
    ven opt out --event e-20261120-1 --resource heat-pump
    """
    _say(OptType.OPT_OUT, **options)


@opt.command("in")
@_shared
def in_(**options: Any) -> None:
    r"""Take part at some times, or in an event in spite of a schedule.

    To end a schedule that says out, cancel it; the two do not touch each other.

    \b
    ven opt in --event e-20261120-1
    ven opt in --from today@18:00 --for 2h
    """
    _say(OptType.OPT_IN, **options)


@opt.command("list")
@click.option("--all", "all_", is_flag=True, help="Also what is over, superseded or cancelled.")
@config_option
@_json
@debug_option
def list_(all_: bool, config: Path, json_: bool, debug: bool) -> None:
    """List what this VEN has said, and whether the VTN knows."""
    rows = asyncio.run(work.listed(load(config), every=all_))
    if json_:
        click.echo(json.dumps(rows, indent=2, default=work.plain))
        return
    if not rows:
        click.echo("none" if all_ else "none holds; ven opt list --all shows those that did")
    for row in rows:
        _tell(row)


@opt.command()
@click.argument("opt_id", metavar="OPTID")
@config_option
@_json
@debug_option
def cancel(opt_id: str, config: Path, json_: bool, debug: bool) -> None:
    """Cancel all schedules that have this optID."""
    _show(asyncio.run(work.cancel(load(config), opt_id)), json_)


def _say(
    opt_type: OptType,
    *,
    config: Path,
    json_: bool,
    debug: bool,
    starts: tuple[str, ...],
    lengths: tuple[timedelta, ...],
    event: str | None,
    **rest: Any,
) -> None:
    if event is not None and (starts or lengths):
        raise click.UsageError("--event goes with neither --from nor --for")
    if event is None and len(lengths) != max(len(starts), 1):
        raise click.UsageError("give --for with each --from; --for 0 is until it is cancelled")
    said = work.Said(
        opt_type=opt_type, starts=starts or ("now",), lengths=lengths, event=event, **rest
    )
    _show(asyncio.run(work.say(load(config), said)), json_)


def _show(row: dict[str, Any], json_: bool) -> None:
    if json_:
        click.echo(json.dumps(row, indent=2, default=work.plain))
    else:
        _tell(row)
    if row["told"] == "refused":
        raise click.exceptions.Exit(1)


def _tell(row: dict[str, Any]) -> None:
    what = f"event {row['event']}" if row["event"] else row["when"]
    line = f"{row['opt_id']}  {row['opt']} {row['state']}  {what}  {row['what']} ({row['reason']})"
    click.echo(one_line(f"{line}  {_TOLD[row['told']]}{row['refused']}"))


_TOLD = {
    "told": "the VTN knows",
    "waiting": "the VTN is told as soon as it answers",
    "refused": "refused: ",
}
