"""All engines of one VEN, put together and kept running."""

import asyncio
import logging

from oadr.enums import ReportName
from ven.engine.core import Core
from ven.engine.delivery import Delivery
from ven.engine.event import EventEngine
from ven.engine.loads import Loads
from ven.engine.metering import Metering
from ven.engine.opt import OptEngine
from ven.engine.poll import PollEngine
from ven.engine.receiving import Receiving
from ven.engine.registration import RegistrationEngine
from ven.engine.report import ReportEngine
from ven.engine.reporting import Reporting
from ven.engine.schedule import Schedule
from ven.engine.session import Session
from ven.sources.known import KnownStatus, groups_of

log = logging.getLogger("openadr.ven")
#: Real seconds that an exchange may take to end when the VEN stops.
GRACE = 10.0


class Machine:
    """The engines of one VEN.

    Attributes:
        core: what they share.
        metering: samples the meters.
        loads: what is controlled.
        schedule: carries events out.
        events: holds events and answers for them.
        reporting: makes reports.
        reports: takes requests for reports.
        delivery: sends them.
        opts: tells when the VEN takes part.
        registration: registers.
        poll: asks the VTN what it wants.
        session: the loop around all that.
        receiving: takes what the VTN pushes.
    """

    def __init__(self, core: Core) -> None:
        outgoing = asyncio.Event()
        self.core = core
        self.metering = Metering(core)
        self.loads = Loads(core)
        self.schedule = Schedule(core, self.loads)
        self.events = EventEngine(core, self.schedule)
        self.reporting = Reporting(core, self.metering, outgoing)
        self.reports = ReportEngine(core, self.reporting)
        self.delivery = Delivery(core, self.reports, outgoing)
        self.opts = OptEngine(core, self.events)
        self.registration = RegistrationEngine(core, self.events.stop_all, self.reports.load)
        self.poll = PollEngine(core, self.registration, self.events, self.reports)
        self.session = Session(
            core, self.registration, self.events, self.reports, self.opts, self.poll
        )
        self.receiving = Receiving(
            core, self.poll, self.registration, self.session, self.reports.pending
        )
        self._loaded = False
        self._loops: list[asyncio.Task[None]] = []

    @property
    def running(self) -> bool:
        """Whether the VEN lives on its own."""
        return bool(self._loops)

    async def load(self) -> None:
        """Opens the state and takes up where the last run ended; later calls do nothing.

        Raises:
            StateError: the state cannot be used.
            ComplianceError: a meter cannot be offered.
        """
        if self._loaded:
            return
        await self.core.state.open()
        await self.registration.load()
        self._add_status()
        await self.metering.load()
        await self.reports.load()
        await self.events.load()
        await self.opts.load()
        resources = {meter.spec.resource_id for meter in self.metering.meters}
        self.events.resource_ids = self.core.options.resource_ids | resources
        self._loaded = True
        if self.core.options.pre_provisioned and self.core.registration is None:
            await self.registration.provision.adopt()

    def _add_status(self) -> None:
        """Adds a status of the resources, unless a meter tells one (R510)."""
        core, specs = self.core, [meter.spec for meter in self.metering.meters]
        if not core.options.status or any(
            spec.report_name == ReportName.TELEMETRY_STATUS for spec in specs
        ):
            return
        groups = groups_of(
            core.options.resource_ids,
            (spec.resource_id for spec in specs),
            core.options.ven_name,
            (spec.r_id for spec in specs),
        )
        for r_id, resources in groups.items():
            self.metering.add(
                KnownStatus(
                    r_id,
                    resources,
                    said=core.state.resources.all,
                    reachable=lambda: self.loads.reachable,
                    clock=core.clock,
                )
            )

    async def start(self) -> None:
        """Lives on its own from now on: registers, polls, measures, reports.

        Nothing happens if it does already.
        """
        if self.running:
            return
        await self.core.state.open()
        await self.core.state.claim()
        await self.load()
        await self.events.resume()
        self.metering.start()
        for name, work in (
            ("session", self.session.run),
            ("reports", self.reporting.run),
            ("delivery", self.delivery.run),
            ("opts", self.opts.watch),
        ):
            task = self.core.tasks.start(self.core.keep_running(work, name), name=name)
            self._loops.append(task)

    async def stop(self, grace: float = GRACE) -> None:
        """Ends: what is in flight is finished, what waits is kept for the next run.

        Args:
            grace: real seconds that an exchange may take to end.
        """
        try:
            async with asyncio.timeout(grace), self.core.turn:
                await self._cancel()
        except TimeoutError:
            log.warning("an exchange did not end and was cut off", extra=self.core.extra)
            await self._cancel()
        await self.core.state.close()
        self._loaded = False

    async def _cancel(self) -> None:
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops.clear()
        self.core.ready.clear()
        await self.schedule.close()
        await self.core.tasks.close()
