"""Who has asked in vain: registrations that failed, and messages of VENs that are not enrolled.

One row for each certificate and each name that came with it; without TLS the name is all there
is. Anybody with a certificate can make rows, so the table is bounded, and so is what one
certificate gets of it.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from vtn.store.schema import certificate, party, pending
from vtn.store.sqlite import insert, integers
from vtn.store.transaction import Transaction

#: Rows that are kept.
MOST = 1000
#: Rows that one certificate gets: so many names of it are remembered.
MOST_NAMES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """Somebody who has asked in vain, once or several times.

    What is None has not been said. Every text is a peer's, cut and made printable.

    Attributes:
        pk: its row; 0 before it has one. Never used twice.
        fingerprint: of its certificate, 20 digits; empty without TLS.
        ven_name: that it gave; empty if it has given none.
        ven_id: that it gave.
        party_pk: the enrolled VEN that it is; None if it is not enrolled.
        message: name of the last one that was refused.
        profile: that it wants to speak.
        transport: that it wants to use.
        push_address: where it wants to be pushed to.
        report_only: whether it only wants to report.
        xml_signature: whether it signs.
        subject: of its certificate.
        issuer: of its certificate.
        serial: of its certificate.
        not_before: when its certificate begins to count.
        not_after: when its certificate expires.
        sha1: fingerprint of its certificate.
        sha256: fingerprint of its certificate.
        address: of the network, from which it came last.
        code: with which it was refused last.
        rule: by which it was refused last; empty for none.
        reason: why it was refused last, in words.
        asked: how often.
        first_asked: when it came first.
        last_asked: when it came last.
    """

    pk: int = 0
    fingerprint: str
    ven_name: str
    ven_id: str | None = None
    party_pk: int | None = None
    message: str
    profile: str | None = None
    transport: str | None = None
    push_address: str | None = None
    report_only: bool | None = None
    xml_signature: bool | None = None
    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    sha1: str | None = None
    sha256: str | None = None
    address: str | None = None
    code: int
    rule: str
    reason: str
    asked: int = 1
    first_asked: datetime
    last_asked: datetime

    def after(self, former: "Pending") -> "Pending":
        """Returns one for both; what this one does not say stays as it was.

        Args:
            former: of the same certificate, or of the same name where there is none.
        """
        kept = {
            name: getattr(former, name) for name in _MAY_BE_LEFT_OUT if getattr(self, name) is None
        }
        return replace(
            self,
            **kept,
            pk=former.pk,
            ven_name=self.ven_name or former.ven_name,
            asked=former.asked + self.asked,
            first_asked=min(former.first_asked, self.first_asked),
        )


_MAY_BE_LEFT_OUT = (
    "ven_id",
    "profile",
    "transport",
    "push_address",
    "report_only",
    "xml_signature",
    "subject",
    "issuer",
    "serial",
    "not_before",
    "not_after",
    "sha1",
    "sha256",
    "address",
)


async def note(tx: Transaction, *, rows: Iterable[Pending]) -> None:
    """Writes down who has asked in vain; whoever has been enrolled meanwhile is left out.

    Args:
        tx: the transaction.
        rows: in the order in which they came, each without a row of its own yet.
    """
    given = await _in_vain(tx, rows)
    if not given:
        return
    known = await _of(tx, given)
    former = {row.pk: row for row in known}
    book = _Book(known)
    for one in given:
        book.add(one)
    fresh = [_values(row) for row in book.rows if not row.pk]
    again = [row for row in book.rows if row.pk and row != former[row.pk]]
    if fresh:
        await tx.execute(insert(pending), fresh)
    if again:
        values: dict[str, Any] = {name: bindparam(name) for name in _values(again[0])}
        statement = update(pending).where(pending.c.pk == bindparam("row")).values(values)
        await tx.execute(statement, [{"row": row.pk} | _values(row) for row in again])
    await _forget_too_many(tx, {row.fingerprint for row in given})


async def everybody(tx: Transaction) -> list[Pending]:
    """Returns all who have asked in vain, who asked last first."""
    statement = select(pending).order_by(pending.c.last_asked.desc(), pending.c.pk.desc())
    return [Pending(**row._mapping) for row in await tx.rows(statement)]


async def certified(tx: Transaction, *, fingerprint: str) -> None:
    """Forgets those who have asked with a certificate that is enrolled now."""
    own = (pending.c.fingerprint == fingerprint) & (pending.c.fingerprint != "")
    await tx.execute(delete(pending).where(own))


async def named(tx: Transaction, *, names: Collection[str]) -> None:
    """Forgets those who have asked without TLS under names or venIDs that are enrolled now."""
    bare = (pending.c.fingerprint == "") & pending.c.ven_name.in_(sorted(names))
    await tx.execute(delete(pending).where(bare))


async def registered(tx: Transaction, *, party_pk: int) -> None:
    """Forgets the failed registrations of a VEN that has registered now."""
    await tx.execute(delete(pending).where(pending.c.party_pk == party_pk))


async def forget(tx: Transaction, *, pks: Collection[int]) -> int:
    """Forgets rows, and returns how many there were."""
    return await tx.count(delete(pending).where(pending.c.pk.in_(integers(pks))))


class _Book:
    """Rows by certificate, to which knocks are added."""

    def __init__(self, rows: Iterable[Pending]) -> None:
        self.rows = list(rows)

    def add(self, one: Pending) -> None:
        """Adds somebody who has asked, to the row that is its own if there is one."""
        place = self._place(one)
        if place is None:
            self.rows.append(one)
        else:
            self.rows[place] = one.after(self.rows[place])

    def _place(self, one: Pending) -> int | None:
        own = [n for n, row in enumerate(self.rows) if row.fingerprint == one.fingerprint]
        for place in own:
            if self.rows[place].ven_name == one.ven_name:
                return place
        if not one.fingerprint or not own:
            return None
        if not one.ven_name:
            # A poll gives no name: it belongs to the registration that came before it.
            return max(own, key=lambda place: self.rows[place].last_asked)
        return next((place for place in own if not self.rows[place].ven_name), None)


async def _in_vain(tx: Transaction, rows: Iterable[Pending]) -> list[Pending]:
    """Returns those who would still be refused: they may have been enrolled meanwhile."""
    given = list(rows)
    if not given:
        return []
    owners = await _owners(tx, given)
    vens = await _vens(tx, given)
    names = {row.ven_name for row in vens.values()}

    def still(row: Pending) -> bool:
        if row.party_pk is None:
            return row.fingerprint not in owners and (
                bool(row.fingerprint) or row.ven_name not in names
            )
        ven = vens.get(row.party_pk)
        if ven is None or (row.fingerprint and owners.get(row.fingerprint) != row.party_pk):
            return False
        return ven.registered_at is None or ven.registered_at < row.last_asked

    return [row for row in given if still(row)]


async def _owners(tx: Transaction, rows: Collection[Pending]) -> dict[str, int]:
    """Returns whose certificates these are."""
    prints = sorted({row.fingerprint for row in rows if row.fingerprint})
    now = max(row.last_asked for row in rows)
    statement = select(certificate.c.fingerprint, certificate.c.party_pk).where(
        certificate.c.fingerprint.in_(prints),
        certificate.c.revoked_at.is_(None),
        or_(certificate.c.valid_until.is_(None), certificate.c.valid_until > now),
    )
    return {row.fingerprint: row.party_pk for row in await tx.rows(statement)}


async def _vens(tx: Transaction, rows: Collection[Pending]) -> dict[int, Any]:
    """Returns the enrolled VENs that these are, or as which they would be known by name."""
    names = sorted({row.ven_name for row in rows if not row.fingerprint})
    pks = {row.party_pk for row in rows if row.party_pk is not None}
    statement = select(party.c.pk, party.c.ven_name, party.c.registered_at).where(
        or_(party.c.pk.in_(integers(pks)), party.c.ven_name.in_(names))
    )
    return {row.pk: row for row in await tx.rows(statement)}


async def _of(tx: Transaction, rows: Collection[Pending]) -> list[Pending]:
    """Returns what is known of the same certificates, and of the same names without any."""
    prints = sorted({row.fingerprint for row in rows if row.fingerprint})
    names = sorted({row.ven_name for row in rows if not row.fingerprint})
    bare = (pending.c.fingerprint == "") & pending.c.ven_name.in_(names)
    statement = select(pending).where(or_(pending.c.fingerprint.in_(prints), bare))
    return [Pending(**row._mapping) for row in await tx.rows(statement)]


async def _forget_too_many(tx: Transaction, fingerprints: Collection[str]) -> None:
    """Forgets who has asked only once, then who has been silent longest."""
    order = ((pending.c.asked > 1).desc(), pending.c.last_asked.desc(), pending.c.pk.desc())
    place = func.row_number().over(partition_by=pending.c.fingerprint, order_by=order)
    own = pending.c.fingerprint.in_(sorted(set(fingerprints) - {""}))
    placed = select(pending.c.pk, place.label("place")).where(own).subquery()
    names = select(placed.c.pk).where(placed.c.place > MOST_NAMES)
    await tx.execute(delete(pending).where(pending.c.pk.in_(names)))
    rest = select(pending.c.pk).order_by(*order).offset(MOST)
    await tx.execute(delete(pending).where(pending.c.pk.in_(rest)))


def _values(row: Pending) -> dict[str, Any]:
    values = asdict(row)
    del values["pk"]
    return values
