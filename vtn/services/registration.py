"""EiRegisterParty: registration, re-registration, cancellation (R400 to R407)."""

import logging
from typing import Any

from oadr import messages as m
from oadr.enums import ProfileName, TransportName
from oadr.errors import (
    ComplianceError,
    DeploymentError,
    InvalidData,
    InvalidId,
    NotRegistered,
    ProtocolError,
    error_for_code,
)
from oadr.replies import PROFILES, outcome
from runtime.durations import in_words
from vtn import lookup
from vtn.desk import Caller, Desk
from vtn.dispatch import mailbox, outbox
from vtn.dispatch.address import checked_address
from vtn.hooks import Accept, Refuse, Registration
from vtn.roster import Member
from vtn.services import offering
from vtn.services.sound import unusable
from vtn.store import Transaction, audit, certificate, party
from vtn.store import outbox as rows
from vtn.store.errors import DuplicateId
from vtn.succession import decided_ven_id

log = logging.getLogger("openadr.vtn.registration")

_HOOK = "on_create_party_registration"


async def create(desk: Desk, caller: Caller, message: m.CreatePartyRegistration) -> m.Message:
    """Answers oadrCreatePartyRegistration: a new registration, or the same again."""
    _check(desk, caller, message)
    member = _claimed(desk, caller, message)
    if message.registration_id is None:
        return await _begin(desk, caller, member, message)
    try:
        known = _renewable(caller, member, message)
    except ProtocolError as error:
        if not lookup.readmits(desk):
            raise
        log.info("comes back as a new VEN: %s", error, extra={"ven": caller.name})
        return await _begin(desk, caller, member, message)
    accept = Accept()
    if desk.hooks.has(lookup.HOOK):
        # The application keeps the books, so it has to hear of this.
        accept = await _decide(desk, caller, message, known)
    return await _reregister(desk, caller, known, message, accept)


async def _begin(
    desk: Desk, caller: Caller, member: Member | None, message: m.CreatePartyRegistration
) -> m.Message:
    accept = await _decide(desk, caller, message, member)
    if member is None:
        member = await _adopt(desk, caller, message, accept)
    if member is None:
        member = await _enrol(desk, caller, message, accept)
    return await _register(desk, caller, member, message, accept)


def _check(desk: Desk, caller: Caller, message: m.CreatePartyRegistration) -> None:
    """Checks what does not depend on who registers (R402).

    Raises:
        DeploymentError: the VEN wants to be reached in a way that this VTN does not offer.
        ComplianceError: it wants to be pushed to, and does not say where.
        InvalidData: a name is too long, or the address is none.
    """
    if (
        message.profile_name is not ProfileName.B
        or message.transport_name is not TransportName.SIMPLE_HTTP
    ):
        raise DeploymentError("this VTN serves profile 2.0b over simple HTTP", rule="R402")
    if message.http_pull_model is False:
        checked_address(message.transport_address, desk.settings.push, secure=caller.secure)
    for name, value in (("oadrVenName", message.ven_name), ("venID", message.ven_id)):
        if value is not None and len(value) > lookup.LONGEST:
            raise InvalidData(f"{name} is longer than {lookup.LONGEST} characters", rule="R402")


def _claimed(desk: Desk, caller: Caller, message: m.CreatePartyRegistration) -> Member | None:
    """Returns the enrolled VEN that registers.

    With a certificate that is whose certificate it is, and nothing in the message can
    make it another. Without one the message is all there is.
    """
    if caller.secure:
        if caller.member is not None and message.ven_id and not _forgotten(desk, message):
            caller.check_ven_id(message.ven_id)
        return caller.member
    if message.ven_id:
        member = desk.roster.of_ven_id(message.ven_id)
        if member is not None:
            return member
    member = desk.roster.of_name(message.ven_name) if message.ven_name else None
    if member is not None and message.ven_id and not lookup.readmits(desk):
        raise InvalidId(f"venID {message.ven_id!r} is not that of this VEN", rule="R402")
    return member


def _forgotten(desk: Desk, message: m.CreatePartyRegistration) -> bool:
    """Returns whether a VEN may come back under a venID that this VTN gave it and forgot."""
    known = desk.roster.of_ven_id(message.ven_id or "")
    return message.registration_id is not None and known is None and lookup.readmits(desk)


async def _decide(
    desk: Desk, caller: Caller, message: m.CreatePartyRegistration, member: Member | None
) -> Accept:
    named = desk.roster.of_name(message.ven_name) if message.ven_name else None
    request = Registration(
        message=message,
        ven_name=message.ven_name or "",
        fingerprint=caller.fingerprint,
        enrolled=member is not None,
        name_taken=named is not None and named is not member,
    )
    decision = await desk.decide(_HOOK, request, caller.context(desk))
    if decision is None:
        decision = Accept() if request.enrolled else Refuse(463, "this VEN is not enrolled")
    if isinstance(decision, Refuse):
        raise error_for_code(decision.code)(decision.reason, rule="R517")
    if not isinstance(decision, Accept) or not _is_sound(decision):
        raise unusable(desk, _HOOK, f"decided {decision!r}")
    return decision


