"""Our VTN as a device under test: in this process, new for each case, on a faster clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.actions import (
    Action,
    CancelEvent,
    CancelRegistration,
    CancelReports,
    CreateEvent,
    EventSpec,
    ModifyEvent,
    OptOf,
    Readings,
    Refuse,
    ReportSpec,
    RequestReports,
    RequestReregistration,
    SignalSpec,
)
from conformance.checks import Side
from conformance.device import Cannot
from conformance.peers import Identity
from oadr import messages as m
from oadr.enums import SignalType
from oadr.event import build_event
from oadr.units import unit
from runtime.clock import AcceleratedClock, Clock
from vtn.audience import Audience
from vtn.config import Settings
from vtn.desk import Desk
from vtn.hooks import Wanted
from vtn.server import Server, configured_handlers
from vtn.store import Store, delivery, reading
from vtn.testing.configured import configured
from vtn.testing.empty import open_empty

#: Seconds of the VTN's clock in a real second.
FACTOR = 60.0
NAME = "kit-ven"
MINUTE = timedelta(minutes=1)


def clock(factor: float = FACTOR) -> AcceleratedClock:
    """Returns a clock that shows the present moment, and runs faster from now on."""
    now = datetime.now(UTC)
    return AcceleratedClock(origin=now, shown=now, factor=factor)


class OurVtn:
    """Our VTN in this process; a ``conformance.device.VtnDevice``.

    Attributes:
        server: the VTN of the present case.
    """

    title = "openadr-kit VTN"
    side = Side.VTN
    unit = MINUTE
    fresh = True

    def __init__(self, settings: Settings, identity: Identity) -> None:
        self.identity = identity
        self.clock: Clock = clock()
        self.url = ""
        self.server: Server | None = None
        self._settings = settings
        self._store: Store | None = None
        self._count = 0

    async def renew(self) -> None:
        """Starts another one, with an empty database."""
        await self.stop()
        self._store = await open_empty()
        self.server = Server(
            self._settings,
            handlers=configured_handlers(self._settings),
            store=self._store,
            clock=self.clock,
        )
        await self.server.start()
        self.url = self.server.url

    async def stop(self) -> None:
        """Ends the present one."""
        if self.server is not None:
            await self.server.stop()
            self.server = None
        if self._store is not None:
            await self._store.close()
            self._store = None

    async def do(self, action: Action) -> Any:
        """Does what an operator of the VTN would do."""
        doing = getattr(self, f"_do_{action.name}", None)
        if doing is None:
            raise Cannot(f"{action.words}: no operator of this VTN can do that")
        return await doing(action)

    @property
    def _running(self) -> Server:
        if self.server is None:
            raise Cannot("the VTN does not run")
        return self.server

    @property
    def _desk(self) -> Desk:
        if self._running.desk is None:
            raise Cannot("the VTN has not opened its database")
        return self._running.desk

    async def _do_CreateEvent(self, action: CreateEvent) -> str:  # noqa: N802
        self._count += 1
        event = self._built(f"event-{self._count}", action.event)
        operator, now = self._running.operator, self.clock.now()
        stored, _ = await operator.create_event(event, Audience(everyone=True), now=now)
        return str(stored.event_id)

    async def _do_ModifyEvent(self, action: ModifyEvent) -> None:  # noqa: N802
        event = self._built(action.event_id, action.event)
        await self._running.operator.modify_event(event, now=self.clock.now())

    async def _do_CancelEvent(self, action: CancelEvent) -> None:  # noqa: N802
        await self._running.operator.cancel_event(action.event_id, now=self.clock.now())

    async def _do_OptOf(self, action: OptOf) -> str:  # noqa: N802
        async with self._desk.store.read() as tx:
            found = await delivery.for_event(tx, event_id=action.event_id)
        answers = [one.opt_type for _, one in found if one.opt_type is not None]
        return str(answers[0]) if answers else ""

    async def _do_RequestReports(self, action: RequestReports) -> tuple[str, ...]:  # noqa: N802
        operator, now = self._running.operator, self.clock.now()
        if any(one.specifier_id == "METADATA" for one in action.reports):
            (spec,) = action.reports
            made = await operator.request_metadata(
                NAME, now=now, every=spec.back, duration=spec.duration
            )
            return (made.report_request_id,)
        history = any(one.starts_in < timedelta(0) for one in action.reports)
        wanted = [_wanted(one, now) for one in action.reports]
        requests = await operator.request_reports(NAME, wanted, now=now, history=history)
        return tuple(one.report_request_id for one in requests)

    async def _do_CancelReports(self, action: CancelReports) -> None:  # noqa: N802
        await self._running.operator.cancel_reports(
            action.request_ids, now=self.clock.now(), follow=action.follow
        )

    async def _do_RequestReregistration(self, action: RequestReregistration) -> None:  # noqa: N802
        await self._running.operator.request_reregistration(NAME, now=self.clock.now())

    async def _do_CancelRegistration(self, action: CancelRegistration) -> None:  # noqa: N802
        await self._running.operator.cancel_registration(NAME, now=self.clock.now())

    async def _do_Refuse(self, action: Refuse) -> None:  # noqa: N802
        await self._running.operator.revoke(NAME, now=self.clock.now())

    async def _do_Readings(self, action: Readings) -> tuple[tuple[str, str], ...]:  # noqa: N802
        async with self._desk.store.read() as tx:
            rows = [one async for one in reading.export(tx)]
        return tuple((one.r_id, str(one.value)) for one in rows)

    def _built(self, event_id: str, spec: EventSpec) -> m.Event:
        """Returns an event as the operator would make it."""
        now = self.clock.now().replace(microsecond=0)
        first, *others = spec.signals
        event = build_event(
            event_id=event_id,
            market_context=spec.market_context,
            start=now + spec.starts_in,
            intervals=[(first.each, value) for value in first.values],
            signal_name=first.name,
            signal_type=SignalType(first.type),
            unit=_unit(first),
            start_after=spec.start_after or None,
            notification=spec.notification,
            ramp_up=spec.ramp_up or None,
            recovery=spec.recovery or None,
            priority=spec.priority or None,
            test=spec.test,
            comment=spec.comment or None,
            target=spec.target if spec.target is not None else m.EVERYTHING,
            response_required=spec.response_required,
            now=now,
        )
        signals = (*event.signals, *(_signal(one, n) for n, one in enumerate(others, start=1)))
        return replace(event, signals=signals)


def _unit(spec: SignalSpec) -> m.Unit | None:
    return unit(spec.unit, units=spec.symbol) if spec.unit else None


def _signal(spec: SignalSpec, number: int) -> m.Signal:
    return m.Signal(
        intervals=tuple(
            m.Interval(duration=spec.each, uid=str(n), payloads=(m.SignalPayload(value=value),))
            for n, value in enumerate(spec.values)
        ),
        target=m.Target(end_device_assets=spec.assets) if spec.assets else None,
        signal_name=spec.name,
        signal_type=spec.type,
        signal_id=str(number),
        unit=_unit(spec),
    )


def _wanted(spec: ReportSpec, now: datetime) -> Wanted:
    return Wanted(
        specifier_id=spec.specifier_id,
        r_ids=spec.points or None,
        every=spec.granularity,
        deliver=spec.back,
        duration=spec.duration,
        start=now + spec.starts_in if spec.starts_in else None,
    )


@asynccontextmanager
async def our_vtn() -> AsyncIterator[OurVtn]:
    """Gives our VTN on plain HTTP, and stops it afterwards."""
    sections: dict[str, Any] = {
        "vtn_id": "openadr-kit-vtn",
        "http": {"host": "127.0.0.1", "port": 0, "plain": True, "rate": 1e6, "burst": 1e6},
        "registration": {"handler": "open-enrolment", "poll_interval": "1m"},
        "trace": {"keep": "nothing"},
    }
    device = OurVtn(configured(sections, None), Identity(name=NAME))
    try:
        yield device
    finally:
        await device.stop()
