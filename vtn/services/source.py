"""EiReport the other way round: what a VEN asks of the VTN (R301, R304, R308, R336).

What the VTN offers (``offering``) can be requested once, periodically, on change or as
history; ``serving`` sends it. Reports beyond that come from a handler
(``on_request_report``) and go out once.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr.errors import DeploymentError, InvalidId, ProtocolError
from oadr.replies import outcome
from oadr.report import METADATA, Offer, RequestKind, check_request, is_repeated, next_window
from vtn.desk import Caller, Desk
from vtn.dispatch import outbox
from vtn.roster import Member
from vtn.services import offering, serving
from vtn.services.given import reports_of_a_handler
from vtn.store import Transaction, served
from vtn.store import outbox as rows
from vtn.store.outbox import Item

log = logging.getLogger("openadr.vtn.report")

#: Requests of one VEN that may be open.
_OPEN = 50
#: Data points of one request, if fewer are offered; and how long its ID may be.
_POINTS = 100
_LONGEST = 256


async def registered(desk: Desk, caller: Caller, message: m.RegisteredReport) -> m.Message:
    """Takes oadrRegisteredReport: the VEN has read the VTN's metadata.

    That ends what it had requested before, but for periodic metadata (R306). What it
    requests in the same breath is answered like an oadrCreateReport (R344).

    Interpretation: a pulled VEN gets the oadrCreatedReport as the reply to its message;
    nothing that answers a poll could carry it.
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    async with desk.store.begin() as tx:
        answered = await outbox.acknowledge(
            tx, member.pk, outbox.METADATA, message.response.request_id, now=caller.received_at
        )
        await _end_former(tx, member, answered)
    member.stale = True
    if message.requests:
        return await _answer(desk, caller, message)
    return m.Response(response=outcome(message), ven_id=member.ven_id)


async def _end_former(tx: Transaction, member: Member, answered: Sequence[Item]) -> None:
    """Ends the requests that are older than the metadata that a VEN has got (R306)."""
    moments = [item.sent_at for item in answered if item.sent_at is not None]
    if not moments:
        return
    ended = [
        row.report_request_id
        for row in await served.requests(tx, party_pk=member.pk)
        if row.kind is not RequestKind.METADATA and row.accepted_at <= max(moments)
    ]
    await served.remove(tx, party_pk=member.pk, ids=ended)


async def create(desk: Desk, caller: Caller, message: m.CreateReport) -> m.Message:
    """Answers oadrCreateReport of a VEN: all its requests are accepted, or none (R304, R340)."""
    caller.registered()
    caller.check_ven_id(message.ven_id)
    return await _answer(desk, caller, message)


async def _answer(
    desk: Desk, caller: Caller, message: m.CreateReport | m.RegisteredReport
) -> m.Message:
    """Returns the oadrCreatedReport, with all that is scheduled also if it refuses (R329)."""
    member = caller.registered()
    response = outcome(message)
    try:
        await _accept(desk, caller, member, message)
    except ProtocolError as error:
        response = outcome(message, error)
        log.warning(
            "refused %d: its report requests: %s",
            error.code,
            response.description,
            extra={"ven": member.ven_name, "rule": error.rule, "code": error.code},
        )
    member.stale = True
    async with desk.store.read() as tx:
        pending = await _pending(tx, member)
    # The VEN gets this reply before the reports (R1_3180).
    caller.start(desk, serving.serve(desk))
    return m.CreatedReport(response=response, pending=pending, ven_id=member.ven_id)


async def _accept(
    desk: Desk, caller: Caller, member: Member, message: m.CreateReport | m.RegisteredReport
) -> None:
    """Takes over the requests of a message, all or none.

    Raises:
        InvalidId: something is not offered (R304, 452).
        InvalidData: it is more than is offered, or makes no sense (R317, R324, R340, 454).
        DeploymentError: a handler failed, or too much waits for the VEN (469).
    """
    now = caller.received_at
    async with desk.store.read() as tx:
        known = await offering.offered(tx, member.pk)
    ours = {offer.specifier_id for offer in known} | {METADATA}
    given = await reports_of_a_handler(
        desk,
        caller,
        message,
        [one for one in message.requests if one.report_specifier_id not in ours],
    )
    accepted = [
        (one, check_request(one, known, now=now))
        for one in message.requests
        if one.report_specifier_id in ours
    ]
    for one, _ in accepted:
        _check_size(one, known)
    wants_metadata = any(kind is RequestKind.METADATA for _, kind in accepted)
    offers = await offering.offers(desk, caller.context(desk)) if wants_metadata else ()
    once = [one for one, kind in accepted if kind is RequestKind.METADATA and _is_once(one, offers)]
    async with desk.store.begin() as tx:
        if once and not await serving.has_room(tx, member, outbox.METADATA, len(once)):
            raise DeploymentError("too many answers wait to be fetched")
        if given and not await serving.has_room(tx, member, outbox.UPDATE_REPORT, 1):
            raise DeploymentError("too many answers wait to be fetched")
        for one in once:
            await offering.put(
                tx,
                desk,
                member.pk,
                member.ven_id,
                offers,
                now=now,
                request_id=one.report_request_id,
            )
        # Of several with the same ID the last counts.
        lasting = {one.report_request_id: (one, kind) for one, kind in accepted if one not in once}
        if lasting:
            await _schedule(tx, member, tuple(lasting.values()), now)
        if given:
            await serving.put(tx, desk, member, given, now)


