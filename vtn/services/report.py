"""EiReport: metadata, requests, readings (R300 to R346).

The VTN is the requester; ``source`` has what a VEN may ask of it.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr.enums import DataQuality
from oadr.errors import DeploymentError, InvalidId
from oadr.replies import outcome
from oadr.report import (
    Offer,
    RequestKind,
    check_update,
    findings,
    is_repeated,
    read_metadata,
    unpack,
)
from runtime.durations import in_words
from vtn.desk import Caller, Desk
from vtn.dispatch import outbox
from vtn.hooks import Update
from vtn.roster import Member
from vtn.services import pending, wanted
from vtn.services.points import Points, load
from vtn.store import Transaction
from vtn.store import outbox as rows
from vtn.store import reading as readings
from vtn.store import report as reports
from vtn.store.report import StoredRequest

log = logging.getLogger("openadr.vtn.report")

_OPEN = ("queued", "sent", "active", "cancelling")
_OVER = ("cancelling", "cancelled")
#: Offers that are logged one by one when a VEN registers its reports.
_LOGGED = 20
#: Reports of one message.
_REPORTS = 1000


async def register(desk: Desk, caller: Caller, message: m.RegisterReport) -> m.Message:
    """Answers oadrRegisterReport: the metadata replaces what was known (R306).

    Requests that ran end with it; those that are wanted now are asked for again, here
    or by oadrCreateReport.
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    offers = read_metadata(message.reports)
    requests = await wanted.requests(desk, caller, offers)
    by_poll = desk.settings.reports.via == "poll"
    now = caller.received_at
    async with desk.store.begin() as tx:
        ended = await reports.replace_offers(
            tx, party_pk=member.pk, reports=message.reports, now=now
        )
        await _forget_asked(tx, member, now)
        await _metadata_came(tx, member, message.report_request_id, now)
        again = wanted.again(ended, offers, requests, now, ven=member.ven_name)
        numbered = [
            await wanted.number(tx, wanted.continued(request, ended, now)) for request in requests
        ] + [await wanted.number(tx, request) for request in again]
        for index, (request, kind) in enumerate(numbered):
            await reports.add_request(
                tx,
                party_pk=member.pk,
                request=request,
                kind=str(kind),
                standing=index < len(requests),
                state="queued" if by_poll else "sent",
                now=now,
            )
        if numbered:
            await outbox.put_create_report(
                tx,
                member.pk,
                member.ven_id,
                [request for request, _ in numbered],
                request_id=desk.new_id() if by_poll else message.request_id,
                now=now,
                asked=not by_poll,
            )
        desk.points.pop(member.pk, None)
    member.stale = True
    _log_offers(member, offers, numbered)
    return m.RegisteredReport(
        response=outcome(message),
        requests=() if by_poll else tuple(request for request, _ in numbered),
        ven_id=member.ven_id,
    )


async def _forget_asked(tx: Transaction, member: Member, now: datetime) -> None:
    """Ends what was said about requests that the new metadata has cancelled (R306)."""
    for item in await rows.waiting(tx, party_pk=member.pk):
        if item.kind == outbox.CANCEL_REPORT or (
            item.kind == outbox.CREATE_REPORT and item.sent_count
        ):
            await rows.done(tx, pk=item.pk, now=now)


async def _metadata_came(
    tx: Transaction, member: Member, request_id: str | None, now: datetime
) -> None:
    """Ends the request that metadata was asked for with, unless it is periodic (R306, R311)."""
    if not request_id:
        return
    row = await reports.request(tx, party_pk=member.pk, report_request_id=request_id)
    if row is None or row.kind != RequestKind.METADATA or row.state not in _OPEN:
        return
    if not is_repeated(row.request, RequestKind.METADATA):
        await reports.set_request_state(tx, pk=row.pk, state="done", now=now)
    elif row.state != "cancelling":
        await reports.set_request_state(tx, pk=row.pk, state="active", now=now)
    await reports.received(tx, pks=[row.pk], now=now)


def _rates(request: m.ReportRequest) -> str:
    """Returns a request with how often it wants readings and reports, for the log."""
    every, deliver = request.granularity, request.report_back_duration
    sampled = f"every {in_words(every)}" if every else "at each change"
    reported = f"reported every {in_words(deliver)}" if deliver else "reported once"
    return f"{request.report_request_id}, {sampled}, {reported}"


def _log_offers(
    member: Member, offers: tuple[Offer, ...], requests: list[tuple[m.ReportRequest, RequestKind]]
) -> None:
    asked = {request.report_specifier_id: request for request, _ in requests}
    if not offers or len(offers) > _LOGGED:
        log.info("offers %d reports", len(offers), extra={"ven": member.ven_name})
    for offer in offers[:_LOGGED]:
        request = asked.get(offer.specifier_id)
        log.info(
            "offers %s %s (%s)%s",
            offer.report_name or "report",
            offer.specifier_id,
            ", ".join(point.r_id for point in offer.points[:8]),
            f" -> requested as {_rates(request)}" if request else "",
            extra={"ven": member.ven_name},
        )


