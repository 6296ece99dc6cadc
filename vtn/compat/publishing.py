"""How the events of an application get into the store, with their callbacks by name."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from oadr import messages as m
from runtime.clock import Clock
from vtn.compat.callbacks import Callbacks, Lost, Reference
from vtn.compat.calling import Callback
from vtn.compat.entries import Entry
from vtn.compat.events import Events
from vtn.compat.reports import Reports

if TYPE_CHECKING:
    from vtn.audience import Audience
    from vtn.desk import Desk
    from vtn.operator import Operator
    from vtn.store.callback import Kept, Kind
    from vtn.store.event import StoredEvent

log = logging.getLogger("openadr.vtn.compat")

#: How often callbacks are forgotten that nobody will call any more.
_PRUNE = timedelta(hours=1)


class Publishing:
    """Brings events to VENs, and finds them again after a restart.

    Args:
        operator: gives the operator of the server, once it is open.
        clock: gives its clock.
        callbacks: names callbacks; None where nothing outlives the process.
    """

    def __init__(
        self,
        operator: Callable[[], "Operator"],
        clock: Callable[[], Clock],
        callbacks: Callbacks | None,
    ) -> None:
        self._operator = operator
        self._clock = clock
        self._callbacks = callbacks
        self._prune_at: datetime | None = None

    async def publish(self, entry: Entry) -> m.Event:
        """Adds an event for a VEN; one of that eventID that is there already is the same one.

        Returns:
            The event as it is stored.

        Raises:
            Conflict: the event is there and cannot become this one.
        """
        from vtn.errors import NotFound

        await self._keep(entry)
        try:
            return await self._publish(entry)
        except NotFound:
            # The VEN has got another venID just now; its event is for either.
            return await self._publish(entry)

    async def _publish(self, entry: Entry) -> m.Event:
        from vtn.audience import Audience
        from vtn.store.errors import DuplicateId

        operator, now = self._operator(), self._clock().now()
        await operator.provide(entry.ven_id, now=now)
        audience = Audience(vens=frozenset({entry.ven_id}))
        try:
            stored, _ = await operator.create_event(entry.event, audience, now=now, new=False)
        except DuplicateId:
            stored = await self._publish_again(operator, entry, audience)
        return stored.event

    async def _publish_again(
        self, operator: "Operator", entry: Entry, audience: "Audience"
    ) -> "StoredEvent":
        """Makes an event one for this VEN that is there, as after a restart."""
        from vtn.errors import Conflict
        from vtn.store import delivery

        now = self._clock().now()
        async with operator.store.read() as tx:
            recipients = await delivery.for_event(tx, event_id=entry.event_id)
        mine = [recipient.ven_id for recipient, _ in recipients]
        if mine == [entry.ven_id]:
            # Nobody else has it: the application gives it anew, and may have changed it.
            stored = await operator.modify_event(entry.event, now=now)
        else:
            stored, _ = await operator.share_event(entry.event, audience, now=now)
        if stored.cancelled:
            raise Conflict(f"event {entry.event_id} is cancelled; give the new one another eventID")
        return stored

    async def change(self, entry: Entry, event: m.Event) -> m.Event:
        """Replaces an event by a changed one, and returns it as it is then (R5)."""
        stored = await self._operator().modify_event(event, now=self._clock().now())
        return stored.event

    async def cancel(self, entry: Entry) -> m.Event:
        """Cancels an event, and returns it as it is then (R10)."""
        stored = await self._operator().cancel_event(entry.event_id, now=self._clock().now())
        return stored.event

    async def follow(self, former: str, ven_id: str) -> Mapping[str, m.Event]:
        """Returns the events of a VEN by eventID, with those given for a former venID."""
        rows = await self._operator().gather(former, ven_id, now=self._clock().now())
        return {row.event_id: row.event for row in rows}

    # ------------------------------------------------------------ callbacks by name

    async def _keep(self, entry: Entry) -> None:
        if self._callbacks is None:
            return
        from vtn.store import callback as kept

        given: tuple[tuple[Kind, Callback | None], ...] = (
            ("answer", entry.callback),
            ("delivery", entry.delivery_callback),
        )
        rows = [
            row_of(self._callbacks.reference(callback), kind, entry.ven_id, entry.event_id)
            for kind, callback in given
            if callback is not None
        ]
        now = self._clock().now()
        async with self._operator().store.begin() as tx:
            if self._prune_at is None or self._prune_at <= now:
                # Before the event is stored, and before its callbacks: no other is on its way.
                await kept.prune(tx, now=now)
                self._prune_at = now + _PRUNE
            await kept.put(tx, rows=rows)

    async def keep_readers(self, reports: Reports, ven_id: str) -> None:
        """Keeps the callbacks for the data of a VEN, in place of those before."""
        if self._callbacks is None:
            return
        from vtn.store import callback as kept

        rows = [
            row_of(self._callbacks.reference(callback), "reading", ven_id, specifier_id, r_id)
            for (specifier_id, r_id), callback in reports.readers_of(ven_id).items()
        ]
        async with self._operator().store.begin() as tx:
            await kept.take_away(tx, kind="reading", ven_id=ven_id)
            await kept.put(tx, rows=rows)

    async def restore(self, desk: "Desk", events: Events, reports: Reports) -> None:
        """Takes over what an application had given before the last start."""
        from vtn.store import callback, restart

        async with desk.store.begin() as tx:
            await callback.prune(tx, now=desk.clock.now())
        async with desk.store.read() as tx:
            rows = await callback.all_kept(tx)
            there = await restart.open_events(tx)
            for ven_id, document in await restart.offers(tx):
                reports.restore_offers(ven_id, document)
        of_events: dict[tuple[str, str, str], Kept] = {
            (row.kind, row.ven_id, row.subject): row for row in rows
        }
        for ven_id, event in there:
            events.restore(self._entry(ven_id, event, of_events))
        self._restore_readers(reports, [row for row in rows if row.kind == "reading"])

    def _entry(
        self, ven_id: str, event: m.Event, rows: "Mapping[tuple[str, str, str], Kept]"
    ) -> Entry:
        entry = Entry(ven_id, event)
        what = f"event {entry.event_id} for VEN {ven_id}"
        answer = rows.get(("answer", ven_id, entry.event_id))
        delivery = rows.get(("delivery", ven_id, entry.event_id))
        entry.tell(
            self._find(answer, what) if answer else None,
            self._find(delivery, what) if delivery else None,
        )
        return entry

    def _restore_readers(self, reports: Reports, rows: "list[Kept]") -> None:
        warned: set[tuple[str, str, str]] = set()
        for row in rows:
            key = (row.ven_id, row.subject, row.name)
            what = f"report {row.subject} of VEN {row.ven_id}"
            found = self._find(row, what, quiet=key in warned)
            if found is None:
                warned.add(key)
            else:
                reports.restore_reader((row.ven_id, row.subject, row.item), found)

    def _find(self, row: "Kept", what: str, *, quiet: bool = False) -> Callback | None:
        """Returns a kept callback; None, with a warning, if it cannot be found.

        Args:
            row: as it was kept.
            what: it was for, in words.
            quiet: it has been warned of that callback.
        """
        if self._callbacks is None:
            return None
        reference = Reference(name=row.name, arguments=row.arguments, problem=row.problem)
        try:
            return self._callbacks.find(reference)
        except Lost as lost:
            log.log(
                logging.DEBUG if quiet else logging.WARNING,
                "%s has lost its callback %s in the restart: %s. Make it a function at the top "
                "of a module or a method of a handler object, or make it known with "
                "add_callback() before run() and before it is used.",
                what,
                row.name,
                lost,
            )
            return None


def row_of(reference: Reference, kind: "Kind", ven_id: str, subject: str, item: str = "") -> "Kept":
    """Returns what is stored of a callback."""
    from vtn.store.callback import Kept

    return Kept(
        kind=kind,
        ven_id=ven_id,
        subject=subject,
        item=item,
        name=reference.name,
        arguments=reference.arguments,
        problem=reference.problem,
    )
