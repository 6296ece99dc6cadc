"""What goes out next to a VEN, by whatever door.

A VEN for which nothing waits is answered from memory: ``Member.stale`` and
``Member.due`` say whether the store has to be asked at all. Whatever goes out is marked
as sent, and that is committed, before it leaves.
"""

import asyncio
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oadr import codec
from oadr import messages as m
from oadr.enums import ResponseRequired
from vtn.desk import Desk
from vtn.dispatch import snapshot
from vtn.dispatch.outbox import METADATA
from vtn.dispatch.repeat import repeat_at
from vtn.roster import Member
from vtn.store import Transaction, delivery, outbox, report


def nothing_waits(member: Member, now: datetime) -> bool:
    """Returns whether a poll can be answered without asking the store."""
    return not member.stale and (member.due is None or now < member.due)


#: Stands for the events of a VEN where the others are keys of its outbox.
EVENTS = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a door wants of the mailbox; a poll wants nothing special.

    Attributes:
        again: keys of what was sent and is known not to have arrived, so that it is due at
            once.
        refused: events that the VEN does not take, with their modification: they are not
            sent until they change.
        metadata_only: everything else has to wait (R309).
        unasked: nobody has asked for the events, so that no eiResponse goes with them (R40).
    """

    again: Container[int] = ()
    refused: Mapping[int, int] = field(default_factory=dict)
    metadata_only: bool = False
    unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken out of the mailbox.

    Attributes:
        message: goes to the VEN.
        key: of the item in the outbox; ``EVENTS`` for a snapshot.
        marked: it has just been marked as sent; otherwise that was done before.
        at: when it was taken.
        item: in the outbox; None for a snapshot.
        events: for a snapshot, the rows of its events with their modification.
        unanswered: those of them that want no answer.
    """

    message: m.Message
    key: int
    marked: bool
    at: datetime
    item: outbox.Item | None = None
    events: Mapping[int, int] = field(default_factory=dict)
    unanswered: frozenset[int] = frozenset()


_POLL = Wish()


async def take(desk: Desk, member: Member, now: datetime) -> m.Message | None:
    """Returns the next message for a VEN and marks it as sent; None if nothing waits."""
    taken = await take_for(desk, member, now, _POLL)
    return taken.message if taken is not None else None


async def take_for(desk: Desk, member: Member, now: datetime, wish: Wish) -> Taken | None:
    """Returns what goes out next and marks it as sent; None if nothing waits.

    Args:
        desk: the VTN.
        member: the VEN.
        now: the moment.
        wish: of the door that asks.
    """
    if member.lock is None:
        member.lock = asyncio.Lock()
    async with member.lock:
        # Cleared first: whatever is put in while we look makes it stale again.
        member.stale = False
        try:
            return await _look(desk, member, now, wish)
        except BaseException:
            # What waits has not gone out; the next poll has to look again.
            member.stale = True
            raise


async def _look(desk: Desk, member: Member, now: datetime, wish: Wish) -> Taken | None:
    interval = poll_interval(desk, member)
    async with desk.store.read() as tx:
        items = await outbox.waiting(tx, party_pk=member.pk)
        rows = await open_events(tx, member)
    found = [item for item in items if not wish.metadata_only or item.kind == METADATA]
    due = [item for item in found if _due(item, now, interval, wish) <= now]
    if due:
        taken = await _take_item(desk, member, due[0], now, wish)
        return taken or await _look(desk, member, now, wish)
    if wish.metadata_only:
        # For this door nothing waits; another one has to look.
        member.due = now
        return None
    if _are_due(rows, now, interval, wish):
        taken = await _take_events(desk, member, rows, now, wish)
        if taken is None:
            return await _look(desk, member, now, wish)
        # Nothing else is due, or it would have gone first; no event is due again before that.
        member.due = min([now + interval, *(_due(item, now, interval, _POLL) for item in items)])
        return taken
    member.due = _next(items, _news(rows, wish), now, interval)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """What a poll would bring.

    Attributes:
        ahead: messages that go out first, one with each poll.
        events: whether the events would go out as well, after those.
        events_at: when they are due next; None if never.
    """

    ahead: int
    events: bool
    events_at: datetime | None


def coming(
    items: Sequence[outbox.Item],
    rows: Sequence[snapshot.Row],
    now: datetime,
    interval: timedelta,
) -> Coming:
    """Returns what the polls of a VEN would bring from this moment on.

    Args:
        items: that wait for it in the outbox.
        rows: its open events.
        now: the moment.
        interval: at which it polls.
    """
    return Coming(
        ahead=sum(_due(item, now, interval, _POLL) <= now for item in items),
        events=_are_due(rows, now, interval, _POLL),
        events_at=_next((), rows, now, interval),
    )


