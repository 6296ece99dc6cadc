"""Deliveries: what became of an event at each VEN that it is for."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Update,
    bindparam,
    case,
    delete,
    exists,
    literal,
    select,
    true,
    update,
)

from oadr.enums import OptType
from vtn.store import answer, change
from vtn.store.event import StoredEvent, stored
from vtn.store.schema import delivery, event, opt_history, party
from vtn.store.sqlite import insert, integers
from vtn.store.transaction import Transaction

OptSource = Literal["createdEvent", "createOpt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event at one VEN.

    Attributes:
        modification: the current one of the event.
        assigned_at: when it became one for the VEN.
        sent_modification: the last that was sent; None if none was.
        acked_modification: the last that the VEN answered with an oadrCreatedEvent.
        opt_type: what it last said for itself as a whole.
        opt_code: response code of that answer, 200 if it took the event.
        closed_at: when it left the snapshot of the VEN.
    """

    event_pk: int
    party_pk: int
    event_id: str
    modification: int
    assigned_at: datetime
    sent_modification: int | None
    sent_at: datetime | None
    sent_count: int
    acked_modification: int | None
    acked_at: datetime | None
    opt_type: OptType | None
    opt_code: int | None
    opt_description: str | None
    opt_source: OptSource | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The VEN of a delivery."""

    pk: int
    ven_id: str
    ven_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a VEN said about an event, once.

    Attributes:
        request_id: of the message that said it; of the optID for a createOpt.
        resources: the resources that it is about; none for the VEN as a whole.
        device_classes: the devices that it is about; none for all.
        void_at: when the registration ended under which it was said (R407); None before.
    """

    pk: int
    event_pk: int
    party_pk: int
    ven_id: str
    modification: int
    opt_type: OptType
    opt_code: int
    opt_description: str | None
    source: OptSource
    request_id: str
    resources: tuple[str, ...]
    device_classes: tuple[str, ...]
    at: datetime
    void_at: datetime | None


_NOTHING_SAID: dict[str, None] = dict.fromkeys(
    (
        "sent_modification",
        "sent_at",
        "acked_modification",
        "acked_at",
        "opt_type",
        "opt_code",
        "opt_description",
        "opt_source",
    )
)
_FIELDS = tuple(Delivery.__dataclass_fields__)
_COLUMNS = [
    event.c[name] if name in ("event_id", "modification") else delivery.c[name] for name in _FIELDS
]


async def assign(
    tx: Transaction, *, event_pk: int, party_pks: Collection[int], now: datetime
) -> None:
    """Makes an event one for these VENs, beside those that it is for already.

    A closed delivery opens again, as if nothing had been sent.
    """
    pks = integers(party_pks).subquery()
    # SQLite takes the ON of ON CONFLICT for that of a join without a WHERE before it.
    rows = select(literal(event_pk), pks.c.value, literal(now, delivery.c.assigned_at.type))
    new = insert(delivery).from_select(["event_pk", "party_pk", "assigned_at"], rows.where(true()))
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=[delivery.c.event_pk, delivery.c.party_pk],
            set_=_NOTHING_SAID | {"sent_count": 0, "closed_at": None, "assigned_at": now},
            where=delivery.c.closed_at.is_not(None),
        )
    )
    await change.bump(tx, party_pks=party_pks)


async def for_party(tx: Transaction, *, party_pk: int) -> list[tuple[StoredEvent, Delivery]]:
    """Returns the open events of a VEN, cancelled ones included, by start."""
    statement = (
        select(event, *_COLUMNS)
        .join(delivery, delivery.c.event_pk == event.c.pk)
        .where(delivery.c.party_pk == party_pk, delivery.c.closed_at.is_(None))
        .order_by(event.c.dtstart, event.c.pk)
    )
    return [(stored(row), _delivery(row)) for row in await tx.rows(statement)]


async def for_event(tx: Transaction, *, event_id: str) -> list[tuple[Recipient, Delivery]]:
    """Returns the VENs of an event and what became of it there, by venID."""
    statement = (
        _select(party.c.pk, party.c.ven_id, party.c.ven_name)
        .join(party, party.c.pk == delivery.c.party_pk)
        .where(event.c.event_id == event_id)
        .order_by(party.c.ven_id)
    )
    return [
        (Recipient(pk=row.pk, ven_id=row.ven_id, ven_name=row.ven_name), _delivery(row))
        for row in await tx.rows(statement)
    ]