async def update(desk: Desk, caller: Caller, message: m.UpdateReport) -> m.Message:
    """Answers oadrUpdateReport: readings are stored, once, and committed (R304, R346)."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    if len(message.reports) > _REPORTS:
        raise DeploymentError(f"at most {_REPORTS} reports are taken in one message", rule="R304")
    # All in one transaction: each costs the time of several steps between loop and database.
    async with desk.store.begin() as tx:
        answered = {
            report.report_request_id: await _request(tx, member, report)
            for report in {one.report_request_id: one for one in message.reports}.values()
        }
        found = [answered[report.report_request_id] for report in message.reports]
        points = await _points(tx, desk, member)
        updates = [
            _read(report, row, points) for report, row in zip(message.reports, found, strict=True)
        ]
        await _ingest(tx, member, found, updates, points, caller.received_at)
    _look_at(message.reports, found, points, member)
    full = [update for update in updates if update.readings]
    await desk.observe_all("on_update_report", full, caller.context(desk))
    over = [row.report_request_id for row in found if row.state in _OVER and not row.follow]
    return m.UpdatedReport(
        response=outcome(message),
        cancel_report=_cancellation(desk, list(dict.fromkeys(over))) if over else None,
        ven_id=member.ven_id,
    )


async def _points(tx: Transaction, desk: Desk, member: Member) -> Points:
    """Returns the data points of a VEN, from memory if they are there."""
    points = desk.points.get(member.pk)
    if points is None:
        points = await load(tx, member.pk)
        desk.keep_points(member.pk, points)
    return points


async def _request(tx: Transaction, member: Member, report: m.Report) -> StoredRequest:
    """Returns the request that a report answers (R304).

    Another VEN's is not found, and neither is one of an earlier registration (R406).
    """
    row = await reports.request(tx, party_pk=member.pk, report_request_id=report.report_request_id)
    if row is None or row.state == "forgotten":
        raise InvalidId(
            f"reportRequestID {report.report_request_id!r} is not one of this VEN's", rule="R304"
        )
    return row


def _look_at(
    delivered: Sequence[m.Report], found: list[StoredRequest], points: Points, member: Member
) -> None:
    """Logs what is wrong with the shape of reports that can be used as they are.

    Only the first report to each request is looked at: the others of a VEN look the same,
    and to look at each would take longer than to read it (R300, R313 to R316, R342).
    """
    for report, row in zip(delivered, found, strict=True):
        if row.pk in points.seen:
            continue
        points.seen.add(row.pk)
        problems = findings(report, row.request, points.offer(row.request.report_specifier_id))
        if problems:
            log.warning(
                "its report to %s is used, although %s",
                row.report_request_id,
                "; ".join(map(str, problems[:_LOGGED])),
                extra={"ven": member.ven_name, "rule": problems[0].rule},
            )


def _read(report: m.Report, row: StoredRequest, points: Points) -> Update:
    offer = points.offer(row.request.report_specifier_id)
    by_id = points.by_id(offer)
    check_update(report, row.request, offer)
    return Update(
        report_request_id=report.report_request_id,
        specifier_id=row.request.report_specifier_id,
        report_name=offer.report_name,
        readings=unpack(report, points=by_id),
        points=by_id,
    )


async def _ingest(
    tx: Transaction,
    member: Member,
    found: list[StoredRequest],
    updates: list[Update],
    points: Points,
    now: datetime,
) -> None:
    for row, update in zip(found, updates, strict=True):
        await readings.ingest(tx, rows=_rows(update, row.pk, points, now))
        if row.kind in (RequestKind.ONE_SHOT, RequestKind.HISTORY) and row.state in _OPEN:
            await reports.set_request_state(tx, pk=row.pk, state="done", now=now)
        elif row.state == "sent":
            await reports.set_request_state(tx, pk=row.pk, state="active", now=now)
        elif row.state == "cancelled" and row.follow:
            # That was the final report (R345); whatever else comes is too much.
            await reports.set_request_state(tx, pk=row.pk, state="cancelled", now=now, follow=False)
    if any(row.state == "sent" for row in found):
        await _answered_by_data(tx, member, now)
    missing = any(row.missing_at is not None for row in found)
    await reports.received(tx, pks=[row.pk for row in found], now=now, found=missing)


async def _answered_by_data(tx: Transaction, member: Member, now: datetime) -> None:
    """Ends oadrCreateReports that VENs answer with the reports themselves."""
    open_ids = {
        row.report_request_id
        for row in await reports.requests(tx, party_pk=member.pk, states=("queued", "sent"))
    }
    for item in await rows.waiting(tx, party_pk=member.pk):
        if item.kind == outbox.CREATE_REPORT and not outbox.requested([item]) & open_ids:
            await rows.done(tx, pk=item.pk, now=now)


def _rows(update: Update, request_pk: int, points: Points, now: datetime) -> list[readings.Raw]:
    """Returns the rows to store; a repeated value of an on-change report is none (R317)."""
    new = [one for one in update.readings if one.quality != DataQuality.PREVIOUS_VALUE]
    return readings.rows(
        new,
        keys=points.keys,
        specifier_id=update.specifier_id,
        request_pk=request_pk,
        received_at=now,
    )


def _cancellation(desk: Desk, ids: list[str]) -> m.CancelReport:
    """Returns the piggyback for reports that keep coming after their end (R328, R335)."""
    return m.CancelReport(
        request_id=desk.new_id(), report_request_ids=tuple(ids), report_to_follow=False
    )


HANDLES: dict[type, Any] = {
    m.RegisterReport: register,
    m.CreatedReport: pending.created,
    m.UpdateReport: update,
    m.CanceledReport: pending.canceled,
}
