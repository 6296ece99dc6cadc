"""What the VTN itself offers as reports: its metadata (R301, R305, R306, R308, R311).

A handler says what that is (``on_offer_reports``). What a VEN was told last is kept: its
requests are held against that, and a change is told.
"""

import logging
from collections.abc import Sequence
from datetime import datetime

from oadr import messages as m
from oadr.errors import ComplianceError, ProtocolError
from oadr.report import Offer, build_metadata, check_offers, read_metadata
from vtn.desk import Caller, Desk
from vtn.dispatch import outbox
from vtn.hooks import Context
from vtn.roster import Member
from vtn.services.sound import unusable
from vtn.store import Transaction, served
from vtn.store import outbox as rows
from vtn.store.document import read_reports, write_reports

log = logging.getLogger("openadr.vtn.report")

HOOK = "on_offer_reports"
#: VENs for which one round asks whether something else is on offer.
_ROUND = 200


async def offers(desk: Desk, context: Context) -> tuple[Offer, ...]:
    """Returns what a handler offers to a VEN; nothing without a handler.

    Raises:
        DeploymentError: it failed, or offers what must not be offered (469).
    """
    if not desk.hooks.has(HOOK):
        return ()
    given: Sequence[Offer] = await desk.decide(HOOK, context) or ()
    try:
        check_offers(given)
        # As the VEN will read it.
        return read_metadata(
            read_reports(write_reports(build_metadata(given, context.received_at)))
        )
    except (ComplianceError, TypeError, AttributeError, ValueError) as error:
        raise unusable(desk, HOOK, error) from error


async def offers_or_none(desk: Desk, caller: Caller) -> tuple[Offer, ...]:
    """Returns what is offered to a VEN that registers.

    A handler that fails is in the log and costs nobody the registration: the VEN is told
    later what there is.
    """
    try:
        return await offers(desk, caller.context(desk))
    except ProtocolError:
        return ()


async def put(
    tx: Transaction,
    desk: Desk,
    pk: int,
    ven_id: str,
    given: Sequence[Offer],
    *,
    now: datetime,
    request_id: str | None = None,
) -> None:
    """Queues the VTN's metadata for a VEN, and notes what it says.

    Args:
        tx: a transaction of the store.
        desk: the VTN.
        pk: the VEN's row.
        ven_id: the VEN.
        given: what is offered.
        now: the moment.
        request_id: reportRequestID of the request for it (R311).
    """
    reports = build_metadata(given, now)
    await served.offer(tx, party_pk=pk, reports=reports, now=now)
    await outbox.put_metadata(
        tx, pk, ven_id, request_id=desk.new_id(), now=now, answers=request_id, reports=reports
    )


async def offered(tx: Transaction, party_pk: int) -> tuple[Offer, ...]:
    """Returns what a VEN was told last that it can have."""
    return read_metadata(await served.offered(tx, party_pk=party_pk) or ())


async def renew(desk: Desk) -> None:
    """Tells VENs that are offered something else than they were told.

    Each round asks about so many of them, in turn, so that it takes no longer with 100,000.
    """
    for member in await _in_turn(desk):
        try:
            await _renew(desk, member)
        except ProtocolError as error:
            log.error("cannot offer reports: %s", error, extra={"ven": member.ven_name})


async def _in_turn(desk: Desk) -> Sequence[Member]:
    if not desk.hooks.has(HOOK):
        return await _told_before(desk)
    members = [one for one in desk.roster if one.registered and not _is_a(one)]
    start = desk.offers_asked % max(len(members), 1)
    desk.offers_asked = start + _ROUND if start + _ROUND < len(members) else 0
    return members[start : start + _ROUND]


async def _told_before(desk: Desk) -> Sequence[Member]:
    """Returns VENs that were offered something while there was a handler, and know no better."""
    if desk.offers_ended:
        return ()
    async with desk.store.read() as tx:
        pks = await served.offered_something(tx, most=_ROUND)
    desk.offers_ended = not pks
    found = (desk.roster.of_pk(pk) for pk in pks)
    return [one for one in found if one is not None and one.registered]


def _is_a(member: Member) -> bool:
    """Whether a VEN speaks 2.0a, which has no reports (section 3.7)."""
    return getattr(member, "profile", None) == "2.0a"


async def _renew(desk: Desk, member: Member) -> None:
    now = desk.clock.now()
    caller = Caller(member=member, fingerprint="", secure=False, received_at=now)
    given = await offers(desk, caller.context(desk))
    async with desk.store.read() as tx:
        known = await served.offered(tx, party_pk=member.pk)
    if given == read_metadata(known or ()):
        return
    async with desk.store.begin() as tx:
        for item in await rows.waiting(tx, party_pk=member.pk):
            if item.kind == outbox.METADATA and not answers(item):
                # What it says is not true any more.
                await rows.done(tx, pk=item.pk, now=now)
        await put(tx, desk, member.pk, member.ven_id, given, now=now)
    member.stale = True
    log.info("is told of %d reports of this VTN", len(given), extra={"ven": member.ven_name})


def answers(item: rows.Item) -> tuple[str, ...]:
    """Returns the request that metadata in the outbox answers; none for anything else."""
    if item.kind != outbox.METADATA:
        return ()
    message = outbox.read(item)
    request_id = message.report_request_id if isinstance(message, m.RegisterReport) else None
    return (request_id,) if request_id else ()
