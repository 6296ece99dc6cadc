"""What the VTN says on its own account, put once, delivered by whatever door.

Order, repetition and acknowledgement are the mailbox's business.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from oadr import codec
from oadr import messages as m
from vtn.store import Transaction, outbox
from vtn.store.outbox import Item

#: Kinds of rows; what ends one is the answer named here.
METADATA = "oadrRegisterReport"
CREATE_REPORT = "oadrCreateReport"
CANCEL_REPORT = "oadrCancelReport"
UPDATE_REPORT = "oadrUpdateReport"
REREGISTER = "oadrRequestReregistration"
CANCEL_REGISTRATION = "oadrCancelPartyRegistration"


async def put_metadata(
    tx: Transaction,
    pk: int,
    ven_id: str,
    *,
    request_id: str,
    now: datetime,
    answers: str | None = None,
    reports: Sequence[m.Report] = (),
) -> None:
    """Queues the VTN's own metadata; without reports it offers nothing (R301, R305).

    Args:
        tx: a transaction of the store.
        pk: the VEN's row.
        ven_id: the VEN.
        request_id: for the message.
        now: the moment.
        answers: reportRequestID of the oadrCreateReport that asked for it (R311).
        reports: what the VTN offers, as metadata.
    """
    message = m.RegisterReport(
        request_id=request_id,
        reports=tuple(reports),
        ven_id=ven_id,
        report_request_id=answers,
    )
    await _put(tx, pk, METADATA, request_id, message, now)


async def put_create_report(
    tx: Transaction,
    pk: int,
    ven_id: str,
    requests: Sequence[m.ReportRequest],
    *,
    request_id: str,
    now: datetime,
    asked: bool = False,
) -> None:
    """Queues an oadrCreateReport.

    Args:
        tx: a transaction of the store.
        pk: the VEN's row.
        ven_id: the VEN.
        requests: one or more.
        request_id: for the message; the VEN's answer names it.
        now: the moment.
        asked: the same has just been asked in an oadrRegisteredReport, so that it only
            goes out if the VEN does not react.
    """
    message = m.CreateReport(request_id=request_id, requests=tuple(requests), ven_id=ven_id)
    row = await _put(tx, pk, CREATE_REPORT, request_id, message, now)
    if asked:
        await outbox.sent(tx, pk=row, now=now)


async def put_cancel_report(
    tx: Transaction,
    pk: int,
    ven_id: str,
    report_request_ids: Sequence[str],
    *,
    request_id: str,
    follow: bool,
    now: datetime,
) -> None:
    """Queues an oadrCancelReport; ``follow`` asks for a final report (R345)."""
    message = m.CancelReport(
        request_id=request_id,
        report_request_ids=tuple(report_request_ids),
        report_to_follow=follow,
        ven_id=ven_id,
    )
    await _put(tx, pk, CANCEL_REPORT, request_id, message, now)


async def put_update_report(
    tx: Transaction, pk: int, message: m.UpdateReport, *, now: datetime
) -> None:
    """Queues reports that a VEN has asked for."""
    await _put(tx, pk, UPDATE_REPORT, message.request_id, message, now)


async def put_reregistration(tx: Transaction, pk: int, ven_id: str, *, now: datetime) -> None:
    """Queues a request to register again."""
    await _put(tx, pk, REREGISTER, ven_id, m.RequestReregistration(ven_id=ven_id), now)


async def put_cancel_registration(
    tx: Transaction, pk: int, ven_id: str, registration_id: str, *, request_id: str, now: datetime
) -> None:
    """Queues the end of a registration."""
    message = m.CancelPartyRegistration(
        request_id=request_id, registration_id=registration_id, ven_id=ven_id
    )
    await _put(tx, pk, CANCEL_REGISTRATION, request_id, message, now)


async def _put(
    tx: Transaction, pk: int, kind: str, ref: str, message: m.Message, now: datetime
) -> int:
    item = await outbox.put(
        tx, party_pk=pk, kind=kind, ref=ref, message=codec.encode(message), now=now
    )
    return item.pk


async def readdress(tx: Transaction, pk: int, ven_id: str) -> None:
    """Addresses all that waits for a VEN to it under another venID."""
    for item in await outbox.waiting(tx, party_pk=pk):
        message: Any = codec.decode(item.message)
        if getattr(message, "ven_id", None) not in (None, ven_id):
            ready = codec.encode(replace(message, ven_id=ven_id))
            await outbox.rewrite(tx, pk=item.pk, message=ready)


async def acknowledge(
    tx: Transaction, pk: int, kind: str, request_id: str, *, now: datetime
) -> list[Item]:
    """Ends what a VEN's answer answers, and returns it.

    That is the message whose requestID it echoes. Some VENs do not echo it: then it is
    whatever has been sent of that kind. What has not been sent cannot have been answered.

    Args:
        tx: a transaction of the store.
        pk: the VEN's row.
        kind: of the message that is answered.
        request_id: as the answer has it; may be empty.
        now: the moment.
    """
    sent = [
        item
        for item in await outbox.waiting(tx, party_pk=pk)
        if item.kind == kind and item.sent_count
    ]
    answered = [item for item in sent if item.ref == request_id] or sent
    for item in answered:
        await outbox.done(tx, pk=item.pk, now=now)
    return answered


def requested(items: Sequence[Item]) -> frozenset[str]:
    """Returns the reportRequestIDs that oadrCreateReports ask with."""
    messages = [codec.decode(item.message) for item in items]
    return frozenset(
        request.report_request_id
        for message in messages
        if isinstance(message, m.CreateReport)
        for request in message.requests
    )


def cancelled(items: Sequence[Item]) -> frozenset[str]:
    """Returns the reportRequestIDs that oadrCancelReports end."""
    return frozenset(name for one in _cancellations(items) for name in one.report_request_ids)


def to_follow(items: Sequence[Item]) -> bool:
    """Returns whether an oadrCancelReport asks for a final report (R345)."""
    return any(one.report_to_follow for one in _cancellations(items))


def read(item: Item) -> m.Message:
    """Returns the message of an item."""
    return codec.decode(item.message)


def _cancellations(items: Sequence[Item]) -> list[m.CancelReport]:
    messages = [codec.decode(item.message) for item in items]
    return [message for message in messages if isinstance(message, m.CancelReport)]
