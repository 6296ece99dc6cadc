"""Certificates of parties: which fingerprint is whose, and until when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, or_, select, update

from vtn.store import party, pending
from vtn.store.errors import DuplicateId, UnknownId
from vtn.store.schema import certificate
from vtn.store.schema import party as parties
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction
from vtn.store.types import UTCDateTime

#: Fingerprints that are looked up in one statement.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that identifies a party.

    Attributes:
        fingerprint: the 20-digit form of OpenADR, ``AB:CD:...``.
        subject: its common name, if known.
        not_after: when it expires by itself, if known.
        valid_until: the end of the overlap with its successor; None for no end.
        issuer: who signed it, if known.
        shown_at: when its owner first showed it; None if never.
    """

    pk: int
    party_pk: int
    fingerprint: str
    subject: str | None
    not_after: datetime | None
    added_at: datetime
    valid_until: datetime | None
    revoked_at: datetime | None
    issuer: str | None = None
    shown_at: datetime | None = None

    @property
    def ends(self) -> datetime | None:
        """When it stops identifying its owner, as far as that is known."""
        known = [at for at in (self.not_after, self.valid_until) if at is not None]
        return min(known, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a certificate says that somebody has shown.

    Attributes:
        fingerprint: of 20 digits.
        subject: its common name; None if that is not known.
        issuer: who signed it; None if that is not known.
        not_after: when it expires; None if that is not known.
        at: when it was shown.
    """

    fingerprint: str
    subject: str | None
    issuer: str | None
    not_after: datetime | None
    at: datetime


async def add(
    tx: Transaction,
    *,
    party_pk: int,
    fingerprint: str,
    now: datetime,
    subject: str | None = None,
    not_after: datetime | None = None,
) -> Certificate:
    """Gives a party a certificate, beside those that it has, and returns it.

    Raises:
        DuplicateId: the fingerprint is that of a valid certificate already; one
            certificate identifies one party.
        UnknownId: there is no such party.
    """
    taken = await tx.first(
        select(certificate.c.party_pk).where(certificate.c.fingerprint == fingerprint, _valid(now))
    )
    if taken is not None:
        owner = await party.get(tx, pk=taken.party_pk)
        whose = f"by {owner.ven_id!r}" if owner is not None else "by another party"
        raise DuplicateId(whose, kind="fingerprint", value=fingerprint)
    await party.changed(tx, pk=party_pk)
    statement = insert(certificate).values(
        party_pk=party_pk,
        fingerprint=fingerprint,
        subject=subject,
        not_after=not_after,
        added_at=now,
    )
    row = (await tx.execute(statement.returning(certificate))).one()
    await pending.certified(tx, fingerprint=fingerprint)
    return Certificate(**row._mapping)


async def set_valid_until(
    tx: Transaction, *, fingerprint: str, valid_until: datetime | None, now: datetime
) -> None:
    """Sets the end of the overlap of a valid certificate with its successor.

    Raises:
        UnknownId: no valid certificate has this fingerprint.
    """
    await _change(tx, fingerprint, now, "valid_until", valid_until)


async def revoke(tx: Transaction, *, fingerprint: str, now: datetime) -> None:
    """Makes a certificate invalid at once.

    Raises:
        UnknownId: no valid certificate has this fingerprint.
    """
    await _change(tx, fingerprint, now, "revoked_at", now)


async def for_party(tx: Transaction, *, party_pk: int) -> list[Certificate]:
    """Returns all certificates that a party ever had, oldest first."""
    statement = select(certificate).where(certificate.c.party_pk == party_pk)
    return _certificates(await tx.rows(statement.order_by(certificate.c.pk)))


async def history(tx: Transaction, *, fingerprint: str) -> list[Certificate]:
    """Returns whose a certificate is and has been, latest first."""
    statement = select(certificate).where(certificate.c.fingerprint == fingerprint)
    return _certificates(await tx.rows(statement.order_by(certificate.c.pk.desc())))


async def all_valid(tx: Transaction, *, now: datetime) -> list[Certificate]:
    """Returns the certificates that identify somebody at this moment."""
    return _certificates(await tx.rows(select(certificate).where(_valid(now))))


async def owners(tx: Transaction) -> dict[int, str]:
    """Returns the names of all parties by their keys, for whoever asks whose certificate it is."""
    rows = await tx.rows(select(parties.c.pk, parties.c.ven_name))
    return {row.pk: row.ven_name for row in rows}


async def unseen(tx: Transaction, *, among: Collection[str]) -> frozenset[str]:
    """Returns those of these fingerprints whose certificates nobody has shown so far."""
    found: set[str] = set()
    wanted = list(among)
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        statement = select(certificate.c.fingerprint).where(
            certificate.c.fingerprint.in_(some), certificate.c.shown_at.is_(None)
        )
        found.update(row.fingerprint for row in await tx.rows(statement))
    return frozenset(found)


async def learn(tx: Transaction, *, shown: Collection[Shown]) -> None:
    """Notes what certificates say that were shown for the first time; what is known stays."""
    columns = certificate.c
    statement = (
        update(certificate)
        .where(columns.fingerprint == bindparam("of"), columns.shown_at.is_(None))
        .values(
            shown_at=bindparam("now"),
            subject=func.coalesce(columns.subject, bindparam("whose")),
            issuer=func.coalesce(columns.issuer, bindparam("signer")),
            not_after=func.coalesce(columns.not_after, bindparam("end", type_=UTCDateTime)),
        )
    )
    rows = [
        {
            "of": one.fingerprint,
            "now": one.at,
            "whose": one.subject,
            "signer": one.issuer,
            "end": one.not_after,
        }
        for one in shown
    ]
    if rows:
        await tx.execute(statement, rows)


async def _change(
    tx: Transaction, fingerprint: str, now: datetime, column: str, value: datetime | None
) -> None:
    statement = (
        update(certificate)
        .where(certificate.c.fingerprint == fingerprint, _valid(now))
        .values({column: value})
        .returning(certificate.c.party_pk)
    )
    owner = await tx.scalar(statement)
    if owner is None:
        raise UnknownId(kind="valid certificate with fingerprint", value=fingerprint)
    await party.changed(tx, pk=owner)


def _valid(now: datetime) -> ColumnElement[bool]:
    return certificate.c.revoked_at.is_(None) & or_(
        certificate.c.valid_until.is_(None), certificate.c.valid_until > now
    )


def _certificates(rows: Sequence[Row[Any]]) -> list[Certificate]:
    return [Certificate(**row._mapping) for row in rows]
