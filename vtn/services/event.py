"""EiEvent: the snapshot on demand, and what VENs answer (R12, R16, R17, R25, R27, R48)."""

import logging
from collections.abc import Sequence
from typing import Any

from oadr import messages as m
from oadr.errors import ComplianceError, InvalidId, OutOfSequence, ProtocolError
from oadr.replies import outcome
from vtn.desk import Caller, Desk
from vtn.dispatch import mailbox
from vtn.dispatch.snapshot import Row, build
from vtn.hooks import EventAnswer
from vtn.roster import Member
from vtn.services import external
from vtn.store import delivery
from vtn.store.delivery import Delivery
from vtn.tolerance import tolerates

log = logging.getLogger("openadr.vtn.event")


async def request(desk: Desk, caller: Caller, message: m.RequestEvent) -> m.Message:
    """Answers oadrRequestEvent with the full snapshot, also an empty one (R27, R40)."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    if desk.hooks.has("on_request_event") and not member.report_only:
        events = await desk.decide("on_request_event", caller.context(desk))
        await external.take_in(desk, member, events or (), caller.received_at)
    async with desk.store.read() as tx:
        rows = await mailbox.open_events(tx, member)
    reply = await mailbox.send_events(
        desk,
        member,
        rows,
        caller.received_at,
        request_id=message.request_id,
        limit=message.reply_limit,
    )
    _note_limit(desk, caller, message, rows)
    await desk.hooks.notify("on_event_delivered", reply.events, caller.context(desk))
    return reply


def _note_limit(desk: Desk, caller: Caller, message: m.RequestEvent, rows: Sequence[Row]) -> None:
    """Notes which events a VEN does not get because it asks for fewer (R27)."""
    limit = message.reply_limit
    if not limit or len(rows) <= limit:
        return
    there = len(build(rows, caller.received_at).events)
    if there > limit:
        words = f"asked for {limit} of the {there} events that there are for it"
        desk.refusals.left_out(caller, message, words, rule="R27")


async def created(desk: Desk, caller: Caller, message: m.CreatedEvent) -> m.Message:
    """Takes oadrCreatedEvent: each answer is stored, then the first fault is reported.

    An unknown event gives 452, a wrong modification number 450; what is right in the
    same message counts all the same (R48).
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    if not message.response.ok and not message.responses:
        log.warning(
            "cannot use the events: %s %s",
            message.response.code,
            message.response.description or "",
            extra={"ven": member.ven_name, "rule": "R25"},
        )
        return m.Response(response=outcome(message), ven_id=message.ven_id)
    if not message.responses:
        if tolerates(desk, caller, "created-event-without-answers"):
            return m.Response(response=outcome(message), ven_id=message.ven_id)
        raise ComplianceError("eventResponses are missing", rule="R35")
    answers, fault = await _store(desk, caller, member, message)
    for answer in answers:
        log.info(
            "%s to event %s (modification %d)%s",
            answer.opt_type,
            answer.event_id,
            answer.modification_number,
            "" if answer.code == 200 else f": {answer.code} {answer.description}",
            extra={"ven": member.ven_name, "event": answer.event_id},
        )
    await desk.observe_all("on_created_event", answers, caller.context(desk))
    if fault is not None:
        raise fault
    return m.Response(response=outcome(message), ven_id=message.ven_id)


async def _store(
    desk: Desk, caller: Caller, member: Member, message: m.CreatedEvent
) -> tuple[list[EventAnswer], ProtocolError | None]:
    answers: list[EventAnswer] = []
    fault: ProtocolError | None = None
    async with desk.store.begin() as tx:
        for given in _last_of_each(message.responses):
            found = await delivery.get(tx, party_pk=member.pk, event_id=given.event_id)
            problem = _fault(given, found)
            if problem is not None or found is None:
                fault = fault or problem
                continue
            await delivery.answered(
                tx,
                party_pk=member.pk,
                event_pk=found.event_pk,
                modification=given.modification_number,
                opt_type=given.opt_type,
                code=given.code,
                description=given.description,
                source="createdEvent",
                now=caller.received_at,
            )
            answers.append(
                EventAnswer(
                    event_id=given.event_id,
                    modification_number=given.modification_number,
                    opt_type=given.opt_type,
                    code=given.code,
                    description=given.description or "",
                )
            )
    member.stale = True
    return answers, fault


def _last_of_each(responses: Sequence[m.EventResponse]) -> list[m.EventResponse]:
    """Returns one answer for each version of an event, the last if there are several."""
    last = {(given.event_id, given.modification_number): given for given in responses}
    return list(last.values())


def _fault(given: m.EventResponse, found: Delivery | None) -> ProtocolError | None:
    if found is None:
        return InvalidId(f"event {given.event_id!r} is not one of this VEN's", rule="R48")
    if given.modification_number != found.modification:
        return OutOfSequence(
            f"event {given.event_id!r} has modification number {found.modification}, "
            f"not {given.modification_number}",
            rule="R48",
        )
    return None


HANDLES: dict[type, Any] = {m.RequestEvent: request, m.CreatedEvent: created}
