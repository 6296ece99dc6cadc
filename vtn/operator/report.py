"""What an operator does about reports: ask for them, end them."""

from dataclasses import dataclass
from datetime import datetime

from oadr import messages as m
from oadr.report import (
    RequestKind,
    build_history_request,
    build_metadata_request,
    kind_of,
    read_metadata,
)
from vtn.desk import new_id
from vtn.dispatch import outbox
from vtn.errors import NotFound
from vtn.hooks import Wanted
from vtn.operator.acting import Acting, find_ven, registration_of
from vtn.services import wanted
from vtn.store import Transaction, party
from vtn.store import report as reports
from vtn.store.party import Party
from vtn.store.report import StoredRequest


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
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            registration_of(row)
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
        async with self.acting() as tx:
            row = await find_ven(tx, name)
            registration_of(row)
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
        await self.note(tx, now, "request report", request.report_request_id, detail)
        return stored

    async def cancel_report(
        self, report_request_id: str, *, now: datetime, follow: bool = False
    ) -> None:
        """Ends a report; ``follow`` asks for a final one (R345).

        Raises:
            NotFound: no such request is open.
        """
        async with self.acting() as tx:
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
            await self.note(tx, now, "cancel report", report_request_id, {"follow": follow})