def _is_sound(accept: Accept) -> bool:
    """Whether the identifiers can be given to a VEN; a handler is not ours."""
    return all(
        one is None or lookup.is_identifier(one) for one in (accept.ven_id, accept.registration_id)
    )


async def _adopt(
    desk: Desk, caller: Caller, message: m.CreatePartyRegistration, accept: Accept
) -> Member | None:
    """Returns the enrolled VEN that a handler recognises this one as; None if it names none.

    A VEN that has a certificate keeps it: nobody else becomes that VEN by a handler.
    """
    member = desk.roster.of_ven_id(accept.ven_id) if accept.ven_id else None
    if member is None:
        return None
    if caller.secure and member.certificates:
        raise NotRegistered("that VEN is enrolled with another certificate", rule="R517")
    name = message.ven_name
    async with desk.store.begin() as tx:
        if caller.secure:
            await certificate.add(
                tx, party_pk=member.pk, fingerprint=caller.fingerprint, now=caller.received_at
            )
        if name and await party.get(tx, ven_name=name) is None:
            await party.rename(tx, pk=member.pk, ven_name=name)
    await desk.roster.refresh(desk.store)
    return member


async def _enrol(
    desk: Desk, caller: Caller, message: m.CreatePartyRegistration, accept: Accept
) -> Member:
    """Takes in a VEN that nobody had enrolled and that the handler accepts."""
    if message.ven_id and not accept.ven_id:
        # Its own word alone does not make it that VEN.
        await lookup.check_free(desk, caller, message.ven_id)
    ven_id = accept.ven_id or message.ven_id or desk.new_id()
    name = message.ven_name or ven_id
    if desk.roster.of_name(name) is not None:
        raise NotRegistered("a VEN of that name is enrolled with another certificate", rule="R517")
    if desk.roster.of_ven_id(ven_id) is not None:
        raise InvalidId("that venID belongs to another VEN", rule="R70")
    try:
        await _store_enrolment(desk, caller, ven_id, name)
    except DuplicateId:
        # The same message came twice at once, or somebody else took the name meanwhile.
        log.info("enrolled already", extra={"ven": name})
    await desk.roster.refresh(desk.store)
    if caller.fingerprint:
        member = desk.roster.of_certificate(caller.fingerprint, caller.received_at)
    else:
        member = desk.roster.of_name(name)
    if member is None:
        raise NotRegistered("another VEN has taken that name or venID", rule="R517")
    return member


async def _store_enrolment(desk: Desk, caller: Caller, ven_id: str, name: str) -> None:
    now = caller.received_at
    async with desk.store.begin() as tx:
        row = await party.create(tx, ven_id=ven_id, ven_name=name, now=now)
        if caller.fingerprint:
            await certificate.add(tx, party_pk=row.pk, fingerprint=caller.fingerprint, now=now)
        await audit.append(
            tx,
            at=now,
            actor=_HOOK,
            action="enrol",
            subject=name,
            detail={"ven_id": ven_id, "fingerprint": caller.fingerprint},
        )


async def _register(
    desk: Desk,
    caller: Caller,
    member: Member,
    message: m.CreatePartyRegistration,
    accept: Accept,
) -> m.Message:
    """Starts a registration from nothing; an old one is wiped (R406)."""
    registration_id = accept.registration_id or desk.new_id()
    now = caller.received_at
    offers = await offering.offers_or_none(desk, caller.as_member(member))
    async with desk.store.begin() as tx:
        row = await party.unregister(tx, pk=member.pk, now=now)
        ven_id = await decided_ven_id(tx, caller, row, message, accept)
        await _store(tx, member, message, registration_id, caller)
        await offering.put(tx, desk, member.pk, ven_id, offers, now=now)
        await audit.append(
            tx,
            at=now,
            actor=member.ven_name,
            action="register",
            subject=member.ven_name,
            detail={"registration_id": registration_id, "fingerprint": caller.fingerprint},
        )
        desk.points.pop(member.pk, None)
    _push_after_reply(desk, caller, member)
    await desk.roster.refresh(desk.store)
    log.info(
        "registered (reg %s), %s",
        registration_id,
        _way(desk, member),
        extra={"ven": member.ven_name},
    )
    return _created(desk, member, message, ven_id, registration_id)


async def _store(
    tx: Transaction,
    member: Member,
    message: m.CreatePartyRegistration,
    registration_id: str,
    caller: Caller,
) -> party.Party:
    return await party.register(
        tx,
        pk=member.pk,
        registration_id=registration_id,
        profile=message.profile_name,
        transport=message.transport_name,
        transport_address=message.transport_address,
        pull=message.http_pull_model is not False,
        report_only=message.report_only,
        xml_signature=message.xml_signature,
        now=caller.received_at,
    )


