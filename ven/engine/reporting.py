"""Makes each report when it is due, and puts it into the outbox.

That a window was made and its report are written together, so a report is made once,
whatever happens in between.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from oadr.errors import InvalidData
from oadr.messages import RegisterReport, ReportRequest, UpdateReport
from oadr.report import (
    Offer,
    RequestKind,
    Window,
    closing_window,
    is_repeated,
    latest_window,
    next_window,
)
from oadr.times import format_duration
from ven.engine.core import Core, log
from ven.engine.making import Making
from ven.engine.metering import Metering
from ven.errors import StateError
from ven.meter import Meter, Sample
from ven.state import HeldRequest, RequestState
from ven.state.report import NOTHING

#: Windows that were due before that long, and of which nothing was measured, are left out:
#: nobody wants a report of nothing for each minute that this VEN was switched off.
STALE = timedelta(hours=1)
#: By how much the clock may be set back before what was made ahead of it is taken back.
SET_BACK = timedelta(minutes=1)
#: The clock is looked at so often, should somebody set it.
_LOOK = timedelta(minutes=10)
#: Reports between two looks at how much waits for the VTN.
_TRIM_EVERY = 100
_MICROSECOND = timedelta(microseconds=1)


class Reporting:
    """Report requests and when their reports are due.

    Args:
        core: what the engines share.
        metering: has the samples.
        outgoing: set when there is something to send.
    """

    def __init__(self, core: Core, metering: Metering, outgoing: asyncio.Event) -> None:
        self._core = core
        self._metering = metering
        self._making = Making(core, metering)
        self._outgoing = outgoing
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()
        self._failing = False
        self._made = 0
        metering.needed_since = self.needed_since
        self.offers: tuple[Offer, ...] = ()
        self.requests: tuple[HeldRequest, ...] = ()

    @property
    def meters(self) -> tuple[Meter, ...]:
        """The meters that are reported."""
        return self._metering.meters

    def pending(self) -> tuple[str, ...]:
        """Returns the IDs of all requests of which a report is still to come (R329).

        A request whose last report is made counts until the VTN has it, so a one-shot does,
        and one that was cancelled with a report to follow (R345).
        """
        return tuple(held.request_id for held in self.requests)

    def find(self, request_id: str) -> HeldRequest | None:
        """Returns a request that is still served."""
        return next((held for held in self.requests if held.request_id == request_id), None)

    async def load(self) -> None:
        """Reads the requests again after they have changed."""
        self.requests = await self._core.state.requests.all()
        self._changed.set()

    async def accept(self, requests: Sequence[HeldRequest]) -> None:
        """Keeps requests; each is served once ``confirmed`` was called for it."""
        async with self._lock:
            await self._core.state.requests.accept(requests)
            await self.load()

    async def confirmed(self, created_for: str) -> None:
        """Serves what the VTN was told to be accepted."""
        async with self._lock:
            await self._core.state.requests.confirmed(created_for)
            await self.load()
            for held in self.requests:
                if held.created_for == created_for:
                    await self._metering.begin(point.r_id for point in held.request.data_points)

    async def clear(self) -> None:
        """Forgets all requests but those for metadata (R306)."""
        async with self._lock:
            await self._core.state.requests.clear(keep_metadata=True)
            await self.load()

    def check_kept(self, request: ReportRequest, kind: RequestKind) -> None:
        """Returns if readings are kept for as long as a report of the request covers.

        Raises:
            InvalidData: they are not (R340).
        """
        if not is_repeated(request, kind) or kind is RequestKind.METADATA:
            return
        kept = self._metering.kept(point.r_id for point in request.data_points)
        if request.report_back_duration > kept:
            raise InvalidData(
                f"a report every {format_duration(request.report_back_duration)} is asked for; "
                f"readings are kept for {format_duration(kept)}",
                rule="R340",
            )

    def needed_since(self, r_id: str) -> datetime | None:
        """Returns from when on readings are wanted for reports to come; None if none are."""
        starts = [
            window.start
            for held in self.requests
            if held.state is not RequestState.DONE
            and any(point.r_id == r_id for point in held.request.data_points)
            and (window := self._following(held)) is not None
        ]
        return min(starts, default=None)

    @staticmethod
    def _following(held: HeldRequest) -> Window | None:
        index = None if held.last_index == NOTHING else held.last_index
        return next_window(held.request, held.kind, held.accepted_at, index)

    async def run(self) -> None:
        """Makes reports for as long as the program runs."""
        while True:
            self._changed.clear()
            try:
                due = await self.make_due()
                self._failing = False
            except StateError as error:
                level = log.debug if self._failing else log.error
                level("reports cannot be made: %s", error, extra=self._core.extra)
                self._failing = True
                due = self._core.clock.now() + timedelta(minutes=1)
            latest = self._core.clock.now() + _LOOK
            await self._core.pause_until(due and min(due, latest), self._changed)

    async def make_due(self) -> datetime | None:
        """Makes everything that is due and returns when the next is; None if nothing is."""
        async with self._lock:
            moments: list[datetime] = []
            # Metadata ends all other requests (R306), so what these are due comes before.
            for held in sorted(self.requests, key=_is_metadata):
                if held.state is RequestState.ACTIVE:
                    moment = await self._serve(await self._set_right(held))
                    moments += [] if moment is None else [moment]
        return min(moments, default=None)

    async def correct(self, r_id: str, samples: Sequence[Sample]) -> int:
        """Takes corrected samples, and makes reports of their time again, complete (R346).

        Returns:
            How many windows were made again.

        Raises:
            ValueError: there is no such data point, or other readings of the time may have
                been deleted, so that a complete report could not be made.
        """
        self._metering.check(r_id)
        if not samples:
            return 0
        start = min(one.start for one in samples)
        end = max(*(one.end for one in samples), start + _MICROSECOND)
        async with self._lock:
            found = [
                (held, window)
                for held in self.requests
                if any(point.r_id == r_id for point in held.request.data_points)
                for window in self._made_windows(held, start, end)
            ]
            self._check_complete(r_id, [start, *(window.start for _, window in found)])
            await self._metering.correct(r_id, samples)
            for held, window in found:
                await self._make(held, replace(window, final=False))
        return len(found)

    def _check_complete(self, r_id: str, starts: Sequence[datetime]) -> None:
        oldest = self._core.clock.now() - self._metering.kept([r_id])
        if min(starts) < oldest:
            raise ValueError(
                f"reports of {r_id!r} can be made again back to {oldest:%Y-%m-%d %H:%M} UTC; "
                "older readings are not kept"
            )

    @staticmethod
    def _made_windows(held: HeldRequest, start: datetime, end: datetime) -> Iterator[Window]:
        """Yields the windows of a time of which regular reports were made."""
        regular = held.kind in {RequestKind.PERIODIC, RequestKind.ON_CHANGE}
        if not regular or held.state is not RequestState.ACTIVE:
            return
        window = next_window(held.request, held.kind, held.accepted_at, start)
        while window and window.index <= held.last_index and window.start < end:
            yield window
            window = next_window(held.request, held.kind, held.accepted_at, window.index)

    async def make_now(self, request_id: str) -> bool:
        """Makes a report of the newest values, beside those that are due.

        Returns:
            Whether there is such a request.
        """
        async with self._lock:
            held = self.find(request_id)
            if held is None or held.state is RequestState.DONE:
                return False
            now = self._core.clock.now()
            window = Window(start=now, end=now, due=now, index=held.last_index, final=False)
            await self._make(held, window)
        return True

    async def cancel(self, request_ids: Sequence[str], *, follow: bool) -> None:
        """Stops serving requests.

        Interpretation: metadata has no final report; it would end all other requests (R306).

        Args:
            request_ids: which.
            follow: make one final report of each (R345).
        """
        async with self._lock:
            closed = [name for name in request_ids if follow and await self._close(name)]
            await self._core.state.requests.cancel(
                [name for name in request_ids if name not in closed]
            )
            await self.load()

    async def _close(self, request_id: str) -> bool:
        """Makes the final report of a request, unless it is made; False if it has none."""
        held = self.find(request_id)
        if held is None or held.kind is RequestKind.METADATA:
            return False
        if held.state is not RequestState.DONE:
            now = self._core.clock.now()
            window = closing_window(held.request, held.kind, held.accepted_at, now)
            await self._make(held, await self._measured(held, window))
        return True

    async def sent(self, request_id: str) -> None:
        """Forgets a request if the report that has left the outbox was its last one."""
        held = self.find(request_id)
        if held is None or held.state is not RequestState.DONE:
            return
        if await self._core.state.requests.clean(request_id):
            self.requests = tuple(one for one in self.requests if one.request_id != request_id)

    async def _measured(self, held: HeldRequest, window: Window) -> Window:
        """Returns the window without a last interval that is not over and not measured yet.

        It would be reported as missing for good (R318), and nobody would correct it.
        """
        step = held.request.granularity
        if held.kind is not RequestKind.PERIODIC or not step:
            return window
        r_ids = [point.r_id for point in held.request.data_points]
        await self._metering.catch_up(r_ids)
        begun = window.end - (window.end - window.start) % step
        return window if self._metering.known_until(r_ids) > begun else replace(window, end=begun)

    async def _set_right(self, held: HeldRequest) -> HeldRequest:
        """Takes back what was made in a future that the clock showed by mistake.

        Otherwise no report would be made until that future comes.
        """
        now = self._core.clock.now()
        last = None
        if held.last_index != NOTHING and is_repeated(held.request, held.kind):
            last = next_window(held.request, held.kind, held.accepted_at, held.last_index - 1)
        moments = (held.accepted_at, held.accepted_at if last is None else last.start)
        if max(moments) <= now + SET_BACK:
            return held
        accepted = min(held.accepted_at, now)
        window = next_window(held.request, held.kind, accepted, now)
        index = NOTHING if window is None else window.index - 1
        log.warning(
            "report %s: the clock was set back; it goes on from now",
            held.request_id,
            extra=self._core.extra,
        )
        await self._core.state.requests.rewind(held.request_id, accepted_at=accepted, index=index)
        held = replace(held, accepted_at=accepted, last_index=index)
        self._note(held)
        return held

    def _note(self, held: HeldRequest) -> None:
        """Takes over how far a request has been served."""
        self.requests = tuple(
            held if one.request_id == held.request_id else one for one in self.requests
        )

    async def _serve(self, held: HeldRequest) -> datetime | None:
        """Makes all windows of a request that are due; returns when the next one is."""
        index = held.last_index
        while True:
            window = await self._next(held, index)
            if window is None:
                await self._finish(held, index)
                return None
            due = self._due(held, window)
            if due > self._core.clock.now():
                return due
            await self._make(held, window)
            if window.final:
                return None
            index = window.index

    def _due(self, held: HeldRequest, window: Window) -> datetime:
        """Returns when a window can be made: when it is due and all of it is measured."""
        if held.kind not in {RequestKind.PERIODIC, RequestKind.ON_CHANGE}:
            return window.due
        r_ids = [point.r_id for point in held.request.data_points]
        return max(window.due, self._metering.ready_at(r_ids, window.end))

    async def _next(self, held: HeldRequest, index: int) -> Window | None:
        """Returns the next window; after a long silence, the next that has readings."""
        after = None if index == NOTHING else index
        window = next_window(held.request, held.kind, held.accepted_at, after)
        now = self._core.clock.now()
        if window is not None and held.kind is RequestKind.METADATA:
            return latest_window(held.request, held.kind, held.accepted_at, window, now)
        recent = now - STALE
        if window is None or window.due >= recent or not is_repeated(held.request, held.kind):
            return window
        r_ids = [point.r_id for point in held.request.data_points]
        first = await self._core.state.readings.first_since(r_ids, window.start)
        if first is not None and first < window.end:
            return window
        skipped = recent if first is None else min(first, recent)
        return next_window(held.request, held.kind, held.accepted_at, skipped)

    async def _finish(self, held: HeldRequest, index: int) -> None:
        await self._made_of(held, index, (), final=True)

    async def _make(self, held: HeldRequest, window: Window) -> None:
        reports = await self._making.messages(held, window, self.offers)
        await self._made_of(held, window.index, reports, final=window.final)
        self._outgoing.set()
        self._made += 1
        if self._made % _TRIM_EVERY == 0:
            await self._trim()

    async def _made_of(
        self,
        held: HeldRequest,
        index: int,
        reports: Sequence[UpdateReport | RegisterReport],
        *,
        final: bool,
    ) -> None:
        await self._core.state.requests.made(
            held.request_id,
            index=index,
            reports=reports,
            final=final,
            now=self._core.clock.now(),
        )
        state = RequestState.DONE if final else RequestState.ACTIVE
        self._note(replace(held, last_index=max(index, held.last_index), state=state))
        if final and not reports:
            await self.sent(held.request_id)

    async def _trim(self) -> None:
        """Drops the oldest reports if more wait than there is room for."""
        most = self._core.options.outbox_bytes
        dropped = await self._core.state.outbox.trim(most)
        if dropped:
            await self._core.state.requests.clean()
            await self.load()
            log.warning(
                "the %d oldest reports that wait for the VTN were dropped: more than %d MB",
                dropped,
                most // 2**20,
                extra=self._core.extra,
            )


def _is_metadata(held: HeldRequest) -> bool:
    return held.kind is RequestKind.METADATA
