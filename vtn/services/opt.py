"""EiOpt: availability schedules and the qualification of events (R200 to R211)."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr import opt as rules
from oadr.errors import DeploymentError, InvalidId, NotAllowed, ProtocolError
from oadr.event import Receiver
from oadr.replies import outcome
from vtn.desk import Caller, Desk
from vtn.hooks import EventAnswer
from vtn.participation import as_schedule
from vtn.roster import Member
from vtn.services import opt_room
from vtn.store import Transaction, delivery, party
from vtn.store import event as events
from vtn.store import opt as schedules
from vtn.store.delivery import Delivery
from vtn.store.document import write_opt
from vtn.store.event import StoredEvent
from vtn.store.opt import StoredOpt

log = logging.getLogger("openadr.vtn.opt")

#: Superseded and cancelled schedules of one VEN that are remembered.
KEPT = 200


async def create(desk: Desk, caller: Caller, message: m.CreateOpt) -> m.Message:
    """Answers oadrCreateOpt: a schedule is stored, or an event is qualified (R206)."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    if message.event_id is not None:
        await _qualify(desk, caller, member, message)
    else:
        await _schedule(desk, caller, member, message)
    await desk.observe("on_create_opt", message, caller.context(desk))
    return m.CreatedOpt(response=outcome(message), opt_id=message.opt_id)


async def _receiver(tx: Transaction, member: Member) -> Receiver:
    row = await party.get(tx, pk=member.pk)
    return Receiver(
        ven_id=member.ven_id,
        resource_ids=row.resources if row else frozenset(),
        group_ids=row.groups if row else frozenset(),
        market_contexts=(row.market_contexts or None) if row else None,
    )


async def _schedule(desk: Desk, caller: Caller, member: Member, message: m.CreateOpt) -> None:
    now = caller.received_at
    async with desk.store.begin() as tx:
        rules.check_create_opt(message, None, await _receiver(tx, member))
        before = await schedules.timeline(tx, party_pk=member.pk)
        if len(write_opt(message)) > opt_room.LONGEST:
            text = f"at most {opt_room.LONGEST // 1024} KB of a schedule are kept"
            raise DeploymentError(text, rule="R203")
        new = await schedules.add(tx, party_pk=member.pk, opt=message, now=now)
        if not new.superseded and new.pk not in {row.pk for row in before}:
            await _tidy(tx, member, [*before, new], now)
    log.info(
        "%s by %s: %s",
        message.opt_type,
        rules.schedule_in_words(rules.schedule_of(message, now)),
        rules.periods_in_words(message.availability),
        extra={"ven": member.ven_name},
    )


async def _tidy(
    tx: Transaction,
    member: Member,
    rows: Sequence[StoredOpt],
    now: datetime,
    *,
    growing: bool = True,
) -> None:
    """Notes which schedules mean nothing any more (R203), and forgets the oldest of those.

    Raises:
        DeploymentError: too many are left.
    """
    spent = spent_of(rows)
    if growing and not _fits(rows, spent):
        spent = spent_of(rows, now)
    if growing and not _fits(rows, spent):
        text = "too many schedules, or too long ones, hold at once; cancel some"
        raise DeploymentError(text, rule="R203")
    await schedules.supersede(tx, pks=spent, now=now)
    await schedules.prune(tx, party_pk=member.pk, keep=KEPT)


def _fits(rows: Sequence[StoredOpt], spent: frozenset[int]) -> bool:
    return opt_room.fits([row for row in rows if row.pk not in spent])


def spent_of(rows: Sequence[StoredOpt], now: datetime | None = None) -> frozenset[int]:
    """Returns the keys of schedules that mean nothing any more for what is to come.

    Args:
        rows: of one VEN, oldest first.
        now: if given, schedules that are over count as cancelled.
    """
    found = rules.spent([as_schedule(row) for row in rows], now)
    return frozenset(rows[index].pk for index in found)


async def _qualify(desk: Desk, caller: Caller, member: Member, message: m.CreateOpt) -> None:
    async with desk.store.begin() as tx:
        found = await delivery.get(tx, party_pk=member.pk, event_id=message.event_id or "")
        stored = await events.get(tx, event_id=message.event_id or "")
        if found is None or stored is None or found.sent_modification is None:
            raise InvalidId(f"event {message.event_id!r} is not one of this VEN's", rule="R206")
        about = await _as_sent(tx, found, stored)
        rules.check_create_opt(message, about, await _receiver(tx, member))
        if message.modification_number is None:
            raise ProtocolError("qualifiedEventID needs its modificationNumber", rule="R206")
        said = await delivery.history(tx, event_id=stored.event_id, party_pk=member.pk)
        opt_room.check_opts(message, said)
        await delivery.answered(
            tx,
            party_pk=member.pk,
            event_pk=found.event_pk,
            modification=message.modification_number,
            opt_type=message.opt_type,
            code=200,
            description=message.opt_reason,
            source="createOpt",
            resources=message.target.resource_ids,
            device_classes=rules.device_classes_of(message),
            request_id=message.opt_id,
            now=caller.received_at,
        )
    member.stale = True
    answer = EventAnswer(
        event_id=message.event_id or "",
        modification_number=message.modification_number,
        opt_type=message.opt_type,
        description=message.opt_reason,
        resource_ids=frozenset(message.target.resource_ids),
        device_classes=rules.device_classes_of(message),
    )
    log.info(
        "%s to event %s by oadrCreateOpt (%s)",
        message.opt_type,
        message.event_id,
        message.opt_reason,
        extra={"ven": member.ven_name, "event": message.event_id},
    )
    await desk.observe("on_created_event", answer, caller.context(desk))


async def _as_sent(tx: Transaction, found: Delivery, stored: StoredEvent) -> m.Event:
    """Returns an event as the VEN was last sent it, which is all that it can speak of (R206)."""
    if found.sent_modification == stored.modification:
        return stored.event
    versions = await events.versions(tx, event_id=stored.event_id)
    return next(
        (one.event for one in versions if one.modification == found.sent_modification), stored.event
    )


async def cancel(desk: Desk, caller: Caller, message: m.CancelOpt) -> m.Message:
    """Answers oadrCancelOpt: all schedules with that optID end (R204, R211).

    Interpretation: where superseded schedules of a VEN have been forgotten, an optID that is
    not known may be that of one, and its cancellation must not fail (R211 before R208).
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    now = caller.received_at
    async with desk.store.begin() as tx:
        count = await schedules.cancel(tx, party_pk=member.pk, opt_id=message.opt_id, now=now)
        if not count and await schedules.spent_count(tx, party_pk=member.pk) < KEPT:
            if await schedules.qualifies(tx, party_pk=member.pk, opt_id=message.opt_id):
                text = f"opt {message.opt_id!r} is for an event; send another one in its place"
                raise NotAllowed(text, rule="R211")
            raise InvalidId(f"optID {message.opt_id!r} is not one of this VEN's", rule="R208")
        await _tidy(
            tx, member, await schedules.timeline(tx, party_pk=member.pk), now, growing=False
        )
    log.info("schedule %s cancelled", message.opt_id, extra={"ven": member.ven_name})
    await desk.observe("on_cancel_opt", message.opt_id, caller.context(desk))
    return m.CanceledOpt(response=outcome(message), opt_id=message.opt_id)


HANDLES: dict[type, Any] = {m.CreateOpt: create, m.CancelOpt: cancel}
