"""What went wrong with VENs lately: refusals in both directions, each kind once with a count.

Written in batches, like when VENs were last seen. The newest ``KEPT`` of each VEN stay.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from vtn.store.schema import certificate, party, refusal
from vtn.store.sqlite import insert, integers
from vtn.store.transaction import Transaction

#: So many different ones are kept of each VEN, and of all strangers together.
KEPT = 20
#: So many are kept in all; the oldest go first.
MOST = 50_000


class Side(StrEnum):
    """Who refused what."""

    #: This VTN did not take a message of the VEN.
    IN = "in"
    #: The VEN said in a message that it does not take something.
    ANSWER = "answer"
    #: What was pushed to the VEN did not get through.
    PUSH = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Something that went wrong, once or several times.

    Attributes:
        party_pk: of the VEN; None for a stranger.
        fingerprint: of the certificate by which a VEN was not known; it is looked up when the
            refusal is written, so that one that has expired or was revoked names its VEN.
        side: who refused.
        message: name of the message that was refused, or that refuses; empty if unknown.
        rule: that was broken, such as ``"R42"``; empty if none.
        code: of OpenADR (400 and more), or of HTTP; 0 if there was none.
        words: why.
        repairs: that would have made the message acceptable.
        first_at: when it happened first.
        last_at: when it happened last.
        count: how often.
    """

    party_pk: int | None = None
    fingerprint: str = ""
    side: Side
    message: str
    rule: str
    code: int
    words: str
    repairs: tuple[str, ...] = ()
    first_at: datetime
    last_at: datetime
    count: int = 1

    @property
    def kind(self) -> tuple[str, str, str, int, str]:
        """What makes it the same as another one of the VEN."""
        return (self.side, self.message, self.rule, self.code, self.words)

    def joined(self, later: "Refusal") -> "Refusal":
        """Returns one for both of the same kind."""
        return replace(
            self,
            repairs=later.repairs or self.repairs,
            first_at=min(self.first_at, later.first_at),
            last_at=max(self.last_at, later.last_at),
            count=self.count + later.count,
        )


async def note(tx: Transaction, *, rows: Collection[Refusal]) -> None:
    """Writes refusals down, with those of the same kind; a VEN that is gone is left out."""
    if not rows:
        return
    found = await _owned(tx, rows)
    owners = {row.party_pk for row in found}
    known = {
        (row.party_pk, *_refusal(row).kind): row
        for row in await tx.rows(select(refusal).where(_of(owners)))
    }
    fresh: dict[Any, Refusal] = {}
    again: dict[int, Refusal] = {}
    for one in found:
        key = (one.party_pk, *one.kind)
        there = known.get(key)
        if there is None:
            fresh[key] = fresh[key].joined(one) if key in fresh else one
        else:
            again[there.pk] = again.get(there.pk, _refusal(there)).joined(one)
    if fresh:
        await tx.execute(insert(refusal), [_values(one) for one in fresh.values()])
    if again:
        await tx.execute(
            update(refusal)
            .where(refusal.c.pk == bindparam("row"))
            .values({name: bindparam(name) for name in _CHANGING}),
            [{"row": pk} | _changing(one) for pk, one in again.items()],
        )
    await _keep_newest(tx, owners)


async def for_party(tx: Transaction, *, party_pk: int, limit: int = KEPT) -> list[Refusal]:
    """Returns the refusals of a VEN, latest first."""
    statement = (
        select(refusal)
        .where(refusal.c.party_pk == party_pk)
        .order_by(refusal.c.last_at.desc(), refusal.c.pk.desc())
        .limit(limit)
    )
    return [_refusal(row) for row in await tx.rows(statement)]


async def since(tx: Transaction, *, moment: datetime) -> list[Refusal]:
    """Returns all that happened at a moment or later, latest first, of VENs and strangers."""
    statement = select(refusal).where(refusal.c.last_at >= moment)
    return [_refusal(row) for row in await tx.rows(statement.order_by(refusal.c.last_at.desc()))]


async def prune(tx: Transaction, *, before: datetime) -> None:
    """Forgets what is older than a moment, and the oldest of what is too much."""
    await tx.execute(delete(refusal).where(refusal.c.last_at < before))
    newest = select(refusal.c.pk).order_by(refusal.c.last_at.desc(), refusal.c.pk.desc())
    await tx.execute(delete(refusal).where(refusal.c.pk.in_(newest.offset(MOST))))


async def _owned(tx: Transaction, rows: Iterable[Refusal]) -> list[Refusal]:
    """Returns refusals with their VENs; without those of VENs that are not there any more."""
    given = list(rows)
    pks = {row.party_pk for row in given if row.party_pk is not None}
    there = {
        row.pk for row in await tx.rows(select(party.c.pk).where(party.c.pk.in_(integers(pks))))
    }
    names = {row.fingerprint for row in given if row.party_pk is None and row.fingerprint}
    proofs = await _owners(tx, names) if names else {}
    return [
        row if row.party_pk is not None else replace(row, party_pk=proofs.get(row.fingerprint))
        for row in given
        if row.party_pk is None or row.party_pk in there
    ]


async def _owners(tx: Transaction, fingerprints: Collection[str]) -> Mapping[str, int]:
    """Returns whose certificates these are or were; of two VENs, whose it was last."""
    wanted = sorted(fingerprints)
    statement = (
        select(certificate.c.fingerprint, certificate.c.party_pk)
        .where(certificate.c.fingerprint.in_(wanted))
        .order_by(certificate.c.pk)
    )
    return {row.fingerprint: row.party_pk for row in await tx.rows(statement)}


async def _keep_newest(tx: Transaction, owners: Collection[int | None]) -> None:
    place = (
        func.row_number()
        .over(
            partition_by=refusal.c.party_pk,
            order_by=(refusal.c.last_at.desc(), refusal.c.pk.desc()),
        )
        .label("place")
    )
    placed = select(refusal.c.pk, place).where(_of(owners)).subquery()
    await tx.execute(
        delete(refusal).where(refusal.c.pk.in_(select(placed.c.pk).where(placed.c.place > KEPT)))
    )


def _of(owners: Collection[int | None]) -> Any:
    pks = integers(pk for pk in owners if pk is not None)
    known = refusal.c.party_pk.in_(pks)
    return or_(known, refusal.c.party_pk.is_(None)) if None in owners else known


_CHANGING = ("repairs", "first_at", "last_at", "count")


def _changing(row: Refusal) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _CHANGING}
    return values | {"repairs": json.dumps(row.repairs)}


def _values(row: Refusal) -> dict[str, Any]:
    names = ("party_pk", "side", "message", "rule", "code", "words")
    return {name: getattr(row, name) for name in names} | _changing(row)


def _refusal(row: Any) -> Refusal:
    values = dict(row._mapping)
    del values["pk"]
    return Refusal(**values | {"side": Side(row.side), "repairs": tuple(json.loads(row.repairs))})
