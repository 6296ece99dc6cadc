"""What the tests of the VTN's services say and offer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr import messages as m
from oadr.enums import OptType
from oadr.event import build_event, parse_levels
from oadr.report import Offer, build_metadata, usage_offer
from oadr.units import unit
from vtn.hooks import Accept, Context, Refuse, Registration, RegistrationHandler
from vtn.operator import Audience
from vtn.testing import Peer, World, running

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
INTERVAL = timedelta(seconds=10)
EVERYONE = Audience(everyone=True)


class Open(RegistrationHandler):
    """Lets everybody in whose name is free."""

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        return Refuse() if request.name_taken else Accept()


@asynccontextmanager
async def a_ven(
    overrides: dict[str, Any] | None = None, *, handlers: tuple[object, ...] = (), name: str = "ven"
) -> AsyncIterator[tuple[World, Peer]]:
    """A VTN on plain HTTP with one VEN for which nothing waits."""
    async with running(overrides, handlers=(Open(), *handlers)) as world:
        yield world, await joined(world, name)


async def joined(world: World, name: str) -> Peer:
    """One more VEN, registered, for which nothing waits."""
    peer = world.peer()
    await peer.register(name)
    await peer.settle()
    return peer


async def dispatch(world: World, event_id: str = "e1", **values: Any) -> m.Event:
    """Publishes an event, by default in an hour for everyone, and returns it."""
    audience = values.pop("audience", EVERYONE)
    now = world.clock.now()
    fields: dict[str, Any] = {
        "market_context": "http://programme.example",
        "start": now + HOUR,
        "intervals": parse_levels("1:15m,2:30m"),
        "target": m.Target(),
    }
    event = build_event(event_id=event_id, now=now, **(fields | values))
    stored, _ = await world.operator.create_event(event, audience, now=now)
    return stored.event


def answer(
    peer: Peer,
    shot: m.DistributeEvent,
    opt_type: OptType = OptType.OPT_IN,
    *,
    code: int = 200,
) -> m.CreatedEvent:
    """What a VEN says to all events of a snapshot (R42)."""
    return m.CreatedEvent(
        response=m.EiResponse(),
        responses=tuple(
            m.EventResponse(
                code=code,
                request_id=shot.request_id,
                event_id=event.event_id,
                modification_number=event.descriptor.modification_number,
                opt_type=opt_type,
            )
            for event in shot.events
        ),
        ven_id=peer.ven_id,
    )


def usage(specifier: str = "usage", *r_ids: str) -> Offer:
    """An offer of energy, each minute to each hour, for a day."""
    return usage_offer(
        specifier,
        {r_id: unit("energyReal") for r_id in r_ids or ("main",)},
        min_period=MINUTE,
        max_period=HOUR,
        duration=timedelta(days=1),
    )


def metadata(peer: Peer, world: World, *offers: Offer, request_id: str = "md") -> m.RegisterReport:
    """The metadata of a VEN."""
    reports = build_metadata(offers or (usage(),), world.clock.now())
    return m.RegisterReport(request_id=request_id, ven_id=peer.ven_id, reports=reports)


def readings(
    request_id: str,
    start: datetime,
    values: dict[str, list[str]],
    *,
    specifier: str = "usage",
    inherited: bool = False,
) -> m.Report:
    """A report of one value a minute for each data point, all of a moment in one interval."""
    count = max(len(series) for series in values.values())
    return m.Report(
        dtstart=start,
        duration=count * MINUTE,
        intervals=tuple(
            m.Interval(
                dtstart=None if inherited else start + n * MINUTE,
                duration=MINUTE,
                uid=str(n),
                payloads=tuple(
                    m.ReportPayload(r_id=r_id, value=Decimal(series[n]))
                    for r_id, series in values.items()
                ),
            )
            for n in range(count)
        ),
        report_request_id=request_id,
        report_specifier_id=specifier,
        report_name="TELEMETRY_USAGE",
        created_date_time=start,
    )


def update(peer: Peer, *reports: m.Report, request_id: str = "u") -> m.UpdateReport:
    """Data of a VEN."""
    return m.UpdateReport(request_id=request_id, reports=reports, ven_id=peer.ven_id)


#: Asks every VEN for its usage, each minute, reported every five.
STANDING = {"request": [{"report": "TELEMETRY_USAGE", "every": "1m", "deliver": "5m"}]}
