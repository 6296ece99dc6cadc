"""Reports: what VENs offer, the data points in it, and what was requested of them."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, delete, func, literal, or_, select, update

from oadr.enums import Scale
from oadr.messages import Report, ReportDescription, ReportRequest, Unit
from vtn.store import change, served
from vtn.store.document import read_reports, read_request, write_reports, write_request
from vtn.store.errors import DuplicateId, UnknownId
from vtn.store.schema import data_point, report_offer, report_request
from vtn.store.sqlite import insert, integers
from vtn.store.transaction import Transaction

RequestState = Literal[
    "queued", "sent", "active", "cancelling", "cancelled", "done", "refused", "forgotten"
]
#: States in which the VEN has the request and has not ended it.
_RUNNING = ("sent", "active", "cancelling")
#: Characters that are kept of what a VEN says of a request.
LONGEST_WORDS = 400
#: Requests of one VEN that have ended without data, and that are remembered.
KEPT = 1000
#: The specifier of requests for metadata (R327).
_METADATA = "METADATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPointRow:
    """Something that a VEN measures; it keeps its key over all registrations.

    Attributes:
        report_name: without ``METADATA_``, such as ``"TELEMETRY_USAGE"``.
        unit_name: such as ``"powerReal"``; None if it has no unit.
        unit_units: such as ``"W"``.
        unit_scale: power of ten.
        resource_ids: what it aggregates; none means all (R343).
        offered: it is in what the VEN offers now.
    """

    pk: int
    party_pk: int
    specifier_id: str
    r_id: str
    report_name: str | None
    report_type: str
    reading_type: str
    unit_name: str | None
    unit_units: str | None
    unit_scale: Scale | None
    resource_ids: tuple[str, ...]
    offered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """A report request and what became of it.

    Attributes:
        kind: the report that it is for, such as ``"TELEMETRY_USAGE"``.
        state: ``forgotten`` belongs to a registration that has ended: no report answers it.
        standing: it is made again when the VEN registers its reports again.
        accepted_at: when it first became active.
        last_update: when data last came for it.
        code: response code of the VEN, where it refused.
        follow: a final report is expected after the end (R345).
        missing_at: since when the VEN does not list it as pending any more (R329); None
            if it does, or if data has come since.
    """

    pk: int
    party_pk: int
    request: ReportRequest
    kind: str
    state: RequestState
    standing: bool
    created_at: datetime
    accepted_at: datetime | None
    last_update: datetime | None
    code: int | None
    description: str | None
    follow: bool = False
    missing_at: datetime | None = None

    @property
    def report_request_id(self) -> str:
        """The reportRequestID."""
        return self.request.report_request_id


async def replace_offers(
    tx: Transaction, *, party_pk: int, reports: Sequence[Report], now: datetime
) -> list[StoredRequest]:
    """Stores what a VEN offers, in place of what it offered before (R306).

    The requests that the VEN had are cancelled, except those for metadata; those that it
    has not been sent yet stay. Data points keep their keys.

    Returns:
        The requests that this cancelled, as they were before.
    """
    offer = {"xml": write_reports(reports), "registered_at": now}
    new = insert(report_offer).values(party_pk=party_pk, **offer)
    await tx.execute(
        new.on_conflict_do_update(index_elements=[report_offer.c.party_pk], set_=offer)
    )
    await tx.execute(
        update(data_point).where(data_point.c.party_pk == party_pk).values(offered=False)
    )
    points = [
        _point(party_pk, report, description)
        for report in reports
        for description in report.descriptions
    ]
    if points:
        await tx.execute(_upsert_points, points)
    running = report_request.c.party_pk == party_pk, report_request.c.state.in_(_RUNNING)
    ends = (*running, report_request.c.specifier_id != _METADATA)
    ended = await tx.rows(select(report_request).where(*ends).order_by(report_request.c.pk))
    if ended:
        await tx.execute(update(report_request).where(*ends).values(state="cancelled"))
        await _prune(tx, party_pk)
    return [_request(row) for row in ended]


async def _prune(tx: Transaction, party_pk: int) -> None:
    """Forgets the oldest requests of a VEN that have ended and to which no data came.

    Each time a VEN registers its reports, what was requested of it ends.
    """
    over = (
        report_request.c.party_pk == party_pk,
        report_request.c.state.in_(("cancelled", "refused", "forgotten")),
        report_request.c.last_update.is_(None),
    )
    newest = select(report_request.c.pk).where(*over).order_by(report_request.c.pk.desc())
    await tx.execute(
        delete(report_request).where(*over, report_request.c.pk.not_in(newest.limit(KEPT)))
    )


async def offers(tx: Transaction, *, party_pk: int) -> tuple[Report, ...]:
    """Returns the reports that a VEN offers; none if it registered none."""
    found = await tx.scalar(select(report_offer.c.xml).where(report_offer.c.party_pk == party_pk))
    return () if found is None else read_reports(found)


async def data_points(tx: Transaction, *, party_pk: int) -> list[DataPointRow]:
    """Returns all data points that a VEN ever offered, oldest first."""
    statement = select(data_point).where(data_point.c.party_pk == party_pk)
    return [_data_point(row) for row in await tx.rows(statement.order_by(data_point.c.pk))]


async def next_request_id(tx: Transaction) -> str:
    """Returns a reportRequestID that this VTN has never used (R322)."""
    return f"report-{await change.next_number(tx, name='report_request')}"


async def add_request(
    tx: Transaction,
    *,
    party_pk: int,
    request: ReportRequest,
    kind: str,
    now: datetime,
    state: RequestState = "queued",
    standing: bool = False,
) -> StoredRequest:
    """Stores a request for a VEN and returns it.

    Raises:
        DuplicateId: its reportRequestID is taken (R322).
    """
    request_id = request.report_request_id
    taken = select(report_request.c.pk).where(report_request.c.report_request_id == request_id)
    if await tx.scalar(taken) is not None:
        raise DuplicateId("by an earlier request", kind="reportRequestID", value=request_id)
    statement = insert(report_request).values(
        party_pk=party_pk,
        report_request_id=request_id,
        specifier_id=request.report_specifier_id,
        xml=write_request(request),
        kind=kind,
        state=state,
        standing=standing,
        created_at=now,
    )
    row = (await tx.execute(statement.returning(report_request))).one()
    await change.bump(tx, party_pks=[party_pk])
    return _request(row)


async def set_request_state(
    tx: Transaction,
    *,
    pk: int,
    state: RequestState,
    now: datetime,
    code: int | None = None,
    description: str | None = None,
    follow: bool | None = None,
) -> None:
    """Notes what became of a request; the first ``active`` is when it was accepted.

    Args:
        tx: the transaction.
        pk: the request.
        state: that it is in now.
        now: the moment.
        code: of the VEN, where it refused something.
        description: its words; the beginning is kept, for a VEN may refuse many requests at
            once with as many words as fit into a message.
        follow: whether a final report is expected (R345); None leaves that as it is.

    Raises:
        UnknownId: there is no such request.
    """
    words = None if description is None else description[:LONGEST_WORDS]
    values: dict[str, Any] = {"state": state, "code": code, "description": words}
    if follow is not None:
        values["follow"] = follow
    if state == "active":
        moment = literal(now, report_request.c.accepted_at.type)
        values["accepted_at"] = func.coalesce(report_request.c.accepted_at, moment)
    statement = update(report_request).where(report_request.c.pk == pk).values(values)
    if not await tx.count(statement):
        raise UnknownId(kind="report request", value=pk)


async def received(
    tx: Transaction, *, pks: Collection[int], now: datetime, found: bool = False
) -> None:
    """Notes that data came for requests.

    Args:
        tx: the transaction.
        pks: the requests.
        now: when.
        found: some of them had been missing.
    """
    values: dict[str, Any] = {"last_update": now}
    if found:
        values["missing_at"] = None
    chosen = report_request.c.pk.in_(integers(pks))
    await tx.execute(update(report_request).where(chosen).values(values))


async def note_missing(tx: Transaction, *, pks: Collection[int], at: datetime | None) -> None:
    """Notes since when a VEN does not list requests as pending; None if it does (R329)."""
    if pks:
        chosen = report_request.c.pk.in_(integers(pks))
        await tx.execute(update(report_request).where(chosen).values(missing_at=at))


async def missing(
    tx: Transaction, *, most: int, after: tuple[datetime, int] | None = None
) -> list[StoredRequest]:
    """Returns active requests that their VENs do not list as pending, longest missing first.

    Args:
        tx: the transaction.
        most: how many.
        after: ``missing_at`` and key of one; those behind it.
    """
    statement = (
        select(report_request)
        .where(report_request.c.missing_at.is_not(None), report_request.c.state == "active")
        .order_by(report_request.c.missing_at, report_request.c.pk)
        .limit(most)
    )
    if after is not None:
        since, pk = after
        statement = statement.where(
            report_request.c.missing_at >= since,
            or_(report_request.c.missing_at > since, report_request.c.pk > pk),
        )
    return [_request(row) for row in await tx.rows(statement)]


async def requests(
    tx: Transaction,
    *,
    party_pk: int | None = None,
    states: Collection[RequestState] | None = None,
) -> list[StoredRequest]:
    """Returns requests, of one VEN or of all, in some states or in all, oldest first."""
    statement = select(report_request).order_by(report_request.c.pk)
    if party_pk is not None:
        statement = statement.where(report_request.c.party_pk == party_pk)
    if states is not None:
        statement = statement.where(report_request.c.state.in_(states))
    return [_request(row) for row in await tx.rows(statement)]


async def request(
    tx: Transaction, *, party_pk: int, report_request_id: str
) -> StoredRequest | None:
    """Returns a request of this VEN; None if it has none with this ID."""
    row = await tx.first(
        select(report_request).where(
            report_request.c.report_request_id == report_request_id,
            report_request.c.party_pk == party_pk,
        )
    )
    return None if row is None else _request(row)


async def forget(tx: Transaction, *, party_pk: int) -> None:
    """Erases what a VEN offers and forgets all requests, its own and those made of it (R407).

    Readings keep their data points, and those the requests that they came for.
    """
    await served.forget(tx, party_pk=party_pk)
    await tx.execute(delete(report_offer).where(report_offer.c.party_pk == party_pk))
    await tx.execute(
        update(data_point).where(data_point.c.party_pk == party_pk).values(offered=False)
    )
    await tx.execute(
        update(report_request)
        .where(report_request.c.party_pk == party_pk)
        .where(report_request.c.state.in_(("queued", *_RUNNING, "cancelled")))
        .values(state="forgotten")
    )


_new_point = insert(data_point)
_upsert_points = _new_point.on_conflict_do_update(
    index_elements=[data_point.c.party_pk, data_point.c.specifier_id, data_point.c.r_id],
    set_={
        name: _new_point.excluded[name]
        for name in (
            "report_name",
            "report_type",
            "reading_type",
            "unit_name",
            "unit_units",
            "unit_scale",
            "resource_ids",
            "offered",
        )
    },
)


def _point(party_pk: int, report: Report, offered: ReportDescription) -> dict[str, Any]:
    name = report.report_name
    unit = offered.unit if isinstance(offered.unit, Unit) else None
    source = offered.data_source
    return {
        "party_pk": party_pk,
        "specifier_id": report.report_specifier_id,
        "r_id": offered.r_id,
        "report_name": None if name is None else name.removeprefix("METADATA_"),
        "report_type": offered.report_type,
        "reading_type": offered.reading_type,
        "unit_name": None if unit is None else unit.name,
        "unit_units": None if unit is None else unit.units,
        "unit_scale": None if unit is None else unit.scale,
        "resource_ids": json.dumps(() if source is None else source.resource_ids),
        "offered": True,
    }


def _data_point(row: Row[Any]) -> DataPointRow:
    values: dict[str, Any] = dict(row._mapping)
    values["unit_scale"] = None if row.unit_scale is None else Scale(row.unit_scale)
    values["resource_ids"] = tuple(json.loads(row.resource_ids))
    return DataPointRow(**values)


def _request(row: Row[Any]) -> StoredRequest:
    values: dict[str, Any] = dict(row._mapping)
    for name in ("xml", "report_request_id", "specifier_id"):
        del values[name]
    return StoredRequest(**values, request=read_request(row.xml))
