"""What an operator does about reports: ask for them, end them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oadr import messages as m
from oadr.report import (
    Offer,
    RequestKind,
    build_history_request,
    build_metadata_request,
    kind_of,
    read_metadata,
)
from oadr.times import ZERO
from vtn.desk import new_id
from vtn.dispatch import outbox
from vtn.errors import NotFound
from vtn.hooks import Wanted
from vtn.operator.acting import Acting, find_ven, registration_of
from vtn.services import wanted
from vtn.store import Transaction, party
from vtn.store import report as reports
from vtn.store.party import Party
from vtn.store.report import RequestState, StoredRequest

_CANCELLABLE: tuple[RequestState, ...] = ("queued", "sent", "active", "cancelling")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports(Acting):
    """Verbs about reports."""

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
        (made,) = await self.request_reports(name, [entry], now=now, history=history)
        return made

    async def request_reports(
        self, name: str, entries: Sequence[Wanted], *, now: datetime, history: bool = False
    ) -> list[StoredRequest]:
        """Asks a VEN for several reports in one oadrCreateReport; for all of them or for none.

        Args:
            name: of the VEN.
            entries: what is wanted, one or more.
            now: the moment.
            history: ask for what was (HISTORY_USAGE).

        Raises:
            NotFound: no such VEN, or it offers no such report.
            InvalidData: it is more than is offered (R340).
        """
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            registration_of(row)
            offers = {
                offer.specifier_id: offer
                for offer in read_metadata(await reports.offers(tx, party_pk=row.pk))
            }
            asked: list[wanted.Numbered] = []
            for entry in entries:
                offer = offers.get(entry.specifier_id)
                if offer is None:
                    hint = f"{name} offers: {', '.join(offers) or 'nothing'}"
                    raise NotFound("report", entry.specifier_id, hint)
                request_id = await reports.next_request_id(tx)
                request = _built(entry, offer, request_id, now, history=history)
                asked.append((request, kind_of(request, offer)))
            return await self._ask(tx, row, asked, now)

    async def request_metadata(
        self,
        name: str,
        *,
        now: datetime,
        every: timedelta = ZERO,
        duration: timedelta = ZERO,
    ) -> StoredRequest:
        """Asks a VEN to offer its reports again, once or time and again (R306, R308, R327).

        Each time the reports that the VEN has been asked for end and are asked for anew.

        Args:
            name: of the VEN.
            now: the moment.
            every: how often; 0 means once, now.
            duration: for how long, if it is repeated; 0 means for ever.

        Raises:
            NotFound: no such VEN.
            Conflict: it is not registered.
        """
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            registration_of(row)
            request = build_metadata_request(
                await reports.next_request_id(tx), every=every, duration=duration, now=now
            )
            (made,) = await self._ask(tx, row, [(request, RequestKind.METADATA)], now)
            return made

    async def _ask(
        self, tx: Transaction, row: Party, asked: Sequence[wanted.Numbered], now: datetime
    ) -> list[StoredRequest]:
        stored = [
            await reports.add_request(
                tx, party_pk=row.pk, request=request, kind=str(kind), standing=False, now=now
            )
            for request, kind in asked
        ]
        await outbox.put_create_report(
            tx,
            row.pk,
            row.ven_id,
            [request for request, _ in asked],
            request_id=new_id(),
            now=now,
        )
        for request, kind in asked:
            detail = {"specifier": request.report_specifier_id, "kind": str(kind)}
            await self.note(tx, now, "request report", request.report_request_id, detail)
        return stored

    async def cancel_report(
        self, report_request_id: str, *, now: datetime, follow: bool = False
    ) -> None:
        """Ends a report; ``follow`` asks for a final one (R345).

        Raises:
            NotFound: no such request is open.
        """
        await self.cancel_reports([report_request_id], now=now, follow=follow)

    async def cancel_reports(
        self, report_request_ids: Sequence[str], *, now: datetime, follow: bool = False
    ) -> None:
        """Ends reports, those of one VEN in one oadrCancelReport (R336).

        Args:
            report_request_ids: of one VEN or of several.
            now: the moment.
            follow: ask for a final report of each (R345).

        Raises:
            NotFound: one of them is not open; nothing is ended then.
        """
        async with self.acting() as tx:
            open_ = await reports.requests(tx, states=_CANCELLABLE)
            found = {row.report_request_id: row for row in open_ if _is_open(row)}
            for name in report_request_ids:
                if name not in found:
                    raise NotFound("open report request", name, "see: vtn report list")
            chosen = [found[name] for name in dict.fromkeys(report_request_ids)]
            for pk in dict.fromkeys(row.party_pk for row in chosen):
                mine = [row for row in chosen if row.party_pk == pk]
                await self._cancel(tx, pk, mine, now, follow=follow)

    async def _cancel(
        self,
        tx: Transaction,
        pk: int,
        chosen: Sequence[StoredRequest],
        now: datetime,
        *,
        follow: bool,
    ) -> None:
        owner = await party.get(tx, pk=pk)
        if owner is None:
            raise NotFound("VEN of report request", chosen[0].report_request_id)
        for row in chosen:
            await reports.set_request_state(
                tx, pk=row.pk, state="cancelling", now=now, follow=follow
            )
            await self.note(tx, now, "cancel report", row.report_request_id, {"follow": follow})
        ids = [row.report_request_id for row in chosen]
        await outbox.put_cancel_report(
            tx, owner.pk, owner.ven_id, ids, request_id=new_id(), follow=follow, now=now
        )


def _built(
    entry: Wanted, offer: Offer, request_id: str, now: datetime, *, history: bool
) -> m.ReportRequest:
    if not history:
        return wanted.build(entry, offer, request_id=request_id, now=now)
    return build_history_request(
        offer,
        request_id=request_id,
        start=entry.start or now - offer.duration,
        duration=entry.duration,
        r_ids=entry.r_ids,
    )


def _is_open(row: StoredRequest) -> bool:
    """Whether a request can be ended; one that the VEN would not end can be once more."""
    return row.state != "cancelling" or row.code is not None
