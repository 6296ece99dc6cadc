"""Opt schedules of VENs, as the command line shows them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr import opt as rules
from oadr.times import end_of
from vtn.cli.office import Office
from vtn.operator import find_ven
from vtn.store import opt, party
from vtn.store.opt import StoredOpt

#: States of a schedule that says something about now or later.
STANDING = ("now", "later")


async def listed(office: Office, name: str | None, *, every: bool) -> list[dict[str, Any]]:
    """Returns the schedules of one VEN, or of all, by VEN and age.

    Args:
        office: where the command works.
        name: of the VEN; None for all.
        every: also those that are over, superseded or cancelled, as far as they are kept.

    Raises:
        NotFound: nobody is called so.
    """
    async with office.store.read() as tx:
        vens = [await find_ven(tx, name)] if name is not None else await party.all_parties(tx)
        rows = await opt.everything(tx, party_pk=vens[0].pk if name is not None else None)
    names = {ven.pk: ven.ven_name for ven in vens}
    shown = [shape(names[row.party_pk], row, office.now) for row in rows]
    chosen = [one for one in shown if every or one["state"] in STANDING]
    return sorted(chosen, key=lambda one: str(one["ven"]))


def standing(name: str, rows: Iterable[StoredOpt], now: datetime) -> list[dict[str, Any]]:
    """Returns the schedules of a VEN that say something about now or later."""
    shown = (shape(name, row, now) for row in rows)
    return [one for one in shown if one["state"] in STANDING]


def shape(name: str, row: StoredOpt, now: datetime) -> dict[str, Any]:
    """Returns a schedule with everything that can be asked about it."""
    given = row.opt
    schedule = rules.schedule_of(given, row.received_at, row.cancelled_at)
    return {
        "ven": name,
        "opt_id": given.opt_id,
        "opt": given.opt_type,
        "state": _state(row, now),
        "when": rules.periods_in_words(given.availability),
        "what": rules.scope_in_words(schedule.scope),
        "reason": given.opt_reason,
        "periods": [_period(period) for period in given.availability],
        "resources": given.target.resource_ids,
        "device_classes": rules.device_classes_of(given),
        "market_context": given.market_context or None,
        "received": row.received_at,
        "cancelled": row.cancelled_at,
    }


def _state(row: StoredOpt, now: datetime) -> str:
    if row.cancelled_at is not None:
        return "cancelled"
    if row.superseded:
        return "superseded"
    spans = [(one.dtstart, end_of(one.dtstart, one.duration)) for one in row.opt.availability]
    if any(start <= now < end for start, end in spans):
        return "now"
    return "later" if any(now < start for start, _ in spans) else "over"


def _period(period: m.Period) -> dict[str, Any]:
    end = end_of(period.dtstart, period.duration)
    return {"start": period.dtstart, "end": end}
