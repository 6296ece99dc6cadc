"""How a program asks the VTN for reports: the VEN as a requester.

Spec: rules R300, R306, R322, R324, R325, R328, R336 and R345.
"""

from datetime import datetime, timedelta

from oadr.errors import InvalidId
from oadr.messages import Period, ReportRequest
from oadr.report import (
    METADATA,
    Offer,
    Reading,
    build_history_request,
    build_metadata_request,
    build_one_shot,
    build_request,
)
from oadr.times import ZERO
from oadr.words import listed, quoted
from runtime.durations import duration_from
from ven.engine.machine import Machine


class Requesting:
    """The part of the client that asks for reports."""

    _machine: Machine

    @property
    def vtn_offers(self) -> tuple[Offer, ...]:
        """What the VTN offers to report."""
        return self._machine.reports.wanted.offers

    async def request_report(
        self,
        specifier_id: str,
        *r_ids: str,
        every: timedelta | str = ZERO,
        deliver: timedelta | str = ZERO,
        start: datetime | None = None,
        duration: timedelta | str = ZERO,
    ) -> str:
        """Asks the VTN for a report that it offers, and returns the reportRequestID.

        With ``deliver`` it comes again and again, without it once and now; a report of
        history comes once and covers ``start`` to ``start + duration``. The request stands
        over restarts. If the VTN cannot be reached, it is asked as soon as it can.

        Args:
            specifier_id: of the report, one of ``vtn_offers``.
            r_ids: the data points; all of the report if left out.
            every: time between two values; 0 is at each change.
            deliver: time between two reports.
            start: of the data; now if left out, for history all that there is.
            duration: for how long; 0 is for ever, for history up to now.

        Raises:
            InvalidId: the VTN offers no such thing (R304).
            InvalidData: that is more than it offers (R340).
            Refused: the VTN does not take it.
        """
        await self._machine.load()
        offer = self._machine.reports.wanted.offer(specifier_id)
        if offer is None:
            known = listed(one.specifier_id for one in self.vtn_offers) or "nothing"
            raise InvalidId(
                f"the VTN offers no report {quoted(specifier_id)}; it offers: {known}", rule="R304"
            )
        core, wanted = self._machine.core, r_ids or None
        name, now, back = core.new_id(), core.clock.now(), duration_from(deliver)
        if offer.is_history:
            since = start if start is not None else now - offer.duration
            request = build_history_request(
                offer,
                request_id=name,
                start=since,
                duration=duration_from(duration),
                r_ids=wanted,
            )
        elif not back:
            request = build_one_shot(offer, request_id=name, now=now, r_ids=wanted)
        else:
            request = build_request(
                offer,
                request_id=name,
                now=now,
                start=start,
                duration=duration_from(duration),
                granularity=duration_from(every),
                back=back,
                r_ids=wanted,
            )
        await self.request_reports(request)
        return name

    async def request_reports(self, *requests: ReportRequest) -> None:
        """Asks the VTN for several reports in one message, offered or not.

        Args:
            requests: made with ``oadr.report.build_request`` and its like; IDs are unique.

        Raises:
            ComplianceError: one of them does not conform (R321, R324, R338).
            Refused: the VTN does not take one of them; the others stand.
        """
        await self._machine.load()
        await self._machine.reports.wanted.request(requests)

    async def request_metadata(self, every: timedelta | str = ZERO) -> str:
        """Asks the VTN for its metadata, and returns the reportRequestID (R308).

        It comes in the way of all metadata: ``on_vtn_offers`` hears of it.

        Args:
            every: time between two registrations; 0 is once.

        Raises:
            Refused: the VTN does not take it.
        """
        core, back = self._machine.core, duration_from(every)
        request = build_metadata_request(core.new_id())
        if back:
            start = core.clock.now().replace(microsecond=0)
            request = ReportRequest(
                report_request_id=request.report_request_id,
                report_specifier_id=METADATA,
                granularity=ZERO,
                report_back_duration=back,
                report_interval=Period(dtstart=start, duration=ZERO),
                data_points=request.data_points,
            )
        await self.request_reports(request)
        return request.report_request_id

    async def cancel_reports(self, *report_request_ids: str, follow: bool = False) -> None:
        """Ends reports that this VEN has asked the VTN for.

        If the VTN cannot be reached, it is told as soon as it can.

        Args:
            report_request_ids: as they were returned.
            follow: whether a final report is wanted (R345).

        Raises:
            InvalidId: there is no such request.
        """
        await self._machine.load()
        await self._machine.reports.wanted.cancel(report_request_ids, follow=follow)

    async def vtn_readings(self, report_request_id: str) -> tuple[Reading, ...]:
        """Returns what the VTN has reported for a request, oldest first; the newest 10,000."""
        await self._machine.load()
        return await self._machine.core.state.wanted.readings(report_request_id)
