"""One exchange with a VEN that listens: a message goes there, its answer counts here.

The answer that comes back in the HTTP response goes through the same services as if the
VEN had posted it; who it is, the certificate of the connection has said.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import ProtocolError
from vtn.desk import Caller, Desk
from vtn.dispatch import outbox
from vtn.dispatch.mailbox import Taken
from vtn.dispatch.snapshot import UNANSWERED_SENDS
from vtn.dispatch.undelivered import Deliver, Undelivered
from vtn.roster import Member
from vtn.store import outbox as rows
from vtn.store import push

log = logging.getLogger("openadr.vtn.push")

Serve = Callable[[m.Message, Caller], Awaitable[m.Message | None]]

#: What arrives within this time has arrived when it was sent.
_SOON = timedelta(seconds=1)

#: Whose address a message of the VTN goes to, and what answers it (sections 1.2 and 2).
OPERATIONS: dict[type, tuple[ServiceName, type]] = {
    m.DistributeEvent: (ServiceName.EI_EVENT, m.Response),
    m.RegisterReport: (ServiceName.EI_REPORT, m.RegisteredReport),
    m.CreateReport: (ServiceName.EI_REPORT, m.CreatedReport),
    m.CreatedReport: (ServiceName.EI_REPORT, m.Response),
    m.CancelReport: (ServiceName.EI_REPORT, m.CanceledReport),
    m.UpdateReport: (ServiceName.EI_REPORT, m.UpdatedReport),
    m.RequestReregistration: (ServiceName.EI_REGISTER_PARTY, m.Response),
    m.CancelPartyRegistration: (ServiceName.EI_REGISTER_PARTY, m.CanceledPartyRegistration),
}


async def carry(desk: Desk, deliver: Deliver, serve: Serve, member: Member, taken: Taken) -> None:
    """Sends what was taken out of the mailbox, and takes in the answer.

    Raises:
        Undelivered: it did not arrive, or was not answered as it must be.
        vtn.store.StorageError: what came of it could not be written.
    """
    message = taken.message
    service, expected = OPERATIONS[type(message)]
    if isinstance(message, m.DistributeEvent):
        await _carry_events(desk, deliver, serve, member, taken, message)
        return
    answer = await deliver(member, service, message)
    caller = _caller(desk, member)
    desk.seen(member, caller.received_at)
    if answer is None:
        # The logical answer comes later, by a message of the VEN (R500).
        await _mark(desk, taken, caller.received_at)
        return
    if isinstance(answer, m.Response) and expected is not m.Response:
        await _response(desk, member, taken, answer, caller.received_at)
        return
    if isinstance(message, m.CreatedReport) and _is_fine(answer):
        await _done(desk, taken, caller.received_at)
        return
    if not isinstance(answer, expected):
        raise Undelivered(
            f"answers {codec.message_name(message)} with {codec.message_name(answer)}; "
            f"expected {codec.message_name(expected)}",
            garbled=True,
            rule="R33",
        )
    await _take_in(desk, deliver, serve, caller, taken, answer)
    if isinstance(message, m.RequestReregistration):
        # The VEN has read it; what ends it is its next registration.
        await _mark(desk, taken, caller.received_at)


async def _carry_events(
    desk: Desk,
    deliver: Deliver,
    serve: Serve,
    member: Member,
    taken: Taken,
    message: m.DistributeEvent,
) -> None:
    """Sends events, whose answer is an empty response; oadrCreatedEvent follows (section 2.5).

    Interpretation: whatever else a response of success holds, the events have arrived. An
    oadrCreatedEvent in it counts, anything else does not.
    """
    answer: m.Message | None = None
    try:
        answer = await deliver(member, OPERATIONS[type(message)][0], message)
    except Undelivered as error:
        if not error.garbled:
            raise
        _complain(desk, member, message, str(error), rule=error.rule)
    caller = _caller(desk, member)
    desk.seen(member, caller.received_at)
    await _arrived(desk, member, taken, caller.received_at)
    await desk.hooks.notify("on_event_delivered", message.events, caller.context(desk))
    if isinstance(answer, m.CreatedEvent):
        try:
            await serve(answer, caller)
        except ProtocolError as error:
            _complain(desk, member, answer, f"refused with {error.code}: {error}", rule=error.rule)
    elif answer is not None and not _is_fine(answer):
        _complain(desk, member, message, f"answered with {_said(answer)}")


async def give_up(desk: Desk, taken: Taken, reason: str, now: datetime) -> None:
    """Ends an item that a VEN does not take."""
    if taken.item is None:
        return
    async with desk.store.begin() as tx:
        await rows.fail(tx, pk=taken.item.pk, reason=reason, now=now)


def ends_registration(taken: Taken) -> bool:
    """Returns whether the operator has ended the registration with this message."""
    return taken.item is not None and taken.item.kind == outbox.CANCEL_REGISTRATION


def _caller(desk: Desk, member: Member) -> Caller:
    """Returns who answers: the VEN whose certificate the connection has shown."""
    now = desk.clock.now()
    valid = (one for one in member.certificates if member.accepts(one, now))
    fingerprint = next(valid, "")
    return Caller(member=member, fingerprint=fingerprint, secure=bool(fingerprint), received_at=now)


def _is_noted(taken: Taken, now: datetime) -> bool:
    """Returns whether the store says when it arrived; a slow VEN gets it later than sent."""
    return taken.marked and now - taken.at < _SOON


async def _arrived(desk: Desk, member: Member, taken: Taken, now: datetime) -> None:
    """Notes that events have arrived: what wants no answer need not come again."""
    if _is_noted(taken, now) and not taken.unanswered:
        return
    async with desk.store.begin() as tx:
        await push.arrived(
            tx,
            party_pk=member.pk,
            event_pks=taken.events,
            settled=taken.unanswered,
            sent_count=UNANSWERED_SENDS,
            now=now,
        )


async def _mark(desk: Desk, taken: Taken, now: datetime) -> None:
    """Notes when an item arrived: it is repeated from then on, not from the first attempt."""
    if taken.item is None or _is_noted(taken, now):
        return
    async with desk.store.begin() as tx:
        await rows.arrived(tx, pk=taken.item.pk, now=now)


async def _done(desk: Desk, taken: Taken, now: datetime) -> None:
    if taken.item is not None:
        async with desk.store.begin() as tx:
            await rows.done(tx, pk=taken.item.pk, now=now)


async def _is_over(desk: Desk, member: Member, taken: Taken) -> bool:
    """Returns whether an item has ended: what answers it is taken in, refused or not."""
    async with desk.store.read() as tx:
        waiting = await rows.waiting(tx, party_pk=member.pk)
    return taken.item is None or all(item.pk != taken.item.pk for item in waiting)


async def _response(
    desk: Desk, member: Member, taken: Taken, answer: m.Response, now: datetime
) -> None:
    """Takes oadrResponse where another message is the answer.

    Interpretation: 200 says that the VEN has read it, and will answer by a message of its
    own; a refusal says that there will be no answer, which ends the message.
    """
    if _is_fine(answer):
        await _mark(desk, taken, now)
    else:
        raise Undelivered(f"answers {_said(answer)}", final=True, rule="R48")


async def _take_in(
    desk: Desk, deliver: Deliver, serve: Serve, caller: Caller, taken: Taken, answer: m.Message
) -> None:
    answer = _in_reply_to(answer, taken)
    member = caller.member
    assert member is not None  # noqa: S101 - nobody else is pushed to
    try:
        reply = await serve(answer, caller)
    except ProtocolError as error:
        words = f"refused with {error.code}: {error.description}"
        if await _is_over(desk, member, taken):
            # It counts but for what is wrong with it, such as one ID beside those asked for.
            _complain(desk, member, answer, words, rule=error.rule)
            return
        name = codec.message_name(answer)
        raise Undelivered(f"its {name} is {words}", garbled=True, rule=error.rule) from error
    if reply is None:
        return
    if isinstance(reply, m.Response):
        if not reply.response.ok:
            _complain(desk, member, answer, _said(reply))
        return
    # A piggybacked request is confirmed by a message (R344).
    await deliver(member, ServiceName.EI_REPORT, reply)


def _in_reply_to(answer: Any, taken: Taken) -> m.Message:
    """Returns an answer with the requestID of what it answers, which HTTP has proven."""
    wanted = getattr(taken.message, "request_id", "")
    response = getattr(answer, "response", None)
    if isinstance(response, m.EiResponse) and wanted and response.request_id != wanted:
        answer = replace(answer, response=replace(response, request_id=wanted))
    found: m.Message = answer
    return found


def _is_fine(answer: m.Message) -> bool:
    return isinstance(answer, m.Response) and answer.response.ok


def _said(answer: m.Message) -> str:
    """Returns what an answer says, in few words."""
    response = getattr(answer, "response", None)
    words = f" {response.code} {response.description or ''}" if response is not None else ""
    return f"{codec.message_name(answer)}{words}".strip()[:400]


def _complain(
    desk: Desk, member: Member, message: m.Message, words: str, *, rule: str = ""
) -> None:
    name, at = codec.message_name(message), desk.clock.now()
    desk.refusals.not_pushed(member, name, words, rule=rule, at=at)
    log.warning(
        "%s: %s",
        name,
        words[:400],
        extra={"ven": member.ven_name, "rule": rule or "R48"},
    )
