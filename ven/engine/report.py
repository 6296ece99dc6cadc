"""Reports: what is offered, what is asked for, what is made when.

Spec: rules 300 to 346 as far as they concern a source.
"""

import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from oadr.enums import ServiceName
from oadr.errors import DeploymentError, InvalidId, ProtocolError
from oadr.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    EiResponse,
    RegisteredReport,
    RegisterReport,
    ReportRequest,
    UpdateReport,
)
from oadr.report import Offer, cancel_requests, check_request
from oadr.words import listed, quoted
from runtime.hooks import HookFailed
from ven.engine.core import Core, log
from ven.engine.offers import build_offers, check_report_only, digest_of, metadata
from ven.engine.reporting import Reporting
from ven.engine.wanted import WantedEngine
from ven.errors import Refused, TransportError
from ven.state import HeldRequest, RequestState

_SERVICE = ServiceName.EI_REPORT
#: How many cancelled requests are remembered, so that a repeated cancellation is no error.
_REMEMBERED = 256
#: More requests than that at a time are no programme: a VTN that asks anew at each of its
#: starts and cancels nothing gets there after years.
MAX_REQUESTS = 1000
#: Refused requests of one message that are logged one by one.
_LOGGED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What becomes of the requests of one message."""

    accepted: tuple[HeldRequest, ...]
    response: EiResponse


class ReportEngine:
    """Offers reports and takes requests for them.

    Args:
        core: what the engines share.
        reporting: makes the reports.

    Attributes:
        wanted: the other way round: asks the VTN for reports.
    """

    def __init__(self, core: Core, reporting: Reporting) -> None:
        self._core = core
        self._reporting = reporting
        self.wanted = WantedEngine(core)
        self._cancelled: deque[str] = deque(maxlen=_REMEMBERED)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What the VEN offers."""
        return self._reporting.offers

    @property
    def digest(self) -> str:
        """Digest of the metadata as it is now."""
        return digest_of(self.offers)

    def pending(self) -> tuple[str, ...]:
        """Returns the requests that the VEN serves."""
        return self._reporting.pending()

    async def sent(self, request_id: str) -> None:
        """Notes that a report has left the outbox."""
        await self._reporting.sent(request_id)

    async def load(self) -> None:
        """Makes the offers from the meters, and takes up the requests of the last run."""
        self._reporting.offers = build_offers(one.spec for one in self._reporting.meters)
        if self._core.options.report_only:
            check_report_only(self._reporting.offers)
        await self._reporting.load()
        await self.wanted.load()

    async def register(self) -> None:
        """Sends the metadata and takes the requests that come with the answer (R301, R306).

        Raises:
            TransportError: no usable answer.
            Refused: the VTN does not accept it.
        """
        message = RegisterReport(
            request_id=self._core.new_id(),
            reports=metadata(self.offers, self._core.clock.now()),
            ven_id=self._core.party.ven_id,
        )
        reply = await self._core.ask(_SERVICE, message, RegisteredReport)
        response = await self.take_registered(message, reply)
        if response is not None:
            await self.confirm(response)

    async def take_registered(
        self, message: RegisterReport, reply: RegisteredReport
    ) -> EiResponse | None:
        """Takes the answer to metadata: older requests are void (R306), new ones may be in it.

        It is on the disk when this returns; what it returns has to be confirmed then, None
        if there is nothing to confirm.
        """
        await self._reporting.clear()
        if not reply.requests:
            return None
        return await self._take(reply.requests, reply.response.request_id or message.request_id)

    async def on_create(self, message: CreateReport) -> None:
        """Answers a request for reports, then serves it (R304, R329, R340)."""
        if await self._foreign(message):
            return
        await self.confirm(await self._take(message.requests, message.request_id))

    async def on_cancel(self, message: CancelReport) -> None:
        """Answers a cancellation; all its requests are cancelled or none (R336, R345)."""
        if await self._foreign(message):
            return
        response = EiResponse(request_id=message.request_id)
        try:
            await self.cancel(message)
        except ProtocolError as error:
            response = _error(error, message.request_id)
            log.warning("cancellation of reports refused: %s", error, extra=self._core.extra)
        pending = self._reporting.pending()
        await self._core.tell(
            _SERVICE,
            CanceledReport(response=response, pending=pending, ven_id=self._core.party.ven_id),
        )

    async def cancel(self, message: CancelReport, *, among: Iterable[str] | None = None) -> None:
        """Obeys a cancellation, whether or not it wants an answer.

        Args:
            message: the cancellation.
            among: the requests that it may name (R328); None for all.

        Raises:
            InvalidId: it names one that is not scheduled; nothing is cancelled.
        """
        wanted = [name for name in message.report_request_ids if name not in self._cancelled]
        pending = self._reporting.pending()
        allowed = pending if among is None else tuple(set(among) & set(pending))
        cancel_requests(allowed, wanted)
        await self._reporting.cancel(wanted, follow=message.report_to_follow)
        for name in wanted:
            self._cancelled.append(name)
            context = self._core.context(self._core.clock.now())
            await self._core.hooks.notify("on_report_cancelled", name, context)
            log.info(
                "report %s cancelled", quoted(name), extra={**self._core.extra, "report": name}
            )

    async def on_register(self, message: RegisterReport) -> None:
        """Answers the VTN's own metadata (R301)."""
        await self.wanted.on_register(message, self._response_to(message))

    async def on_update(self, message: UpdateReport) -> None:
        """Answers reports of the VTN (R304)."""
        await self.wanted.on_update(message, self._response_to(message))

    async def flush(self) -> None:
        """Confirms requests whose confirmation the VTN has not taken, and makes our own.

        Raises:
            TransportError: it cannot be reached, or cannot be understood.
            Refused: the VTN does not know this VEN.
        """
        waiting = [
            held.created_for
            for held in self._reporting.requests
            if held.state is RequestState.ACCEPTED
        ]
        for request_id in dict.fromkeys(waiting):
            await self.confirm(EiResponse(request_id=request_id))
        await self.wanted.flush()

    async def confirm(self, response: EiResponse) -> None:
        """Sends oadrCreatedReport; what it announces is made only afterwards (R324, R329).

        Raises:
            TransportError: it cannot be reached, or cannot be understood.
            Refused: the VTN does not know this VEN.
        """
        core = self._core
        message = CreatedReport(
            response=response, pending=self._reporting.pending(), ven_id=core.party.ven_id
        )
        what = f"oadrCreatedReport {response.request_id}"
        try:
            await core.tell(_SERVICE, message)
        except (TransportError, Refused) as error:
            if core.lost or not core.patience.exhausted(what, error):
                raise
            # The VTN has asked for the reports, so it gets them all the same.
            log.warning("%s is given up: %s", what[:80], error, extra=core.extra)
        core.patience.forget(what)
        await self._reporting.confirmed(response.request_id)

    async def _take(self, requests: Sequence[ReportRequest], request_id: str) -> EiResponse:
        verdict = await self._judge(requests, request_id)
        await self._reporting.accept(verdict.accepted)
        return verdict.response

    async def _judge(self, requests: Sequence[ReportRequest], request_id: str) -> _Verdict:
        """Decides about each request on its own; the first error is the one that is told."""
        errors: list[ProtocolError] = []
        accepted: dict[str, HeldRequest] = {}
        for request in requests:
            try:
                held = await self._accept(request, request_id, accepted)
            except ProtocolError as error:
                errors.append(error)
                self._log_refusal(request, error, len(errors))
            else:
                if held is not None:
                    accepted[held.request_id] = held
        response = _error(errors[0], request_id) if errors else EiResponse(request_id=request_id)
        return _Verdict(accepted=tuple(accepted.values()), response=response)

    def _log_refusal(self, request: ReportRequest, error: ProtocolError, number: int) -> None:
        name = request.report_request_id
        where = {**self._core.extra, "report": name, "rule": error.rule}
        level = logging.WARNING if number <= _LOGGED else logging.DEBUG
        log.log(level, "report %s refused: %s", quoted(name), error.description, extra=where)

    async def _accept(
        self, request: ReportRequest, request_id: str, accepted: Mapping[str, HeldRequest]
    ) -> HeldRequest | None:
        """Returns a request to be served; None if it is being served already."""
        core, now = self._core, self._core.clock.now()
        kind = check_request(request, self.offers, self._reporting.pending(), now=now)
        self._reporting.check_kept(request, kind)
        known = self._reporting.find(request.report_request_id)
        if known is not None and known.request == request:
            return None
        if known is None and len(self._reporting.requests) + len(accepted) >= MAX_REQUESTS:
            raise DeploymentError(f"this VEN serves {MAX_REQUESTS} requests and takes no more")
        try:
            await core.hooks.observe("on_report_requested", request, core.context(now))
        except HookFailed as error:
            log.error("%s", error, extra=core.extra)
        where = {**core.extra, "report": request.report_request_id}
        log.info(
            "report %s: %s, %s",
            quoted(request.report_request_id),
            listed((point.r_id for point in request.data_points), most=3),
            kind,
            extra=where,
        )
        return HeldRequest(request=request, kind=kind, accepted_at=now, created_for=request_id)

    def _response_to(
        self, message: CreateReport | CancelReport | RegisterReport | UpdateReport
    ) -> EiResponse:
        """Returns success, or an error if the message is for another VEN (R21)."""
        ven_id = self._core.party.ven_id
        if message.ven_id is not None and message.ven_id != ven_id:
            wrong = InvalidId(f"this VEN is not {message.ven_id!r}", rule="R21")
            return _error(wrong, message.request_id)
        return EiResponse(request_id=message.request_id)

    async def _foreign(self, message: CreateReport | CancelReport) -> bool:
        """Answers a message for another VEN and returns whether it was one."""
        response = self._response_to(message)
        if response.ok:
            return False
        kind = CreatedReport if isinstance(message, CreateReport) else CanceledReport
        answer = kind(
            response=response, pending=self._reporting.pending(), ven_id=self._core.party.ven_id
        )
        await self._core.tell(_SERVICE, answer)
        return True


def _error(error: ProtocolError, request_id: str) -> EiResponse:
    return EiResponse(code=error.code, description=error.description, request_id=request_id)
