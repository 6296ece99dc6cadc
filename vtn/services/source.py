"""EiReport the other way round: what a VEN asks of the VTN (R301, R304, R308, R336).

The VTN itself offers nothing but its metadata, which says so. Reports for a VEN come from
a handler (``on_request_report``) and go out once, by poll.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from oadr import codec
from oadr import messages as m
from oadr.errors import DeploymentError, InvalidId, ProtocolError
from oadr.replies import outcome
from oadr.report import METADATA, Offer, check_update, findings
from vtn.desk import Caller, Desk
from vtn.dispatch import outbox
from vtn.roster import Member
from vtn.services.sound import sendable, unusable
from vtn.store import Transaction
from vtn.store import outbox as rows
from vtn.store.outbox import Item

log = logging.getLogger("openadr.vtn.report")

HOOK = "on_request_report"
#: Answers to requests of one VEN that may wait for it, of each kind.
_MOST = 20


async def registered(desk: Desk, caller: Caller, message: m.RegisteredReport) -> m.Message:
    """Takes oadrRegisteredReport: the VEN has read the VTN's metadata."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    async with desk.store.begin() as tx:
        await outbox.acknowledge(
            tx, member.pk, outbox.METADATA, message.response.request_id, now=caller.received_at
        )
    member.stale = True
    if message.requests:
        raise InvalidId("this VTN offers no reports", rule="R304")
    return m.Response(response=outcome(message), ven_id=member.ven_id)


async def create(desk: Desk, caller: Caller, message: m.CreateReport) -> m.Message:
    """Answers oadrCreateReport of a VEN: metadata, and what a handler gives (R304, R308)."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    wanted = [one for one in message.requests if one.report_specifier_id != METADATA]
    reports = await _reports(desk, caller, message, wanted) if wanted else ()
    metadata = [one.report_request_id for one in message.requests if one not in wanted]
    now = caller.received_at
    async with desk.store.begin() as tx:
        waiting = await rows.waiting(tx, party_pk=member.pk)
        _check_room(waiting, outbox.METADATA, len(metadata))
        _check_room(waiting, outbox.UPDATE_REPORT, 1 if reports else 0)
        for request_id in metadata:
            await outbox.put_metadata(
                tx, member.pk, member.ven_id, request_id=desk.new_id(), now=now, answers=request_id
            )
        if reports:
            await _put(tx, desk, member, reports, now)
    member.stale = True
    queued = [one.report_request_id for one in reports]
    return m.CreatedReport(
        response=outcome(message),
        pending=tuple(dict.fromkeys([*metadata, *queued, *_pending(waiting)])),
        ven_id=member.ven_id,
    )


async def _reports(
    desk: Desk, caller: Caller, message: m.CreateReport, wanted: Sequence[m.ReportRequest]
) -> Sequence[m.Report]:
    """Returns what a handler gives for requests.

    Raises:
        InvalidId: nobody has such a report (452).
        DeploymentError: what the handler gives must not be sent (469).
    """
    given: Sequence[m.Report] | None = None
    if desk.hooks.has(HOOK):
        given = await desk.decide(HOOK, message, caller.context(desk))
    if given is None:
        name = wanted[0].report_specifier_id
        raise InvalidId(f"this VTN offers no report {name!r}", rule="R304")
    by_id = {one.report_request_id: one for one in wanted}
    for report in given:
        _check(desk, report, by_id)
    if given:
        sendable(desk, HOOK, _message("0", given, caller.registered()))
    return given


def _check(desk: Desk, report: m.Report, wanted: dict[str, m.ReportRequest]) -> None:
    """Checks a report by the rules for whoever sends one (R300, R304, R313 to R316)."""
    request = wanted.get(report.report_request_id)
    if request is None:
        asked = ", ".join(map(repr, wanted))
        reason = f"reportRequestID {report.report_request_id!r} is none of {asked}"
        raise unusable(desk, HOOK, f"{reason} (R304)")
    offer = Offer(
        specifier_id=request.report_specifier_id,
        report_name="",
        duration=timedelta(0),
        points=(),
    )
    try:
        check_update(report, request, offer)
        found = findings(report, request, offer)
    except ProtocolError as error:
        raise unusable(desk, HOOK, error) from error
    except (TypeError, AttributeError, ValueError) as error:
        raise unusable(desk, HOOK, f"gave what is no report: {error}") from error
    if found:
        raise unusable(desk, HOOK, "; ".join(map(str, found)))


def _check_room(waiting: Sequence[Item], kind: str, more: int) -> None:
    if more and sum(item.kind == kind for item in waiting) + more > _MOST:
        raise DeploymentError("too many answers wait to be polled")


def _message(request_id: str, reports: Sequence[m.Report], member: Member) -> m.UpdateReport:
    return m.UpdateReport(request_id=request_id, reports=tuple(reports), ven_id=member.ven_id)


async def _put(
    tx: Transaction, desk: Desk, member: Member, reports: Sequence[m.Report], now: datetime
) -> None:
    await outbox.put_update_report(tx, member.pk, _message(desk.new_id(), reports, member), now=now)


def _queued(item: Item) -> tuple[m.Report, ...]:
    """Returns the reports that an item of the outbox holds; none for one of another kind."""
    if item.kind != outbox.UPDATE_REPORT:
        return ()
    message = codec.decode(item.message)
    return message.reports if isinstance(message, m.UpdateReport) else ()


def _pending(waiting: Sequence[Item]) -> list[str]:
    """Returns the requests whose reports wait for a VEN (R329)."""
    return [report.report_request_id for item in waiting for report in _queued(item)]


async def updated(desk: Desk, caller: Caller, message: m.UpdatedReport) -> m.Message:
    """Takes oadrUpdatedReport: the VEN has got the reports that it asked for.

    What it cancels in the same breath has ended by that (R328).
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    async with desk.store.begin() as tx:
        await outbox.acknowledge(
            tx, member.pk, outbox.UPDATE_REPORT, message.response.request_id, now=caller.received_at
        )
    member.stale = True
    if not message.response.ok:
        log.warning(
            "cannot use the reports that it asked for: %d %s",
            message.response.code,
            message.response.description or "",
            extra={"ven": member.ven_name},
        )
    return m.Response(response=outcome(message), ven_id=member.ven_id)


