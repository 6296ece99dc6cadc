"""Who a VEN is, where an application keeps the books about VENs (``ven_lookup``).

Over TLS the certificate of the connection is the only proof, whatever a message says:
the application's word makes a caller another VEN only if it names that certificate.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from oadr import codec
from oadr import messages as m
from oadr.errors import DeploymentError, NotRegistered, OpenADRError
from oadr.replies import ven_id_of
from vtn.desk import Caller, Desk
from vtn.hooks import Known
from vtn.roster import Member
from vtn.store import Transaction, audit, certificate, party
from vtn.store.errors import DuplicateId

log = logging.getLogger("openadr.vtn.identity")

#: Writes down what the application knows of a VEN, and returns the caller as that VEN.
Settle = Callable[[], Awaitable[Caller]]

HOOK = "ven_lookup"
#: Longest name and ID of a VEN, in characters: they are kept in memory.
LONGEST = 255
#: What comes from VENs that are not registered yet.
_OPEN = (m.QueryRegistration, m.CreatePartyRegistration)


class NotKnown(NotRegistered):
    """The application does not know the VEN, or wants it to register again."""


async def identify(desk: Desk, caller: Caller, message: m.Message) -> tuple[Caller, Settle | None]:
    """Returns the caller as the VEN that the application knows it as.

    Beside it what makes the store say the same, if there is something to write: that is
    for a message whose signature has been checked.

    Args:
        desk: the VTN.
        caller: as the connection proves it; on plain HTTP, as the message says.
        message: what it sent.

    Raises:
        NotRegistered: the application does not know the VEN, wants it to register again,
            or knows it by another certificate (463; R517).
        DeploymentError: the handler failed (469).
    """
    if not desk.hooks.has(HOOK) or isinstance(message, _OPEN):
        return caller, None
    ven_id = ven_id_of(message)
    if ven_id is None or len(ven_id) > LONGEST:
        return caller, None
    known: Known | None = await desk.decide(HOOK, ven_id, caller.context(desk))
    claim = _Claim(ven_id=ven_id, known=known or Known(), member=desk.roster.of_ven_id(ven_id))
    vouched = caller.secure and _vouches(desk, claim, caller)
    if caller.member is not None and caller.member is not claim.member and not vouched:
        # Somebody who is known, under a name that is not his: the service refuses (R517).
        return caller, None
    if known is None:
        raise NotKnown("this VEN is not known to this VTN", rule="R517")
    if caller.secure and known.fingerprint and not vouched:
        raise NotRegistered("this VEN is known by another certificate", rule="R517")
    if known.registered is False:
        raise NotKnown("register again", rule="R405")
    return _identified(desk, caller, claim, vouched=vouched)


async def check_free(desk: Desk, caller: Caller, ven_id: str) -> None:
    """Checks that a VEN may have the venID under which it wants to be enrolled.

    Raises:
        NotRegistered: the application knows a VEN of that venID by another certificate.
        DeploymentError: the handler failed (469).
    """
    if not caller.secure or not desk.hooks.has(HOOK):
        return
    known: Known | None = await desk.decide(HOOK, ven_id, caller.context(desk))
    claim = _Claim(ven_id=ven_id, known=known or Known(), member=None)
    if claim.known.fingerprint and not _vouches(desk, claim, caller):
        raise NotRegistered("this VEN is known by another certificate", rule="R517")


def is_identifier(given: object) -> bool:
    """Returns whether a VEN that is given this as an ID sends the same one back."""
    if not isinstance(given, str) or len(given) > LONGEST or not given.strip():
        return False
    sent = codec.decode(codec.encode(m.Poll(ven_id=given)))
    return isinstance(sent, m.Poll) and sent.ven_id == given


def readmits(desk: Desk) -> bool:
    """Returns whether VENs that this VTN has forgotten may come back as if they were new."""
    return desk.settings.registration.readmit or desk.hooks.has(HOOK)


def leads_back(desk: Desk, caller: Caller, message: m.Message, error: OpenADRError) -> bool:
    """Returns whether a message is answered by ``way_back`` in place of a refusal.

    That is a poll of a VEN that is to register again, and the oadrResponse by which it
    says that it has read so (section 1.3).
    """
    if not isinstance(message, m.Poll | m.Response) or not ven_id_of(message):
        return False
    if isinstance(error, NotKnown):
        return True
    stranger = caller.member is None or not caller.member.registered
    return stranger and isinstance(error, NotRegistered) and desk.settings.registration.readmit


def way_back(caller: Caller, message: m.Message) -> m.RequestReregistration | None:
    """Returns the request to register again; None, an empty reply, for an oadrResponse."""
    if not isinstance(message, m.Poll):
        return None
    log.info("asked to register again", extra={"ven": caller.name})
    return m.RequestReregistration(ven_id=message.ven_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """Who a message says that it is from.

    Attributes:
        ven_id: in the message.
        known: what the application knows of that VEN.
        member: what the VTN itself knows of it.
    """

    ven_id: str
    known: Known
    member: Member | None


def _vouches(desk: Desk, claim: _Claim, caller: Caller) -> bool:
    """Returns whether the application names the certificate of the connection.

    Raises:
        DeploymentError: what it names is no fingerprint.
    """
    if not claim.known.fingerprint:
        return False
    from certs import to_openadr
    from certs.errors import FingerprintError

    try:
        return to_openadr(claim.known.fingerprint) == caller.fingerprint
    except FingerprintError as error:
        raise _unusable(desk, claim, str(error)) from error


def _unusable(desk: Desk, claim: _Claim, reason: str) -> DeploymentError:
    """Returns the error for what makes no sense about a VEN, and logs why."""
    handler = ", ".join(desk.hooks.handlers(HOOK))
    log.error("handler %s for %s: VEN %r: %s", handler, HOOK, claim.ven_id, reason)
    return DeploymentError(f"a handler of this VTN failed in {HOOK}")


def _check(desk: Desk, claim: _Claim) -> None:
    """Checks what would be stored of a VEN that is taken over.

    Raises:
        DeploymentError: a VEN cannot be called so.
    """
    for name in ("ven_name", "registration_id"):
        value = getattr(claim.known, name)
        if value and not is_identifier(value):
            reason = f"{name} is {value[:LONGEST]!r}, expected at most {LONGEST} characters of XML"
            raise _unusable(desk, claim, reason)


def _identified(
    desk: Desk, caller: Caller, claim: _Claim, *, vouched: bool
) -> tuple[Caller, Settle | None]:
    """Returns the caller, and what makes the store say what the application says."""
    member = claim.member
    proven = not caller.secure or vouched or (member is not None and caller.member is member)
    if not proven:
        return caller, None
    take_over = claim.known.registered is True and not (member and member.registered)
    bind = vouched and _is_free(desk, caller)
    found = caller.as_member(member)
    if not take_over and not (bind and member is not None):
        return found, None
    _check(desk, claim)

    async def settle() -> Caller:
        await _write(desk, found, claim, register=take_over, bind=bind)
        return found.as_member(desk.roster.of_ven_id(claim.ven_id))

    return found, settle


def _is_free(desk: Desk, caller: Caller) -> bool:
    """Returns whether the certificate of the connection identifies nobody yet.

    One that is another VEN's stays that: several VENs of an application may share one.
    """
    return desk.roster.of_certificate(caller.fingerprint, caller.received_at) is None


async def _write(desk: Desk, caller: Caller, claim: _Claim, *, register: bool, bind: bool) -> None:
    now = caller.received_at
    try:
        async with desk.store.begin() as tx:
            # Looked at once more: the same VEN may have sent two messages at once.
            row = await party.get(tx, ven_id=claim.ven_id) or await _enrolled(tx, claim, caller)
            if bind and await party.get(tx, fingerprint=caller.fingerprint, now=now) is None:
                await _bind(tx, row, caller)
            if register and row.state != "registered":
                registration_id = claim.known.registration_id or desk.new_id()
                await party.register(tx, pk=row.pk, registration_id=registration_id, now=now)
                await _note(tx, caller, "take over", row, registration_id)
                log.info("taken over (reg %s)", registration_id, extra={"ven": row.ven_name})
    except DuplicateId as error:
        log.warning("cannot be taken over: %s", error, extra={"ven": claim.ven_id})
        raise NotRegistered("this VEN cannot be told from another", rule="R70") from error
    finally:
        await desk.roster.refresh(desk.store)


async def _enrolled(tx: Transaction, claim: _Claim, caller: Caller) -> party.Party:
    name = claim.known.ven_name or claim.ven_id
    if await party.get(tx, ven_name=name) is not None:
        # Names are for people; the VEN that the application means is told by its venID.
        name = claim.ven_id
    return await party.create(tx, ven_id=claim.ven_id, ven_name=name, now=caller.received_at)


async def _bind(tx: Transaction, row: party.Party, caller: Caller) -> None:
    """Gives a VEN the certificate of the connection, unless that has been taken from it.

    Raises:
        NotRegistered: an operator has revoked or replaced the certificate.
    """
    former = await certificate.for_party(tx, party_pk=row.pk)
    if any(one.fingerprint == caller.fingerprint for one in former):
        raise NotRegistered("this certificate has been revoked", rule="R517")
    await certificate.add(
        tx, party_pk=row.pk, fingerprint=caller.fingerprint, now=caller.received_at
    )
    await _note(tx, caller, "add certificate", row, "")


async def _note(
    tx: Transaction, caller: Caller, action: str, row: party.Party, registration_id: str
) -> None:
    await audit.append(
        tx,
        at=caller.received_at,
        actor=HOOK,
        action=action,
        subject=row.ven_name,
        detail={"registration_id": registration_id, "fingerprint": caller.fingerprint},
    )
