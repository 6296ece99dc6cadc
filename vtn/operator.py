"""What an operator does: enrol, dispatch, ask for reports, cancel.

Each verb is one transaction on the store, with a line in the audit. The running server
and the command line use the same ones; a server notices what another process did.
"""

from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from oadr import messages as m
from oadr.event import cancel as cancelled
from oadr.event import check_event, modify, normalize, retire_at
from oadr.report import (
    RequestKind,
    build_history_request,
    build_metadata_request,
    kind_of,
    read_metadata,
)
from vtn.audience import Audience, describe, resolve, target_of
from vtn.desk import new_id
from vtn.dispatch import outbox
from vtn.errors import Conflict, NotFound
from vtn.hooks import Wanted
from vtn.services import wanted
from vtn.store import Store, Transaction, audit, certificate, delivery, event, party
from vtn.store import report as reports
from vtn.store.event import StoredEvent
from vtn.store.party import Party
from vtn.store.report import StoredRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to change about a VEN; None leaves a thing as it is.

    Attributes:
        ven_name: its new name.
        groups: all that it is in from now on.
        resources: all that it has from now on.
        market_contexts: all programmes that it takes part in from now on.
        signature_policy: ``default`` leaves it to the configuration.
    """

    ven_name: str | None = None
    groups: frozenset[str] | None = None
    resources: frozenset[str] | None = None
    market_contexts: frozenset[str] | None = None
    signature_policy: Literal["required", "accepted", "ignored", "default"] | None = None

    def detail(self) -> dict[str, object]:
        """Returns what changes, for the audit."""
        values = {name: getattr(self, name) for name in Changes.__dataclass_fields__}
        return {
            name: sorted(value) if isinstance(value, frozenset) else value
            for name, value in values.items()
            if value is not None
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody who acts on a VTN's store.

    Attributes:
        store: the database.
        actor: who it is, for the audit.
        changed: called after each verb, so that a server in this process takes it over.
    """

    store: Store
    actor: str = "operator"
    changed: Callable[[], Awaitable[object]] | None = None

    @asynccontextmanager
    async def _acting(self) -> AsyncIterator[Transaction]:
        async with self.store.begin() as tx:
            yield tx
        if self.changed is not None:
            await self.changed()

    # ------------------------------------------------------------ VENs

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

        Raises:
            vtn.store.errors.DuplicateId: the name, venID or fingerprint is taken.
        """
        async with self._acting() as tx:
            row = await party.create(
                tx,
                ven_id=ven_id or new_id(),
                ven_name=name,
                now=now,
                groups=groups,
                resources=resources,
                market_contexts=market_contexts,
                signature_policy=signature_policy,  # type: ignore[arg-type]
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
            await self._note(tx, now, "enrol", name, {"ven_id": row.ven_id})
        return row

    async def provide(self, ven_id: str, *, now: datetime) -> None:
        """Makes sure that a venID is enrolled, so that something can wait for it."""
        async with self._acting() as tx:
            if await party.get(tx, ven_id=ven_id) is None:
                await party.create(tx, ven_id=ven_id, ven_name=ven_id, now=now)

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
        """Adds a VEN's next certificate; those before it stay valid for ``overlap``."""
        async with self._acting() as tx:
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
            await self._note(tx, now, "renew certificate", name, {"fingerprint": fingerprint})

    async def revoke(self, name: str, *, now: datetime) -> tuple[str, ...]:
        """Ends a VEN's registration and all its certificates, at once.

        Returns:
            The fingerprints that no longer count.
        """
        async with self._acting() as tx:
            row = await find_ven(tx, name)
            valid = tuple(one for one in row.fingerprints if row.accepts(one, now))
            for fingerprint in valid:
                await certificate.revoke(tx, fingerprint=fingerprint, now=now)
            await party.unregister(tx, pk=row.pk, now=now)
            await self._note(tx, now, "revoke", name, {"fingerprints": list(valid)})
        return valid

    async def change(self, name: str, changes: Changes, *, now: datetime) -> Party:
        """Changes what the VTN knows of a VEN, and returns it as it is then.

        Raises:
            NotFound: nobody is called so.
            vtn.store.errors.DuplicateId: the new name is taken.
        """
        async with self._acting() as tx:
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
            await self._note(tx, now, "change", row.ven_name, changes.detail())
            return await find_ven(tx, row.ven_id)

    async def request_reregistration(self, name: str, *, now: datetime) -> None:
        """Asks a VEN to register again at its next poll."""
        async with self._acting() as tx:
            row = await find_ven(tx, name)
            _require_registered(row)
            await outbox.put_reregistration(tx, row.pk, row.ven_id, now=now)
            await self._note(tx, now, "request re-registration", name, {})

    async def cancel_registration(self, name: str, *, now: datetime) -> None:
        """Ends a VEN's registration; it is told at its next poll (R407)."""
        async with self._acting() as tx:
            row = await find_ven(tx, name)
            registration_id = _require_registered(row)
            await outbox.put_cancel_registration(
                tx, row.pk, row.ven_id, registration_id, request_id=new_id(), now=now
            )
            await self._note(tx, now, "cancel registration", name, {})

    # ------------------------------------------------------------ events

    async def create_event(
        self, wanted_event: m.Event, audience: Audience, *, now: datetime, callback: str = ""
    ) -> tuple[StoredEvent, int]:
        """Publishes an event.

        Args:
            wanted_event: checked by the rules of a sender; see ``oadr.event.build_event``.
            audience: whom it is for.
            now: the moment.
            callback: name of a handler for its answers.

        Returns:
            The stored event, and how many VENs it is for.

        Raises:
            ComplianceError: a VTN must not send such an event.
            NotFound: the audience names nobody.
            vtn.store.errors.DuplicateId: the eventID is taken (R70).
        """
        ready = normalize(wanted_event)
        check_event(ready)
        async with self._acting() as tx:
            pks = await resolve(tx, audience)
            row = await event.add(
                tx, event=ready, now=now, retire_at=retire_at(ready), callback=callback or None
            )
            await delivery.assign(tx, event_pk=row.pk, party_pks=pks, now=now)
            await self._note(tx, now, "create event", ready.event_id, {"vens": len(pks)})
        return row, len(pks)

    async def modify_event(self, wanted_event: m.Event, *, now: datetime) -> StoredEvent:
        """Replaces an event by a changed one; the rules of ``oadr.event.modify`` hold (R5, R20).

        Raises:
            NotFound: there is no such event.
            Conflict: it is cancelled.
            NotAllowed: it would change the past.
        """
        async with self._acting() as tx:
            current = await find_event(tx, wanted_event.event_id)
            if current.cancelled:
                raise Conflict(f"event {current.event_id} is cancelled and cannot be modified")
            changed = modify(current.event, normalize(wanted_event), now)
            check_event(changed)
            if changed == current.event:
                return current
            row = await event.replace(tx, event=changed, now=now, retire_at=retire_at(changed))
            await self._note(
                tx, now, "modify event", row.event_id, {"modification": row.modification}
            )
        return row

    async def cancel_event(self, event_id: str, *, now: datetime) -> StoredEvent:
        """Cancels an event; VENs are told until they acknowledge it (R10, R52).

        Raises:
            NotFound: there is no such event.
        """
        async with self._acting() as tx:
            current = await find_event(tx, event_id)
            if current.cancelled:
                return current
            ended = cancelled(current.event, now)
            row = await event.replace(
                tx, event=ended, now=now, retire_at=retire_at(ended), cancelled=True
            )
            await self._note(tx, now, "cancel event", event_id, {})
        return row

    # ------------------------------------------------------------ reports

    async def request_report(
        self, name: str, entry: Wanted, *, now: datetime, history: bool = False
    ) -> StoredRequest:
        """Asks a VEN for a report by oadrCreateReport.

        Args:
            name: of the VEN.
            entry: what is wanted; for history, ``start`` and ``duration`` say which time.
            now: the moment.
            history: ask for what was (HISTORY_USAGE).

        Raises:
            NotFound: no such VEN, or it offers no such report.
            InvalidData: it is more than is offered (R340).
        """
        async with self._acting() as tx:
            row = await find_ven(tx, name)
            _require_registered(row)
            offers = {
                offer.specifier_id: offer
                for offer in read_metadata(await reports.offers(tx, party_pk=row.pk))
            }
            offer = offers.get(entry.specifier_id)
            if offer is None:
                raise NotFound(
                    "report", entry.specifier_id, f"{name} offers: {', '.join(offers) or 'nothing'}"
                )
            request_id = await reports.next_request_id(tx)
            if history:
                request = build_history_request(
                    offer,
                    request_id=request_id,
                    start=entry.start or now - offer.duration,
                    duration=entry.duration,
                    r_ids=entry.r_ids,
                )
            else:
                request = wanted.build(entry, offer, request_id=request_id, now=now)
            return await self._ask(tx, row, request, kind_of(request, offer), now)

    async def request_metadata(self, name: str, *, now: datetime) -> StoredRequest:
        """Asks a VEN to offer its reports again (R308, R327)."""
        async with self._acting() as tx:
            row = await find_ven(tx, name)
            _require_registered(row)
            request = build_metadata_request(await reports.next_request_id(tx))
            return await self._ask(tx, row, request, RequestKind.METADATA, now)

    async def _ask(
        self,
        tx: Transaction,
        row: Party,
        request: m.ReportRequest,
        kind: RequestKind,
        now: datetime,
    ) -> StoredRequest:
        stored = await reports.add_request(
            tx, party_pk=row.pk, request=request, kind=str(kind), standing=False, now=now
        )
        await outbox.put_create_report(
            tx, row.pk, row.ven_id, [request], request_id=new_id(), now=now
        )
        detail = {"specifier": request.report_specifier_id, "kind": str(kind)}
        await self._note(tx, now, "request report", request.report_request_id, detail)
        return stored

    async def cancel_report(
        self, report_request_id: str, *, now: datetime, follow: bool = False
    ) -> None:
        """Ends a report; ``follow`` asks for a final one (R345).

        Raises:
            NotFound: no such request is open.
        """
        async with self._acting() as tx:
            rows = await reports.requests(tx, states=("queued", "sent", "active"))
            found = [row for row in rows if row.request.report_request_id == report_request_id]
            if not found:
                raise NotFound("open report request", report_request_id, "see: vtn report list")
            owner = await party.get(tx, pk=found[0].party_pk)
            if owner is None:
                raise NotFound("VEN of report request", report_request_id)
            await reports.set_request_state(tx, pk=found[0].pk, state="cancelling", now=now)
            await outbox.put_cancel_report(
                tx,
                owner.pk,
                owner.ven_id,
                [report_request_id],
                request_id=new_id(),
                follow=follow,
                now=now,
            )
            await self._note(tx, now, "cancel report", report_request_id, {"follow": follow})

    async def _note(
        self,
        tx: Transaction,
        now: datetime,
        action: str,
        subject: str,
        detail: Mapping[str, object],
    ) -> None:
        await audit.append(
            tx, at=now, actor=self.actor, action=action, subject=subject, detail=detail
        )


async def find_ven(tx: Transaction, name: str) -> Party:
    """Returns a VEN by its name or venID.

    Raises:
        NotFound: nobody is called so.
    """
    row = await party.get(tx, ven_name=name) or await party.get(tx, ven_id=name)
    if row is None:
        raise NotFound("VEN", name, "see: vtn ven list")
    return row


async def find_event(tx: Transaction, event_id: str) -> StoredEvent:
    """Returns an event.

    Raises:
        NotFound: there is none with that ID.
    """
    row = await event.get(tx, event_id=event_id)
    if row is None:
        raise NotFound("event", event_id, "see: vtn event list")
    return row


def _require_registered(row: Party) -> str:
    if row.registration_id is None:
        raise Conflict(f"{row.ven_name} is not registered")
    return row.registration_id


__all__ = [
    "Audience",
    "Changes",
    "Operator",
    "describe",
    "find_event",
    "find_ven",
    "resolve",
    "target_of",
]
