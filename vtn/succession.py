"""Another venID for a VEN: what changes with it, in the transaction of who decides on it.

Events, readings, groups and certificates are stored by the VEN's key and stay. What names
the venID itself follows: targets of events, messages that wait, callbacks. So do events
that an application has given for the new venID before anybody had it.
"""

import logging
from datetime import datetime

from oadr import messages as m
from oadr.errors import InvalidId, ProtocolError
from oadr.event import modify, retire_at
from vtn.desk import Caller
from vtn.dispatch import outbox
from vtn.hooks import Accept
from vtn.store import Transaction, audit, callback, certificate, delivery, event, party
from vtn.store.event import StoredEvent
from vtn.targets import retargeted

log = logging.getLogger("openadr.vtn.registration")


async def decided_ven_id(
    tx: Transaction,
    caller: Caller,
    row: party.Party,
    message: m.CreatePartyRegistration,
    accept: Accept,
) -> str:
    """Returns the venID that a VEN has from now on: the handler's, or its own.

    Args:
        tx: the transaction of the registration.
        caller: the VEN as the connection proves it.
        row: the same as it is stored.
        message: its registration.
        accept: what the handler has decided.

    Raises:
        InvalidId: the handler's is that of another VEN (R70).
    """
    if accept.ven_id in (None, row.ven_id):
        return row.ven_id
    if not await _under_its_name(tx, caller, row, message.ven_name):
        log.warning(
            "the handler gave the venID %s to a VEN that calls itself %s; it is enrolled as %s "
            "and keeps its venID %s. What is given for %s does not reach it.",
            accept.ven_id,
            message.ven_name,
            row.ven_name,
            row.ven_id,
            accept.ven_id,
            extra={"ven": row.ven_name, "rule": "R517"},
        )
        return row.ven_id
    await give_ven_id(tx, row, accept.ven_id, now=caller.received_at)
    await audit.append(
        tx,
        at=caller.received_at,
        actor="on_create_party_registration",
        action="change venID",
        subject=row.ven_name,
        detail={"from": row.ven_id, "to": accept.ven_id, "fingerprint": caller.fingerprint},
    )
    return accept.ven_id


async def _under_its_name(
    tx: Transaction, caller: Caller, row: party.Party, name: str | None
) -> bool:
    """Returns whether a VEN registers under the name that it is enrolled with.

    Many handlers decide by the name. A VEN that calls itself by another one's must not
    get the venID, and with it the events, that are meant for that one (R517).
    """
    if not name or name == row.ven_name:
        return True
    nameless = not caller.secure and row.ven_name == row.ven_id
    return nameless and await party.get(tx, ven_name=name) is None


async def give_ven_id(tx: Transaction, row: party.Party, ven_id: str, *, now: datetime) -> None:
    """Gives a VEN another venID.

    Args:
        tx: the transaction.
        row: the VEN.
        ven_id: unknown, or that of a placeholder.
        now: the moment.

    Raises:
        InvalidId: it is that of another VEN (R70); nothing has been written.
    """
    other = await party.get(tx, ven_id=ven_id)
    if other is not None:
        if not await is_placeholder(tx, other):
            raise InvalidId("that venID belongs to another VEN", rule="R70")
        await _absorb(tx, other, row.pk)
    await party.set_ven_id(tx, pk=row.pk, ven_id=ven_id)
    if row.ven_name == row.ven_id and await party.get(tx, ven_name=ven_id) is None:
        # It has no name of its own.
        await party.rename(tx, pk=row.pk, ven_name=ven_id)
    await _follow(tx, row.pk, row.ven_id, ven_id, now)


async def gather(tx: Transaction, former: str, ven_id: str, *, now: datetime) -> list[StoredEvent]:
    """Returns the open events of a VEN, with those given for the venID that it had before.

    Nothing comes over from a venID that another VEN has by now.
    """
    row = await party.get(tx, ven_id=ven_id)
    if row is None:
        return []
    other = await party.get(tx, ven_id=former)
    if other is not None and await is_placeholder(tx, other):
        await _absorb(tx, other, row.pk)
        other = None
    if other is None:
        await _follow(tx, row.pk, former, ven_id, now)
    return [stored for stored, _ in await delivery.for_party(tx, party_pk=row.pk)]


async def is_placeholder(tx: Transaction, row: party.Party) -> bool:
    """Returns whether nobody stands behind a venID but whoever gives events for it.

    That is what ``Vens.provide`` makes, while nobody has registered under it, no
    certificate has been noted for it and no operator has set anything.
    """
    settled = row.groups or row.resources or row.market_contexts or row.signature_policy or row.peer
    if row.state != "enrolled" or row.ven_name != row.ven_id or settled:
        return False
    return not await certificate.for_party(tx, party_pk=row.pk)


async def _absorb(tx: Transaction, placeholder: party.Party, pk: int) -> None:
    await delivery.hand_over(tx, party_pk=placeholder.pk, to=pk)
    await party.remove(tx, pk=placeholder.pk)


async def _follow(tx: Transaction, pk: int, former: str, ven_id: str, now: datetime) -> None:
    """Lets all that names the former venID name the new one."""
    await callback.move(tx, ven_id=former, to=ven_id)
    await outbox.readdress(tx, pk, ven_id)
    for stored, _ in await delivery.for_party(tx, party_pk=pk):
        await _retarget(tx, stored, former, ven_id, now)


async def _retarget(
    tx: Transaction, stored: StoredEvent, former: str, ven_id: str, now: datetime
) -> None:
    """Lets an event mean the VEN that it meant: another target is another version (R5, R22).

    One that is cancelled or over stays as it is; no VEN looks at the target of that.
    """
    wanted = retargeted(stored.event, former, ven_id)
    if wanted is stored.event or stored.cancelled:
        return
    try:
        changed = modify(stored.event, wanted, now)
    except ProtocolError:
        return
    await event.replace(tx, event=changed, now=now, retire_at=retire_at(changed))
