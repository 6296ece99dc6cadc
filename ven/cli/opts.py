"""What ``ven opt`` does in the state of a VEN, whether or not the VEN runs.

The state is where both meet: an opt that is put there waits until the VEN that runs on it
has told the VTN.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from oadr.enums import OptType
from oadr.errors import InvalidId
from oadr.event import Receiver
from oadr.messages import CancelOpt, CreateOpt, Event, Period, Target
from oadr.opt import periods_in_words, schedule_of, scope_in_words, spent
from oadr.times import end_of
from runtime.moments import parse_moment
from ven.availability import Wish, availability_of, check_cancel, message_of
from ven.cli.pulse import pulse_path, read_pulse
from ven.config import Settings
from ven.errors import StateError, Unregistered
from ven.state import HeldOpt, Registration, State

#: Real seconds for which a VEN that runs is given time to tell the VTN.
PATIENCE = 6.0
_STEP = 0.2
_STANDING = ("now", "later", "event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person typed.

    Attributes:
        starts: moments, as typed.
        lengths: durations, 0 for open-ended; as many as starts.
        add: whether the times of the schedule that this one supersedes are kept.
    """

    opt_type: OptType
    starts: Sequence[str]
    lengths: Sequence[timedelta]
    event: str | None
    resources: Sequence[str]
    market: str | None
    devices: Sequence[str]
    reason: str
    opt_id: str | None
    add: bool


async def say(settings: Settings, said: Said) -> dict[str, Any]:
    """Puts an opt into the state and returns what became of it.

    Raises:
        StateError: there is no state, or it cannot be used.
        Unregistered: the VEN has no registration, so nobody to tell.
        ProtocolError: such an opt must not be sent.
    """
    now = settings.clock.clock().now()
    state = await _opened(settings)
    try:
        party = await _party(state)
        event = await _event(state, said.event) if said.event is not None else None
        receiver = Receiver(ven_id=party.ven_id, market_contexts=settings.market_contexts)
        wish = _wish(said, event, now)
        message = message_of(wish, receiver, new_id=uuid.uuid4().hex, now=now)
        if said.add and event is None:
            wish = _added(wish, message, await state.opts.everything())
            message = message_of(wish, receiver, new_id=message.request_id, now=now)
        number = await state.opts.add(message)
        held = await _told(settings, state, number)
    finally:
        await state.close()
    row = held or HeldOpt(number=number, message=message, waiting=False)
    return shape(row, now, superseded=False)


async def cancel(settings: Settings, opt_id: str) -> dict[str, Any]:
    """Puts a cancellation into the state and returns what became of the schedules.

    Raises:
        StateError: there is no state, or it cannot be used.
        Unregistered: the VEN has no registration, so nobody to tell.
        InvalidId: there is no such schedule.
        NotAllowed: it is for an event (R211).
    """
    now = settings.clock.clock().now()
    state = await _opened(settings)
    try:
        party = await _party(state)
        known = await state.opts.everything()
        check_cancel(known, opt_id)
        own = [one for one in known if one.message.opt_id == opt_id and not one.refused]
        if not own:
            raise InvalidId(f"there is no opt {opt_id!r}; see: ven opt list --all", rule="R208")
        message = CancelOpt(request_id=uuid.uuid4().hex, opt_id=opt_id, ven_id=party.ven_id)
        number = await state.opts.add(message, now)
        held = await _told(settings, state, number)
    finally:
        await state.close()
    row = shape(own[-1], now, superseded=False) | {"state": "cancelled", "told": "told"}
    return row if held is None else row | {"told": _told_as(held), "refused": held.refused}


async def listed(settings: Settings, *, every: bool) -> list[dict[str, Any]]:
    """Returns what the VEN has said, oldest first.

    Raises:
        StateError: the state cannot be used.
    """
    now = settings.clock.clock().now()
    if not settings.state.path.exists():
        return []
    state = await _opened(settings)
    try:
        known = await state.opts.everything()
    finally:
        await state.close()
    made = [one for one in known if isinstance(one.message, CreateOpt)]
    schedules = [
        one
        for one in made
        if not one.refused and isinstance(one.message, CreateOpt) and one.message.event_id is None
    ]
    gone = {schedules[i].number for i in spent(availability_of(schedules).schedules)}
    rows = [shape(one, now, superseded=one.number in gone) for one in made]
    return [row for row in rows if every or row["state"] in _STANDING]


