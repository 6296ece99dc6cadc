"""Parties: the VENs that are enrolled, and how they registered.

Enrolling gives a VEN its venID and its place in groups; registering is what the VEN does
itself later. Whatever changes a party gives it a new ``version``.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from oadr.enums import ProfileName, TransportName
from oadr.repair import Tolerance
from vtn.store import change, pending
from vtn.store.errors import DuplicateId, UnknownId
from vtn.store.party_rows import Kind, Party, PartyState, SignaturePolicy, load, one, valid
from vtn.store.schema import certificate, label, party
from vtn.store.sqlite import insert, integers
from vtn.store.transaction import Transaction
from vtn.store.unregistration import erase

__all__ = [
    "Party",
    "PartyState",
    "SignaturePolicy",
    "admit",
    "all_parties",
    "changed",
    "changed_since",
    "create",
    "get",
    "register",
    "remove",
    "removed",
    "rename",
    "set_groups",
    "set_market_contexts",
    "set_peer",
    "set_resources",
    "set_signature_policy",
    "set_ven_id",
    "touch",
    "unregister",
]


async def create(
    tx: Transaction,
    *,
    ven_id: str,
    ven_name: str,
    now: datetime,
    groups: Iterable[str] = (),
    resources: Iterable[str] = (),
    market_contexts: Iterable[str] = (),
    signature_policy: SignaturePolicy | None = None,
    profile: ProfileName = ProfileName.B,
    push_address: str | None = None,
    poll_interval: timedelta | None = None,
) -> Party:
    """Enrols a VEN and returns it.

    One of 2.0a counts as registered from now on: there all that a registration tells is
    agreed upon out of band.

    Args:
        tx: the transaction.
        ven_id: its venID.
        ven_name: its venName.
        now: the moment.
        groups: that it is in.
        resources: behind it.
        market_contexts: programmes that it takes part in.
        signature_policy: None leaves it to the configuration.
        profile: that it speaks.
        push_address: where it listens; None if it polls. Of 2.0a only.
        poll_interval: how often it polls by itself, of 2.0a only.

    Raises:
        DuplicateId: the venID or the venName is taken (R70).
    """
    await _check_free(tx, ven_id, ven_name)
    values = {
        "ven_id": ven_id,
        "ven_name": ven_name,
        "profile": profile,
        "transport": TransportName.SIMPLE_HTTP,
        "transport_address": push_address,
        "pull": push_address is None,
        "report_only": False,
        "xml_signature": False,
        "signature_policy": signature_policy,
        "poll_interval": poll_interval,
        "enrolled_at": now,
        "version": 0,
        **_admission(profile, now),
    }
    pk = int(await tx.scalar(insert(party).values(values).returning(party.c.pk)))
    await _add_labels(tx, pk, "group", groups)
    await _add_labels(tx, pk, "resource", resources)
    await _add_labels(tx, pk, "market_context", market_contexts)
    await changed(tx, pk=pk)
    await pending.named(tx, names=(ven_name, ven_id))
    return await _existing(tx, pk)


async def get(
    tx: Transaction,
    *,
    pk: int | None = None,
    ven_id: str | None = None,
    ven_name: str | None = None,
    fingerprint: str | None = None,
    now: datetime | None = None,
) -> Party | None:
    """Returns the party with one of its identifiers; None if there is none.

    Args:
        tx: the transaction.
        pk: its key; give exactly one of the four.
        ven_id: its venID.
        ven_name: its venName.
        fingerprint: that of a certificate of it that is not revoked.
        now: certificates whose overlap ended before do not count; without it,
            ``Party.accepts`` has to be asked.
    """
    given = {"pk": pk, "ven_id": ven_id, "ven_name": ven_name}
    chosen = [(name, value) for name, value in given.items() if value is not None]
    if len(chosen) + (fingerprint is not None) != 1:
        raise ValueError("expected exactly one of pk, ven_id, ven_name and fingerprint")
    if fingerprint is not None:
        wanted = select(certificate.c.party_pk).where(
            certificate.c.fingerprint == fingerprint, valid(now)
        )
        return await one(tx, party.c.pk.in_(wanted), now)
    name, value = chosen[0]
    return await one(tx, party.c[name] == value, now)


async def all_parties(tx: Transaction, *, now: datetime | None = None) -> list[Party]:
    """Returns every party, by venID."""
    return await load(tx, None, now)


async def changed_since(
    tx: Transaction, *, version: int, now: datetime | None = None
) -> list[Party]:
    """Returns the parties whose own data changed after ``version``.

    ``change.changes_since`` also tells of removed ones and of those with new work.
    """
    return await load(tx, party.c.version > version, now)


async def removed(tx: Transaction, *, among: Collection[int]) -> frozenset[int]:
    """Returns those of these parties that are no longer there."""
    there = await tx.rows(select(party.c.pk).where(party.c.pk.in_(integers(among))))
    return frozenset(among) - {row.pk for row in there}


async def register(
    tx: Transaction,
    *,
    pk: int,
    registration_id: str,
    now: datetime,
    profile: ProfileName = ProfileName.B,
    transport: TransportName = TransportName.SIMPLE_HTTP,
    transport_address: str | None = None,
    pull: bool = True,
    report_only: bool = False,
    xml_signature: bool = False,
    poll_interval: timedelta | None = None,
) -> Party:
    """Stores what a VEN said when it registered or re-registered, and returns it.

    A new registration of a registered VEN starts afresh (R406): call ``unregister`` first.

    Raises:
        UnknownId: there is no such party.
    """
    values: dict[str, Any] = {
        "state": "registered",
        "registration_id": registration_id,
        "profile": profile,
        "transport": transport,
        "transport_address": transport_address,
        "pull": pull,
        "report_only": report_only,
        "xml_signature": xml_signature,
        "poll_interval": poll_interval,
        "registered_at": now,
    }
    await _set(tx, pk, values)
    await pending.registered(tx, party_pk=pk)
    return await _existing(tx, pk)


async def unregister(tx: Transaction, *, pk: int, now: datetime) -> Party:
    """Ends the registration of a VEN and all that came with it (R407).

    Report offers, report requests, opt schedules, waiting messages and the state of
    deliveries end; the enrolment, certificates, stored readings and histories stay.

    Raises:
        UnknownId: there is no such party.
    """
    await erase(tx, party_pk=pk, now=now)
    await _set(tx, pk, {"state": "cancelled", "registration_id": None, "registered_at": None})
    return await _existing(tx, pk)


async def admit(tx: Transaction, *, pk: int, profile: ProfileName, now: datetime) -> Party:
    """Makes a party one that has just been enrolled for a profile, and returns it.

    Call ``unregister`` first: what it was before is over. One that changes its profile
    polls until something else is said.

    Raises:
        UnknownId: there is no such party.
    """
    values: dict[str, Any] = {"registration_id": None} | _admission(profile, now)
    if (await _existing(tx, pk)).profile is not profile:
        values |= {"profile": profile, "transport_address": None, "pull": True}
    await _set(tx, pk, values)
    return await _existing(tx, pk)


def _admission(profile: ProfileName, now: datetime) -> dict[str, Any]:
    """Returns how a party stands that has just been enrolled (R405, section 3.7)."""
    if profile is ProfileName.A:
        return {"state": "registered", "registered_at": now}
    return {"state": "enrolled", "registered_at": None}


async def rename(tx: Transaction, *, pk: int, ven_name: str) -> None:
    """Gives a VEN another venName.

    Raises:
        DuplicateId: another party has it.
        UnknownId: there is no such party.
    """
    await _set(tx, pk, {"ven_name": ven_name})


async def set_ven_id(tx: Transaction, *, pk: int, ven_id: str) -> None:
    """Gives a VEN another venID; all that is stored by its key stays with it.

    Raises:
        DuplicateId: another party has it (R70).
        UnknownId: there is no such party.
    """
    await _set(tx, pk, {"ven_id": ven_id})


async def set_groups(tx: Transaction, *, pk: int, groups: Iterable[str]) -> None:
    """Puts a party into these groups and no others."""
    await _set_labels(tx, pk, "group", groups)


async def set_resources(tx: Transaction, *, pk: int, resources: Iterable[str]) -> None:
    """Gives a party these resources and no others."""
    await _set_labels(tx, pk, "resource", resources)


async def set_market_contexts(tx: Transaction, *, pk: int, market_contexts: Iterable[str]) -> None:
    """Puts a party into these programmes and no others."""
    await _set_labels(tx, pk, "market_context", market_contexts)


async def set_signature_policy(
    tx: Transaction, *, pk: int, signature_policy: SignaturePolicy | None
) -> None:
    """Sets whether messages of a party must be signed; None leaves it to the configuration."""
    await _set(tx, pk, {"signature_policy": signature_policy})


async def set_peer(tx: Transaction, *, pk: int, peer: Tolerance | None) -> None:
    """Sets how much is put up with from a party; None leaves it to the configuration."""
    await _set(tx, pk, {"peer": peer})


async def remove(tx: Transaction, *, pk: int) -> None:
    """Removes a party with everything that is stored about it, readings included.

    Raises:
        UnknownId: there is no such party.
    """
    if not await tx.count(delete(party).where(party.c.pk == pk)):
        raise UnknownId(kind="party", value=pk)
    await change.bump(tx, party_pks=[pk])


async def touch(tx: Transaction, *, last_seen: Mapping[int, datetime]) -> None:
    """Notes in one statement when parties were last heard of; never goes back in time."""
    if not last_seen:
        return
    moment = bindparam("moment", type_=party.c.last_seen.type)
    statement = (
        update(party)
        .where(party.c.pk == bindparam("party"))
        .where(or_(party.c.last_seen.is_(None), party.c.last_seen < moment))
        .values(last_seen=moment)
    )
    rows = [{"party": pk, "moment": at} for pk, at in last_seen.items()]
    await tx.execute(statement, rows)


async def changed(tx: Transaction, *, pk: int) -> None:
    """Gives a party a new version, for processes that hold a copy of it.

    Raises:
        UnknownId: there is no such party.
    """
    await _set(tx, pk, {})


async def _set(tx: Transaction, pk: int, values: Mapping[str, Any]) -> None:
    version = await change.bump(tx, party_pks=[pk])
    statement = update(party).where(party.c.pk == pk).values(**values, version=version)
    if not await tx.count(statement):
        raise UnknownId(kind="party", value=pk)


async def _check_free(tx: Transaction, ven_id: str, ven_name: str) -> None:
    statement = select(party.c.ven_id, party.c.ven_name).where(
        or_(party.c.ven_id == ven_id, party.c.ven_name == ven_name)
    )
    for row in await tx.rows(statement):
        if row.ven_id == ven_id:
            raise DuplicateId(f"by {row.ven_name!r}", kind="venID", value=ven_id)
        raise DuplicateId(f"by {row.ven_id!r}", kind="venName", value=ven_name)


async def _add_labels(tx: Transaction, pk: int, kind: Kind, names: Iterable[str]) -> None:
    rows = [{"party_pk": pk, "kind": kind, "name": name} for name in sorted(set(names))]
    if rows:
        await tx.execute(insert(label), rows)


async def _set_labels(tx: Transaction, pk: int, kind: Kind, names: Iterable[str]) -> None:
    await changed(tx, pk=pk)
    await tx.execute(delete(label).where(label.c.party_pk == pk, label.c.kind == kind))
    await _add_labels(tx, pk, kind, names)


async def _existing(tx: Transaction, pk: int) -> Party:
    found = await one(tx, party.c.pk == pk, None)
    if found is None:
        raise UnknownId(kind="party", value=pk)
    return found
