"""Which reports the VTN asks a VEN for."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from oadr import messages as m
from oadr.errors import ProtocolError
from oadr.report import (
    Offer,
    RequestKind,
    build_history_request,
    build_one_shot,
    build_request,
    check_request,
    kind_of,
)
from vtn.config import StandingRequest
from vtn.desk import Caller, Desk
from vtn.hooks import Wanted
from vtn.services.sound import unusable
from vtn.store import Transaction
from vtn.store import report as reports
from vtn.store.report import StoredRequest

log = logging.getLogger("openadr.vtn.report")

_HOOK = "on_register_report"

Numbered = tuple[m.ReportRequest, RequestKind]


async def requests(desk: Desk, caller: Caller, offers: Sequence[Offer]) -> list[Numbered]:
    """Returns what to request of these offers, without IDs yet.

    The handler decides; without one, the standing requests of the configuration do.
    """
    decided = await desk.decide(_HOOK, offers, caller.context(desk))
    now = caller.received_at
    if decided is None:
        return _standing_requests(desk, caller, offers)
    by_id = {offer.specifier_id: offer for offer in offers}
    found: list[Numbered] = []
    for entry in decided:
        if not isinstance(entry, Wanted) or entry.specifier_id not in by_id:
            raise unusable(desk, _HOOK, f"wants {entry!r}, which is not offered")
        found.append(_build_decided(desk, entry, by_id[entry.specifier_id], now))
    return found


def _build_decided(desk: Desk, entry: Wanted, offer: Offer, now: datetime) -> Numbered:
    try:
        request = build(entry, offer, request_id="0", now=now)
    except (ProtocolError, TypeError, AttributeError) as error:
        raise unusable(desk, _HOOK, f"wants what cannot be requested: {error}") from error
    return request, kind_of(request, offer)


def _standing_requests(desk: Desk, caller: Caller, offers: Sequence[Offer]) -> list[Numbered]:
    """Returns the standing requests that the offers can serve.

    One that an offer cannot serve is left out: the VEN may offer what it likes.
    """
    found: list[Numbered] = []
    for offer in offers:
        for entry in _standing(desk.settings.reports.request, offer):
            try:
                request = build(entry, offer, request_id="0", now=caller.received_at)
            except ProtocolError as error:
                log.warning(
                    "report %s is offered, but not as it is wanted: %s",
                    offer.specifier_id,
                    error,
                    extra={"ven": caller.name},
                )
            else:
                found.append((request, kind_of(request, offer)))
    return found


def continued(request: Numbered, ended: Sequence[StoredRequest], now: datetime) -> Numbered:
    """Returns a request that goes on in the rhythm of the one that new metadata has ended.

    The report that was being collected is then not lost: it began before this moment, and
    R341 has the requested dtstart name the oldest value that is wanted.

    Args:
        request: what is wanted now.
        ended: what the VEN was asked for before (R306).
        now: the moment.
    """
    wanted, kind = request
    period = wanted.report_interval
    if kind is not RequestKind.PERIODIC or period is None or period.duration:
        return request
    back = wanted.report_back_duration
    for former in (row.request for row in ended):
        before = former.report_interval
        if _content(former) == _content(wanted) and before is not None and before.dtstart <= now:
            begun = now - (now - before.dtstart) % back
            return replace(wanted, report_interval=replace(period, dtstart=begun)), kind
    return request


def again(
    ended: Iterable[StoredRequest],
    offers: Sequence[Offer],
    standing: Sequence[Numbered],
    now: datetime,
    *,
    ven: str,
) -> list[Numbered]:
    """Returns the requests to make again after new metadata: what an operator wanted (R306).

    Those that a configuration or a handler wanted are decided on anew, and are not here.

    Args:
        ended: what the VEN was asked for before.
        offers: what it offers now.
        standing: what is requested of these already.
        now: the moment.
        ven: its name, for the log.
    """
    asked = {_content(request) for request, _ in standing}
    found: list[Numbered] = []
    for row in ended:
        request = row.request
        if row.standing or row.state not in ("sent", "active") or _content(request) in asked:
            continue
        try:
            kind = check_request(request, offers, now=now)
        except ProtocolError as error:
            log.warning(
                "report %s ends with the new metadata: %s",
                row.report_request_id,
                error,
                extra={"ven": ven, "rule": error.rule},
            )
            continue
        found.append((request, kind))
    return found


def _content(request: m.ReportRequest) -> m.ReportRequest:
    """Returns what is asked for, whenever and by whatever ID."""
    return replace(request, report_request_id="", report_interval=None)


async def number(tx: Transaction, request: Numbered) -> Numbered:
    """Returns the request with an ID that is unique in this VTN (R322)."""
    bare, kind = request
    return replace(bare, report_request_id=await reports.next_request_id(tx)), kind


def build(entry: Wanted, offer: Offer, *, request_id: str, now: datetime) -> m.ReportRequest:
    """Returns the request for what is wanted of an offer.

    Raises:
        InvalidId: a data point is not offered.
        InvalidData: it is more than is offered (R340).
    """
    if offer.is_history:
        return build_history_request(
            offer,
            request_id=request_id,
            start=entry.start or now - offer.duration,
            duration=entry.duration,
            r_ids=entry.r_ids,
        )
    if not entry.deliver:
        return build_one_shot(offer, request_id=request_id, now=now, r_ids=entry.r_ids)
    return build_request(
        offer,
        request_id=request_id,
        now=now,
        start=entry.start or on_grid(now, entry.every),
        duration=entry.duration,
        granularity=entry.every,
        back=entry.deliver,
        r_ids=entry.r_ids,
    )


def on_grid(moment: datetime, every: timedelta) -> datetime:
    """Returns the next whole multiple of a sampling period, counted from midnight UTC.

    Readings of all VENs then fall into the same intervals, and those of meters that
    sample on the hour need not be cut.
    """
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    steps = -((midnight - moment) // every) if every else 0
    return midnight + steps * every if every else moment


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
