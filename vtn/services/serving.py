"""Reports of the VTN on their way to VENs: what is due is collected, packed and queued.

Nothing is lost when the VTN stops: a request has its place in the store, and moves on in
the transaction that puts its report into the outbox. What a stopped VTN has not sent, it
sends when it is back.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from oadr import messages as m
from oadr.errors import ProtocolError
from oadr.report import (
    Offer,
    Reading,
    RequestKind,
    Window,
    closing_window,
    latest_window,
    next_window,
    pack,
    split,
)
from vtn.desk import Caller, Desk
from vtn.dispatch import outbox
from vtn.hooks import Collect
from vtn.roster import Member
from vtn.services import offering
from vtn.services.sound import sendable, unusable
from vtn.store import Transaction, served
from vtn.store import outbox as rows
from vtn.store.served import Served

log = logging.getLogger("openadr.vtn.report")

HOOK = "on_collect_readings"
#: Messages of one VEN that may wait for it, of each kind.
MOST = 20
#: Requests that are looked at in one go, and how often in one round.
_BATCH, _GOES = 100, 20
#: When to look again if a VEN has not fetched what waits for it, or a handler failed.
_AGAIN = timedelta(minutes=1)
#: How long a handler may fail before the report goes out without readings.
_PATIENCE = timedelta(minutes=5)
#: Intervals of one message.
_INTERVALS = 1000


async def serve(desk: Desk) -> None:
    """Queues the reports that are due."""
    for _ in range(_GOES):
        now = desk.clock.now()
        async with desk.store.read() as tx:
            found = await served.due(tx, now=now, most=_BATCH)
        for row in found:
            member = desk.roster.of_pk(row.party_pk)
            if member is not None and member.registered:
                await _serve(desk, member, row, now)
        if not found:
            return


async def _serve(desk: Desk, member: Member, row: Served, now: datetime) -> None:
    """Queues the next report of one request."""
    window = _window(row, now)
    caller = Caller(member=member, fingerprint="", secure=False, received_at=now)
    reports: tuple[m.Report, ...] = ()
    offers: tuple[Offer, ...] = ()
    try:
        if row.kind is RequestKind.METADATA:
            offers = await offering.offers(desk, caller.context(desk))
        elif window is not None:
            reports = await _reports(desk, caller, row, window, now)
    except ProtocolError:
        # It is in the log; the handler may have more luck later.
        async with desk.store.begin() as tx:
            await served.postpone(tx, pk=row.pk, until=now + _AGAIN)
        return
    async with desk.store.begin() as tx:
        if await served.get(tx, pk=row.pk) != row:
            # It has been cancelled or served meanwhile.
            return
        kind = outbox.METADATA if row.kind is RequestKind.METADATA else outbox.UPDATE_REPORT
        # However long a report is, it may wait on its own.
        if not await has_room(tx, member, kind, min(max(len(reports), 1), MOST)):
            await served.postpone(tx, pk=row.pk, until=now + _AGAIN)
            return
        if row.kind is RequestKind.METADATA and window is not None:
            await offering.put(
                tx,
                desk,
                member.pk,
                member.ven_id,
                offers,
                now=now,
                request_id=row.report_request_id,
            )
        for report in reports:
            await put(tx, desk, member, [report], now)
        await _advance(tx, row, window, now)
    member.stale = True


def _window(row: Served, now: datetime) -> Window | None:
    if row.closing:
        return closing_window(row.request, row.kind, row.accepted_at, now)
    after = row.sent_index if row.sent_index >= 0 else None
    window = next_window(row.request, row.kind, row.accepted_at, after)
    if window is None or row.kind is not RequestKind.METADATA:
        return window
    return latest_window(row.request, row.kind, row.accepted_at, window, now)


async def _advance(tx: Transaction, row: Served, window: Window | None, now: datetime) -> None:
    following = None
    if window is not None and not window.final and not row.closing:
        following = next_window(row.request, row.kind, row.accepted_at, window.index)
    index = window.index if window is not None else row.sent_index
    due_at = following.due if following is not None else None
    await served.sent(tx, pk=row.pk, index=index, due_at=due_at, now=now)


async def _reports(
    desk: Desk, caller: Caller, row: Served, window: Window, now: datetime
) -> tuple[m.Report, ...]:
    """Returns the report for a window, in parts if it is long; none if nobody offers it now.

    Raises:
        ProtocolError: the handler failed, and may be asked again.
    """
    async with desk.store.read() as tx:
        known = await offering.offered(tx, row.party_pk)
    offer = next((o for o in known if o.specifier_id == row.request.report_specifier_id), None)
    if offer is None:
        log.warning("report %s is not offered any more", row.report_request_id)
        return ()
    wanted = Collect(
        request=row.request, offer=offer, kind=row.kind, start=window.start, end=window.end
    )
    try:
        readings = await _collect(desk, caller, wanted)
        return _packed(desk, wanted, window, readings, now)
    except ProtocolError:
        if now < window.due + _PATIENCE:
            raise
    return _packed(desk, wanted, window, (), now)


async def _collect(desk: Desk, caller: Caller, wanted: Collect) -> Sequence[Reading]:
    if not desk.hooks.has(HOOK):
        return ()
    given: Sequence[Reading] = await desk.decide(HOOK, wanted, caller.context(desk))
    return given


def _packed(
    desk: Desk, wanted: Collect, window: Window, readings: Sequence[Reading], now: datetime
) -> tuple[m.Report, ...]:
    try:
        report = pack(wanted.request, wanted.kind, window, readings, wanted.offer, now=now)
    except (TypeError, AttributeError, ValueError) as error:
        raise unusable(desk, HOOK, f"gave what cannot be reported: {error}") from error
    sendable(desk, HOOK, m.UpdateReport(request_id="0", reports=(report,)))
    return split(report, _INTERVALS)


async def has_room(tx: Transaction, member: Member, kind: str, more: int) -> bool:
    """Returns whether so many more messages of a kind may wait for a VEN."""
    count = sum(item.kind == kind for item in await rows.waiting(tx, party_pk=member.pk))
    return count + more <= MOST


async def put(
    tx: Transaction, desk: Desk, member: Member, reports: Sequence[m.Report], now: datetime
) -> None:
    """Queues reports in one oadrUpdateReport."""
    message = m.UpdateReport(request_id=desk.new_id(), reports=tuple(reports), ven_id=member.ven_id)
    await outbox.put_update_report(tx, member.pk, message, now=now)
