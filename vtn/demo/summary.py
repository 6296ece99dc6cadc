"""What came of the demo, computed from the VTN's database and nothing else."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr.event import effective_end
from vtn.demo.buildings import BASELINE, BUILDINGS, METER
from vtn.demo.script import peak_id, second_id
from vtn.store import Store, Transaction, delivery, event, party, reading
from vtn.store.reading import ReadingFilter

_KILO = Decimal(1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingResult:
    """One building.

    Attributes:
        name: of its VEN.
        opt: its last answer to the peak event.
        used_kwh: metered during the event.
        expected_kwh: what it would have used without the event.
        shed_kwh: the difference.
        readings: stored over the whole day.
    """

    name: str
    opt: str
    used_kwh: Decimal
    expected_kwh: Decimal
    shed_kwh: Decimal
    readings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The day.

    Attributes:
        day: its midnight, UTC.
        event_start: of the peak event.
        event_end: of the peak event.
        modification: number of the peak event's last version.
        second_event: what became of the other event.
        readings_stored: in the database, of all days.
        readings_of_the_day: of them, of this day.
        opts: how many VENs opted in and out of the peak event.
        shed_kwh: of all buildings.
        buildings: one by one.
    """

    day: datetime
    event_start: datetime
    event_end: datetime
    modification: int
    second_event: str
    readings_stored: int
    readings_of_the_day: int
    opts: dict[str, int]
    shed_kwh: Decimal
    buildings: tuple[BuildingResult, ...]

    def as_json(self) -> dict[str, Any]:
        """Returns it for ``json.dumps``: moments in ISO format, energy as numbers."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


async def summarise(store: Store, day: datetime) -> Summary:
    """Returns the summary of a day."""
    async with store.read() as tx:
        peak = await event.get(tx, event_id=peak_id(day))
        other = await event.get(tx, event_id=second_id(day))
        if peak is None or other is None:
            raise LookupError(f"the events of {day:%Y-%m-%d} are not in the database")
        period = peak.event.active_period
        window = (period.dtstart, effective_end(period))
        answers = {
            recipient.ven_name: str(given.opt_type or "no answer")
            for recipient, given in await delivery.for_event(tx, event_id=peak.event_id)
        }
        buildings = [
            await _building(tx, name, answers.get(name, "no answer"), window, day)
            for name in (building.name for building in BUILDINGS)
        ]
        stored = await reading.count(tx)
    return Summary(
        day=day,
        event_start=window[0],
        event_end=window[1],
        modification=peak.modification,
        second_event="cancelled" if other.cancelled else "not cancelled",
        readings_stored=stored,
        readings_of_the_day=sum(row.readings for row in buildings),
        opts={answer: list(answers.values()).count(answer) for answer in set(answers.values())},
        shed_kwh=sum((row.shed_kwh for row in buildings), Decimal(0)),
        buildings=tuple(buildings),
    )


async def _building(
    tx: Transaction,
    name: str,
    opt: str,
    window: tuple[datetime, datetime],
    day: datetime,
) -> BuildingResult:
    row = await party.get(tx, ven_name=name)
    ven_id = row.ven_id if row else ""
    used = await _energy(tx, ven_id, METER, window)
    expected = await _energy(tx, ven_id, BASELINE, window)
    whole_day = ReadingFilter(ven_id=ven_id, start=day, end=day + timedelta(days=1))
    return BuildingResult(
        name=name,
        opt=opt,
        used_kwh=used,
        expected_kwh=expected,
        shed_kwh=expected - used,
        readings=await reading.count(tx, filter=whole_day),
    )


async def _energy(
    tx: Transaction, ven_id: str, r_id: str, window: tuple[datetime, datetime]
) -> Decimal:
    chosen = ReadingFilter(ven_id=ven_id, r_id=r_id)
    found = await reading.sums(tx, windows=[window], filter=chosen)
    return max((row.watt_hours for row in found), default=Decimal(0)) / _KILO


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The load of a building over a day.

    Attributes:
        name: of its VEN.
        metered: (start, kW), in order.
        expected: the same without the event.
    """

    name: str
    metered: Sequence[tuple[datetime, float]]
    expected: Sequence[tuple[datetime, float]]


async def curves(store: Store, day: datetime) -> list[Curve]:
    """Returns the load curves of a day."""
    found = []
    async with store.read() as tx:
        for building in BUILDINGS:
            row = await party.get(tx, ven_name=building.name)
            ven_id = row.ven_id if row else ""
            found.append(
                Curve(
                    name=building.name,
                    metered=await _power(tx, ven_id, METER, day),
                    expected=await _power(tx, ven_id, BASELINE, day),
                )
            )
    return found


async def _power(
    tx: Transaction, ven_id: str, r_id: str, day: datetime
) -> list[tuple[datetime, float]]:
    """Returns mean power in kW from energy readings in Wh, for the chart."""
    chosen = ReadingFilter(ven_id=ven_id, r_id=r_id, start=day, end=day + timedelta(days=1))
    return [
        (row.start, float(row.value / _KILO) / (row.duration / timedelta(hours=1)))
        async for row in reading.export(tx, filter=chosen)
        if row.value is not None and row.duration
    ]
