"""The full snapshot of a VEN's events, and which of them still need an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oadr import messages as m
from oadr.enums import EventStatus, ResponseRequired
from oadr.event import order, retire_at, with_status
from vtn.dispatch.repeat import repeat_at
from vtn.store.delivery import Delivery
from vtn.store.event import StoredEvent

#: How often an event that wants no answer is repeated, since a reply can get lost.
UNANSWERED_SENDS = 3

Row = tuple[StoredEvent, Delivery]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A VEN's events at one moment.

    Attributes:
        events: in the order of R15.
        rows: what they were made from.
    """

    events: tuple[m.Event, ...]
    rows: tuple[Row, ...]


def build(rows: Sequence[Row], now: datetime) -> Snapshot:
    """Returns what a VEN gets to see: far, near, active and unacknowledged cancelled (R50, R66).

    All events of one payload have the same createdDateTime (R115).
    """
    alive = [row for row in rows if is_alive(row, now)]
    by_id = {row[0].event.event_id: row for row in alive}
    ordered = order([row[0].event for row in alive], now)
    events = tuple(with_status(event, now, now) for event in ordered)
    return Snapshot(events=events, rows=tuple(by_id[event.event_id] for event in ordered))


def is_alive(row: Row, now: datetime) -> bool:
    """Returns whether the event still belongs into snapshots.

    A cancelled event leaves once it is acknowledged, or has been sent often enough
    where no answer is wanted (R50, R52); any other when it is over (R66).
    """
    stored, _delivery = row
    if now >= retire_at(stored.event):
        return False
    if not stored.cancelled:
        return True
    return not is_settled(row)


def is_settled(row: Row) -> bool:
    """Returns whether the VEN needs not be sent this version of the event again."""
    stored, delivery = row
    if stored.event.response_required is ResponseRequired.ALWAYS:
        return delivery.acked_modification == delivery.modification
    return delivery.sent_modification == delivery.modification and (
        delivery.sent_count >= UNANSWERED_SENDS
    )


def due_at(row: Row, now: datetime, interval: timedelta) -> datetime | None:
    """Returns when this event makes a poll worth answering; None if never.

    New and changed events at once; unanswered ones again and again, ever less often.
    """
    _stored, delivery = row
    if not is_alive(row, now) or is_settled(row):
        return None
    if delivery.sent_modification != delivery.modification or delivery.sent_at is None:
        return now
    return repeat_at(delivery.sent_at, delivery.sent_count, interval)


def status_of(stored: StoredEvent, now: datetime) -> EventStatus:
    """Returns where an event stands at ``now``."""
    return with_status(stored.event, now, now).descriptor.event_status
