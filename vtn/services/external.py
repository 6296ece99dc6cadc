"""Events that an application brings in, as its answer to a VEN's message.

They are put into the store and go out from there, like those of an operator: repeated
until they are answered, in the order of R15, with the status that time gives them.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oadr import codec
from oadr import messages as m
from oadr.errors import ComplianceError, DeploymentError, InvalidData, ProtocolError
from oadr.event import cancel, check_event, is_cancelled, modify, normalize, retire_at, with_status
from vtn.desk import Desk
from vtn.errors import Conflict
from vtn.operator.event import check_shareable
from vtn.roster import Member
from vtn.store import Transaction, audit, delivery, event
from vtn.store.event import StoredEvent

log = logging.getLogger("openadr.vtn.event")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """What is to be done about one event.

    Attributes:
        action: for the audit.
        event: as it is from now on.
        stored: as it stands; None for a new one.
        assign: makes it one for the VEN.
    """

    action: str
    event: m.Event
    stored: StoredEvent | None
    assign: bool


_Fault = ProtocolError | Conflict
#: What is stored of an event, and whether the VEN has it.
_Found = tuple[StoredEvent | None, bool]


async def take_in(
    desk: Desk,
    member: Member,
    events: Sequence[m.Event],
    now: datetime,
    *,
    hook: str = "on_request_event",
) -> None:
    """Stores the events that an application has for a VEN; each counts on its own.

    Args:
        desk: the VTN.
        member: the VEN.
        events: what the application returned, in any order.
        now: the moment.
        hook: that returned them, for the log.

    Raises:
        DeploymentError: one of them must not be sent; it is not stored, the others are.
    """
    wanted, faults = _readable(events)
    async with desk.store.read() as tx:
        # Most answers only say what is known already: then nothing has to be written.
        plans = await _plans(tx, member, wanted, now)
    if any(isinstance(plan, _Step) for plan in plans):
        plans = await _carry_out(desk, member, wanted, now, hook)
    faults += [
        (one.event_id, plan)
        for one, plan in zip(wanted, plans, strict=True)
        if isinstance(plan, ProtocolError | Conflict)
    ]
    if faults:
        _complain(desk, member, hook, faults)


def _readable(events: Iterable[m.Event]) -> tuple[list[m.Event], list[tuple[str, _Fault]]]:
    """Returns the events as they would arrive at a VEN, and what is wrong with the others."""
    found: dict[str, m.Event] = {}
    faults: list[tuple[str, _Fault]] = []
    ambiguous: set[str] = set()
    for given in events:
        try:
            wanted = _as_sent(given)
        except ProtocolError as error:
            faults.append((given.event_id, error))
            continue
        except Exception as error:  # noqa: BLE001 - what a handler makes is not ours
            name = str(getattr(getattr(given, "descriptor", None), "event_id", "?"))
            faults.append((name, InvalidData(f"it does not make a document: {error}")))
            continue
        same = found.setdefault(wanted.event_id, wanted)
        if _content(same) != _content(wanted):
            ambiguous.add(wanted.event_id)
    for name in sorted(ambiguous):
        del found[name]
        text = "two events of the same eventID are not the same"
        faults.append((name, ComplianceError(text, rule="R70")))
    return list(found.values()), faults


def _as_sent(given: m.Event) -> m.Event:
    ready = normalize(given)
    check_event(ready)
    document = codec.encode(m.DistributeEvent(request_id="", vtn_id="", events=(ready,)))
    message = codec.decode(document)
    if not isinstance(message, m.DistributeEvent):
        raise TypeError("it is no event")
    return message.events[0]


def _content(wanted: m.Event) -> m.Event:
    """Returns an event without the moment at which it was made, which nobody compares."""
    moment = wanted.active_period.dtstart
    return replace(wanted, descriptor=replace(wanted.descriptor, created_date_time=moment))


async def _carry_out(
    desk: Desk, member: Member, wanted: Sequence[m.Event], now: datetime, hook: str
) -> list[_Step | _Fault | None]:
    async with desk.store.begin() as tx:
        # Looked at once more: somebody else may have written since.
        plans = await _plans(tx, member, wanted, now)
        for plan in plans:
            if isinstance(plan, _Step):
                await _do(tx, member, plan, now, hook)
    await desk.roster.refresh(desk.store)
    return plans


async def _plans(
    tx: Transaction, member: Member, wanted: Sequence[m.Event], now: datetime
) -> list[_Step | _Fault | None]:
    rows = await delivery.for_party(tx, party_pk=member.pk) if wanted else []
    known = {stored.event_id: stored for stored, _ in rows}
    plans: list[_Step | _Fault | None] = []
    for one in wanted:
        found = (
            (known[one.event_id], True)
            if one.event_id in known
            else await _find(tx, member, one.event_id)
        )
        try:
            plans.append(_plan(found, one, now))
        except (ProtocolError, Conflict) as error:
            plans.append(error)
    return plans


async def _find(tx: Transaction, member: Member, event_id: str) -> _Found:
    """Returns an event that is not among the open ones of a VEN."""
    stored = await event.get(tx, event_id=event_id)
    if stored is None:
        return None, False
    there = await delivery.get(tx, party_pk=member.pk, event_id=event_id)
    return stored, there is not None


def _plan(found: _Found, wanted: m.Event, now: datetime) -> _Step | None:
    """Returns what has to be done so that a VEN gets an event; None for nothing.

    Raises:
        ProtocolError: the event breaks a rule for senders.
        Conflict: it is there with other content, for another VEN (R70).
    """
    stored, assigned = found
    if stored is None:
        if retire_at(wanted) <= now:
            return None
        return _Step(
            action="create event", event=with_status(wanted, now, now), stored=None, assign=True
        )
    if stored.cancelled and is_cancelled(wanted):
        return None
    over = retire_at(stored.event) <= now
    if over and (is_cancelled(wanted) or retire_at(wanted) <= now):
        return None
    if is_cancelled(wanted):
        return _Step(
            action="cancel event",
            event=_numbered(cancel(stored.event, now), wanted),
            stored=stored,
            assign=False,
        )
    return _change(stored, wanted, now, assign=not assigned)


def _change(stored: StoredEvent, wanted: m.Event, now: datetime, *, assign: bool) -> _Step | None:
    newer = wanted.descriptor.modification_number > stored.modification
    if assign and not newer:
        check_shareable(stored, wanted, now)
        return _Step(action="share event", event=stored.event, stored=stored, assign=True)
    changed = modify(stored.event, wanted, now)
    if changed is stored.event:
        if stored.cancelled or not newer:
            return None
        changed = with_status(_moved(stored.event, now), now, now)
    return _Step(
        action="modify event", event=_numbered(changed, wanted), stored=stored, assign=assign
    )


def _moved(current: m.Event, now: datetime) -> m.Event:
    moment = now.replace(microsecond=0)
    return replace(current, descriptor=replace(current.descriptor, modification_date_time=moment))


def _numbered(changed: m.Event, wanted: m.Event) -> m.Event:
    """Returns the event with the application's modification number, if that is the higher."""
    number = max(changed.descriptor.modification_number, wanted.descriptor.modification_number)
    return replace(changed, descriptor=replace(changed.descriptor, modification_number=number))


