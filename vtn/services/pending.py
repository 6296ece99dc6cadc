"""What VENs say about requests of the VTN: served, refused, dropped, ended.

Each oadrCreatedReport and oadrCanceledReport lists every report that is still scheduled
(R329), and is held against what the VTN believes:

* A request that is not listed any more is noted as missing. It is made again once its
  report is late as well (``overdue``), for there are VENs that list only what they have
  just been asked for.
* A request that the VEN should not have, because it has ended or was never made, is
  cancelled.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from oadr import messages as m
from oadr.errors import InvalidId
from oadr.replies import outcome
from oadr.report import RequestKind
from oadr.times import ZERO
from vtn.desk import Caller, Desk
from vtn.dispatch import outbox
from vtn.hooks import RefusedReport
from vtn.roster import Member
from vtn.services.late import late_since
from vtn.store import Transaction
from vtn.store import outbox as rows
from vtn.store import report as reports
from vtn.store.report import RequestState, StoredRequest

log = logging.getLogger("openadr.vtn.report")

_RUNNING: tuple[RequestState, ...] = ("queued", "sent", "active")
_ENDED: tuple[RequestState, ...] = ("cancelling", "cancelled", "done", "refused")
_CANCELLING: tuple[RequestState, ...] = ("cancelling",)
_REPEATED = (RequestKind.PERIODIC, RequestKind.ON_CHANGE)
#: Reports that nobody asked for and that one oadrCancelReport ends, and how long their IDs
#: may be: a VEN must not fill the database.
_STRANGE = 20
_LONGEST = 256
#: Requests that are looked at in one round for those to make again.
_ROUND = 200


async def created(desk: Desk, caller: Caller, message: m.CreatedReport) -> m.Message:
    """Takes oadrCreatedReport: what the VEN will send, or why it will not (R329, R340)."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    pending, now = frozenset(message.pending), caller.received_at
    async with desk.store.begin() as tx:
        answered = await outbox.acknowledge(
            tx, member.pk, outbox.CREATE_REPORT, message.response.request_id, now=now
        )
        asked = outbox.requested(answered)
        known = await reports.requests(tx, party_pk=member.pk, states=_RUNNING)
        settled = [await _settle(tx, row, message, pending, asked, now) for row in known]
        refused = [row for row in settled if row is not None]
        await _compare(tx, member, known, pending, now)
        strange = pending - {row.report_request_id for row in known}
        unknown = await _end_strange(tx, desk, member, strange, now) if strange else strange
    member.stale = True
    if not message.response.ok:
        log.warning(
            "refuses reports: %s %s",
            message.response.code,
            message.response.description or "",
            extra={"ven": member.ven_name},
        )
    await desk.observe_all("on_refused_report", refused, caller.context(desk))
    await desk.observe("on_created_report", message.pending, caller.context(desk))
    if unknown:
        # What is right in the message counts all the same.
        raise InvalidId(f"no request {min(unknown)!r} was made", rule="R304")
    return m.Response(response=outcome(message), ven_id=member.ven_id)


async def _settle(
    tx: Transaction,
    row: StoredRequest,
    message: m.CreatedReport,
    pending: frozenset[str],
    asked: frozenset[str],
    now: datetime,
) -> RefusedReport | None:
    """Notes what an oadrCreatedReport says about one request, and returns its refusal.

    An error concerns the requests of the message that it answers, and no others. It ends
    them: they are not made again until somebody wants them anew.
    """
    if row.report_request_id in pending:
        if row.state != "active":
            await reports.set_request_state(tx, pk=row.pk, state="active", now=now)
        return None
    if message.response.ok or row.state != "sent" or row.report_request_id not in asked:
        return None
    code, description = message.response.code, message.response.description
    await reports.set_request_state(
        tx, pk=row.pk, state="refused", now=now, code=code, description=description
    )
    return RefusedReport(
        report_request_id=row.report_request_id,
        specifier_id=row.request.report_specifier_id,
        code=code,
        description=description or "",
    )


async def _compare(
    tx: Transaction,
    member: Member,
    known: Iterable[StoredRequest],
    pending: frozenset[str],
    now: datetime,
) -> None:
    """Notes which running requests a VEN does not list any more, and which it does again."""
    running = [row for row in known if row.state == "active" and row.kind in _REPEATED]
    gone = [
        row
        for row in running
        if row.report_request_id not in pending and row.missing_at is None and not _over(row, now)
    ]
    back = [
        row for row in running if row.report_request_id in pending and row.missing_at is not None
    ]
    await reports.note_missing(tx, pks=[row.pk for row in gone], at=now)
    await reports.note_missing(tx, pks=[row.pk for row in back], at=None)
    for row in gone:
        log.info(
            "does not list %s as pending; it is asked again if no data comes",
            row.report_request_id,
            extra={"ven": member.ven_name, "rule": "R329"},
        )


