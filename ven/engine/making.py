"""The messages that answer a report request for one window (R300, R308, R311, R313)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from oadr.messages import RegisterReport, Report, UpdateReport
from oadr.report import Offer, Reading, RequestKind, Window, pack, split
from ven.engine.core import Core, log
from ven.engine.metering import Metering
from ven.engine.offers import metadata
from ven.state import HeldRequest

#: Intervals in one report, so that no message becomes too large for the VTN.
MAX_INTERVALS = 1000
_MICROSECOND = timedelta(microseconds=1)


class Making:
    """Makes the messages of reports.

    Args:
        core: what the engines share.
        metering: has the samples.
    """

    def __init__(self, core: Core, metering: Metering) -> None:
        self._core = core
        self._metering = metering

    async def messages(
        self, held: HeldRequest, window: Window, offers: Sequence[Offer]
    ) -> tuple[UpdateReport | RegisterReport, ...]:
        """Returns what has to be sent for a window; nothing if it is not offered any more."""
        if held.kind is RequestKind.METADATA:
            return (self._metadata(held, offers),)
        name = held.request.report_specifier_id
        offer = next((one for one in offers if one.specifier_id == name), None)
        if offer is None:
            log.warning(
                "report %s is not offered any more", held.request_id, extra=self._core.extra
            )
            return ()
        return tuple(self._update(part) for part in await self._pack(held, window, offer))

    async def _pack(self, held: HeldRequest, window: Window, offer: Offer) -> Sequence[Report]:
        now = self._core.clock.now()
        r_ids = [point.r_id for point in held.request.data_points]
        await self._metering.catch_up(r_ids, window, held.request.granularity)
        readings = await self._readings(held, window, r_ids)
        report = pack(held.request, held.kind, window, readings, offer, now=now)
        return split(report, MAX_INTERVALS)

    async def _readings(
        self, held: HeldRequest, window: Window, r_ids: Sequence[str]
    ) -> list[Reading]:
        store = self._core.state.readings
        readings: list[Reading] = []
        now = self._core.clock.now()
        if held.kind is not RequestKind.ONE_SHOT and window.start < window.end:
            readings += await store.between(r_ids, window.start, window.end)
        if held.kind is RequestKind.ONE_SHOT or window.start >= window.end:
            readings += await self._newest(r_ids, now)
        elif held.kind is RequestKind.ON_CHANGE:
            # What changed is told from what was before; that value may be older than the window.
            have = {(one.r_id, one.start) for one in readings}
            before = await self._newest(r_ids, window.start - _MICROSECOND)
            readings += [one for one in before if (one.r_id, one.start) not in have]
        return readings

    async def _newest(self, r_ids: Sequence[str], at: datetime) -> list[Reading]:
        found = [await self._core.state.readings.newest(r_id, at) for r_id in r_ids]
        return [reading for reading in found if reading is not None]

    def _update(self, report: Report) -> UpdateReport:
        return UpdateReport(
            request_id=self._core.new_id(), reports=(report,), ven_id=self._core.party.ven_id
        )

    def _metadata(self, held: HeldRequest, offers: Sequence[Offer]) -> RegisterReport:
        return RegisterReport(
            request_id=self._core.new_id(),
            reports=metadata(offers, self._core.clock.now()),
            ven_id=self._core.party.ven_id,
            report_request_id=held.request_id,
        )
