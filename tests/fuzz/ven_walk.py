"""Valid messages in any order at a VEN, while its owner does this and that.

Whatever the order: nothing but documented answers and errors, and as soon as the VTN is as it
should be, the VEN registers, answers events and reports.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from oadr import messages as m
from oadr.enums import OptReason, OptType
from oadr.errors import OpenADRError
from tests.fuzz.judging import Fault, Shot
from tests.fuzz.ven_side import VenSide, check_words
from tests.ven.scripted import event, request
from ven.engine.pushed import FROM_VTN
from ven.errors import Rejected, Unreachable
from ven.testing import NotTaken

MINUTE = timedelta(minutes=1)
#: What a VEN asks its VTN, and may get another answer to than it should.
_ASKED: Sequence[type] = (
    m.CreatePartyRegistration, m.RegisterReport, m.RequestEvent, m.UpdateReport, m.CreatedEvent,
    m.CreateOpt, m.CancelOpt, m.CreatedReport, m.Poll,
)  # fmt: skip
_CODES = [450, 451, 452, 453, 454, 459, 460, 461, 462, 463, 469, 400, 500, 999]


class VenWalk(VenSide):
    """A VEN whose VTN says valid things in any order."""

    def __init__(self, random: Random, *, push: bool) -> None:
        super().__init__(random, push=push)
        self.name = f"{self.name}, in wrong order"
        self._events: list[m.Event] = []
        self._requests = ["never"]
        self._steps = self._messages() * 2 + self._troubles() + self._owner()

    async def step(self) -> str:
        """Takes a step, and returns its name.

        Raises:
            Fault: something that must not happen.
        """
        step = self.random.choice(self._steps)
        shot = Shot(name=step.__name__, data=b"", service=next(iter(FROM_VTN)), made=False)
        with self.tally.timed(shot):
            await self._do(step)
            await self.world.rest()
        self._ears.check()
        return step.__name__.strip("_")

    async def _do(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except NotTaken as error:
            self.tally.outcomes[f"HTTP {error.status}"] += 1
            if error.status != 503:
                raise Fault(f"a valid message is not taken: {error}") from error
        except OpenADRError as error:
            self.tally.outcomes[type(error).__name__] += 1
            check_words(str(error))
        else:
            self.tally.outcomes["done"] += 1

    async def finish(self) -> None:
        """Lets the VTN be as it should be, and sees whether the VEN is, too.

        Raises:
            Fault: it is not.
        """
        self.world.vtn.down = None
        self.world.vtn.replies.clear()
        self.world.vtn.queue.clear()
        # What has waited for the VTN goes out, metadata too.
        await self.world.pass_time(minutes=90)
        await self.between()

    # ------------------------------------------------------------ what the VTN says

    def _messages(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._distribute, self._distribute, self._distribute_again, self._request,
            self._request, self._cancel_report, self._register_report, self._update,
            self._created_report, self._reregister, self._end_registration, self._nothing,
        ]  # fmt: skip

    async def _say(self, message: m.Message) -> None:
        """Lets the VEN hear something, by a push or its next poll."""
        vtn = self.world.vtn
        if self.push:
            await vtn.push(message)
        else:
            vtn.queue.append(message)
            await self.world.ven.poll()

    async def _distribute(self) -> None:
        random, now = self.random, self.world.clock.now().replace(microsecond=0)
        numbers = random.sample(range(6), random.randint(0, 3))
        self._events = [
            event(
                f"walk-{number}",
                start=now + random.randint(-30, 30) * MINUTE,
                modification=random.randint(0, 3),
                start_after=random.choice([None, 5 * MINUTE]),
                ramp_up=random.choice([None, MINUTE]),
                name=random.choice(["SIMPLE", "SIMPLE", "LOAD_CONTROL"]),
                priority=random.choice([None, 0, 1]),
            )
            for number in numbers
        ]
        await self._distribute_again()

    async def _distribute_again(self) -> None:
        vtn = self.world.vtn
        vtn.events = list(self._events)
        await self._say(vtn.snapshot(request_id=f"d-{self.random.randrange(4)}"))

    async def _request(self) -> None:
        random = self.random
        # Metadata are asked for once: each ends all that was asked for before (R306).
        specifier = random.choice(["TELEMETRY_USAGE", "METADATA", "HISTORY_USAGE", "x"])
        times = [0] if specifier == "METADATA" else [0, 60, 300]
        asked = tuple(
            request(
                f"walk-{random.randrange(6)}",
                specifier=specifier,
                granularity=random.choice(times),
                back=random.choice(times),
                start=self.world.clock.now() + random.randint(-30, 30) * MINUTE,
                duration=random.choice([0, 5, 60]) * MINUTE,
            )
            for _ in range(random.randint(1, 2))
        )
        self._requests += [one.report_request_id for one in asked]
        await self._say(m.CreateReport(request_id="q", ven_id=self._ven_id(), requests=asked))

    def _ven_id(self) -> str:
        return self.random.choice([self.world.vtn.ven_id] * 8 + ["other"])

    async def _cancel_report(self) -> None:
        names = tuple({self.random.choice(self._requests) for _ in range(2)})
        follow = self.random.random() < 0.5
        await self._say(
            m.CancelReport(
                request_id="q",
                ven_id=self._ven_id(),
                report_request_ids=names,
                report_to_follow=follow,
            )
        )

    async def _register_report(self) -> None:
        await self._say(m.RegisterReport(request_id="q", ven_id=self._ven_id()))

    async def _update(self) -> None:
        await self._say(m.UpdateReport(request_id="q", ven_id=self._ven_id()))

    async def _created_report(self) -> None:
        response = m.EiResponse(request_id="q")
        pending = (self.random.choice(self._requests),)
        await self._say(m.CreatedReport(response=response, ven_id=self._ven_id(), pending=pending))

    async def _reregister(self) -> None:
        await self._say(m.RequestReregistration(ven_id=self._ven_id()))

    async def _end_registration(self) -> None:
        registration_id = self.random.choice([self.world.vtn.registration_id, "other"])
        await self._say(
            m.CancelPartyRegistration(
                request_id="q", registration_id=registration_id, ven_id=self._ven_id()
            )
        )

    async def _nothing(self) -> None:
        if not self.push:
            await self._say(m.Response(response=m.EiResponse()))

    # ------------------------------------------------------------ what goes wrong

    def _troubles(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._go_down, self._come_up, self._come_up, self._refuse, self._break_off,
            self._answer_wrongly, self._pass_time, self._pass_time, self._pass_time,
        ]  # fmt: skip

    async def _go_down(self) -> None:
        if self.random.random() < 0.3:
            self.world.vtn.down = Unreachable("connection refused")

    async def _come_up(self) -> None:
        self.world.vtn.down = None

    async def _refuse(self) -> None:
        """Refuses the next message of a kind, in the reply that fits it."""
        code = self.random.choice(_CODES)
        response = m.EiResponse(code=code, description="no", request_id="q")
        vtn = self.world.vtn
        kind = self.random.choice(_ASKED)
        refusals: dict[type, m.Message] = {
            m.CreatePartyRegistration: vtn.created(response, known=False),
            m.RegisterReport: m.RegisteredReport(response=response),
            m.RequestEvent: m.DistributeEvent(response=response, request_id="q", vtn_id=vtn.vtn_id),
            m.UpdateReport: m.UpdatedReport(response=response),
            m.CreateOpt: m.CreatedOpt(response=response, opt_id="x"),
            m.CancelOpt: m.CanceledOpt(response=response, opt_id="x"),
        }
        vtn.script(kind, refusals.get(kind, m.Response(response=response)))

    async def _break_off(self) -> None:
        error = self.random.choice(
            [Unreachable("no answer in time"), Rejected(406, "HTTP 406"), Unreachable("reset")]
        )
        self.world.vtn.script(self.random.choice(_ASKED), error)

    async def _answer_wrongly(self) -> None:
        """Answers the next message of a kind with something that answers another."""
        vtn, ok = self.world.vtn, m.EiResponse(request_id="q")
        answers: list[m.Message | None] = [
            None,
            m.Response(response=ok),
            m.CreatedOpt(response=ok, opt_id="x"),
            m.RegisteredReport(response=ok, requests=(request("walk-1"),)),
            vtn.created(ok),
            vtn.snapshot(),
            m.CancelPartyRegistration(request_id="q", registration_id=vtn.registration_id),
            m.RequestReregistration(ven_id=vtn.ven_id),
        ]
        vtn.script(self.random.choice(_ASKED), self.random.choice(answers))

    async def _pass_time(self) -> None:
        await self.world.pass_time(minutes=self.random.choice([0.2, 2, 6, 30]))

    # ------------------------------------------------------------ what the owner does

    def _owner(self) -> list[Callable[[], Awaitable[None]]]:
        ven = self._ven
        return [
            self._opt_for_event, self._schedule, self._cancel_schedule, self._override,
            ven("create_party_registration"), ven("create_party_reregistration"),
            ven("cancel_party_registration"), ven("query_registration"), ven("register_reports"),
            ven("request_event"), ven("sync_events"),
        ]  # fmt: skip

    def _ven(self, name: str) -> Callable[[], Awaitable[None]]:
        async def call() -> None:
            await getattr(self.world.ven, name)()

        call.__name__ = name
        return call

    async def _opt_for_event(self) -> None:
        held = self.world.ven.events
        event_id = self.random.choice(held).event_id if held else "never"
        try:
            await self.world.ven.opt(event_id, self.random.choice(list(OptType)))
        except KeyError:
            if held:
                raise

    async def _schedule(self) -> None:
        now = self.world.clock.now()
        period: Any = m.Period(dtstart=now + MINUTE, duration=60 * MINUTE)
        await self.world.ven.create_opt(
            self.random.choice(list(OptType)),
            OptReason.ECONOMIC,
            availability=[period],
            opt_id=f"walk-{self.random.randrange(3)}",
        )

    async def _cancel_schedule(self) -> None:
        await self.world.ven.cancel_opt(f"walk-{self.random.randrange(3)}")

    async def _override(self) -> None:
        await self.world.ven.override(self.random.random() < 0.5)