def _renewable(caller: Caller, member: Member | None, message: m.CreatePartyRegistration) -> Member:
    """Returns the VEN whose registration is to be renewed.

    Raises:
        NotRegistered: there is none.
        InvalidId: it is another one.
    """
    if member is None:
        raise NotRegistered("register first, without registrationID", rule="R517")
    if member.registration_id is None:
        raise NotRegistered("register first, without registrationID", rule="R405")
    if message.registration_id != member.registration_id:
        raise InvalidId("registrationID is not that of this VEN", rule="R400")
    if not caller.secure and message.ven_id != member.ven_id:
        raise InvalidId("venID is not that of this registration", rule="R402")
    return member


async def _reregister(
    desk: Desk,
    caller: Caller,
    member: Member,
    message: m.CreatePartyRegistration,
    accept: Accept,
) -> m.Message:
    """Renews a registration; all that belongs to it stays (section 2.2).

    So do its IDs, unless an application keeps the books and has decided on others.
    """
    registration_id = accept.registration_id or message.registration_id or ""
    async with desk.store.begin() as tx:
        row = await _store(tx, member, message, registration_id, caller)
        await rows.done(tx, party_pk=member.pk, kind=outbox.REREGISTER, now=caller.received_at)
        ven_id = await decided_ven_id(tx, caller, row, message, accept)
    _push_after_reply(desk, caller, member)
    await desk.roster.refresh(desk.store)
    log.info("registered again, %s", _way(desk, member), extra={"ven": member.ven_name})
    return _created(desk, member, message, ven_id, registration_id)


def _push_after_reply(desk: Desk, caller: Caller, member: Member) -> None:
    """Has messages pushed to a VEN once it knows that it is registered (R405)."""
    if desk.pusher is None:
        return
    desk.pusher.hold(member)
    released = desk.pusher.release(member)
    if caller.later is None:
        caller.start(desk, released)
    else:
        caller.later.append(released)


def _way(desk: Desk, member: Member) -> str:
    """Returns how messages get to a VEN, for the log."""
    if member.push_address is not None:
        return f"pushed to {member.push_address}"
    return f"poll every {in_words(mailbox.poll_interval(desk, member))}"


def _created(
    desk: Desk,
    member: Member,
    message: m.CreatePartyRegistration,
    ven_id: str,
    registration_id: str,
) -> m.Message:
    return m.CreatedPartyRegistration(
        response=outcome(message),
        registration_id=registration_id,
        ven_id=ven_id,
        vtn_id=desk.vtn_id,
        profiles=PROFILES,
        # Who is pushed to has nothing to poll for (R403).
        poll_freq=mailbox.poll_interval(desk, member) if member.push_address is None else None,
    )


async def cancel(desk: Desk, caller: Caller, message: m.CancelPartyRegistration) -> m.Message:
    """Answers oadrCancelPartyRegistration: everything about the registration goes (R407)."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    if message.registration_id != member.registration_id:
        raise InvalidId("registrationID is not that of this VEN; nothing was erased", rule="R400")
    await end(desk, member, caller, actor=member.ven_name)
    return m.CanceledPartyRegistration(
        response=outcome(message),
        registration_id=message.registration_id,
        ven_id=message.ven_id,
    )


async def canceled(desk: Desk, caller: Caller, message: m.CanceledPartyRegistration) -> m.Message:
    """Takes oadrCanceledPartyRegistration: the VEN has ended what the VTN cancelled."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    if message.registration_id not in (None, member.registration_id):
        raise InvalidId("registrationID is not that of this VEN", rule="R400")
    if not message.response.ok:
        # The operator has ended it; a VEN has no say in that.
        log.warning(
            "does not confirm the cancellation: %d %s",
            message.response.code,
            message.response.description or "",
            extra={"ven": member.ven_name, "rule": "R407"},
        )
    async with desk.store.read() as tx:
        asked = await rows.waiting(tx, party_pk=member.pk)
    if not any(item.kind == outbox.CANCEL_REGISTRATION for item in asked):
        raise ComplianceError("no cancellation was asked for", rule="R33")
    await end(desk, member, caller, actor="operator")
    return m.Response(response=outcome(message), ven_id=message.ven_id)


async def end(desk: Desk, member: Member, caller: Caller, *, actor: str) -> None:
    """Erases a registration and tells the handlers."""
    now = caller.received_at
    async with desk.store.begin() as tx:
        await party.unregister(tx, pk=member.pk, now=now)
        await audit.append(
            tx, at=now, actor=actor, action="unregister", subject=member.ven_name, detail={}
        )
        desk.points.pop(member.pk, None)
    await desk.roster.refresh(desk.store)
    log.info("registration cancelled", extra={"ven": member.ven_name})
    await desk.observe("on_cancel_party_registration", caller.context(desk))


async def response(desk: Desk, caller: Caller, message: m.Response) -> None:
    """Takes oadrResponse: the VEN has read oadrRequestReregistration (section 2.2).

    The row in the outbox stays until the VEN has registered again. The reply is empty.
    """
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    if not message.response.ok:
        log.warning(
            "answers %s %s",
            message.response.code,
            message.response.description or "",
            extra={"ven": member.ven_name},
        )


HANDLES: dict[type, Any] = {
    m.CreatePartyRegistration: create,
    m.CancelPartyRegistration: cancel,
    m.CanceledPartyRegistration: canceled,
    m.Response: response,
}
