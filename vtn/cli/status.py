"""``vtn status``: whether all is well, and if not, what to do."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import click

from oadr.enums import EventStatus
from runtime.logs import one_line
from vtn.cli import pushes
from vtn.cli.base import Command
from vtn.cli.office import Office, at_work
from vtn.cli.present import as_json, facts, json_option, plural, when
from vtn.dispatch.snapshot import status_of
from vtn.status import Matter, State, matters, read_state
from vtn.status.disk import in_bytes
from vtn.store import StorageError


@click.command(cls=Command)
@json_option
@click.pass_context
def status(ctx: click.Context, json_: bool) -> None:
    r"""Say on one screen whether all is well, and if not, what to do.

    The first line says it. Below it stands what deserves attention, the most urgent first,
    each with the command that helps or says more; then how things stand. Who is online is
    what the database knows: a running VTN writes it down every few seconds.

    \b
    vtn status
    vtn status --json

    Exit codes: 0 all is well, 1 something deserves attention, 2 wrong usage.
    """
    try:
        found = at_work(_status)
    except StorageError as error:
        if not json_:
            raise
        # Whoever watches by program wants one form, whatever is wrong.
        wrong = Matter(about="database", words=str(error), todo="vtn status --debug")
        found = {"well": False, "attention": [asdict(wrong)]}
    if json_:
        as_json(found)
    else:
        _show(found)
    ctx.exit(0 if found["well"] else 1)


def _show(found: dict[str, Any]) -> None:
    click.echo(_verdict(found))
    for one in found["attention"]:
        click.echo(f"! {one_line(one['about']):<13}{one_line(one['words'])}")
        click.echo(f"  {'':<13}-> {one_line(one['todo'])}")
    vens, events, asked = found["vens"], found["events"], found["report_requests"]
    disk = found["database"]
    facts(
        {
            "VTN": f"{found['vtn_id']}, {'running' if found['running'] else 'not running'}",
            "time": f"{when(found['now'])} UTC",
            "VENs": f"{vens['enrolled']} enrolled, {vens['registered']} registered, "
            f"{vens['online']} online",
            "last heard of": f"{vens['last_heard']}, {when(vens['last_seen'])} UTC"
            if vens["last_heard"]
            else "nobody yet",
            **({"push": pushes.in_words(found["push"])} if found["push"]["vens"] else {}),
            "events": _counts(events) or "none is open",
            "reports": _counts(asked) or "none is asked for",
            "last readings": f"{when(found['last_readings'])} UTC"
            if found["last_readings"]
            else "none yet",
            "database": f"{in_bytes(disk['size'] + disk['log'])}, "
            f"{in_bytes(disk['free'])} free on its disk",
        }
    )


def _verdict(found: dict[str, Any]) -> str:
    count = len(found["attention"])
    if count:
        return "1 thing needs attention." if count == 1 else f"{count} things need attention."
    vens, events = found["vens"], sum(found["events"].values())
    there = f"{plural(vens['enrolled'], 'VEN')}, {vens['online']} online"
    return f"All is well: {there}, {plural(events, 'event')} open."


async def _status(office: Office) -> dict[str, Any]:
    state = await read_state(office.settings, office.store, now=office.now)
    found = matters(state)
    return {
        "well": not found,
        "attention": [asdict(one) for one in found],
        "running": state.runs,
        **_figures(state),
        "database": asdict(state.disk),
    }


def _figures(state: State) -> dict[str, Any]:
    heard = max(
        (row for row in state.vens if row.last_seen is not None),
        key=lambda row: row.last_seen or state.now,
        default=None,
    )
    updates = [one.last_update for one in state.requests if one.last_update]
    return {
        "vtn_id": state.settings.vtn_id,
        "now": state.now,
        "vens": {
            "enrolled": len(state.vens),
            "registered": sum(row.state == "registered" for row in state.vens),
            "online": sum(state.online(row) for row in state.vens),
            "last_heard": heard.ven_name if heard else None,
            "last_seen": heard.last_seen if heard else None,
        },
        "push": pushes.summary(
            [
                {"ven": row.ven_name, "push": pushes.of_ven(row, state.pushes.get(row.pk))}
                for row in state.vens
            ]
        ),
        "events": _by([str(status_of(one, state.now)) for one in state.events], _EVENTS),
        "report_requests": _by([one.state for one in state.requests], ()),
        "last_readings": max(updates, default=None),
    }


_EVENTS: Sequence[EventStatus] = (EventStatus.ACTIVE, EventStatus.NEAR, EventStatus.FAR)


def _by(values: Iterable[str], first: Iterable[str]) -> dict[str, int]:
    counted = Counter(values)
    order = [*(str(one) for one in first if one in counted), *sorted(counted)]
    return {name: counted[name] for name in order}


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.items())