def _check_size(request: m.ReportRequest, known: Sequence[Offer]) -> None:
    """Returns if a request is not longer than there is use for; it is kept until it ends.

    Raises:
        DeploymentError: it is (469).
    """
    offer = next((o for o in known if o.specifier_id == request.report_specifier_id), None)
    most = max(len(offer.points) if offer is not None else 0, _POINTS)
    if len(request.data_points) > most:
        raise DeploymentError(f"at most {most} data points of this report can be requested")
    if len(request.report_request_id) > _LONGEST:
        raise DeploymentError(f"at most {_LONGEST} characters of a reportRequestID are kept")


def _is_once(request: m.ReportRequest, offers: Sequence[Offer]) -> bool:
    """Whether metadata is given once; so it is if there is nothing on offer (R510)."""
    return not offers or not is_repeated(request, RequestKind.METADATA)


async def _schedule(
    tx: Transaction,
    member: Member,
    wanted: Sequence[tuple[m.ReportRequest, RequestKind]],
    now: datetime,
) -> None:
    """Stores requests; the same one once more changes nothing (R322)."""
    open_ = {row.report_request_id: row for row in await served.requests(tx, party_pk=member.pk)}
    same = {name: row.request for name, row in open_.items() if not row.closing}
    ids = set(open_)
    for request, kind in wanted:
        name = request.report_request_id
        if same.get(name) == request:
            continue
        if len(ids | {name}) > _OPEN:
            raise DeploymentError(f"{_OPEN} report requests are open; cancel some")
        window = next_window(request, kind, now)
        if window is not None:
            await served.put(
                tx, party_pk=member.pk, request=request, kind=kind, due_at=window.due, now=now
            )
            ids.add(name)
            same[name] = request


async def _pending(tx: Transaction, member: Member) -> tuple[str, ...]:
    """Returns the requests of which a report is scheduled or on its way (R329)."""
    ids = [row.report_request_id for row in await served.requests(tx, party_pk=member.pk)]
    for item in await rows.waiting(tx, party_pk=member.pk):
        ids += [report.report_request_id for report in _queued(item)]
        ids += offering.answers(item)
    return tuple(dict.fromkeys(ids))


def _queued(item: Item) -> tuple[m.Report, ...]:
    """Returns the reports that an item of the outbox holds; none for one of another kind."""
    if item.kind != outbox.UPDATE_REPORT:
        return ()
    message = outbox.read(item)
    return message.reports if isinstance(message, m.UpdateReport) else ()


async def updated(desk: Desk, caller: Caller, message: m.UpdatedReport) -> m.Message:
    """Takes oadrUpdatedReport: the VEN has got the reports that it asked for.

    What it cancels in the same breath ends, if it is among what was just reported (R328).
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    over = message.cancel_report
    strange: frozenset[str] = frozenset()
    async with desk.store.begin() as tx:
        answered = await outbox.acknowledge(
            tx, member.pk, outbox.UPDATE_REPORT, message.response.request_id, now=caller.received_at
        )
        if over is not None:
            reported = {one.report_request_id for item in answered for one in _queued(item)}
            strange = frozenset(over.report_request_ids) - reported
            ids = reported.intersection(over.report_request_ids)
            await _end(tx, desk, member, ids, caller.received_at, follow=over.report_to_follow)
    member.stale = True
    if not message.response.ok:
        log.warning(
            "cannot use the reports that it asked for: %d %s",
            message.response.code,
            message.response.description or "",
            extra={"ven": member.ven_name},
        )
    if strange:
        raise InvalidId(f"report {min(strange)!r} is not one of those just reported", rule="R328")
    return m.Response(response=outcome(message), ven_id=member.ven_id)


async def cancel(desk: Desk, caller: Caller, message: m.CancelReport) -> m.Message:
    """Answers oadrCancelReport of a VEN: all its requests end, or none (R336).

    With reportToFollow each has one more report, which is pending until it is fetched
    (R345). What is on its way already comes all the same then.
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    ended = frozenset(message.report_request_ids)
    response = outcome(message)
    async with desk.store.begin() as tx:
        strange = ended.difference(await _pending(tx, member))
        if strange:
            error = InvalidId(f"this VEN has not requested report {min(strange)!r}", rule="R336")
            response = outcome(message, error)
            log.warning(
                "refused 452: oadrCancelReport: %s",
                error,
                extra={"ven": member.ven_name, "rule": "R336", "code": 452},
            )
        else:
            follow = message.report_to_follow
            await _end(tx, desk, member, ended, caller.received_at, follow=follow)
        pending = await _pending(tx, member)
    member.stale = True
    caller.start(desk, serving.serve(desk))
    return m.CanceledReport(response=response, pending=pending, ven_id=member.ven_id)


async def _end(
    tx: Transaction,
    desk: Desk,
    member: Member,
    ids: frozenset[str] | set[str],
    now: datetime,
    *,
    follow: bool,
) -> None:
    """Ends requests, and takes their reports out of the outbox unless one is to follow."""
    if follow:
        await served.close(tx, party_pk=member.pk, ids=sorted(ids), now=now)
        return
    await served.remove(tx, party_pk=member.pk, ids=sorted(ids))
    for item in await rows.waiting(tx, party_pk=member.pk):
        reports = _queued(item)
        left = [report for report in reports if report.report_request_id not in ids]
        if len(left) == len(reports) and not ids.intersection(offering.answers(item)):
            continue
        await rows.done(tx, pk=item.pk, now=now)
        if left:
            await serving.put(tx, desk, member, left, now)


HANDLES: dict[type, Any] = {
    m.RegisteredReport: registered,
    m.CreateReport: create,
    m.UpdatedReport: updated,
    m.CancelReport: cancel,
}
