"""What became of events, as the command line shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr import opt as rules
from oadr.enums import OptType, ResponseRequired
from oadr.times import FOREVER, ZERO, end_of
from vtn.cli.office import Office
from vtn.dispatch.snapshot import status_of
from vtn.explain.words import command
from vtn.export import number, unit_of
from vtn.operator import find_event
from vtn.participation import weigh
from vtn.store import Transaction, delivery, event, party
from vtn.store.delivery import Delivery
from vtn.store.event import StoredEvent
from vtn.store.party import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An event at one VEN.

    Attributes:
        ven: the VEN.
        delivery: what became of it there.
        takes_part: whether the VEN does, and why.
    """

    ven: Party
    delivery: Delivery
    takes_part: rules.Participation

    @property
    def answered(self) -> bool:
        """Whether the VEN has acknowledged the event as it stands."""
        return self.delivery.acked_modification == self.delivery.modification

    @property
    def delivered(self) -> bool:
        """Whether the VEN has been sent the event as it stands."""
        return self.delivery.sent_modification == self.delivery.modification


async def rows_of(tx: Transaction, stored: StoredEvent, policy: rules.Policy) -> list[Row]:
    """Returns an event at each of its VENs, by name."""
    vens = {row.pk: row for row in await party.all_parties(tx)}
    given = await delivery.for_event(tx, event_id=stored.event_id)
    found = await weigh(tx, stored, [vens[recipient.pk] for recipient, _ in given], policy)
    rows = [
        Row(ven=vens[recipient.pk], delivery=one, takes_part=found[recipient.pk])
        for recipient, one in given
    ]
    return sorted(rows, key=lambda row: row.ven.ven_name)


def note_of(row: Row, stored: StoredEvent, office: Office) -> str:
    """Returns what a person should know of an event at a VEN; empty if all is well."""
    given, notes = row.delivery, []
    if given.opt_code not in (None, 200):
        notes.append(f"answered {given.opt_code} {given.opt_description or ''}".rstrip())
    if stored.retire_at > office.now and not row.answered:
        notes.append(_open(row, stored, office))
    if not row.takes_part.parts:
        notes += rules.reasons(row.takes_part)
    return "; ".join(note for note in notes if note)


def _open(row: Row, stored: StoredEvent, office: Office) -> str:
    """Returns why an event is not acknowledged yet."""
    if row.ven.state != "registered":
        return "not registered"
    if not row.delivered:
        return "gets it at its next poll" if office.online(row.ven) else "offline"
    if stored.event.response_required is ResponseRequired.NEVER:
        return ""
    times = "once" if row.delivery.sent_count == 1 else f"{row.delivery.sent_count} times"
    return f"sent {times}, no answer yet"


def unwell(row: Row, stored: StoredEvent, office: Office) -> bool:
    """Returns whether somebody should ask why an event does not get through to a VEN."""
    given = row.delivery
    if given.opt_code not in (None, 200):
        return True
    if stored.retire_at <= office.now or row.answered:
        return False
    if row.ven.state != "registered" or not row.delivered:
        return not office.online(row.ven)
    return given.sent_count > 1 and stored.event.response_required is ResponseRequired.ALWAYS


def summary(stored: StoredEvent, now: datetime) -> dict[str, Any]:
    """Returns an event in short."""
    found, period = stored.event, stored.event.active_period
    return {
        "event_id": stored.event_id,
        "modification": stored.modification,
        "status": status_of(stored, now),
        "start": period.dtstart,
        "end": end_of(period.dtstart, period.duration),
        "signals": [_signal(signal) for signal in found.signals],
        "program": found.descriptor.market_context,
        "priority": found.descriptor.priority or 0,
        "test": found.descriptor.is_test,
        "comment": found.descriptor.vtn_comment,
        "response": found.response_required,
        "notification": period.notification,
        "ramp_up": period.ramp_up,
        "recovery": period.recovery,
        "randomize": period.start_after,
        "groups": found.target.group_ids,
        "resources": found.target.resource_ids,
        "created": stored.created_at,
        "modified": stored.modified_at,
    }


