"""``vtn status``: how things stand, in a few lines."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import click

from oadr.enums import EventStatus
from vtn.cli import expiries, pushes
from vtn.cli.base import Command
from vtn.cli.office import Office, at_work
from vtn.cli.present import as_json, facts, json_option, when
from vtn.dispatch.snapshot import status_of
from vtn.store import event, party, push
from vtn.store import report as reports


@click.command(cls=Command)
@json_option
def status(json_: bool) -> None:
    """Say in a few lines how things stand.

    Who is online is what the database knows: a running VTN writes it down every few
    seconds.
    """
    found = at_work(_status)
    if json_:
        as_json(found)
        return
    vens, events, asked = found["vens"], found["events"], found["report_requests"]
    facts(
        {
            "VTN": found["vtn_id"],
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
        }
    )
    expiries.show(found["certificates"])


async def _status(office: Office) -> dict[str, Any]:
    async with office.store.read() as tx:
        vens = await party.all_parties(tx, now=office.now)
        open_events = await event.list_events(tx, active_at=office.now)
        asked = await reports.requests(tx, states=("queued", "sent", "active", "cancelling"))
        gone = await push.all_pushes(tx)
    heard = max(
        (row for row in vens if row.last_seen is not None),
        key=lambda row: row.last_seen or office.now,
        default=None,
    )
    return {
        "vtn_id": office.settings.vtn_id,
        "now": office.now,
        "vens": {
            "enrolled": len(vens),
            "registered": sum(row.state == "registered" for row in vens),
            "online": sum(office.online(row, gone.get(row.pk)) for row in vens),
            "last_heard": heard.ven_name if heard else None,
            "last_seen": heard.last_seen if heard else None,
        },
        "push": pushes.summary(
            [{"ven": row.ven_name, "push": pushes.of_ven(row, gone.get(row.pk))} for row in vens]
        ),
        "events": _by([str(status_of(one, office.now)) for one in open_events], _EVENTS),
        "report_requests": _by([one.state for one in asked], ()),
        "last_readings": max((one.last_update for one in asked if one.last_update), default=None),
        "certificates": await expiries.warnings(office),
    }


_EVENTS = (EventStatus.ACTIVE, EventStatus.NEAR, EventStatus.FAR)


def _by(values: Iterable[str], first: Iterable[str]) -> dict[str, int]:
    counted = Counter(values)
    order = [*(str(one) for one in first if one in counted), *sorted(counted)]
    return {name: counted[name] for name in order}


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counted.items())
