"""The VEN as a requester: what it wants of the VTN, and what it gets (R306, R335).

A request stands until the program ends it: it survives restarts, and is made again when
the VTN has registered its metadata anew, which has cancelled it (R306).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from oadr.enums import ReadingType, ServiceName
from oadr.errors import ComplianceError, InvalidId, ProtocolError
from oadr.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    EiResponse,
    RegisteredReport,
    RegisterReport,
    Report,
    ReportRequest,
    UpdatedReport,
    UpdateReport,
)
from oadr.report import (
    METADATA,
    Offer,
    Reading,
    RequestKind,
    check_update,
    findings,
    kind_of,
    read_metadata,
    unpack,
)
from oadr.times import ZERO, end_of
from oadr.words import quoted
from runtime.hooks import HookFailed
from ven.engine.core import Core, log
from ven.errors import Refused, TransportError
from ven.state.wanted import Wanted, WantedState

_SERVICE = ServiceName.EI_REPORT
_ONCE = frozenset({RequestKind.ONE_SHOT, RequestKind.HISTORY})
#: What the VTN has agreed to, or may have.
_RUNNING = frozenset({WantedState.QUEUED, WantedState.ACTIVE})


class WantedEngine:
    """Asks the VTN for reports, and takes them.

    Attributes:
        offers: what the VTN offers.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.offers: tuple[Offer, ...] = ()

    async def load(self) -> None:
        """Takes up what the VTN offered in the last run."""
        message = await self._core.state.wanted.metadata()
        self.offers = read_metadata(message.reports) if message is not None else ()

    def offer(self, specifier_id: str) -> Offer | None:
        """Returns an offer of the VTN; None if there is no such one."""
        return next((one for one in self.offers if one.specifier_id == specifier_id), None)

    # What this VEN wants

    async def request(self, requests: Sequence[ReportRequest]) -> None:
        """Asks for reports, in one message; they stand over restarts.

        If the VTN cannot be reached, or a handler asks, it is told as soon as it can.

        Raises:
            ComplianceError: no requester may send one of them; none is sent.
            Refused: the VTN does not take them, or one of them; that one is forgotten.
        """
        for one in requests:
            _check(one)
        await self._core.state.wanted.add(requests)
        names = {one.report_request_id for one in requests}
        await self._soon(names)

    async def cancel(self, request_ids: Sequence[str], *, follow: bool = False) -> None:
        """Ends requests.

        If the VTN cannot be reached, or a handler ends them, it is told as soon as it can:
        a handler that has just got the report ends it with the confirmation (R328).

        Raises:
            InvalidId: there is no such request.
        """
        known = {one.request_id for one in await self._core.state.wanted.all()}
        unknown = [name for name in request_ids if name not in known]
        if unknown:
            raise InvalidId(f"this VEN has made no request {quoted(unknown[0])}", rule="R336")
        await self._core.state.wanted.cancel(request_ids, follow=follow)
        await self._soon(set(request_ids))

    async def _soon(self, names: set[str]) -> None:
        core = self._core
        if core.turn.mine or core.registration is None:
            core.woken.set()
            return
        try:
            async with core.turn:
                await self._send(names)
        except TransportError as error:
            log.warning("reports of the VTN: told later: %s", error, extra=core.extra)
            core.woken.set()

    async def flush(self) -> None:
        """Tells the VTN what it does not know yet.

        Raises:
            TransportError: it cannot be reached, or cannot be understood.
            Refused: the VTN does not know this VEN.
        """
        try:
            await self._send()
        except Refused as error:
            if self._core.lost:
                raise
            log.warning("a report of the VTN: %s", error, extra=self._core.extra)

    async def _send(self, names: set[str] | None = None) -> None:
        held = await self._core.state.wanted.all()
        mine = [one for one in held if names is None or one.request_id in names]
        await self._ask([one for one in mine if one.state is WantedState.QUEUED])
        ending = [one for one in mine if one.state is WantedState.CANCELLING]
        for follow in (False, True):
            await self._end([one for one in ending if one.follow is follow], follow=follow)

    async def _ask(self, wanted: Sequence[Wanted]) -> None:
        """Asks for reports, one by one if the VTN does not take all of them (R304, R340)."""
        core = self._core
        if not wanted:
            return
        message = CreateReport(
            request_id=core.new_id(),
            requests=tuple(one.request for one in wanted),
            ven_id=core.party.ven_id,
        )
        try:
            await core.ask(_SERVICE, message, CreatedReport)
        except Refused:
            if core.lost:
                raise
            if len(wanted) == 1:
                await core.state.wanted.remove(wanted[0].request_id)
                raise
            await self._ask_singly(wanted)
            return
        await core.state.wanted.set({one.request_id: WantedState.ACTIVE for one in wanted})

    async def _ask_singly(self, wanted: Sequence[Wanted]) -> None:
        first: Refused | None = None
        for one in wanted:
            try:
                await self._ask([one])
            except Refused as error:
                if self._core.lost:
                    raise
                first = first or error
        if first is not None:
            raise first

    async def _end(self, wanted: Sequence[Wanted], *, follow: bool) -> None:
        """Cancels requests; what the VTN does not know any more has ended as well (R336)."""
        core = self._core
        if not wanted:
            return
        message = CancelReport(
            request_id=core.new_id(),
            report_request_ids=tuple(one.request_id for one in wanted),
            report_to_follow=follow,
            ven_id=core.party.ven_id,
        )
        state = WantedState.FOLLOWING if follow else WantedState.ENDED
        try:
            await core.ask(_SERVICE, message, CanceledReport)
        except Refused as error:
            if core.lost:
                raise
            if len(wanted) > 1:
                for one in wanted:
                    await self._end([one], follow=follow)
                return
            log.info("%s: %s", quoted(wanted[0].request_id), error, extra=core.extra)
            state = WantedState.ENDED
        await core.state.wanted.set({one.request_id: state for one in wanted})

    # What the VTN sends

    async def on_register(self, message: RegisterReport, response: EiResponse) -> None:
        """Takes the VTN's metadata: it replaces the last (R306, R308); requests are renewed."""
        core = self._core
        states: dict[str, WantedState] = {}
        if response.ok:
            try:
                offers = read_metadata(message.reports)
            except ProtocolError as error:
                response = _error(error, message.request_id)
                log.warning("metadata of the VTN refused: %s", error, extra=core.extra)
            else:
                held = await core.state.wanted.all()
                states = _after_metadata(held, message, core.clock.now())
                await core.state.wanted.learn(message, states)
                self.offers = offers
        await core.tell(_SERVICE, RegisteredReport(response=response, ven_id=core.party.ven_id))
        if response.ok:
            await core.hooks.notify("on_vtn_offers", self.offers, core.context(core.clock.now()))
        if WantedState.QUEUED in states.values():
            core.woken.set()

    async def on_update(self, message: UpdateReport, response: EiResponse) -> None:
        """Takes reports of the VTN: all are kept, or none (R304)."""
        core = self._core
        cancellation: CancelReport | None = None
        if response.ok:
            try:
                cancellation = await self._take(message.reports)
            except ProtocolError as error:
                response = _error(error, message.request_id)
                log.warning("reports of the VTN refused: %s", error, extra=core.extra)
        await core.tell(
            _SERVICE,
            UpdatedReport(response=response, cancel_report=cancellation, ven_id=core.party.ven_id),
        )

    async def _take(self, reports: Sequence[Report]) -> CancelReport | None:
        """Keeps what is in reports, tells it, and returns what is to end with it (R328).

        Raises:
            ProtocolError: one of them is not what was asked for; nothing is kept.
        """
        core = self._core
        held = {one.request_id: one for one in await core.state.wanted.all()}
        found: dict[str, list[Reading]] = {}
        for report in reports:
            wanted = held.get(report.report_request_id)
            if wanted is None:
                name = quoted(report.report_request_id)
                raise InvalidId(f"this VEN has not asked for report {name}", rule="R304")
            found.setdefault(wanted.request_id, []).extend(self._read(report, wanted))
        new = await core.state.wanted.keep(found)
        await self._tell({name: (held[name], new[name]) for name in found if new[name]})
        return await self._settle(tuple(found))

    def _read(self, report: Report, wanted: Wanted) -> tuple[Reading, ...]:
        request = wanted.request
        offer = self.offer(request.report_specifier_id) or Offer(
            specifier_id=request.report_specifier_id,
            report_name="",
            duration=ZERO,
            points=(),
        )
        check_update(report, request, offer)
        for finding in findings(report, request, offer):
            log.info("report %s: %s", quoted(wanted.request_id), finding, extra=self._core.extra)
        return unpack(report, points=offer.by_id() or None)

    async def _tell(self, news: Mapping[str, tuple[Wanted, Sequence[Reading]]]) -> None:
        core = self._core
        for name, (wanted, readings) in news.items():
            context = core.context(core.clock.now())
            try:
                await core.hooks.observe("on_vtn_reports", wanted.request, readings, context)
            except HookFailed as error:
                log.error("%s", error, extra=core.extra)
            await core.state.wanted.told({name: readings})

    async def _settle(self, reported: Sequence[str]) -> CancelReport | None:
        """Notes what reports say about their requests, and cancels those that have ended.

        What was cancelled and comes all the same is cancelled again, by itself (R335).
        """
        core = self._core
        states: dict[str, WantedState] = {}
        ending: list[str] = []
        for one in await core.state.wanted.all():
            if one.request_id not in reported:
                continue
            if one.state is WantedState.CANCELLING and not one.follow:
                ending.append(one.request_id)
                states[one.request_id] = WantedState.ENDED
            elif one.state is WantedState.FOLLOWING:
                states[one.request_id] = WantedState.ENDED
            elif one.state in _RUNNING:
                once = kind_of(one.request, self.offer(one.request.report_specifier_id)) in _ONCE
                states[one.request_id] = WantedState.ENDED if once else WantedState.ACTIVE
            elif one.state is WantedState.ENDED and not self._ends_itself(one):
                states[one.request_id] = WantedState.CANCELLING
                core.woken.set()
        await core.state.wanted.set(states)
        if not ending:
            return None
        return CancelReport(
            request_id=core.new_id(), report_request_ids=tuple(ending), ven_id=core.party.ven_id
        )

    def _ends_itself(self, wanted: Wanted) -> bool:
        offer = self.offer(wanted.request.report_specifier_id)
        return kind_of(wanted.request, offer) in _ONCE or wanted.follow


