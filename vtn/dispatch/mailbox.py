"""What a poll gets.

A VEN for which nothing waits is answered from memory: ``Member.stale`` and
``Member.due`` say whether the store has to be asked at all. Whatever goes out is marked
as sent, and that is committed, before the reply leaves.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from oadr import codec
from oadr import messages as m
from vtn.desk import Desk
from vtn.dispatch import snapshot
from vtn.dispatch.repeat import repeat_at
from vtn.roster import Member
from vtn.store import Transaction, delivery, outbox, report


def nothing_waits(member: Member, now: datetime) -> bool:
    """Returns whether a poll can be answered without asking the store."""
    return not member.stale and (member.due is None or now < member.due)


async def take(desk: Desk, member: Member, now: datetime) -> m.Message | None:
    """Returns the next message for a VEN and marks it as sent; None if nothing waits."""
    if member.lock is None:
        member.lock = asyncio.Lock()
    async with member.lock:
        # Cleared first: whatever is put in while we look makes it stale again.
        member.stale = False
        try:
            return await _look(desk, member, now)
        except BaseException:
            # What waits has not gone out; the next poll has to look again.
            member.stale = True
            raise


async def _look(desk: Desk, member: Member, now: datetime) -> m.Message | None:
    interval = poll_interval(desk, member)
    async with desk.store.read() as tx:
        items = await outbox.waiting(tx, party_pk=member.pk)
        rows = await delivery.for_party(tx, party_pk=member.pk)
    item = next((item for item in items if _due(item, now, interval) <= now), None)
    if item is not None:
        message = codec.decode(item.message)
        async with desk.store.begin() as tx:
            await outbox.sent(tx, pk=item.pk, now=now)
            if isinstance(message, m.CreateReport):
                await _note_sent(tx, member, message, now)
        member.stale = True
        return message
    if any((at := snapshot.due_at(row, now, interval)) and at <= now for row in rows):
        return await send_events(desk, member, rows, now, request_id="")
    member.due = _next(items, rows, now, interval)
    return None


async def _note_sent(
    tx: Transaction, member: Member, message: m.CreateReport, now: datetime
) -> None:
    for request in message.requests:
        row = await report.request(
            tx, party_pk=member.pk, report_request_id=request.report_request_id
        )
        if row is not None and row.state == "queued":
            await report.set_request_state(tx, pk=row.pk, state="sent", now=now)


async def send_events(
    desk: Desk,
    member: Member,
    rows: Sequence[snapshot.Row],
    now: datetime,
    *,
    request_id: str,
    limit: int | None = None,
) -> m.DistributeEvent:
    """Returns the snapshot of a VEN's events and marks them as sent.

    Args:
        desk: the VTN.
        member: the VEN.
        rows: its open deliveries.
        now: the moment of the snapshot.
        request_id: of the oadrRequestEvent that is answered; empty for a poll.
        limit: most events to send (R27); None or 0 for all.
    """
    shot = snapshot.build(rows, now)
    events, sent = shot.events[: limit or None], shot.rows[: limit or None]
    if sent:
        async with desk.store.begin() as tx:
            await delivery.sent(
                tx,
                party_pk=member.pk,
                event_pks_with_modification={row.pk: row.modification for row, _ in sent},
                now=now,
            )
    member.stale = True
    return m.DistributeEvent(
        response=m.EiResponse(code=200, description="OK", request_id=request_id),
        request_id=request_id or desk.new_id(),
        vtn_id=desk.vtn_id,
        events=events,
    )


def poll_interval(desk: Desk, member: Member) -> timedelta:
    """Returns how often a VEN is asked to poll (R403)."""
    return member.poll_interval or desk.settings.registration.poll_interval


def _due(item: outbox.Item, now: datetime, interval: timedelta) -> datetime:
    if item.sent_at is None:
        return now
    return repeat_at(item.sent_at, item.sent_count, interval)


def _next(
    items: Sequence[outbox.Item],
    rows: Sequence[snapshot.Row],
    now: datetime,
    interval: timedelta,
) -> datetime | None:
    moments = [_due(item, now, interval) for item in items]
    moments += [at for row in rows if (at := snapshot.due_at(row, now, interval)) is not None]
    return min(moments, default=None)