def _over(row: StoredRequest, now: datetime) -> bool:
    period = row.request.report_interval
    return bool(period and period.duration > ZERO and period.dtstart + period.duration <= now)


async def _end_strange(
    tx: Transaction, desk: Desk, member: Member, strange: Collection[str], now: datetime
) -> frozenset[str]:
    """Cancels what a VEN should not have any more, and returns what it never should have had.

    What has just been sent or refused may still be listed; that is no harm.
    """
    ended = {
        row.report_request_id: row
        for row in await reports.requests(tx, party_pk=member.pk, states=_ENDED)
    }
    unknown = frozenset(name for name in strange if name not in ended)
    lingering = sorted(
        name
        for name in strange
        if len(name) <= _LONGEST
        and (name in unknown or (ended[name].state == "cancelled" and not ended[name].follow))
    )
    waits = any(
        item.kind == outbox.CANCEL_REPORT for item in await rows.waiting(tx, party_pk=member.pk)
    )
    if lingering and not waits:
        await _put_cancel(tx, desk, member, lingering[:_STRANGE], now)
    return unknown


async def _put_cancel(
    tx: Transaction, desk: Desk, member: Member, ids: Sequence[str], now: datetime
) -> None:
    await outbox.put_cancel_report(
        tx, member.pk, member.ven_id, ids, request_id=desk.new_id(), follow=False, now=now
    )


async def canceled(desk: Desk, caller: Caller, message: m.CanceledReport) -> m.Message:
    """Takes oadrCanceledReport: requests have ended at the VEN (R329, R336)."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    now = caller.received_at
    async with desk.store.begin() as tx:
        answered = await outbox.acknowledge(
            tx, member.pk, outbox.CANCEL_REPORT, message.response.request_id, now=now
        )
        await _conclude(tx, desk, member, message, answered, now)
    member.stale = True
    if not message.response.ok:
        log.warning(
            "could not cancel reports: %d %s",
            message.response.code,
            message.response.description or "",
            extra={"ven": member.ven_name, "rule": "R336"},
        )
    return m.Response(response=outcome(message), ven_id=member.ven_id)


async def _conclude(
    tx: Transaction,
    desk: Desk,
    member: Member,
    message: m.CanceledReport,
    answered: Sequence[rows.Item],
    now: datetime,
) -> None:
    """Notes what has ended.

    A VEN refuses a whole oadrCancelReport for one ID that it does not know (R336); each of
    several is then cancelled on its own. One that it cannot cancel alone stays as it is,
    with the reason; what it still sends is answered with another cancellation (R335).
    """
    asked = outbox.cancelled(answered)
    if not message.response.ok and len(asked) > 1:
        follow = outbox.to_follow(answered)
        for name in sorted(asked):
            await outbox.put_cancel_report(
                tx,
                member.pk,
                member.ven_id,
                [name],
                request_id=desk.new_id(),
                follow=follow,
                now=now,
            )
        return
    for row in await reports.requests(tx, party_pk=member.pk, states=_CANCELLING):
        # The final report is pending until it is sent.
        if row.report_request_id not in message.pending or (row.follow and message.response.ok):
            await reports.set_request_state(tx, pk=row.pk, state="cancelled", now=now)
        elif not message.response.ok and row.report_request_id in asked:
            await reports.set_request_state(
                tx,
                pk=row.pk,
                state="cancelling",
                now=now,
                code=message.response.code,
                description=message.response.description,
            )


async def overdue(desk: Desk) -> None:
    """Makes requests again that VENs have dropped: not listed, and their report is late.

    Each round looks at so many of them, in turn: VENs that list only what they have just
    been asked for must not keep others waiting whose reports are late.
    """
    now = desk.clock.now()
    async with desk.store.read() as tx:
        found = await reports.missing(tx, most=_ROUND, after=desk.missing_seen)
    last = found[-1] if len(found) == _ROUND else None
    desk.missing_seen = (last.missing_at, last.pk) if last and last.missing_at else None
    for row in found:
        member = desk.roster.of_pk(row.party_pk)
        if member is None or not member.registered or late_since(row, now) is None:
            continue
        async with desk.store.begin() as tx:
            await _ask_again(tx, desk, member, row, now)
        member.stale = True
        log.warning(
            "has dropped report %s; it is asked again",
            row.report_request_id,
            extra={"ven": member.ven_name, "rule": "R329"},
        )


async def _ask_again(
    tx: Transaction, desk: Desk, member: Member, row: StoredRequest, now: datetime
) -> None:
    current = await reports.request(tx, party_pk=member.pk, report_request_id=row.report_request_id)
    if current is None or current.state != "active" or current.missing_at is None:
        return
    await reports.set_request_state(tx, pk=row.pk, state="queued", now=now)
    await reports.note_missing(tx, pks=[row.pk], at=None)
    await outbox.put_create_report(
        tx, member.pk, member.ven_id, [row.request], request_id=desk.new_id(), now=now
    )
