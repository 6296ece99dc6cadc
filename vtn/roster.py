"""Who is enrolled, in memory: from a certificate to a VEN without touching the database.

The roster mirrors the tables ``party`` and ``certificate``. Whoever changes them says
so with ``refresh``; changes by other processes are picked up by the same call.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from oadr.enums import ProfileName, TransportName
from runtime.policy import SignaturePolicy
from vtn.store import Store, change, party


class Member:
    """A VEN that is enrolled, with what its next exchange needs to know.

    Attributes:
        pk: its row in the store.
        ven_id: case-sensitive (R512).
        registration_id: None while it is not registered.
        profile: that it was enrolled for or has registered with.
        admitted: whether it is enrolled for 2.0a, where nobody registers, and not locked out.
        policy: its own signature policy; None for that of the VTN.
        peer: how much is put up with from it; None for what the VTN says.
        last_seen: of its last message.
        online: whether it has been polling lately.
        due: when something will wait for it that does not now.
        push_address: where it wants to be pushed to; None while it polls, or is not registered.
        report_only: it takes no events, only reports (oadrReportOnly).
        signs: whether it has registered with XML signatures.
        woken: is told each time that something may wait for it; None if nobody is.
        certificates: fingerprint -> until when it counts; None for as long as it is valid.
    """

    __slots__ = (
        "_stale",
        "admitted",
        "certificates",
        "due",
        "last_seen",
        "lock",
        "online",
        "peer",
        "pk",
        "policy",
        "poll_interval",
        "profile",
        "push_address",
        "registration_id",
        "report_only",
        "signs",
        "ven_id",
        "ven_name",
        "woken",
    )

    def __init__(self, row: party.Party) -> None:
        self.pk = row.pk
        self.last_seen: datetime | None = row.last_seen
        self.online = False
        self.woken: Callable[[Member], None] | None = None
        self.due: datetime | None = None
        self.lock: asyncio.Lock | None = None
        self.update(row)

    def update(self, row: party.Party) -> None:
        """Takes over what the store says."""
        self.ven_id = row.ven_id
        self.ven_name = row.ven_name
        self.registration_id = row.registration_id if row.state == "registered" else None
        self.profile = row.profile
        self.admitted = row.profile is ProfileName.A and row.state == "registered"
        self.policy = SignaturePolicy(row.signature_policy) if row.signature_policy else None
        self.peer = row.peer
        self.poll_interval: timedelta | None = row.poll_interval
        ends = dict(row.ends)
        self.certificates = {one: ends.get(one) for one in row.fingerprints}
        listens = not row.pull and row.transport is TransportName.SIMPLE_HTTP
        pushed = listens and (self.registered or self.admitted)
        self.push_address = row.transport_address if pushed else None
        self.signs = row.xml_signature
        self.report_only = row.report_only and self.registered
        self.stale = True

    @property
    def stale(self) -> bool:
        """Whether something may wait for it, so that the mailbox must look in the store."""
        return self._stale

    @stale.setter
    def stale(self, value: bool) -> None:
        self._stale = value
        if value and self.woken is not None:
            self.woken(self)

    def lock_out(self) -> None:
        """Takes note that it is no longer enrolled, for whoever still holds it."""
        self.registration_id = self.push_address = None
        self.admitted = False
        self.certificates = {}
        self.stale = True

    def accepts(self, fingerprint: str, now: datetime) -> bool:
        """Returns whether a certificate identifies this VEN at this moment."""
        if fingerprint not in self.certificates:
            return False
        until = self.certificates[fingerprint]
        return until is None or now < until

    @property
    def registered(self) -> bool:
        """Whether it may use the services of 2.0b beyond registration (R405)."""
        return self.registration_id is not None

    def may_use(self, profile: ProfileName) -> bool:
        """Returns whether it may use the services of a profile (R405, R506).

        Interpretation: a VEN that is registered for 2.0b may fall back to 2.0a by the address
        alone. One that is enrolled for 2.0a registers before it uses 2.0b.
        """
        return self.registration_id is not None or (profile is ProfileName.A and self.admitted)


class Roster:
    """All members, by venID, by name and by fingerprint.

    Attributes:
        on_push: told of members that are pushed to, whenever something may wait for one;
            None for nobody. Set it before the first ``refresh``.
        on_new_ven_ids: told of VENs that have another venID, as former -> new; None for
            nobody.
    """

    def __init__(self) -> None:
        self.on_push: Callable[[Member], None] | None = None
        self.on_new_ven_ids: Callable[[Mapping[str, str]], None] | None = None
        self._by_pk: dict[int, Member] = {}
        self._by_ven_id: dict[str, Member] = {}
        self._by_name: dict[str, Member] = {}
        self._by_certificate: dict[str, Member] = {}
        self._version = 0
        # Two that read at once could put the older state over the newer one.
        self._refreshing = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._by_pk)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._by_pk.values())

    async def refresh(self, store: Store) -> frozenset[int]:
        """Reads what has changed in the store since the last time; everything at first.

        Whatever has changed for a VEN makes its mailbox look again.

        Returns:
            The rows that have changed or are gone.
        """
        async with self._refreshing:
            return await self._refresh(store)

    async def _refresh(self, store: Store) -> frozenset[int]:
        async with store.read() as tx:
            changed, version = await change.changes_since(tx, version=self._version)
            if self._version:
                rows = await party.changed_since(tx, version=self._version)
            else:
                rows = await party.all_parties(tx)
            woken = changed - {row.pk for row in rows}
            gone = await party.removed(tx, among=woken) if woken else frozenset()
        # All leave their places before any takes a new one: names and certificates move
        # from one VEN to another.
        for pk in gone:
            former = self._by_pk.pop(pk, None)
            self._leave(former)
            if former is not None:
                former.lock_out()
        moved: dict[str, str] = {}
        for row in rows:
            member = self._by_pk.get(row.pk)
            self._leave(member)
            if member is not None and member.ven_id != row.ven_id:
                moved[member.ven_id] = row.ven_id
        for row in rows:
            self._take(row)
        for pk in woken - gone:
            member = self._by_pk.get(pk)
            if member is not None:
                member.stale = True
        self._version = version
        if moved and self.on_new_ven_ids is not None:
            self.on_new_ven_ids(moved)
        return changed

    def _take(self, row: party.Party) -> None:
        member = self._by_pk.get(row.pk)
        if member is None:
            member = self._by_pk[row.pk] = Member(row)
        else:
            member.update(row)
        if member.push_address is not None and member.woken is None and self.on_push is not None:
            # It stays so: whoever pushes has to hear that a VEN wants to be polled again.
            member.woken = self.on_push
            member.woken(member)
        self._by_ven_id[row.ven_id] = member
        self._by_name[row.ven_name] = member
        for fingerprint, until in member.certificates.items():
            other = self._by_certificate.get(fingerprint)
            if other is None or _later(until, other.certificates.get(fingerprint)):
                self._by_certificate[fingerprint] = member

    def _leave(self, member: Member | None) -> None:
        if member is None:
            return
        self._by_ven_id.pop(member.ven_id, None)
        self._by_name.pop(member.ven_name, None)
        for fingerprint in member.certificates:
            if self._by_certificate.get(fingerprint) is member:
                del self._by_certificate[fingerprint]

    def of_certificate(self, fingerprint: str, now: datetime) -> Member | None:
        """Returns whose certificate that is; None if nobody's, or no longer."""
        member = self._by_certificate.get(fingerprint)
        return member if member is not None and member.accepts(fingerprint, now) else None

    def of_ven_id(self, ven_id: str) -> Member | None:
        """Returns the member with that venID; case matters (R512)."""
        return self._by_ven_id.get(ven_id)

    def of_name(self, ven_name: str) -> Member | None:
        """Returns the member with that name."""
        return self._by_name.get(ven_name)

    def of_pk(self, pk: int) -> Member | None:
        """Returns the member in that row of the store."""
        return self._by_pk.get(pk)


def _later(until: datetime | None, other: datetime | None) -> bool:
    """Whether a certificate counts longer here than there; one is valid for one VEN alone."""
    return until is None or (other is not None and until > other)