def _after_metadata(
    held: Sequence[Wanted], message: RegisterReport, now: datetime
) -> dict[str, WantedState]:
    """Returns where requests stand once the VTN has registered its metadata (R306).

    Those for reports are void and made again unless they are over; those for periodic
    metadata go on.
    """
    states: dict[str, WantedState] = {}
    for one in held:
        if one.request.report_specifier_id == METADATA:
            came = one.request_id == message.report_request_id
            if came and not one.request.report_back_duration and one.state in _RUNNING:
                states[one.request_id] = WantedState.ENDED
        elif one.state is WantedState.ACTIVE:
            states[one.request_id] = WantedState.ENDED if _is_over(one, now) else WantedState.QUEUED
        elif one.state in {WantedState.CANCELLING, WantedState.FOLLOWING}:
            states[one.request_id] = WantedState.ENDED
    return states


def _check(request: ReportRequest) -> None:
    """Returns if a request says what it must and no more (R321, R324, R338)."""
    where = f"request {quoted(request.report_request_id)}"
    if request.report_back_duration > ZERO and request.report_interval is None:
        raise ComplianceError(f"{where}: what is periodic needs a reportInterval", rule="R324")
    for point in request.data_points:
        if point.unit is not None:
            raise ComplianceError(f"{where}: a request names no unit; leave it out", rule="R321")
        if point.reading_type != ReadingType.NOT_APPLICABLE:
            raise ComplianceError(
                f"{where}: readingType is {quoted(point.reading_type)}; expected x-notApplicable",
                rule="R338",
            )


def _is_over(wanted: Wanted, now: datetime) -> bool:
    period = wanted.request.report_interval
    repeated = wanted.request.report_back_duration > ZERO
    return repeated and period is not None and end_of(period.dtstart, period.duration) <= now


def _error(error: ProtocolError, request_id: str) -> EiResponse:
    return EiResponse(code=error.code, description=error.description, request_id=request_id)
