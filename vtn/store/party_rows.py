"""Rows of the table ``party``, with the labels and certificates that belong to them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, or_, select

from oadr.enums import ProfileName, TransportName
from oadr.repair import Tolerance
from vtn.store.schema import certificate, label, party
from vtn.store.sqlite import integers
from vtn.store.transaction import Transaction

PartyState = Literal["enrolled", "registered", "cancelled"]
SignaturePolicy = Literal["required", "accepted", "ignored"]
Kind = Literal["group", "resource", "market_context"]
_Proof = tuple[str, datetime | None]
_COLUMNS = tuple(party.c.keys())
_PROFILES = {name.value: name for name in ProfileName}
_TRANSPORTS = {name.value: name for name in TransportName}
_TOLERANCES: dict[str | None, Tolerance] = {name.value: name for name in Tolerance}


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A VEN as the VTN knows it.

    Attributes:
        pk: key in this database, never used twice.
        state: ``enrolled`` until it registers; ``cancelled`` after its registration ended. A
            VEN of 2.0a does not register: being enrolled makes it ``registered``.
        registration_id: present while registered for 2.0b.
        profile: that it was enrolled for, or has registered with.
        pull: it polls; otherwise it listens at ``transport_address``.
        signature_policy: None leaves it to the configuration.
        peer: how much is put up with from it; None leaves it to the configuration.
        poll_interval: how often it was asked to poll, or asks of itself; None leaves it to
            the configuration.
        last_seen: when it last sent a message.
        fingerprints: its certificates that are not revoked.
        ends: those of them that are valid only until a moment, with that moment.
        version: number of the last change, see ``vtn.store.change``.
    """

    pk: int
    ven_id: str
    ven_name: str
    state: PartyState
    registration_id: str | None
    profile: ProfileName
    transport: TransportName
    transport_address: str | None
    pull: bool
    report_only: bool
    xml_signature: bool
    signature_policy: SignaturePolicy | None
    peer: Tolerance | None
    poll_interval: timedelta | None
    enrolled_at: datetime
    registered_at: datetime | None
    last_seen: datetime | None
    groups: frozenset[str]
    resources: frozenset[str]
    market_contexts: frozenset[str]
    fingerprints: tuple[str, ...]
    ends: tuple[tuple[str, datetime], ...]
    version: int

    def accepts(self, fingerprint: str, now: datetime) -> bool:
        """Returns whether a certificate identifies this party at this moment."""
        end = dict(self.ends).get(fingerprint)
        return fingerprint in self.fingerprints and (end is None or now < end)


async def one(tx: Transaction, where: ColumnElement[bool], now: datetime | None) -> Party | None:
    """Returns the party that meets a condition; None if there is none."""
    found = await load(tx, where, now)
    return found[0] if found else None


def valid(now: datetime | None) -> ColumnElement[bool]:
    """Returns the condition that a certificate counts; for None, at whatever moment."""
    kept = certificate.c.revoked_at.is_(None)
    if now is None:
        return kept
    return kept & or_(certificate.c.valid_until.is_(None), certificate.c.valid_until > now)


async def load(
    tx: Transaction, where: ColumnElement[bool] | None, now: datetime | None
) -> list[Party]:
    """Reads parties, labels and certificates in one query each and joins them here."""
    parties = select(party).order_by(party.c.ven_id)
    labels = select(label)
    certificates = (
        select(certificate.c.party_pk, certificate.c.fingerprint, certificate.c.valid_until)
        .where(valid(now))
        .order_by(certificate.c.pk)
    )
    if where is not None:
        rows = await tx.rows(parties.where(where))
        pks = integers([row.pk for row in rows])
        labels = labels.where(label.c.party_pk.in_(pks))
        certificates = certificates.where(certificate.c.party_pk.in_(pks))
    else:
        rows = await tx.rows(parties)
    if not rows:
        return []
    names: defaultdict[str, defaultdict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for party_pk, kind, name in map(tuple, await tx.rows(labels)):
        names[kind][party_pk].append(name)
    proofs: defaultdict[int, list[_Proof]] = defaultdict(list)
    for party_pk, fingerprint, end in map(tuple, await tx.rows(certificates)):
        proofs[party_pk].append((fingerprint, end))
    shared = _Shared(names)
    return [_party(row, shared, proofs.get(row[0], ())) for row in rows]


class _Shared:
    """Gives the labels of parties; equal sets are one object, as most parties are alike."""

    def __init__(self, names: Mapping[str, Mapping[int, list[str]]]) -> None:
        self._names = names
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def of(self, kind: Kind, pk: int) -> frozenset[str]:
        """Returns the labels of one kind."""
        found = frozenset(self._names[kind].get(pk, ()))
        return self._sets.setdefault(found, found)


def _party(row: Row[Any], labels: _Shared, proofs: Collection[_Proof]) -> Party:
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    values["profile"] = _PROFILES[values["profile"]]
    values["transport"] = _TRANSPORTS[values["transport"]]
    values["peer"] = _TOLERANCES.get(values["peer"])
    pk = values["pk"]
    return Party(
        **values,
        groups=labels.of("group", pk),
        resources=labels.of("resource", pk),
        market_contexts=labels.of("market_context", pk),
        fingerprints=tuple([fingerprint for fingerprint, _ in proofs]),
        ends=tuple([(fingerprint, end) for fingerprint, end in proofs if end is not None]),
    )
