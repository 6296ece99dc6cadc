"""What an operator does about VENs: enrol, change, renew, revoke, ask to register again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from oadr.enums import ProfileName
from oadr.repair import Tolerance
from vtn.desk import new_id
from vtn.dispatch import outbox
from vtn.operator.acting import Acting, find_ven, registration_of
from vtn.store import certificate, party
from vtn.store.event import StoredEvent
from vtn.store.party import Party
from vtn.succession import gather


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to change about a VEN; None leaves a thing as it is.

    Attributes:
        ven_name: its new name.
        groups: all that it is in from now on.
        resources: all that it has from now on.
        market_contexts: all programmes that it takes part in from now on.
        signature_policy: ``default`` leaves it to the configuration.
        peer: how much is put up with from it; ``default`` leaves it to the configuration.
        profile: that it speaks from now on; its registration ends if that is another.
    """

    ven_name: str | None = None
    groups: frozenset[str] | None = None
    resources: frozenset[str] | None = None
    market_contexts: frozenset[str] | None = None
    signature_policy: Literal["required", "accepted", "ignored", "default"] | None = None
    peer: Literal["strict", "repair", "lenient", "default"] | None = None
    profile: ProfileName | None = None

    def detail(self) -> dict[str, object]:
        """Returns what changes, for the audit."""
        values = {name: getattr(self, name) for name in Changes.__dataclass_fields__}
        return {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in values.items()
            if value is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Vens(Acting):
    """Verbs about VENs."""

    async def enrol(
        self,
        name: str,
        *,
        now: datetime,
        ven_id: str | None = None,
        fingerprint: str | None = None,
        subject: str | None = None,
        not_after: datetime | None = None,
        groups: Iterable[str] = (),
        resources: Iterable[str] = (),
        market_contexts: Iterable[str] = (),
        signature_policy: str | None = None,
        profile: ProfileName = ProfileName.B,
        push_address: str | None = None,
        poll_interval: timedelta | None = None,
        action: str = "enrol",
    ) -> Party:
        """Takes in a VEN before it has registered.

        Args:
            name: unique in this VTN.
            now: the moment.
            ven_id: allocated beforehand; made up if None.
            fingerprint: of its certificate (20 digits); it may come later.
            subject: of its certificate.
            not_after: when its certificate expires.
            groups: it belongs to.
            resources: resource IDs behind it.
            market_contexts: programmes that it takes part in; none means any.
            signature_policy: ``required``, ``accepted``, ``ignored``; None for the VTN's.
            profile: that it speaks; one of 2.0a takes part as soon as it is enrolled.
            push_address: where a VEN of 2.0a listens; None if it polls.
            poll_interval: how often a VEN of 2.0a asks for its events.
            action: how the audit calls it.

        Raises:
            vtn.store.errors.DuplicateId: the name, venID or fingerprint is taken.
        """
        async with self.acting() as tx:
            row = await party.create(
                tx,
                ven_id=ven_id or new_id(),
                ven_name=name,
                now=now,
                groups=groups,
                resources=resources,
                market_contexts=market_contexts,
                signature_policy=signature_policy,  # type: ignore[arg-type]
                profile=profile,
                push_address=push_address,
                poll_interval=poll_interval,
            )
            if fingerprint:
                await certificate.add(
                    tx,
                    party_pk=row.pk,
                    fingerprint=fingerprint,
                    now=now,
                    subject=subject,
                    not_after=not_after,
                )
            detail = {"ven_id": row.ven_id} | ({"fingerprint": fingerprint} if fingerprint else {})
            await self.note(tx, now, action, name, detail)
        return row

    async def provide(self, ven_id: str, *, now: datetime) -> None:
        """Makes sure that a venID is enrolled, so that something can wait for it."""
        async with self.acting() as tx:
            if await party.get(tx, ven_id=ven_id) is None:
                await party.create(tx, ven_id=ven_id, ven_name=ven_id, now=now)

    async def gather(self, former: str, ven_id: str, *, now: datetime) -> list[StoredEvent]:
        """Returns the open events of a VEN, with those given for a venID that it had before."""
        async with self.acting() as tx:
            return await gather(tx, former, ven_id, now=now)

    async def renew(
        self,
        name: str,
        fingerprint: str,
        *,
        now: datetime,
        overlap: timedelta,
        subject: str | None = None,
        not_after: datetime | None = None,
    ) -> None:
        """Adds a VEN's next certificate; those before it stay valid for ``overlap``.

        A VEN of 2.0a that had been locked out takes part again: others register for that.
        """
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            for old in await certificate.for_party(tx, party_pk=row.pk):
                if old.revoked_at is None and old.valid_until is None:
                    await certificate.set_valid_until(
                        tx, fingerprint=old.fingerprint, valid_until=now + overlap, now=now
                    )
            await certificate.add(
                tx,
                party_pk=row.pk,
                fingerprint=fingerprint,
                now=now,
                subject=subject,
                not_after=not_after,
            )
            if row.profile is ProfileName.A and row.state == "cancelled":
                await party.admit(tx, pk=row.pk, profile=row.profile, now=now)
            await self.note(tx, now, "renew certificate", name, {"fingerprint": fingerprint})

    async def revoke(self, name: str, *, now: datetime) -> tuple[str, ...]:
        """Ends a VEN's registration and all its certificates, at once.

        Returns:
            The fingerprints that no longer count.
        """
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            valid = tuple(one for one in row.fingerprints if row.accepts(one, now))
            for fingerprint in valid:
                await certificate.revoke(tx, fingerprint=fingerprint, now=now)
            await party.unregister(tx, pk=row.pk, now=now)
            await self.note(tx, now, "revoke", name, {"fingerprints": list(valid)})
        return valid

    async def change(self, name: str, changes: Changes, *, now: datetime) -> Party:
        """Changes what the VTN knows of a VEN, and returns it as it is then.

        Raises:
            NotFound: nobody is called so.
            vtn.store.errors.DuplicateId: the new name is taken.
        """
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            if changes.ven_name is not None:
                await party.rename(tx, pk=row.pk, ven_name=changes.ven_name)
            if changes.groups is not None:
                await party.set_groups(tx, pk=row.pk, groups=changes.groups)
            if changes.resources is not None:
                await party.set_resources(tx, pk=row.pk, resources=changes.resources)
            if changes.market_contexts is not None:
                await party.set_market_contexts(
                    tx, pk=row.pk, market_contexts=changes.market_contexts
                )
            if changes.signature_policy is not None:
                policy = None if changes.signature_policy == "default" else changes.signature_policy
                await party.set_signature_policy(tx, pk=row.pk, signature_policy=policy)
            if changes.peer is not None:
                peer = None if changes.peer == "default" else Tolerance(changes.peer)
                await party.set_peer(tx, pk=row.pk, peer=peer)
            if changes.profile not in (None, row.profile):
                await party.unregister(tx, pk=row.pk, now=now)
                await party.admit(tx, pk=row.pk, profile=changes.profile, now=now)
            await self.note(tx, now, "change", row.ven_name, changes.detail())
            return await find_ven(tx, row.ven_id)

    async def request_reregistration(self, name: str, *, now: datetime) -> None:
        """Asks a VEN to register again at its next poll."""
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            registration_of(row)
            await outbox.put_reregistration(tx, row.pk, row.ven_id, now=now)
            await self.note(tx, now, "request re-registration", name, {})

    async def cancel_registration(self, name: str, *, now: datetime) -> None:
        """Ends a VEN's registration; it is told at its next poll (R407)."""
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            registration_id = registration_of(row)
            await outbox.put_cancel_registration(
                tx, row.pk, row.ven_id, registration_id, request_id=new_id(), now=now
            )
            await self.note(tx, now, "cancel registration", name, {})
