"""EiOpt: availability schedules and the qualification of events (R200 to R211)."""

import logging
from collections.abc import Sequence
from typing import Any

from oadr import messages as m
from oadr import opt as rules
from oadr.errors import DeploymentError, InvalidId, ProtocolError
from oadr.event import Receiver
from oadr.replies import outcome
from vtn.desk import Caller, Desk
from vtn.hooks import EventAnswer
from vtn.roster import Member
from vtn.store import Transaction, delivery, party
from vtn.store import event as events
from vtn.store import opt as schedules
from vtn.store.opt import StoredOpt

log = logging.getLogger("openadr.vtn.opt")

#: Schedules of one VEN that can hold at once.
MOST = 300


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
    )


async def _schedule(desk: Desk, caller: Caller, member: Member, message: m.CreateOpt) -> None:
    now = caller.received_at
    async with desk.store.begin() as tx:
        rules.check_create_opt(message, None, await _receiver(tx, member))
        before = [
            row for row in await schedules.for_party(tx, party_pk=member.pk) if not row.superseded
        ]
        new = await schedules.add(tx, party_pk=member.pk, opt=message, now=now)
        if not new.superseded and new.pk not in {row.pk for row in before}:
            if len(before) >= MOST:
                text = f"at most {MOST} schedules of a VEN hold at once; cancel some"
                raise DeploymentError(text, rule="R203")
            await schedules.supersede(tx, pks=superseded([*before, new]), now=now)
    log.info(
        "%s by schedule %s (%s), %d periods",
        message.opt_type,
        message.opt_id,
        message.opt_reason,
        len(message.availability),
        extra={"ven": member.ven_name},
    )


def superseded(rows: Sequence[StoredOpt]) -> frozenset[int]:
    """Returns which of the schedules others have taken the place of altogether (R203).

    All are gone through in the order in which they came: one for several resources may
    lose them to later ones piece by piece.

    Args:
        rows: of one VEN, oldest first.
    """
    known: tuple[rules.Schedule, ...] = ()
    owners: list[list[StoredOpt]] = []
    for row in rows:
        after = rules.apply(known, row.opt, row.received_at)
        if len(after) > len(known):
            owners.append([row])
        else:
            # The same again, in another message: it goes the way of the one before it.
            owners[_same(known, row)].append(row)
        known = after
    return frozenset(
        row.pk
        for schedule, those in zip(known, owners, strict=True)
        if schedule.superseded
        for row in those
    )


def _same(known: Sequence[rules.Schedule], row: StoredOpt) -> int:
    for index in reversed(range(len(known))):
        if known[index] == rules.schedule_of(row.opt, known[index].created):
            return index
    return len(known) - 1


async def _qualify(desk: Desk, caller: Caller, member: Member, message: m.CreateOpt) -> None:
    async with desk.store.begin() as tx:
        found = await delivery.get(tx, party_pk=member.pk, event_id=message.event_id or "")
        stored = await events.get(tx, event_id=message.event_id or "")
        if found is None or stored is None or found.sent_modification is None:
            raise InvalidId(f"event {message.event_id!r} is not one of this VEN's", rule="R206")
        rules.check_create_opt(message, stored.event, await _receiver(tx, member))
        if message.modification_number is None:
            raise ProtocolError("qualifiedEventID needs its modificationNumber", rule="R206")
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
    )
    log.info(
        "%s to event %s by oadrCreateOpt (%s)",
        message.opt_type,
        message.event_id,
        message.opt_reason,
        extra={"ven": member.ven_name, "event": message.event_id},
    )
    await desk.observe("on_created_event", answer, caller.context(desk))


async def cancel(desk: Desk, caller: Caller, message: m.CancelOpt) -> m.Message:
    """Answers oadrCancelOpt: all schedules with that optID end (R204, R211)."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    async with desk.store.begin() as tx:
        count = await schedules.cancel(
            tx, party_pk=member.pk, opt_id=message.opt_id, now=caller.received_at
        )
        if not count:
            raise InvalidId(f"optID {message.opt_id!r} is not one of this VEN's", rule="R208")
    log.info("schedule %s cancelled", message.opt_id, extra={"ven": member.ven_name})
    await desk.observe("on_cancel_opt", message.opt_id, caller.context(desk))
    return m.CanceledOpt(response=outcome(message), opt_id=message.opt_id)


HANDLES: dict[type, Any] = {m.CreateOpt: create, m.CancelOpt: cancel}
