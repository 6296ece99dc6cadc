"""Readings: every value that was ever reported, once.

A reading is known by its data point and its start. What comes again replaces what is
there, so a report may be sent twice, or corrected (R346).
"""

import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Row, Select, func, literal, literal_column, or_, select
from sqlalchemy.engine import Dialect

from oadr.enums import Scale
from oadr.messages import LoadControl, ResourceStatus
from oadr.report import Reading
from vtn.store import energy
from vtn.store.schema import Key, data_point, party, reading, report_request
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction
from vtn.store.types import EPOCH, UTCDateTime, to_micros

#: A row of ``ingest``, as ``row`` makes it.
Raw = tuple[Any, ...]
_PointKey = tuple[str, str, str]
_CHUNK = 2000
#: Readings that one statement stores: fewer steps of SQLite, and below the 999 parameters
#: that its older versions take.
_GROUP = 50
#: Data points whose readings stand for energy.
_ENERGETIC = or_(
    (data_point.c.unit_name == "energyReal")
    & data_point.c.report_type.in_(sorted(energy.ENERGY_TYPES)),
    (data_point.c.unit_name == "powerReal")
    & data_point.c.report_type.in_(sorted(energy.POWER_TYPES)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingFilter:
    """Which readings; what is None does not matter.

    Attributes:
        start: the first moment; of the start of a reading.
        end: the first moment after.
        report_request_id: those that came last for this request.
    """

    ven_id: str | None = None
    r_id: str | None = None
    specifier_id: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    report_request_id: str | None = None


EVERY_READING = ReadingFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRow:
    """A stored reading with what it is a reading of.

    Attributes:
        duration: zero for a value at a moment.
        value: a number, which may be NaN or infinite; None where there is a status.
        status: the state of a resource, for TELEMETRY_STATUS.
        accuracy: in the unit of the value.
        confidence: 0 to 100.
        report_request_id: the request that it came for.
    """

    ven_id: str
    specifier_id: str
    r_id: str
    report_name: str | None
    report_type: str
    unit_name: str | None
    unit_units: str | None
    unit_scale: Scale | None
    start: datetime
    duration: timedelta
    value: Decimal | None
    status: ResourceStatus | None
    quality: str | None
    accuracy: Decimal | None
    confidence: int | None
    report_request_id: str | None
    received_at: datetime


_FIELDS = tuple(ReadingRow.__dataclass_fields__)
#: Where each field of a ``ReadingRow`` comes from; the first table that has it.
_COLUMNS = {**report_request.c, **data_point.c, **party.c, **reading.c}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergySum:
    """Energy at one data point of a VEN in a window.

    Attributes:
        watt_hours: exact, up to the last of 28 digits.
        covered: how much of the window has readings.
        readings: how many.
    """

    ven_id: str
    specifier_id: str
    r_id: str
    start: datetime
    end: datetime
    watt_hours: Decimal
    covered: timedelta
    readings: int


def row(
    *,
    data_point_pk: int,
    start: datetime,
    duration: timedelta,
    value: Decimal | ResourceStatus | None,
    received_at: datetime,
    quality: str | None = None,
    accuracy: Decimal | None = None,
    confidence: int | None = None,
    request_pk: int | None = None,
) -> Raw:
    """Returns a reading as ``ingest`` takes it."""
    status = _status_text(value) if isinstance(value, ResourceStatus) else None
    return (
        data_point_pk,
        to_micros(start),
        duration.days * 86400 + duration.seconds,
        None if value is None or status is not None else str(value),
        status,
        quality,
        None if accuracy is None else str(accuracy),
        confidence,
        request_pk,
        to_micros(received_at),
    )


def rows(
    found: Iterable[Reading],
    *,
    keys: Mapping[tuple[str, str], int],
    specifier_id: str,
    request_pk: int | None,
    received_at: datetime,
) -> list[Raw]:
    """Returns the readings of one report as ``ingest`` takes them.

    What ``row`` does for one, written out: a report may have thousands.

    Args:
        found: the readings, aware and in UTC.
        keys: (reportSpecifierID, rID) -> row of the data point.
        specifier_id: of the report.
        request_pk: the request that they came for.
        received_at: when.
    """
    now = to_micros(received_at)
    day, second = 86_400_000_000, 1_000_000
    made: list[Raw] = []
    for one in found:
        since, length, value = one.start - EPOCH, one.duration, one.value
        status = _status_text(value) if isinstance(value, ResourceStatus) else None
        made.append(
            (
                keys[specifier_id, one.r_id],
                since.days * day + since.seconds * second + since.microseconds,
                length.days * 86400 + length.seconds,
                str(value) if status is None else None,
                status,
                one.quality,
                None if one.accuracy is None else str(one.accuracy),
                one.confidence,
                request_pk,
                now,
            )
        )
    return made


async def ingest(tx: Transaction, *, rows: Sequence[Raw]) -> None:
    """Stores readings; the last of several for a moment wins.

    Args:
        tx: the transaction.
        rows: made by ``row``.

    Raises:
        BrokenConstraint: there is no such data point.
    """
    dialect = tx.connection.dialect
    whole = len(rows) - len(rows) % _GROUP
    groups = [tuple(chain.from_iterable(rows[n : n + _GROUP])) for n in range(0, whole, _GROUP)]
    await tx.driver_many(_ingest_sql(dialect, _GROUP), groups)
    await tx.driver_many(_ingest_sql(dialect, 1), rows[whole:])


async def export(
    tx: Transaction, *, filter: ReadingFilter = EVERY_READING
) -> AsyncGenerator[ReadingRow, None]:
    """Yields readings by venID, specifier, rID and start, a chunk at a time."""
    # The order of the indices, so that the first row comes at once.
    statement = _matching(filter, _select()).order_by(
        party.c.ven_id, data_point.c.specifier_id, data_point.c.r_id, reading.c.start
    )
    async with aclosing(tx.stream(statement, chunk=_CHUNK)) as rows:
        async for found in rows:
            yield _reading(found)


async def count(tx: Transaction, *, filter: ReadingFilter = EVERY_READING) -> int:
    """Returns how many readings there are."""
    by_time = replace(EVERY_READING, start=filter.start, end=filter.end)
    counting = select(func.count())
    joined = counting.select_from(reading) if filter == by_time else _from(counting)
    return int(await tx.scalar(_matching(filter, joined)))


async def latest(tx: Transaction, *, party_pk: int) -> list[ReadingRow]:
    """Returns the last reading of each data point of a VEN that has one."""
    other = reading.alias()
    last = (
        select(func.max(other.c.start))
        .where(other.c.data_point_pk == data_point.c.pk)
        .scalar_subquery()
    )
    statement = _select().where(data_point.c.party_pk == party_pk, reading.c.start == last)
    return [_reading(found) for found in await tx.rows(statement.order_by(data_point.c.pk))]


async def sums(
    tx: Transaction,
    *,
    windows: Sequence[tuple[datetime, datetime]],
    filter: ReadingFilter = EVERY_READING,
) -> list[EnergySum]:
    """Returns the energy at each data point in each window, by window, VEN and data point.

    Readings of real energy used and of real power count, finite ones that are not marked as
    bad (R318) only; one that lies partly in a window counts in part. A VEN that meters the
    same load at several data points has a sum for each; which of them to add is for the
    caller to know.

    Args:
        tx: the transaction.
        windows: pairs of first moment and first moment after.
        filter: which readings; its ``start`` and ``end`` do not matter here.
    """
    found: list[EnergySum] = []
    for window in windows:
        found += await _window(tx, filter, window)
    return found


async def _window(
    tx: Transaction, filter: ReadingFilter, window: tuple[datetime, datetime]
) -> list[EnergySum]:
    # A reading that began before the window may reach into it: the last before, if any.
    other = reading.alias()
    before = (
        select(func.max(other.c.start))
        .where(other.c.data_point_pk == data_point.c.pk, other.c.start <= window[0])
        .scalar_subquery()
    )
    from_then = func.coalesce(before, literal(window[0], UTCDateTime))
    chosen = replace(filter, start=None, end=window[1])
    statement = _matching(chosen, _select()).where(reading.c.start >= from_then, _ENERGETIC)
    totals: defaultdict[_PointKey, energy.Total] = defaultdict(lambda: energy.Total(window))
    async for found in tx.stream(statement, chunk=_CHUNK):
        if energy.counts(found.value, found.quality):
            totals[found.ven_id, found.specifier_id, found.r_id].add(
                found.value,
                found.unit_name,
                Scale(found.unit_scale),
                found.start,
                found.duration,
            )
    return [_energy_sum(key, totals[key]) for key in sorted(totals) if totals[key].readings]


def _energy_sum(key: _PointKey, total: energy.Total) -> EnergySum:
    return EnergySum(
        ven_id=key[0],
        specifier_id=key[1],
        r_id=key[2],
        start=total.window[0],
        end=total.window[1],
        watt_hours=total.watt_hours,
        covered=total.covered,
        readings=total.readings,
    )


@lru_cache(maxsize=8)
def _ingest_sql(dialect: Dialect, count: int) -> str:
    """Returns what stores ``count`` readings."""
    new = insert(reading)
    key = [reading.c.data_point_pk, reading.c.start]
    values = {column.name: new.excluded[column.name] for column in reading.c if column not in key}
    statement = new.on_conflict_do_update(index_elements=key, set_=values)
    one = f"({', '.join('?' * len(reading.c))})"
    return str(statement.compile(dialect=dialect)).replace(one, ", ".join([one] * count), 1)


def _select() -> Select[Any]:
    return _from(select(*(_COLUMNS[name] for name in _FIELDS)))


def _from(statement: Select[Any]) -> Select[Any]:
    # Parties first, then their data points, then readings: the plus keeps the planner from
    # going the other way, which would have to sort all readings.
    return (
        statement.select_from(party)
        .join(data_point, data_point.c.party_pk == literal_column("+party.pk", Key))
        .join(reading, reading.c.data_point_pk == literal_column("+data_point.pk", Key))
        .outerjoin(report_request, report_request.c.pk == reading.c.request_pk)
    )


def _matching(filter: ReadingFilter, statement: Select[Any]) -> Select[Any]:
    for column, value in (
        (party.c.ven_id, filter.ven_id),
        (data_point.c.r_id, filter.r_id),
        (data_point.c.specifier_id, filter.specifier_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if filter.start is not None:
        statement = statement.where(reading.c.start >= filter.start)
    if filter.end is not None:
        statement = statement.where(reading.c.start < filter.end)
    if filter.report_request_id is not None:
        # Only the data points of the party that has the request are looked at.
        wanted = report_request.alias()
        statement = statement.join(wanted, wanted.c.party_pk == party.c.pk).where(
            wanted.c.report_request_id == filter.report_request_id,
            reading.c.request_pk == wanted.c.pk,
        )
    return statement


def _reading(found: Row[Any]) -> ReadingRow:
    values: dict[str, Any] = dict(zip(_FIELDS, found, strict=True))
    values["unit_scale"] = None if found.unit_scale is None else Scale(found.unit_scale)
    values["status"] = None if found.status is None else _status(found.status)
    return ReadingRow(**values)


def _status_text(status: ResourceStatus) -> str:
    return json.dumps(asdict(status), default=str)


def _status(text: str) -> ResourceStatus:
    values: dict[str, Any] = json.loads(text)
    for name in ("capacity", "level_offset", "percent_offset", "set_point"):
        limits: dict[str, Any] | None = values[name]
        if limits is not None:
            exact = {key: Decimal(text) for key, text in limits.items() if text is not None}
            values[name] = LoadControl(**exact)
    return ResourceStatus(**values)