async def open_events(tx: Transaction, member: Member) -> Sequence[snapshot.Row]:
    """Returns the events of a VEN; none for a Report Only VEN, which has no EiEvent.

    Interpretation: such a VEN that asks for its events all the same gets an empty list.
    """
    return () if member.report_only else await delivery.for_party(tx, party_pk=member.pk)


async def _take_item(
    desk: Desk, member: Member, item: outbox.Item, now: datetime, wish: Wish
) -> Taken | None:
    """Returns an item, marked as sent; None if it has ended since it was read."""
    message = codec.decode(item.message)
    # An attempt that comes to nothing costs no write: it is marked already.
    marked = not (item.sent_count and item.pk in wish.again)
    if marked:
        async with desk.store.begin() as tx:
            if not await outbox.sent(tx, pk=item.pk, now=now):
                # Answered, or wiped by a registration, while we waited for our turn to write.
                return None
            if isinstance(message, m.CreateReport):
                await _note_sent(tx, member, message, now)
    member.stale = True
    return Taken(message=message, key=item.pk, marked=marked, at=now, item=item)


async def _take_events(
    desk: Desk, member: Member, rows: Sequence[snapshot.Row], now: datetime, wish: Wish
) -> Taken | None:
    """Returns the snapshot, marked as sent; None if all is answered since it was read."""
    shot = snapshot.build(rows, now)
    marked = not (EVENTS in wish.again and _all_marked(shot))
    if marked:
        async with desk.store.begin() as tx:
            # Read once more: what was answered while we waited to write is not sent again (R50).
            current = await open_events(tx, member)
            if not _are_due(current, now, poll_interval(desk, member), wish):
                return None
            shot = snapshot.build(current, now)
            await _note_events(tx, member, shot.rows, now)
    message = _distribute(desk, shot.events, request_id="", unasked=wish.unasked)
    return Taken(
        message=message,
        key=EVENTS,
        marked=marked,
        at=now,
        events=_modifications(shot.rows),
        unanswered=frozenset(
            stored.pk
            for stored, _ in shot.rows
            if stored.event.response_required is not ResponseRequired.ALWAYS
        ),
    )


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
            await _note_events(tx, member, sent, now)
    member.stale = True
    return _distribute(desk, events, request_id=request_id, unasked=False)


def _distribute(
    desk: Desk, events: tuple[m.Event, ...], *, request_id: str, unasked: bool
) -> m.DistributeEvent:
    response = m.EiResponse(code=200, description="OK", request_id=request_id)
    return m.DistributeEvent(
        response=None if unasked else response,
        # One of white space only is no value (R41).
        request_id=request_id if request_id.strip() else desk.new_id(),
        vtn_id=desk.vtn_id,
        events=events,
    )


async def _note_events(
    tx: Transaction, member: Member, rows: Sequence[snapshot.Row], now: datetime
) -> None:
    await delivery.sent(
        tx, party_pk=member.pk, event_pks_with_modification=_modifications(rows), now=now
    )


def _modifications(rows: Sequence[snapshot.Row]) -> dict[int, int]:
    return {stored.pk: stored.modification for stored, _ in rows}


def _all_marked(shot: snapshot.Snapshot) -> bool:
    return all(sent.sent_modification == stored.modification for stored, sent in shot.rows)


def poll_interval(desk: Desk, member: Member) -> timedelta:
    """Returns how often a VEN is asked to poll (R403)."""
    return member.poll_interval or desk.settings.registration.poll_interval


def _due(item: outbox.Item, now: datetime, interval: timedelta, wish: Wish) -> datetime:
    if item.sent_at is None or item.pk in wish.again:
        return now
    return repeat_at(item.sent_at, item.sent_count, interval)


def _news(rows: Sequence[snapshot.Row], wish: Wish) -> list[snapshot.Row]:
    """Returns the events without those that the VEN does not take."""
    return [row for row in rows if wish.refused.get(row[0].pk) != row[0].modification]


def _are_due(rows: Sequence[snapshot.Row], now: datetime, interval: timedelta, wish: Wish) -> bool:
    """Returns whether one of the events makes it worthwhile to send them all."""
    moments = [_shown(row, now, interval, wish) for row in _news(rows, wish)]
    return any(at is not None and at <= now for at in moments)


def _shown(row: snapshot.Row, now: datetime, interval: timedelta, wish: Wish) -> datetime | None:
    """Returns when an event makes it worthwhile to send the snapshot; None if never."""
    at = snapshot.due_at(row, now, interval)
    return now if at is not None and EVENTS in wish.again else at


def _next(
    items: Sequence[outbox.Item],
    rows: Sequence[snapshot.Row],
    now: datetime,
    interval: timedelta,
) -> datetime | None:
    moments = [_due(item, now, interval, _POLL) for item in items]
    moments += [at for row in rows if (at := snapshot.due_at(row, now, interval)) is not None]
    return min(moments, default=None)
