"""The live table of the demo: clock, buildings, answers, readings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rich.console import Group
from rich.table import Table
from rich.text import Text

from vtn.demo.buildings import BUILDINGS, METER
from vtn.demo.script import peak_id
from vtn.dispatch.snapshot import status_of
from vtn.store import Store, delivery, event, party, reading
from vtn.store.reading import ReadingFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What the table says of a building."""

    name: str
    state: str
    opt: str
    kilowatt: str
    readings: int


async def lines(store: Store, day: datetime) -> list[Line]:
    """Returns the table's lines as the database has them now."""
    async with store.read() as tx:
        answers = {
            recipient.ven_name: _answer(given)
            for recipient, given in await delivery.for_event(tx, event_id=peak_id(day))
        }
        found = []
        for building in BUILDINGS:
            row = await party.get(tx, ven_name=building.name)
            if row is None:
                continue
            latest = await reading.latest(tx, party_pk=row.pk)
            found.append(
                Line(
                    name=building.name,
                    state=row.state,
                    opt=answers.get(building.name, ""),
                    kilowatt=next((_power(one) for one in latest if one.r_id == METER), "-"),
                    readings=await reading.count(tx, filter=ReadingFilter(ven_id=row.ven_id)),
                )
            )
    return found


def _answer(given: delivery.Delivery) -> str:
    if given.opt_type is None:
        return "sent" if given.sent_at else "waiting"
    fresh = given.acked_modification == given.modification
    return str(given.opt_type) + ("" if fresh else " (old)")


def _power(row: reading.ReadingRow) -> str:
    if row.value is None or not row.duration:
        return "-"
    hours = Decimal(int(row.duration.total_seconds())) / 3600
    return f"{row.value / 1000 / hours:.2f}"


async def event_status(store: Store, day: datetime, now: datetime) -> str:
    """Returns where the peak event stands, in words."""
    async with store.read() as tx:
        stored = await event.get(tx, event_id=peak_id(day))
    if stored is None:
        return "no event yet"
    return f"peak event {status_of(stored, now)}, modification {stored.modification}"


def render(now: datetime, status: str, rows: Sequence[Line], said: Sequence[str]) -> Group:
    """Returns what is on the screen."""
    table = Table(title=f"{now:%Y-%m-%d %H:%M} UTC   {status}", title_justify="left")
    table.add_column("building")
    table.add_column("registration")
    table.add_column("peak event")
    table.add_column("last kW", justify="right")
    table.add_column("readings", justify="right")
    for row in rows:
        table.add_row(row.name, row.state, row.opt, row.kilowatt, str(row.readings))
    return Group(table, *(Text(line) for line in said[-6:]))