async def get(tx: Transaction, *, event_id: str, party_pk: int) -> Delivery | None:
    """Returns one delivery, open or closed; None if the event was never for this VEN."""
    row = await tx.first(
        _select().where(event.c.event_id == event_id, delivery.c.party_pk == party_pk)
    )
    return None if row is None else _delivery(row)


async def sent(
    tx: Transaction,
    *,
    party_pk: int,
    event_pks_with_modification: Mapping[int, int] | Iterable[tuple[int, int]],
    now: datetime,
) -> None:
    """Notes that events were sent to a VEN, each with a modification.

    ``sent_count`` counts the sendings of one modification.
    """
    sendings = dict(event_pks_with_modification)
    if not sendings:
        return
    number = bindparam("number", type_=delivery.c.sent_modification.type)
    again = delivery.c.sent_modification == number
    statement = (
        update(delivery)
        .where(delivery.c.event_pk == bindparam("event"), delivery.c.party_pk == party_pk)
        .values(
            sent_modification=number,
            sent_at=now,
            sent_count=case((again, delivery.c.sent_count + 1), else_=1),
        )
    )
    rows = [{"event": pk, "number": number} for pk, number in sendings.items()]
    await tx.execute(statement, rows)


async def answered(
    tx: Transaction,
    *,
    party_pk: int,
    event_pk: int,
    modification: int,
    opt_type: OptType,
    code: int = 200,
    description: str | None = None,
    source: OptSource,
    resources: Collection[str] = (),
    device_classes: Collection[str] = (),
    request_id: str = "",
    now: datetime,
) -> bool:
    """Stores what a VEN said about an event.

    Only an oadrCreatedEvent acknowledges a modification. What is said about some resources
    or devices goes to the history and leaves the opt of the VEN as a whole alone. So does
    an oadrCreatedEvent once an oadrCreateOpt has spoken, also for later modifications
    (R206).

    Args:
        tx: the transaction.
        party_pk: who said it.
        event_pk: about which event.
        modification: which modification of it.
        opt_type: taking part or not.
        code: response code, 200 if the VEN took the event.
        description: its words.
        source: the message that it came in.
        resources: which resources it is about; none for the VEN as a whole.
        device_classes: which devices it is about; none for all.
        request_id: tells a new answer from the same one sent again.
        now: when it came.

    Returns:
        Whether it is new: False if it repeats the last answer (R42).
    """
    said: dict[str, Any] = {}
    if source == "createdEvent":
        said |= {"acked_modification": modification, "acked_at": now}
    if not resources and not device_classes:
        opt: dict[str, Any] = {
            "opt_type": opt_type,
            "opt_code": code,
            "opt_description": description,
            "opt_source": source,
        }
        said |= _unless_qualified(opt) if source == "createdEvent" else opt
    if said:
        await tx.execute(_update(event_pk).where(delivery.c.party_pk == party_pk).values(said))
    values = {
        "event_pk": event_pk,
        "party_pk": party_pk,
        "modification": modification,
        "opt_type": opt_type,
        "opt_code": code,
        "source": source,
        "request_id": request_id,
        "resources": json.dumps(sorted(resources)),
        "device_classes": json.dumps(sorted(device_classes)),
    }
    last, count = await answer.before(tx, values)
    if last == values:
        return False
    await tx.execute(insert(opt_history).values(**values, opt_description=description, at=now))
    if count > answer.MOST:
        await answer.prune(tx, event_pk=event_pk, party_pk=party_pk)
    return True