async def cancel(desk: Desk, caller: Caller, message: m.CancelReport) -> m.Message:
    """Answers oadrCancelReport of a VEN: reports that wait for it need not come (R336).

    With reportToFollow they come all the same: they are the final ones (R345).
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    ended = frozenset(message.report_request_ids)
    async with desk.store.begin() as tx:
        waiting = await rows.waiting(tx, party_pk=member.pk)
        if strange := ended.difference(_pending(waiting)):
            raise InvalidId(f"this VEN has not requested report {min(strange)!r}", rule="R336")
        for item in () if message.report_to_follow else waiting:
            await _without(tx, desk, member, item, ended, caller.received_at)
    member.stale = True
    left = (request_id for request_id in _pending(waiting) if request_id not in ended)
    return m.CanceledReport(
        response=outcome(message), pending=tuple(dict.fromkeys(left)), ven_id=member.ven_id
    )


async def _without(
    tx: Transaction,
    desk: Desk,
    member: Member,
    item: Item,
    ended: frozenset[str],
    now: datetime,
) -> None:
    """Takes reports out of an item of the outbox."""
    reports = _queued(item)
    left = [report for report in reports if report.report_request_id not in ended]
    if len(left) == len(reports):
        return
    await rows.done(tx, pk=item.pk, now=now)
    if left:
        await _put(tx, desk, member, left, now)


HANDLES: dict[type, Any] = {
    m.RegisteredReport: registered,
    m.CreateReport: create,
    m.UpdatedReport: updated,
    m.CancelReport: cancel,
}
