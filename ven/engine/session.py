"""The loop of a VEN's life: register, introduce, poll, and again, for years.

Spec: rules 301, 309, 401, 405 and 500.
"""

import asyncio
from datetime import datetime, timedelta

from oadr.errors import OpenADRError
from runtime.durations import in_words
from ven.backoff import BackOff
from ven.engine.core import Core, log
from ven.engine.event import EventEngine
from ven.engine.opt import OptEngine
from ven.engine.poll import PollEngine
from ven.engine.registration import RegistrationEngine
from ven.engine.report import ReportEngine
from ven.errors import Refused, Rejected, TransportError
from ven.options import POLL_INTERVAL, Introduction
from ven.state.registration import WITHOUT_REPORTS

#: How long to leave a VTN alone that takes no reports.
ASK_AGAIN = timedelta(days=1)
#: HTTP status by which a VTN says that it has no such service.
_NO_SUCH_SERVICE = frozenset({404, 405, 501})
_METADATA = "metadata"


class Session:
    """Keeps the VEN registered and its VTN listened to.

    Attributes:
        tried: set when everything was done or tried once since the VEN started.
    """

    def __init__(
        self,
        core: Core,
        registration: RegistrationEngine,
        events: EventEngine,
        reports: ReportEngine,
        opts: OptEngine,
        poll: PollEngine,
    ) -> None:
        self._core = core
        self._registration = registration
        self._events = events
        self._reports = reports
        self._opts = opts
        self._poll = poll
        self._trouble = ""
        self._fresh = True
        self._asked: datetime | None = None
        # When the VTN was last told in vain what can be reported, in this run.
        self._in_vain: datetime | None = None
        self.tried = asyncio.Event()

    async def run(self) -> None:
        """Lives for as long as the program runs."""
        backoff = self._core.backoff()
        self.tried.clear()
        while True:
            self._core.woken.clear()
            if self._core.resigned:
                await self._core.woken.wait()
                continue
            await self._stay_away()
            try:
                wait = await self._cycle(backoff)
            finally:
                self.tried.set()
            if backoff.failures:
                # What failed must not be tried at once because it failed.
                self._core.woken.clear()
            await self._core.pause(wait, self._core.woken)

    async def _stay_away(self) -> None:
        """Waits after the VTN has cancelled the registration (R401)."""
        core = self._core
        while core.away_until is not None and core.clock.now() < core.away_until:
            await core.pause_until(core.away_until, core.woken)
            core.woken.clear()

    async def cycle(self) -> None:
        """Does everything once: registers if need be, sends what waits, polls until empty.

        A VEN that is pushed to does all of it but the polling (R51).

        Raises:
            OpenADRError: something did not work; the next cycle makes up for it.
        """
        core = self._core
        await self.ensure()
        failed = None
        for work in (self._sync, self._reports.flush, self._opts.flush):
            try:
                async with core.turn:
                    await work()
            except TransportError as error:
                # One service of the VTN may hang for ever; the others are there all the same.
                failed = failed or error
        if core.options.push_address is None:
            await self._poll.drain()
        else:
            await self._registration.note_vtn()
        if failed is not None:
            raise failed

    async def ensure(self) -> None:
        """Registers and introduces this VEN as far as that has not happened.

        Raises:
            OpenADRError: it could not be finished; what was reached is kept.
        """
        core = self._core
        async with core.turn:
            party = core.registration
            if core.options.pre_provisioned:
                await self._registration.provision.adopt()
            elif party is None or core.lost or party.pre_provisioned:
                await self._register()
            else:
                await self._registration.renew_if_due()
        if self._is_introduction_due():
            await self._introduce()
            self._fresh = False
        async with core.turn:
            if core.registration is not None and not core.lost:
                core.ready.set()

    async def _sync(self) -> None:
        """Sends answers to events; asks for these if the VTN may have changed them unnoticed."""
        if self._fresh or self._is_resync_due():
            await self._request_events()
            self._fresh = False
        else:
            await self._events.flush()

    async def _register(self) -> None:
        core = self._core
        if core.options.query_first:
            await self._registration.query()
        await self._registration.create()
        await self._reports.load()

    async def _introduce(self) -> None:
        """Tells the VTN what can be reported, and asks for its events (R309, R405).

        Between these the turn is free for what the VTN pushes meanwhile, such as its own
        metadata (R301): a VTN may wait for the answer to that before it goes on.
        """
        core, digest = self._core, self._reports.digest
        async with core.turn:
            heard = await self._tell_reports()
        async with core.turn:
            await self._request_events()
            await self._registration.introduced(digest if heard else WITHOUT_REPORTS)

    def _is_introduction_due(self) -> bool:
        """Returns whether the VTN does not know what can be reported, and might want to."""
        introduced, asked = self._core.party.introduced, self._in_vain
        if introduced != WITHOUT_REPORTS:
            return introduced != self._reports.digest
        return asked is None or self._core.clock.now() - asked >= ASK_AGAIN

    async def _tell_reports(self) -> bool:
        """Tells the VTN what can be reported, and returns whether it wants to know.

        Raises:
            TransportError: no usable answer.
            Refused: the VTN does not accept it, or does not know this VEN.
        """
        core = self._core
        if core.options.introduction is not Introduction.NEVER:
            try:
                await self._reports.register()
            except (TransportError, Refused) as error:
                if not self._has_no_reports(error):
                    raise
                if core.party.introduced != WITHOUT_REPORTS:
                    log.warning(
                        "the VTN takes no reports, so none are sent; it is asked again once a day: "
                        "%s",
                        error,
                        extra=core.extra,
                    )
            else:
                core.patience.forget(_METADATA)
                return True
        self._in_vain = core.clock.now()
        return False

    def _has_no_reports(self, error: TransportError | Refused) -> bool:
        """Returns whether an error says that the VTN has no EiReport.

        A VTN that lacks another service may also fail in a less orderly way.
        """
        core = self._core
        if core.lost or core.options.introduction is not Introduction.AUTO:
            return False
        if isinstance(error, Rejected) and error.status in _NO_SUCH_SERVICE:
            return True
        return core.options.pre_provisioned and core.patience.exhausted(_METADATA, error)

    async def _request_events(self) -> None:
        """Asks for all events; a Report Only VEN has no part in these (R510)."""
        if not self._core.options.report_only:
            await self._events.request()
        self._asked = self._core.clock.now()

    def _is_resync_due(self) -> bool:
        """Returns whether the VTN might have given up on pushing something."""
        options = self._core.options
        if options.push_address is None:
            return False
        asked = self._asked
        return asked is None or self._core.clock.now() - asked >= options.push_resync

    def resync(self) -> None:
        """Asks for all events soon."""
        self._fresh = True
        self._core.woken.set()

    async def settle(self) -> None:
        """Does what a pushed message has left to do after its response.

        Raises:
            OpenADRError: it did not work; the next cycle makes up for it.
        """
        core = self._core
        async with core.turn:
            await self._registration.renew_if_due()
        async with core.turn:
            if core.registration is not None:
                await self._events.flush()

    async def _cycle(self, backoff: BackOff) -> timedelta:
        """Does one cycle and returns how long to wait."""
        core = self._core
        try:
            await self.cycle()
        except OpenADRError as error:
            return self._failed(error, backoff)
        if self._trouble:
            log.info("the VTN answers again", extra=core.extra)
        self._trouble, core.disowned = "", False
        core.health.works()
        backoff.succeeded()
        return self._interval() if core.registration else core.options.reregister_after

    def _interval(self) -> timedelta:
        core = self._core
        if core.options.push_address is not None:
            return core.options.push_resync * (1 + core.random.uniform(0, core.options.poll_jitter))
        asked = core.registration.poll_interval if core.registration is not None else None
        interval = core.options.poll_interval or asked or POLL_INTERVAL
        # Later only: no VEN polls faster than it was asked to.
        return interval * (1 + core.random.uniform(0, core.options.poll_jitter))

    def _failed(self, error: OpenADRError, backoff: BackOff) -> timedelta:
        core = self._core
        wait = core.wait_after(error, backoff)
        core.health.fails(str(error), core.clock.now())
        # A VTN that was away may have forgotten what it told us.
        self._fresh = self._fresh or isinstance(error, TransportError)
        trouble = _kind(error)
        level = log.debug if trouble == self._trouble else log.warning
        level("%s; next attempt in %s", error, in_words(wait), extra=core.extra)
        self._trouble = trouble
        return wait


def _kind(error: OpenADRError) -> str:
    """Returns what an error is, without what differs from one attempt to the next."""
    code = getattr(error, "code", None) or getattr(error, "status", None)
    return f"{type(error).__name__} {code}"
