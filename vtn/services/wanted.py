"""Which reports the VTN asks a VEN for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from oadr import messages as m
from oadr.errors import DeploymentError
from oadr.report import Offer, RequestKind, build_one_shot, build_request, kind_of
from vtn.config import StandingRequest
from vtn.desk import Caller, Desk
from vtn.hooks import Wanted
from vtn.store import Transaction
from vtn.store import report as reports

Numbered = tuple[m.ReportRequest, RequestKind]


async def requests(desk: Desk, caller: Caller, offers: Sequence[Offer]) -> list[Numbered]:
    """Returns what to request of these offers, without IDs yet.

    The handler decides; without one, the standing requests of the configuration do.
    """
    decided = await desk.decide("on_register_report", offers, caller.context(desk))
    if decided is None:
        standing = desk.settings.reports.request
        decided = [entry for offer in offers for entry in _standing(standing, offer)]
    by_id = {offer.specifier_id: offer for offer in offers}
    found: list[Numbered] = []
    for entry in decided:
        if not isinstance(entry, Wanted) or entry.specifier_id not in by_id:
            raise DeploymentError("the report handler of this VTN wants what is not offered")
        offer = by_id[entry.specifier_id]
        request = build(entry, offer, request_id="0", now=caller.received_at)
        found.append((request, kind_of(request, offer)))
    return found


async def number(tx: Transaction, request: Numbered) -> Numbered:
    """Returns the request with an ID that is unique in this VTN (R322)."""
    bare, kind = request
    return replace(bare, report_request_id=await reports.next_request_id(tx)), kind


def build(entry: Wanted, offer: Offer, *, request_id: str, now: Any) -> m.ReportRequest:
    """Returns the request for what is wanted of an offer.

    Raises:
        InvalidId: a data point is not offered.
        InvalidData: it is more than is offered (R340).
    """
    if not entry.deliver:
        return build_one_shot(offer, request_id=request_id, now=now, r_ids=entry.r_ids)
    return build_request(
        offer,
        request_id=request_id,
        now=now,
        start=entry.start,
        duration=entry.duration,
        granularity=entry.every,
        back=entry.deliver,
        r_ids=entry.r_ids,
    )


def _standing(entries: Sequence[StandingRequest], offer: Offer) -> list[Wanted]:
    """Returns the standing requests that an offer can serve, within its limits (R340)."""
    return [
        Wanted(
            specifier_id=offer.specifier_id,
            every=(every := within(entry.every, offer)),
            deliver=max(entry.deliver, every) if entry.deliver else timedelta(0),
            duration=entry.duration,
        )
        for entry in entries
        if entry.report == offer.report_name and offer.points
    ]


def within(every: timedelta, offer: Offer) -> timedelta:
    """Returns a sampling period that all data points of the offer can serve."""
    slowest = [point.max_period for point in offer.points if point.max_period]
    fastest = [point.min_period for point in offer.points]
    return max([min([every, *slowest]), *fastest])
