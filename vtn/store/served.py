"""What the VTN offers to VENs, and what they have requested of it.

A request is there for as long as a report of it is still to be sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update

from oadr.messages import Report, ReportRequest
from oadr.report import RequestKind
from vtn.store.document import read_reports, read_request, write_reports, write_request
from vtn.store.schema import own_offer, served
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A request of a VEN that the VTN serves.

    Attributes:
        kind: how it is answered.
        accepted_at: when it was accepted.
        sent_index: the window of the last report; -1 before the first.
        last_sent: when that went into the outbox.
        due_at: when the next report is due.
        closing: the next report is the final one (R345).
    """

    pk: int
    party_pk: int
    request: ReportRequest
    kind: RequestKind
    accepted_at: datetime
    sent_index: int
    last_sent: datetime | None
    due_at: datetime
    closing: bool

    @property
    def report_request_id(self) -> str:
        """The reportRequestID; the VEN has made it up."""
        return self.request.report_request_id


async def offer(
    tx: Transaction, *, party_pk: int, reports: Sequence[Report], now: datetime
) -> None:
    """Notes what the VTN offers a VEN, in place of what it offered before (R306)."""
    values = {"xml": write_reports(reports), "offered_at": now}
    new = insert(own_offer).values(party_pk=party_pk, **values)
    await tx.execute(new.on_conflict_do_update(index_elements=[own_offer.c.party_pk], set_=values))


async def offered(tx: Transaction, *, party_pk: int) -> tuple[Report, ...] | None:
    """Returns what the VTN offered a VEN last; None if it never did."""
    found = await tx.scalar(select(own_offer.c.xml).where(own_offer.c.party_pk == party_pk))
    return None if found is None else read_reports(found)


async def offered_something(tx: Transaction, *, most: int) -> list[int]:
    """Returns the keys of VENs that were not told last that there is nothing."""
    # Reads all: the VTN asks once after its start, and only if it offers nothing.
    statement = select(own_offer.c.party_pk).where(own_offer.c.xml != write_reports(()))
    return [row.party_pk for row in await tx.rows(statement.limit(most))]


async def put(
    tx: Transaction,
    *,
    party_pk: int,
    request: ReportRequest,
    kind: RequestKind,
    due_at: datetime,
    now: datetime,
) -> None:
    """Stores a request, in place of one with the same reportRequestID."""
    await remove(tx, party_pk=party_pk, ids=[request.report_request_id])
    await tx.execute(
        insert(served).values(
            party_pk=party_pk,
            report_request_id=request.report_request_id,
            xml=write_request(request),
            kind=str(kind),
            accepted_at=now,
            sent_index=-1,
            due_at=due_at,
            closing=False,
        )
    )


async def requests(tx: Transaction, *, party_pk: int | None = None) -> list[Served]:
    """Returns the requests of a VEN, or of all, oldest first."""
    statement = select(served).order_by(served.c.pk)
    if party_pk is not None:
        statement = statement.where(served.c.party_pk == party_pk)
    return [_served(row) for row in await tx.rows(statement)]


async def get(tx: Transaction, *, pk: int) -> Served | None:
    """Returns a request; None if it has ended."""
    row = await tx.first(select(served).where(served.c.pk == pk))
    return None if row is None else _served(row)


async def due(tx: Transaction, *, now: datetime, most: int) -> list[Served]:
    """Returns the requests of which a report is due, longest due first."""
    statement = select(served).where(served.c.due_at <= now).order_by(served.c.due_at).limit(most)
    return [_served(row) for row in await tx.rows(statement)]


async def sent(
    tx: Transaction, *, pk: int, index: int, due_at: datetime | None, now: datetime
) -> None:
    """Notes that a report went into the outbox, and when the next is due; None ends it."""
    if due_at is None:
        await tx.execute(delete(served).where(served.c.pk == pk))
        return
    values = {"sent_index": index, "due_at": due_at, "last_sent": now}
    await tx.execute(update(served).where(served.c.pk == pk).values(values))


async def postpone(tx: Transaction, *, pk: int, until: datetime) -> None:
    """Lets the next report wait."""
    await tx.execute(update(served).where(served.c.pk == pk).values(due_at=until))


async def close(tx: Transaction, *, party_pk: int, ids: Sequence[str], now: datetime) -> None:
    """Makes the next report of requests the final one, due at once (R345)."""
    await tx.execute(
        update(served)
        .where(served.c.party_pk == party_pk, served.c.report_request_id.in_(ids))
        .values(closing=True, due_at=now)
    )


async def remove(tx: Transaction, *, party_pk: int, ids: Sequence[str]) -> int:
    """Ends requests, and returns how many there were."""
    return await tx.count(
        delete(served).where(served.c.party_pk == party_pk, served.c.report_request_id.in_(ids))
    )


async def forget(tx: Transaction, *, party_pk: int) -> None:
    """Erases what was offered to a VEN and what it requested (R406, R407)."""
    for table in (own_offer, served):
        await tx.execute(delete(table).where(table.c.party_pk == party_pk))


def _served(row: Row[Any]) -> Served:
    values: dict[str, Any] = dict(row._mapping)
    del values["report_request_id"]
    request, kind = read_request(values.pop("xml")), RequestKind(values.pop("kind"))
    return Served(**values, request=request, kind=kind)
