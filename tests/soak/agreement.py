"""Compares what the VTN and its buildings believe."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

from oadr.enums import ResponseRequired
from oadr.messages import CreateOpt, EventResponse
from tests.soak.instant import BEGIN
from tests.soak.living import QUIET
from tests.soak.plan import Publish
from tests.soak.town import House, Town
from ven.state.event import EventState, HeldEvent
from vtn.store import delivery, event, opt, party, reading
from vtn.store.delivery import Delivery
from vtn.store.event import StoredEvent
from vtn.store.reading import ReadingFilter, ReadingRow

#: Readings are sent every four hours; the last ones must have come.
_LATEST = timedelta(hours=6)
#: Within that time of sound lines a building must have got what there is for it.
PROMPT = timedelta(hours=3)


async def differences(town: Town) -> list[str]:
    """Returns what they do not agree on, a line each."""
    return [
        f"{house.plan.name}: {line}"
        for house in town.houses.values()
        for compare in (_events, _opts, _readings)
        async for line in compare(town, house)
    ]


async def _events(town: Town, house: House) -> AsyncIterator[str]:
    held = house.machine.events.held
    published = [one for _, one in town.day.happenings if isinstance(one, Publish)]
    async with town.store.read() as tx:
        known = await party.get(tx, ven_name=house.plan.name)
        assert known is not None
        for publish in published:
            stored = await event.get(tx, event_id=publish.event)
            row = await delivery.get(tx, event_id=publish.event, party_pk=known.pk)
            one = held.pop(publish.event, None)
            if stored is not None and row is not None:
                taken = house.taken.get(publish.event)
                for line in (*_event(stored, row, one, town.now()), *_answer(row, taken)):
                    yield f"{publish.event}: {line}"
            elif one is not None:
                yield f"{publish.event}: not for this building, which holds it"


def _event(
    stored: StoredEvent, row: Delivery, held: HeldEvent | None, now: datetime
) -> Iterator[str]:
    wanted = stored.event.response_required is ResponseRequired.ALWAYS
    in_time = stored.retire_at > now - QUIET + PROMPT
    number = held.event.descriptor.modification_number if held is not None else None
    if stored.cancelled:
        if in_time and held is not None and held.state is EventState.HELD:
            yield "cancelled, but the building goes on"
    elif held is None and stored.retire_at > now:
        yield "the building does not know it"
    elif held is not None and in_time and number != row.modification:
        yield f"modification {row.modification}, but the building holds {number}"
    if wanted and in_time and row.acked_modification != row.modification:
        yield f"modification {row.modification}, but {row.acked_modification} is answered"
    same = held is not None and number == row.modification
    if wanted and held is not None and same and row.opt_type != held.opt:
        yield f"the VTN has {row.opt_type}, the building {held.opt} ({held.state})"
    if not wanted and row.opt_type is not None and row.opt_source == "createdEvent":
        yield "answered, though no answer was wanted"


def _answer(row: Delivery, taken: EventResponse | None) -> Iterator[str]:
    """Compares the answer that the VTN has with the last that has arrived there.

    The building need not know that it has arrived: it stops asking once the event is off
    the list.
    """
    there = (row.acked_modification, row.opt_type)
    arrived = (taken.modification_number, taken.opt_type) if taken is not None else (None, None)
    if there != arrived:
        yield f"{arrived[1]} to {arrived[0]} has arrived, the VTN has {there[1]} to {there[0]}"


async def _opts(town: Town, house: House) -> AsyncIterator[str]:
    made = await house.machine.core.state.opts.everything()
    if waiting := [one.message.opt_id for one in made if one.waiting]:
        yield f"opts {waiting} were not told"
    said = [
        (one.message.opt_id, one.message.opt_type, one.cancelled is not None)
        for one in made
        if isinstance(one.message, CreateOpt) and not one.refused
    ]
    async with town.store.read() as tx:
        known = await party.get(tx, ven_name=house.plan.name)
        assert known is not None
        rows = await opt.everything(tx, party_pk=known.pk)
    there = [(row.opt.opt_id, row.opt.opt_type, row.cancelled_at is not None) for row in rows]
    if there != said:
        yield f"the VTN has the schedules {there}, the building {said}"


async def _readings(town: Town, house: House) -> AsyncIterator[str]:
    rows = await _stored(town, house)
    measured = await _measured(house)
    if not rows:
        yield "no reading has come"
        return
    if twice := [start for start, count in Counter(row.start for row in rows).items() if count > 1]:
        yield f"readings of {twice} are there twice"
    first, last = rows[0].start, rows[-1].start
    if first > BEGIN + PROMPT or last < house.clock.now() - _LATEST:
        yield f"readings from {first} to {last} are all that have come"
    for row in rows:
        if row.quality is None and measured.get(row.start) != row.value:
            yield f"reading of {row.start}: {row.value}, but {measured.get(row.start)} was measured"
    there = {row.start for row in rows}
    for start, value in measured.items():
        if first <= start <= last and start not in there:
            yield f"reading of {start}, {value}, is missing"


async def _stored(town: Town, house: House) -> list[ReadingRow]:
    async with town.store.read() as tx:
        known = await party.get(tx, ven_name=house.plan.name)
        assert known is not None
        found = [row async for row in reading.export(tx, filter=ReadingFilter(ven_id=known.ven_id))]
    return sorted(found, key=lambda row: row.start)


async def _measured(house: House) -> dict[datetime, object]:
    readings = await house.machine.core.state.readings.between(["main"], BEGIN, house.clock.now())
    return {one.start: one.value for one in readings}