def shape(held: HeldOpt, now: datetime, *, superseded: bool) -> dict[str, Any]:
    """Returns an opt with everything that can be asked about it."""
    message = held.message
    assert isinstance(message, CreateOpt)  # noqa: S101 - cancellations are not listed
    schedule = schedule_of(message, message.created_date_time)
    return {
        "opt_id": message.opt_id,
        "opt": message.opt_type,
        "state": _state(held, message, now, superseded=superseded),
        "event": message.event_id,
        "when": periods_in_words(message.availability),
        "what": scope_in_words(schedule.scope),
        "reason": message.opt_reason,
        "told": _told_as(held),
        "refused": held.refused,
        "periods": [
            {"start": one.dtstart, "duration": one.duration} for one in message.availability
        ],
        "resources": message.target.resource_ids,
        "device_classes": sorted(schedule.scope.devices),
        "market_context": message.market_context,
        "made": message.created_date_time,
        "cancelled": held.cancelled,
    }


def _state(held: HeldOpt, message: CreateOpt, now: datetime, *, superseded: bool) -> str:
    if held.refused or held.cancelled is not None or superseded:
        return "refused" if held.refused else "cancelled" if held.cancelled else "superseded"
    if message.event_id is not None:
        return "event"
    spans = [(one.dtstart, end_of(one.dtstart, one.duration)) for one in message.availability]
    if any(start <= now < end for start, end in spans):
        return "now"
    return "later" if any(now < start for start, _ in spans) else "over"


def _told_as(held: HeldOpt) -> str:
    return "refused" if held.refused else "waiting" if held.waiting else "told"


def plain(value: object) -> object:
    """Returns what JSON has no word for: moments in UTC, durations in seconds."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return str(value)


async def _opened(settings: Settings) -> State:
    path = settings.state.path
    if not path.exists():
        raise StateError(str(path), "is not there yet: this VEN has never run; ven run")
    state = State(path)
    await state.open()
    return state


async def _party(state: State) -> Registration:
    party = await state.registration.load()
    if party is None:
        raise Unregistered
    return party


async def _event(state: State, event_id: str) -> Event:
    for held in await state.events.all():
        if held.event_id == event_id:
            return held.event
    raise InvalidId(f"this VEN holds no event {event_id!r}; see: ven status", rule="R206")


def _wish(said: Said, event: Event | None, now: datetime) -> Wish:
    pairs = zip(said.starts, said.lengths, strict=False) if event is None else ()
    return Wish(
        opt_type=said.opt_type,
        reason=said.reason,
        availability=tuple(
            Period(dtstart=parse_moment(start, now), duration=length) for start, length in pairs
        ),
        event=event,
        market_context=said.market,
        target=Target(resource_ids=tuple(said.resources)),
        device_class=Target(end_device_assets=tuple(said.devices)) if said.devices else None,
        opt_id=said.opt_id,
    )


def _added(wish: Wish, message: CreateOpt, known: Sequence[HeldOpt]) -> Wish:
    """Returns a schedule with the times of the one whose place it takes."""
    new = schedule_of(message, message.created_date_time)
    for schedule in reversed(availability_of(known).schedules):
        if (schedule.opt_type, schedule.scope) == (new.opt_type, new.scope):
            if schedule.cancelled is not None:
                break
            kept = [one for one in schedule.periods if one not in wish.availability]
            return Wish(
                opt_type=wish.opt_type,
                reason=wish.reason,
                availability=(*kept, *wish.availability),
                market_context=wish.market_context,
                target=wish.target,
                device_class=wish.device_class,
                opt_id=wish.opt_id or message.opt_id,
            )
    return wish


async def _told(settings: Settings, state: State, number: int) -> HeldOpt | None:
    """Returns an opt once the VTN has answered, or patience is at an end; None if it is gone."""
    pulse = read_pulse(pulse_path(settings.state.path))
    until = time.monotonic() + (PATIENCE if pulse is not None and pulse.running else 0)
    while True:
        known = {one.number: one for one in await state.opts.everything()}
        held = known.get(number)
        if held is None or not held.waiting or time.monotonic() >= until:
            return held
        await asyncio.sleep(_STEP)