def _signal(signal: m.Signal) -> dict[str, Any]:
    unit = signal.unit if isinstance(signal.unit, m.Unit) else None
    return {
        "name": signal.signal_name,
        "type": signal.signal_type,
        "unit": unit_of(unit) or None,
        "intervals": [
            {"duration": one.duration or ZERO, "value": payload.value}
            for one in signal.intervals
            for payload in one.payloads
            if isinstance(payload, m.SignalPayload)
        ],
    }


def levels(signal: dict[str, Any]) -> str:
    """Returns the values of a signal, such as ``1, 2, 1``; the first few if there are many."""
    values = [number(one["value"]) for one in signal["intervals"]]
    shown = ", ".join(values[:6]) + (", ..." if len(values) > 6 else "")
    return f"{shown} {signal['unit']}" if signal["unit"] else shown


async def everything(office: Office, event_id: str) -> dict[str, Any]:
    """Returns all that is known of an event.

    Raises:
        NotFound: there is none with that ID.
    """
    async with office.store.read() as tx:
        stored = await find_event(tx, event_id)
        rows = await rows_of(tx, stored, office.settings.opts.policy)
        history = await event.versions(tx, event_id=event_id)
    return summary(stored, office.now) | {
        "vens": [_ven(row, stored, office) for row in rows],
        "delivered": sum(row.delivered for row in rows),
        "opted_in": _count(rows, OptType.OPT_IN),
        "opted_out": _count(rows, OptType.OPT_OUT),
        "waiting": sum(row.delivery.opt_type is None for row in rows),
        "taking_part": _extent(rows, rules.Extent.IN),
        "in_part": _extent(rows, rules.Extent.PARTIAL),
        "out": _extent(rows, rules.Extent.OUT),
        "history": [
            {"modification": one.modification, "at": one.at, "cancelled": one.cancelled}
            for one in history
        ],
    }


def _ven(row: Row, stored: StoredEvent, office: Office) -> dict[str, Any]:
    return {
        "ven": row.ven.ven_name,
        "ven_id": row.ven.ven_id,
        "sent": row.delivery.sent_at,
        "sent_count": row.delivery.sent_count,
        "sent_modification": row.delivery.sent_modification,
        "answered": row.delivery.acked_at,
        "answered_modification": row.delivery.acked_modification,
        "opt": row.delivery.opt_type,
        "code": row.delivery.opt_code,
        "takes_part": row.takes_part.extent,
        "out_by_schedule": marked_by(row.takes_part),
        "why": rules.reasons(row.takes_part),
        "parts": [_part(one) for one in row.takes_part.parts],
        "note": note_of(row, stored, office),
        "explain": command("vtn", "explain", "--ven", row.ven.ven_name, "--event", stored.event_id)
        if unwell(row, stored, office)
        else None,
    }


def _part(one: rules.PartVerdict) -> dict[str, Any]:
    return {
        "resource": one.resource,
        "device_class": one.device,
        "name": rules.name_of(one),
        "opt": one.verdict.opt,
        "by": one.verdict.source,
        "why": rules.because(one.verdict),
    }


def marked_by(found: rules.Participation) -> str | None:
    """Returns the optID of a schedule by which a VEN, or a part of it, is out; None for none."""
    verdicts = [found.whole, *(one.verdict for one in found.parts)]
    out = [span.schedule for verdict in verdicts for span in verdict.out]
    return max(out, key=lambda one: one.created).opt_id if out else None


def _extent(rows: Sequence[Row], extent: rules.Extent) -> int:
    return sum(row.takes_part.extent is extent for row in rows)


def _count(rows: Sequence[Row], opt_type: OptType) -> int:
    return sum(row.delivery.opt_type is opt_type for row in rows)


def extent(start: datetime, end: datetime) -> str:
    """Returns from when to when, UTC, with the second date only if it is another."""
    if end == FOREVER:
        return f"{start:%Y-%m-%d %H:%M} UTC, open-ended"
    second = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {second} UTC"
