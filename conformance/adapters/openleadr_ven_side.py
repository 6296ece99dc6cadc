"""openleadr's VEN with handlers and reports as its documentation has it; for the program alone."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from openleadr import enums, objects, utils
from openleadr.client import OpenADRClient

from conformance.adapters.openleadr_lines import Refused

_CLIENT: Any = OpenADRClient
_ENUMS: Any = enums
_OBJECTS: Any = objects
_UTILS: Any = utils
RESOURCE = "resource-1"
log = logging.getLogger("openadr.conformance.openleadr")


class Ven:
    """openleadr's VEN, and the application around it.

    Args:
        least: the shortest sampling that it offers.
        arguments: of ``OpenADRClient``.

    Attributes:
        opt: its answer to events.
    """

    def __init__(self, least: timedelta, **arguments: Any) -> None:
        self.opt = "optIn"
        self._least = least
        self._arguments = arguments
        self._openleadr: Any = None
        self._running: asyncio.Task[None] | None = None
        self._asked: dict[str, tuple[str, int]] = {}

    async def start(self) -> None:
        """Has nothing to do: the VEN is started by ``begin``."""

    async def begin(self) -> None:
        """Starts the VEN."""
        self._running = asyncio.create_task(self._made().run())
        self._running.add_done_callback(_noted)

    async def again(self) -> None:
        """Stops the VEN and starts it again; openleadr stores nothing."""
        if self._running is not None:
            self._running.cancel()
        if self._openleadr is not None and self._openleadr.client_session is not None:
            await self._openleadr.stop()
        self._openleadr = None
        await self.begin()

    async def use_ven_id(self, ven_id: str) -> None:
        """Has a venID from the beginning."""
        self._arguments["ven_id"] = ven_id

    def _made(self) -> Any:
        if self._openleadr is not None:
            return self._openleadr
        made = self._openleadr = _CLIENT(show_fingerprint=False, **self._arguments)
        made.add_handler("on_event", self._decide)
        made.add_handler("on_update_event", self._decide)
        made.add_hook("after_parse_xml", self._heard)
        rate = _OBJECTS.SamplingRate(
            min_period=self._least, max_period=timedelta(hours=1), on_change=False
        )
        common = {
            "resource_id": RESOURCE,
            "sampling_rate": rate,
            "report_duration": timedelta(hours=1),
        }
        usage = common | {"report_specifier_id": "usage", "report_type": "usage"}
        made.add_report(lambda: 1500.0, r_id="power", measurement="REAL_POWER", **usage)
        made.add_report(lambda: 25.0, r_id="energy", measurement="REAL_ENERGY", **usage)
        made.add_report(
            lambda: 1,
            r_id="status",
            report_specifier_id="status",
            report_name="TELEMETRY_STATUS",
            report_type="x-resourceStatus",
            reading_type="x-notApplicable",
            **common,
        )
        return made

    async def _decide(self, event: dict[str, Any]) -> str:
        return self.opt

    def _heard(self, kind: str, payload: dict[str, Any]) -> None:
        """Remembers what is needed to change one's mind: handlers are not told the requestID."""
        if kind != "oadrDistributeEvent":
            return
        for event in payload.get("events", ()):
            descriptor = event["event_descriptor"]
            self._asked[str(descriptor["event_id"])] = (
                payload["request_id"],
                descriptor["modification_number"],
            )

    # What somebody at the VEN does

    @property
    def _started(self) -> Any:
        if self._openleadr is None:
            raise Refused("the VEN has not been started")
        return self._openleadr

    async def register(self) -> None:
        """Registers anew, and introduces itself as at its start."""
        ven = self._started
        await ven.create_party_registration()
        await ven.register_reports(ven.reports)
        await ven.sync_events()

    async def reregister(self) -> None:
        """Registers once more."""
        await self._started.create_party_reregistration()

    async def query(self) -> None:
        """Asks what the VTN supports."""
        await self._made().query_registration()

    async def cancel_registration(self) -> None:
        """Ends the registration."""
        await self._started.cancel_party_registration()

    async def offer(self) -> None:
        """Sends its metadata."""
        await self._started.register_reports(self._started.reports)

    async def request_events(self) -> None:
        """Asks for its events."""
        await self._started.sync_events()

    async def decide(self, opt: str) -> None:
        """Answers events so from now on."""
        self.opt = opt

    async def change_opt(self, event_id: str, opt: str) -> None:
        """Answers an event once more."""
        if event_id not in self._asked:
            raise Refused(f"the VEN does not know the event {event_id}")
        request_id, modification = self._asked[event_id]
        await self._started.created_event(request_id, event_id, opt, modification)

    async def create_opt(
        self,
        opt: str,
        starts_in: list[timedelta],
        each: timedelta,
        market_context: str,
        resources: list[str],
    ) -> str:
        """Sends an opt schedule."""
        now = datetime.now(UTC).replace(microsecond=0)
        components = [
            _OBJECTS.VavailabilityComponent(dtstart=now + start, duration=each)
            for start in starts_in
        ]
        return await self._opted(
            opt_type=opt,
            targets=[_OBJECTS.Target(resource_id=one) for one in resources],
            vavailability=_OBJECTS.Vavailability(components=components),
            market_context=market_context or None,
        )

    async def qualify_event(self, event_id: str, opt: str, resources: list[str]) -> str:
        """Opts resources in or out of an event."""
        if event_id not in self._asked:
            raise Refused(f"the VEN does not know the event {event_id}")
        return await self._opted(
            opt_type=opt,
            targets=[_OBJECTS.Target(resource_id=one) for one in resources],
            event_id=event_id,
            modification_number=self._asked[event_id][1],
        )

    async def _opted(self, **arguments: Any) -> str:
        await self._started.create_opt(opt_reason=_ENUMS.OPT_REASON.NOT_PARTICIPATING, **arguments)
        return str(self._started.opts[-1].opt_id)

    async def cancel_opt(self, opt_id: str) -> None:
        """Cancels an opt schedule."""
        await self._started.cancel_opt(opt_id)

    async def events(self) -> list[str]:
        """Returns the events that it has and that are neither cancelled nor over."""
        return [
            str(one["event_descriptor"]["event_id"])
            for one in self._started.received_events
            if one["event_descriptor"]["event_status"] != "cancelled"
            and _UTILS.determine_event_status(one["active_period"]) != "completed"
        ]


def _noted(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the VEN ends: %r", task.exception())
