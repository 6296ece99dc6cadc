"""All that bears on what one VEN sees, read in one transaction."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from oadr.enums import ProfileName
from oadr.opt import Participation
from vtn import presence
from vtn.config import Settings
from vtn.dispatch import mailbox, snapshot
from vtn.dispatch.mailbox import Coming
from vtn.dispatch.snapshot import Row
from vtn.errors import NotFound
from vtn.explain.words import times
from vtn.operator.pending import command
from vtn.participation import weigh
from vtn.store import (
    Transaction,
    certificate,
    delivery,
    event,
    outbox,
    party,
    pending,
    push,
    refusal,
)
from vtn.store.certificate import Certificate
from vtn.store.delivery import Delivery
from vtn.store.event import StoredEvent
from vtn.store.party import Party
from vtn.store.push import Push
from vtn.store.refusal import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a VEN, and of an event for it.

    Attributes:
        settings: the configuration.
        now: the moment.
        ven: the VEN.
        certificates: all that it ever had, oldest first.
        pushed: how push to it has gone; None if there has been none.
        refusals: what went wrong lately, latest first.
        rows: its open events.
        coming: what its polls bring from now on.
        event: the one that is asked about; None if none is.
        given: what became of that at the VEN; None if it was never for it.
        takes_part: whether the VEN takes part in it, and why; None if it was never for it.
    """

    settings: Settings
    now: datetime
    ven: Party
    certificates: Sequence[Certificate] = ()
    pushed: Push | None = None
    refusals: Sequence[Refusal] = ()
    rows: Sequence[Row] = ()
    coming: Coming
    event: StoredEvent | None = None
    given: Delivery | None = None
    takes_part: Participation | None = None

    @property
    def name(self) -> str:
        """How the VEN is called."""
        return self.ven.ven_name

    @property
    def older(self) -> bool:
        """Whether it is a VEN of 2.0a."""
        return self.ven.profile is ProfileName.A

    @property
    def interval(self) -> timedelta:
        """How often it is asked to poll."""
        return presence.poll_interval(self.settings, self.ven)

    @property
    def online(self) -> bool:
        """Whether it is there."""
        return presence.online(self.settings, self.ven, self.pushed, self.now)

    @property
    def registered(self) -> bool:
        """Whether it may use the services; one of 2.0a needs no registration for that."""
        return self.ven.state == "registered"

    @property
    def proven(self) -> bool:
        """Whether it has what proves who it is: a certificate, unless there are none here."""
        return self.settings.http.plain or self.settings.http.force_plain or bool(self.valid)

    @property
    def valid(self) -> Sequence[Certificate]:
        """The certificates that count now."""
        return [one for one in self.certificates if _counts(one, self.now)]

    @property
    def takes_events(self) -> bool:
        """Whether messages about events go to it at all."""
        return self.registered and not self.ven.report_only and self.proven

    @property
    def alive(self) -> bool:
        """Whether the event goes out whenever events go out to the VEN."""
        row = self.row
        return row is not None and snapshot.is_alive(row, self.now)

    @property
    def row(self) -> Row | None:
        """The event among the open ones of the VEN; None if it is none of them."""
        return next((row for row in self.rows if self.event and row[0].pk == self.event.pk), None)

    @property
    def next_poll(self) -> bool | None:
        """Whether the next poll, were it now, brings the event; None if it is pushed."""
        if not self.ven.pull:
            return None
        if not (self.takes_events and self.alive):
            return False
        # One of 2.0a asks for its events, and gets all of them each time.
        return self.older or (self.coming.events and not self.coming.ahead)


def _counts(proof: Certificate, now: datetime) -> bool:
    ends = (proof.not_after, proof.valid_until)
    return proof.revoked_at is None and all(end is None or now < end for end in ends)


async def of_ven(tx: Transaction, settings: Settings, now: datetime, name: str) -> Facts:
    """Returns what is known of a VEN.

    Raises:
        NotFound: nobody is called so; it says who is called alike, or has asked in vain.
    """
    row = await party.get(tx, ven_name=name) or await party.get(tx, ven_id=name)
    if row is None:
        raise await _no_ven(tx, name)
    rows = await delivery.for_party(tx, party_pk=row.pk)
    items = await outbox.waiting(tx, party_pk=row.pk)
    interval = presence.poll_interval(settings, row)
    return Facts(
        settings=settings,
        now=now,
        ven=row,
        certificates=await certificate.for_party(tx, party_pk=row.pk),
        pushed=(await push.all_pushes(tx)).get(row.pk),
        refusals=await refusal.for_party(tx, party_pk=row.pk),
        rows=rows,
        coming=mailbox.coming(items, () if row.report_only else rows, now, interval),
    )


async def with_event(tx: Transaction, facts: Facts, event_id: str) -> Facts:
    """Returns the facts with an event that is asked about.

    Raises:
        NotFound: there is none with that ID; it says which are called alike.
    """
    stored = await event.get(tx, event_id=event_id)
    if stored is None:
        raise await _no_event(tx, event_id)
    given = await delivery.get(tx, event_id=event_id, party_pk=facts.ven.pk)
    if given is None:
        return replace(facts, event=stored)
    return await with_row(tx, facts, (stored, given))


async def with_row(tx: Transaction, facts: Facts, row: Row) -> Facts:
    """Returns the facts with an event that is for the VEN, and what became of it there."""
    stored, given = row
    found = await weigh(tx, stored, [facts.ven], facts.settings.opts.policy)
    return replace(facts, event=stored, given=given, takes_part=found[facts.ven.pk])


async def _no_ven(tx: Transaction, name: str) -> NotFound:
    asked = [row for row in await pending.everybody(tx) if name in (row.ven_name, row.ven_id)]
    if asked:
        last, count = asked[0], sum(row.asked for row in asked)
        words = f"it has asked {times(count)} and is not enrolled: {last.reason}"
        # Whoever takes a name must not be the one that is let in because of it.
        then = f", and then: {command(last)}" if len(asked) == 1 else ""
        return NotFound("VEN", name, f"{words}; see: vtn ven pending{then}")
    names = {row.ven_name for row in await party.all_parties(tx)}
    return NotFound("VEN", name, f"{_alike(name, names)}see: vtn ven list")


async def _no_event(tx: Transaction, event_id: str) -> NotFound:
    names = {one.event_id for one in await event.list_events(tx)}
    return NotFound("event", event_id, f"{_alike(event_id, names)}see: vtn event list --all")


def _alike(name: str, names: Iterable[str]) -> str:
    """Returns which names are meant, perhaps, as the beginning of a hint."""
    folded = {one.casefold(): one for one in sorted(names)}
    found = difflib.get_close_matches(name.casefold(), folded, n=3)
    if not found:
        return ""
    return f"did you mean {' or '.join(folded[one] for one in found)}? "
