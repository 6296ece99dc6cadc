"""What an operator of our VTN does, for a VTN in this process and for one that runs elsewhere."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from conformance.actions import (
    Action,
    CancelEvent,
    CancelRegistration,
    CancelReports,
    CreateEvent,
    Enrol,
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
from conformance.device import Cannot
from oadr import messages as m
from oadr.enums import SignalType
from oadr.errors import OpenADRError
from oadr.event import build_event
from oadr.units import unit
from runtime.clock import Clock
from vtn.audience import Audience
from vtn.hooks import Wanted
from vtn.operator import Operator
from vtn.operator.acting import find_event
from vtn.store import Store, delivery, party, reading


@dataclass(kw_only=True)
class VtnOperator:
    """Somebody who does at our VTN what cases want done.

    Attributes:
        operator: what an operator can do.
        store: the database of the VTN.
        clock: of the VTN.
        name: of the VEN that the kit plays.
        audience: whom events are for; that VEN if None.
        stem: of the eventIDs that are made up.
    """

    operator: Operator
    store: Store
    clock: Clock
    name: str
    audience: Audience | None = None
    stem: str = "event"
    _count: int = field(default=0, init=False)

    async def do(self, action: Action) -> Any:
        """Does something, and returns what comes of it.

        Raises:
            Cannot: no operator can do it, or the VTN refuses it.
        """
        doing: Callable[[Any], Awaitable[Any]] | None = getattr(self, f"_do_{action.name}", None)
        if doing is None:
            raise Cannot(f"{action.words}: no operator of this VTN can do that")
        try:
            return await doing(action)
        except OpenADRError as error:
            raise Cannot(f"{action.words}: {error}") from None

    async def _do_CreateEvent(self, action: CreateEvent) -> str:  # noqa: N802
        self._count += 1
        event = built(f"{self.stem}-{self._count}", action.event, self.clock.now())
        whom = self.audience or Audience(vens=frozenset({self.name}))
        stored, _ = await self.operator.create_event(event, whom, now=self.clock.now())
        return str(stored.event_id)

    async def _do_ModifyEvent(self, action: ModifyEvent) -> None:  # noqa: N802
        start = None
        if action.keeps_start:
            async with self.store.read() as tx:
                stored = await find_event(tx, action.event_id)
            start = stored.event.active_period.dtstart
        event = built(action.event_id, action.event, self.clock.now(), start)
        await self.operator.modify_event(event, now=self.clock.now())

    async def _do_CancelEvent(self, action: CancelEvent) -> None:  # noqa: N802
        await self.operator.cancel_event(action.event_id, now=self.clock.now())

    async def _do_OptOf(self, action: OptOf) -> str:  # noqa: N802
        async with self.store.read() as tx:
            found = await delivery.for_event(tx, event_id=action.event_id)
        answers = [
            row.opt_type
            for recipient, row in found
            if row.opt_type is not None and recipient.ven_name == self.name
        ]
        return str(answers[0]) if answers else ""

    async def _do_RequestReports(self, action: RequestReports) -> tuple[str, ...]:  # noqa: N802
        now = self.clock.now()
        if any(one.specifier_id == "METADATA" for one in action.reports):
            (spec,) = action.reports
            made = await self.operator.request_metadata(
                self.name, now=now, every=spec.back, duration=spec.duration
            )
            return (made.report_request_id,)
        history = any(one.starts_in < timedelta(0) for one in action.reports)
        wanted = [_wanted(one, now) for one in action.reports]
        requests = await self.operator.request_reports(self.name, wanted, now=now, history=history)
        return tuple(one.report_request_id for one in requests)

    async def _do_CancelReports(self, action: CancelReports) -> None:  # noqa: N802
        await self.operator.cancel_reports(
            action.request_ids, now=self.clock.now(), follow=action.follow
        )

    async def _do_RequestReregistration(self, action: RequestReregistration) -> None:  # noqa: N802
        await self.operator.request_reregistration(self.name, now=self.clock.now())

    async def _do_CancelRegistration(self, action: CancelRegistration) -> None:  # noqa: N802
        await self.operator.cancel_registration(self.name, now=self.clock.now())

    async def _do_Refuse(self, action: Refuse) -> None:  # noqa: N802
        raise Cannot(f"{action.words}: nobody could admit it again, as revoking is for ever")

    async def _do_Enrol(self, action: Enrol) -> None:  # noqa: N802
        await self.operator.enrol(self.name, now=self.clock.now(), ven_id=action.ven_id)

    async def _do_Readings(self, action: Readings) -> tuple[tuple[str, str], ...]:  # noqa: N802
        async with self.store.read() as tx:
            row = await party.get(tx, ven_name=self.name)
            if row is None:
                return ()
            chosen = reading.ReadingFilter(ven_id=row.ven_id)
            rows = [one async for one in reading.export(tx, filter=chosen)]
        return tuple((one.r_id, str(one.value)) for one in rows)


def built(event_id: str, spec: EventSpec, now: datetime, start: datetime | None = None) -> m.Event:
    """Returns an event as an operator would make it.

    Args:
        event_id: of the event.
        spec: what is wanted.
        now: the moment.
        start: in place of what is wanted.
    """
    now = now.replace(microsecond=0)
    first = spec.signals[0]
    event = build_event(
        event_id=event_id,
        market_context=spec.market_context,
        start=start or now + spec.starts_in,
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
    signals = tuple(_signal(one, n) for n, one in enumerate(spec.signals))
    baseline = _baseline(event) if spec.baseline else None
    return replace(event, signals=signals, baseline=baseline)


def _baseline(event: m.Event) -> m.Baseline:
    """Returns a baseline of the length of the event."""
    period = event.active_period
    flat = m.Interval(
        duration=period.duration, uid="0", payloads=(m.SignalPayload(value=Decimal(100)),)
    )
    return m.Baseline(
        dtstart=period.dtstart,
        duration=period.duration,
        intervals=(flat,),
        baseline_id="baseline-1",
        resource_ids=event.target.resource_ids,
        baseline_name="usual load",
        unit=unit("powerReal"),
    )


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