async def _do(tx: Transaction, member: Member, step: _Step, now: datetime, hook: str) -> None:
    ready, stored = step.event, step.stored
    new = stored is None
    if stored is None:
        stored = await event.add(tx, event=ready, now=now, retire_at=retire_at(ready))
    if is_cancelled(ready) or (not new and ready is not stored.event):
        # One that is new and cancelled is for a VEN that had it before this VTN forgot it.
        await event.replace(
            tx, event=ready, now=now, retire_at=retire_at(ready), cancelled=is_cancelled(ready)
        )
    if step.assign:
        await delivery.assign(tx, event_pk=stored.pk, party_pks=[member.pk], now=now)
    await audit.append(
        tx,
        at=now,
        actor=hook,
        action=step.action,
        subject=ready.event_id,
        detail={"ven": member.ven_name, "modification": ready.descriptor.modification_number},
    )


def _complain(desk: Desk, member: Member, hook: str, faults: Sequence[tuple[str, _Fault]]) -> None:
    handler = ", ".join(desk.hooks.handlers(hook))
    for event_id, error in faults:
        log.error(
            "handler %s for %s: event %r cannot be sent: %s",
            handler,
            hook,
            event_id,
            error,
            extra={"ven": member.ven_name, "event": event_id, "rule": getattr(error, "rule", "")},
        )
    raise DeploymentError(f"a handler of this VTN gave events in {hook} that must not be sent")