def _unless_qualified(opt: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an opt that gives way to one that came by oadrCreateOpt."""
    qualified = delivery.c.opt_source == "createOpt"
    return {
        name: case((qualified, delivery.c[name]), else_=literal(value, delivery.c[name].type))
        for name, value in opt.items()
    }


async def history(tx: Transaction, *, event_id: str, party_pk: int | None = None) -> list[Answer]:
    """Returns all that was said about an event, by one VEN or by all, oldest first."""
    statement = (
        select(opt_history, party.c.ven_id)
        .join(event, event.c.pk == opt_history.c.event_pk)
        .join(party, party.c.pk == opt_history.c.party_pk)
        .where(event.c.event_id == event_id)
        .order_by(opt_history.c.pk)
    )
    if party_pk is not None:
        statement = statement.where(opt_history.c.party_pk == party_pk)
    return [_answer(row) for row in await tx.rows(statement)]


async def close(
    tx: Transaction, *, event_pk: int, party_pks: Collection[int] | None = None, now: datetime
) -> frozenset[int]:
    """Takes an event out of the snapshot of VENs.

    Args:
        tx: the transaction.
        event_pk: which event.
        party_pks: which VENs; None for all.
        now: when.

    Returns:
        The VENs that had it in their snapshot until now.
    """
    statement = _update(event_pk).where(delivery.c.closed_at.is_(None)).values(closed_at=now)
    if party_pks is not None:
        statement = statement.where(delivery.c.party_pk.in_(integers(party_pks)))
    closed = await tx.rows(statement.returning(delivery.c.party_pk))
    pks = frozenset(row.party_pk for row in closed)
    await change.bump(tx, party_pks=pks)
    return pks


async def retire(tx: Transaction, *, now: datetime) -> frozenset[int]:
    """Takes all events past their ``retire_at`` out of the snapshots.

    Returns:
        The VENs that had one of them in their snapshot until now.
    """
    past = (
        update(event)
        .where(event.c.retired_at.is_(None), event.c.retire_at <= now)
        .values(retired_at=now)
    )
    closed: set[int] = set()
    for (pk,) in await tx.rows(past.returning(event.c.pk)):
        closed |= await close(tx, event_pk=pk, now=now)
    return frozenset(closed)


async def forget(tx: Transaction, *, party_pk: int) -> None:
    """Makes the open events of a VEN as if they had never been sent to it (R407).

    Cancelled ones stay as they are: a cancellation that has been acknowledged is never sent
    again (R50), and one that has not goes on being repeated (R52).
    """
    # One by one: NOT IN would read all events that there ever were.
    cancelled = exists().where(event.c.pk == delivery.c.event_pk, event.c.cancelled)
    await tx.execute(
        update(delivery)
        .where(
            delivery.c.party_pk == party_pk,
            delivery.c.closed_at.is_(None),
            ~cancelled,
        )
        .values(_NOTHING_SAID | {"sent_count": 0})
    )


async def hand_over(tx: Transaction, *, party_pk: int, to: int) -> None:
    """Makes the events of a VEN that has never been sent any those of another.

    An event that both have stays as it is at the other, unless it was closed there alone:
    then it opens again, as if nothing had been sent.
    """
    columns = [column.name for column in delivery.c]
    theirs = [literal(to) if name == "party_pk" else delivery.c[name] for name in columns]
    new = insert(delivery).from_select(columns, select(*theirs).where(_of_party(party_pk)))
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=[delivery.c.event_pk, delivery.c.party_pk],
            set_=_NOTHING_SAID
            | {"sent_count": 0, "closed_at": None, "assigned_at": new.excluded.assigned_at},
            where=delivery.c.closed_at.is_not(None) & new.excluded.closed_at.is_(None),
        )
    )
    await tx.execute(delete(delivery).where(_of_party(party_pk)))
    await change.bump(tx, party_pks=[to])


def _of_party(party_pk: int) -> ColumnElement[bool]:
    return delivery.c.party_pk == party_pk


def _select(*more: ColumnElement[Any]) -> Select[Any]:
    return select(*more, *_COLUMNS).select_from(
        delivery.join(event, event.c.pk == delivery.c.event_pk)
    )


def _update(event_pk: int) -> Update:
    return update(delivery).where(delivery.c.event_pk == event_pk)


def _delivery(row: Row[Any]) -> Delivery:
    """Returns the delivery of a row that ends with ``_COLUMNS``."""
    values: dict[str, Any] = dict(zip(_FIELDS, row[-len(_FIELDS) :], strict=True))
    if values["opt_type"] is not None:
        values["opt_type"] = OptType(values["opt_type"])
    return Delivery(**values)


def _answer(row: Row[Any]) -> Answer:
    values: dict[str, Any] = dict(row._mapping)
    values["opt_type"] = OptType(row.opt_type)
    values["resources"] = tuple(json.loads(row.resources))
    values["device_classes"] = tuple(json.loads(row.device_classes))
    return Answer(**values)
