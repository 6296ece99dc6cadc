"""What a peer offers, is asked for and reports."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr import messages as m
from oadr.report import Offer, build_metadata, usage_offer
from oadr.times import ZERO
from oadr.units import unit

MINUTE = timedelta(minutes=1)


class Telemetry:
    """The part of a peer that reports.

    Attributes:
        requests: what the VTN has asked for so far, the latest last.
    """

    ven_id: str
    _now: Callable[[], datetime]

    def __init__(self) -> None:
        self.requests: list[m.ReportRequest] = []

    async def post(self, message: m.Message) -> Any:
        """Returns the reply to a message."""
        raise NotImplementedError

    async def offer(
        self,
        *r_ids: str,
        measurement: str = "energyReal",
        specifier_id: str = "usage",
        offers: Sequence[Offer] = (),
    ) -> tuple[m.ReportRequest, ...]:
        """Offers telemetry, confirms what the VTN asks for at once, and returns that.

        Args:
            r_ids: names of the data points; ``main`` if there is none.
            measurement: what they measure, one of ``oadr.units.MEASUREMENTS``.
            specifier_id: name of the report.
            offers: what to offer, in place of all that.
        """
        wanted = offers or [
            usage_offer(
                specifier_id,
                {r_id: unit(measurement) for r_id in r_ids or ("main",)},
                min_period=timedelta(seconds=1),
                max_period=timedelta(hours=1),
                duration=timedelta(days=1),
            )
        ]
        reply = await self.post(
            m.RegisterReport(
                request_id=uuid.uuid4().hex,
                ven_id=self.ven_id,
                reports=build_metadata(wanted, self._now()),
            )
        )
        if not isinstance(reply, m.RegisteredReport) or not reply.response.ok:
            raise AssertionError(f"the VTN does not take the offer: {reply!r}")
        await self.take(reply.requests, reply.response.request_id)
        return reply.requests

    async def take(self, requests: Sequence[m.ReportRequest], request_id: str) -> None:
        """Confirms requests.

        Args:
            requests: those of an oadrRegisteredReport or an oadrCreateReport.
            request_id: of that message.
        """
        if not requests:
            return
        self.requests += requests
        pending = tuple(one.report_request_id for one in self.requests)
        await self.post(
            m.CreatedReport(
                response=m.EiResponse(request_id=request_id),
                pending=pending,
                ven_id=self.ven_id,
            )
        )

    async def report(
        self,
        values: Sequence[float | Decimal | str],
        *,
        r_id: str = "main",
        start: datetime | None = None,
        every: timedelta = MINUTE,
        request: m.ReportRequest | None = None,
    ) -> int:
        """Reports readings, and returns the code of the VTN's reply.

        Args:
            values: one for each interval.
            r_id: the data point.
            start: of the first; so that the last one ends now if None.
            every: length of each interval.
            request: that it answers; the latest if None.

        Raises:
            ValueError: nothing has been asked for.
        """
        if request is None:
            if not self.requests:
                raise ValueError("the VTN has asked for no report; await offer() first")
            request = self.requests[-1]
        now = self._now()
        first = start or now - len(values) * every
        report = m.Report(
            dtstart=first,
            duration=len(values) * every or ZERO,
            intervals=tuple(
                m.Interval(
                    dtstart=first + number * every,
                    duration=every,
                    uid=str(number),
                    payloads=(m.ReportPayload(r_id=r_id, value=Decimal(str(value))),),
                )
                for number, value in enumerate(values)
            ),
            report_request_id=request.report_request_id,
            report_specifier_id=request.report_specifier_id,
            report_name="TELEMETRY_USAGE",
            created_date_time=now,
        )
        reply = await self.post(
            m.UpdateReport(request_id=uuid.uuid4().hex, reports=(report,), ven_id=self.ven_id)
        )
        if not isinstance(reply, m.UpdatedReport):
            raise AssertionError(f"expected oadrUpdatedReport, got {reply!r}")
        return reply.response.code
