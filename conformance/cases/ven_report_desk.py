"""What the VTN of the kit does to have reports of a VEN under test."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from conformance.case import FOREVER, Inconclusive, Skipped, VenTest
from conformance.checks import Side
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.requests import ZERO, in_common
from oadr import messages as m

ANSWERS = demand(329, "answers_request", "A request for reports is answered: oadrCreatedReport.")
ECHOES = demand(
    303, "echoes_of_request", "oadrCreatedReport has the requestID of what brought the request."
)
TAKES = demand(300, "takes_what_it_offers", "A VEN takes a request for what it offers.")
LISTS = demand(329, "lists_all", "oadrPendingReports lists each report that is still to come.")
NO_DATA = "no oadrUpdateReport for it"
TELEMETRY = ("TELEMETRY_USAGE", "TELEMETRY_STATUS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A report, and the exchange that brought it."""

    report: m.Report
    recorded: Recorded


@dataclass(kw_only=True)
class Desk:
    """Asks for reports, and sees what comes.

    Attributes:
        t: the case.
        running: reportRequestIDs of what is asked for again and again.
        backs: the reportBackDuration of all that was asked for, by reportRequestID.
    """

    t: VenTest
    running: list[str] = field(default_factory=list)
    backs: dict[str, timedelta] = field(default_factory=dict)

    def offer(self, *names: str) -> m.Report:
        """Returns the first metadata report with one of these names, without METADATA_.

        Raises:
            Skipped: the VEN offers none of them.
        """
        for name in names:
            for one in self.t.vtn.offers or ():
                if (one.report_name or "").removeprefix("METADATA_") == name and one.descriptions:
                    return one
        raise Skipped(f"the VEN offers no {' or '.join(names)}")

    def sampled(self, *names: str) -> m.Report:
        """Returns such a report with those data points that have a granularity in common.

        Raises:
            Skipped: the VEN offers none of them.
        """
        return in_common(self.offer(*names))

    def new_id(self) -> str:
        """Returns a reportRequestID that was never used."""
        return self.t.vtn.new_id("report")

    def in_units(self, units: float) -> datetime:
        """Returns the moment so many short whiles from now, in whole seconds."""
        return (self.t.clock.now() + self.t.device.unit * units).replace(microsecond=0)

    # What it says

    async def ask(self, *requests: m.ReportRequest, request_id: str = "") -> m.CreatedReport | None:
        """Asks for reports, and returns the answer; None if none came that can be read."""
        t = self.t
        self.backs |= {one.report_request_id: one.report_back_duration for one in requests}
        message = m.CreateReport(
            request_id=request_id or t.vtn.new_id("create"),
            requests=requests,
            ven_id=t.vtn.ven_id,
        )
        heard = await t.answer(message)
        created = None if heard is None else t.said(heard, m.CreatedReport)
        if not t.expect(ANSWERS, heard is not None, "no oadrCreatedReport"):
            return None
        if created is not None:
            self.look_at(created, message.request_id, heard)
            if created.response.ok:
                self.running += [one.report_request_id for one in requests if _repeated(one)]
        return created

    def look_at(self, created: m.CreatedReport, request_id: str, heard: Recorded | None) -> None:
        """Looks whether an answer names the message that brought the request."""
        found = created.response.request_id
        self.t.expect(ECHOES, found == request_id, f"requestID {found!r}", heard)

    async def take(self, *requests: m.ReportRequest, request_id: str = "") -> bool:
        """Asks for reports that the VEN offers; whether it takes the request."""
        created = await self.ask(*requests, request_id=request_id)
        if created is None:
            return False
        seen = f"{created.response.code} {created.response.description or ''}".strip()
        if not self.t.expect(TAKES, created.response.ok, seen):
            return False
        self.list_all(created.pending)
        return True

    async def take_in_time(
        self, asking: Callable[[float], m.ReportRequest]
    ) -> m.ReportRequest | None:
        """Asks for a report that is to begin later, so that the VEN hears of it before.

        Args:
            asking: makes the request, to begin so many short whiles from now.

        Returns:
            The request that the VEN has taken; None if it took none.

        Raises:
            Inconclusive: the VEN always hears of it too late.
        """
        # A VEN may poll less often than it is asked to.
        for ahead in (1, 5):
            request = asking(ahead)
            if not await self.take(request):
                return None
            period = request.report_interval
            if period is None or self.t.clock.now() <= period.dtstart:
                return request
            await self.cancel(request.report_request_id)
        raise Inconclusive("the VEN hears of a request when its time has begun")

    def list_all(self, pending: tuple[str, ...]) -> None:
        """Looks whether all that runs is listed."""
        missing = [one for one in self.running if one not in pending]
        self.t.expect(LISTS, not missing, f"without {', '.join(missing)}")

    async def cancel(self, *request_ids: str, follow: bool = False) -> m.CanceledReport | None:
        """Cancels reports, and returns the answer; None if none came that can be read."""
        message = m.CancelReport(
            request_id=self.t.vtn.new_id("cancel"),
            report_request_ids=request_ids,
            report_to_follow=follow,
            ven_id=self.t.vtn.ven_id,
        )
        heard = await self.t.answer(message)
        answer = None if heard is None else self.t.said(heard, m.CanceledReport)
        if answer is not None and answer.response.ok:
            self.running = [one for one in self.running if one not in request_ids]
        return answer

    async def clear(self) -> None:
        """Cancels all that runs: one by one if the VEN does not take it together (R336)."""
        names = tuple(self.running)
        answer = await self.cancel(*names)
        if len(names) > 1 and (answer is None or not answer.response.ok):
            for name in names:
                await self.cancel(name)

    # What it sees

    def came(self, request_id: str) -> list[Came]:
        """Returns the reports for a request so far; what is sent once more counts once (R346)."""
        found: list[Came] = []
        for recorded in self.t.tape.recorded:
            for report in reports_in(recorded):
                known = any(report == one.report for one in found)
                if report.report_request_id == request_id and not known:
                    found.append(Came(report=report, recorded=recorded))
        return found

    async def wait_for(
        self, request_id: str, count: int = 1, units: float | None = None
    ) -> list[Came]:
        """Returns the reports for a request as soon as there are so many, or time is up.

        Args:
            request_id: the reportRequestID.
            count: how many.
            units: short whiles; left out, as many as that many reports need, and four.
        """
        if units is None:
            units = 4 + count * (self.backs.get(request_id, ZERO) / self.t.device.unit)
        wanted = self.t.tape.wait(lambda one: len(self.came(request_id)) >= count, within=FOREVER)
        await self.t.in_time(wanted, units)
        return self.came(request_id)


def reports_in(recorded: Recorded) -> tuple[m.Report, ...]:
    """Returns the data that a VEN sends in an exchange."""
    if recorded.asked_by is not Side.VEN or recorded.asked.name != "oadrUpdateReport":
        return ()
    message = recorded.asked.message
    return message.reports if isinstance(message, m.UpdateReport) else ()


def starts_of(report: m.Report) -> Iterator[datetime]:
    """Yields when the intervals of a report begin (R314, R315)."""
    at = report.dtstart
    for interval in report.intervals:
        at = interval.dtstart or at
        if at is None:
            return
        yield at
        at += interval.duration or ZERO


def _repeated(request: m.ReportRequest) -> bool:
    return request.report_back_duration > timedelta(0)


@asynccontextmanager
async def reporting(t: VenTest) -> AsyncIterator[Desk]:
    """Gives a desk, with the VEN registered and its metadata there; cancels what still runs."""
    await t.joined()
    desk = Desk(t=t)
    try:
        yield desk
    finally:
        if desk.running and not t.device.fresh:
            await desk.clear()
