"""Who takes part in an event, and why: everything that VENs said, weighed (R201).

It is worked out when it is asked for, so it is right after each later schedule,
cancellation, answer and modification. Events are sent to VENs that are out all the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from oadr.opt import EventOpt, Participation, Policy, Schedule, participation, schedule_of
from vtn.store import Store, Transaction, delivery, event, party
from vtn.store import opt as opts
from vtn.store.delivery import Answer
from vtn.store.event import StoredEvent
from vtn.store.opt import StoredOpt
from vtn.store.party import Party


async def participations(
    store: Store, event_id: str, *, policy: Policy | None = None
) -> Mapping[str, Participation]:
    """Returns for each VEN of an event, by venID, whether it takes part, and why.

    Args:
        store: the database, for a handler ``ctx.store``.
        event_id: which event; none is an empty result.
        policy: of the programme, for a handler ``ctx.opt_policy``.
    """
    async with store.read() as tx:
        stored = await event.get(tx, event_id=event_id)
        if stored is None:
            return {}
        pks = {one.pk for one, _ in await delivery.for_event(tx, event_id=event_id)}
        vens = [row for row in await party.all_parties(tx) if row.pk in pks]
        found = await weigh(tx, stored, vens, policy)
    return {row.ven_id: found[row.pk] for row in vens}


async def participation_of(
    store: Store, event_id: str, *, ven_id: str, policy: Policy | None = None
) -> Participation | None:
    """Returns whether one VEN takes part in an event, and why; None if it does not have it."""
    async with store.read() as tx:
        stored = await event.get(tx, event_id=event_id)
        row = await party.get(tx, ven_id=ven_id)
        if stored is None or row is None:
            return None
        if await delivery.get(tx, event_id=event_id, party_pk=row.pk) is None:
            return None
        return (await weigh(tx, stored, [row], policy))[row.pk]


async def weigh(
    tx: Transaction, stored: StoredEvent, vens: Sequence[Party], policy: Policy | None
) -> Mapping[int, Participation]:
    """Returns for each VEN, by its key, whether it takes part in an event, and why."""
    only = vens[0].pk if len(vens) == 1 else None
    since = stored.event.active_period.dtstart
    schedules = _schedules(await opts.timeline(tx, party_pk=only, since=since))
    said = _said(
        await delivery.history(tx, event_id=stored.event_id, party_pk=only), stored.event_id
    )
    return {
        row.pk: participation(
            stored.event,
            schedules.get(row.pk, ()),
            said.get(row.pk, ()),
            resources=row.resources,
            policy=policy,
        )
        for row in vens
    }


def _schedules(rows: Iterable[StoredOpt]) -> Mapping[int, Sequence[Schedule]]:
    found: defaultdict[int, list[Schedule]] = defaultdict(list)
    for row in rows:
        found[row.party_pk].append(as_schedule(row))
    return found


def as_schedule(row: StoredOpt) -> Schedule:
    """Returns a schedule as ``oadr.opt`` knows it."""
    return schedule_of(row.opt, row.received_at, row.cancelled_at)


def _said(rows: Iterable[Answer], event_id: str) -> Mapping[int, Sequence[EventOpt]]:
    found: defaultdict[int, list[EventOpt]] = defaultdict(list)
    for row in rows:
        if row.void_at is None:
            found[row.party_pk].append(
                EventOpt(
                    event_id=event_id,
                    modification_number=row.modification,
                    opt_type=row.opt_type,
                    explicit=row.source == "createOpt",
                    resources=frozenset(row.resources),
                    device_classes=frozenset(row.device_classes),
                    reason=row.opt_description or "",
                    created=row.at,
                )
            )
    return found
