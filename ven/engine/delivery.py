"""Sends what waits in the outbox, in its order, until the VTN has confirmed it.

Nothing is forgotten because the VTN is away. What it refuses for good, or cannot digest
after some attempts, is parked, so that the rest can go on.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

from oadr.enums import ServiceName
from oadr.errors import NotRegistered, OpenADRError, ProtocolError
from oadr.messages import RegisteredReport, RegisterReport, UpdatedReport, UpdateReport
from ven.backoff import BackOff
from ven.engine.core import Core, log
from ven.engine.report import ReportEngine
from ven.engine.shape import Shape
from ven.engine.told import Told
from ven.errors import Refused, TransportError
from ven.state import OutboxRow

_SERVICE = ServiceName.EI_REPORT
#: Reports that are parked between two looks at how many are kept.
_PRUNE_EVERY = 100


class Delivery:
    """Empties the outbox.

    Args:
        core: what the engines share.
        reports: takes what comes back with a confirmation.
        outgoing: is set when there is something to send.
    """

    def __init__(self, core: Core, reports: ReportEngine, outgoing: asyncio.Event) -> None:
        self._core = core
        self._reports = reports
        self._outgoing = outgoing
        self._waiting = False
        self._told = Told()
        self._shape = Shape()

    async def run(self) -> None:
        """Sends for as long as the program runs."""
        core, backoff = self._core, self._core.backoff()
        await core.state.outbox.prune_parked(core.options.parked_reports)
        while True:
            await core.ready.wait()
            self._outgoing.clear()
            try:
                sent = await self.send_first()
            except OpenADRError as error:
                await core.pause(self._failed(error, backoff))
                continue
            backoff.succeeded()
            if sent and self._waiting:
                self._waiting = False
                log.info("reports go out again", extra=core.extra)
            if not sent and core.ready.is_set():
                await self._outgoing.wait()

    async def send_first(self) -> bool:
        """Sends the oldest report and returns whether there was one.

        Raises:
            TransportError: it could not be sent; it stays.
            Refused: the VTN does not know this VEN, or may take it later; it stays.
        """
        core = self._core
        async with core.turn:
            if not core.ready.is_set():
                return False
            row = await core.state.outbox.first()
            if row is None:
                return False
            try:
                await self._send(row)
            except (TransportError, Refused) as error:
                await self._not_sent(row, error)
            else:
                core.patience.forget(_name(row))
            await self._reports.sent(row.report_request_id)
            return True

    def _failed(self, error: OpenADRError, backoff: BackOff) -> timedelta:
        """Returns how long to wait; the log has one line for a row of failures."""
        level = log.debug if self._waiting else log.warning
        level("reports wait: %s", error, extra=self._core.extra)
        self._waiting = True
        return self._core.wait_after(error, backoff)

    async def _send(self, row: OutboxRow) -> None:
        """Sends a report; it leaves the outbox when what came back is on the disk."""
        core = self._core
        # The VTN may have given this VEN another venID since the report was made.
        message = replace(row.message, ven_id=core.party.ven_id)
        if isinstance(message, RegisterReport):
            metadata = await core.ask(_SERVICE, message, RegisteredReport)
            response = await self._reports.take_registered(message, metadata)
            await core.state.outbox.delivered(row.number)
            if response is not None:
                await self._reports.confirm(response)
            return
        reply = await core.ask(_SERVICE, self._shape.of(message), UpdatedReport)
        await self._cancel(message, reply)
        await core.state.outbox.delivered(row.number)
        await core.hooks.notify("on_report_sent", message.reports, core.context(core.clock.now()))

    async def _cancel(self, message: UpdateReport, reply: UpdatedReport) -> None:
        """Obeys a cancellation that came with the confirmation; it wants no answer (R328)."""
        if reply.cancel_report is None:
            return
        reported = {report.report_request_id for report in message.reports}
        try:
            await self._reports.cancel(reply.cancel_report, among=reported)
        except ProtocolError as error:
            log.warning("cancellation of reports ignored: %s", error, extra=self._core.extra)

    async def _not_sent(self, row: OutboxRow, error: TransportError | Refused) -> None:
        core = self._core
        await core.state.outbox.failed(row.number)
        self._shape.failed(row.message, error)
        lost = isinstance(error, Refused) and error.code == NotRegistered.code
        if lost or not core.patience.exhausted(_name(row), error):
            raise error
        await core.state.outbox.park(row.number, str(error))
        core.parked += 1
        if core.parked % _PRUNE_EVERY == 0:
            await core.state.outbox.prune_parked(core.options.parked_reports)
        where = {**core.extra, "report": row.report_request_id}
        # A VTN that forgot a request refuses weeks of its reports, each for the same reason.
        level = log.error if self._told.new((row.report_request_id, str(error))) else log.debug
        level("report %s is given up: %s", row.report_request_id, error, extra=where)


def _name(row: OutboxRow) -> str:
    return f"report {row.number}"
