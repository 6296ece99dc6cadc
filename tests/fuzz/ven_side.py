"""A VEN under fire: its VTN answers polls and requests with anything, and pushes anything.

In between the VTN is as it should be, and the VEN must register, take an event and report
as if nothing had been.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any, Self

from oadr import codec
from oadr import messages as m
from oadr.enums import OptReason, OptType, ServiceName
from oadr.messages import MESSAGES
from runtime.clock import Clock, FakeClock
from tests.fuzz.judging import Ears, Fault, Shot, Tally, check_answer, check_status, reason_of_406
from tests.fuzz.seeds import Kind, spoilt, usual
from tests.fuzz.writing import Writer
from tests.ven.test_engine_report import Replay
from ven.engine.pushed import FROM_VTN
from ven.errors import VenError
from ven.signing import Signatures
from ven.testing import ScriptedVTN, World, joined
from ven.transport import HttpTransport, _Answer

#: Shots between two times at which the VTN is as it should be.
ROUND = 50
_HOUR = timedelta(hours=1)
#: By what the VEN comes to hear an answer.
MEANS = ("poll", "query", "renew", "offer", "events", "opt", "cancel opt", "report")
#: What each answers, when the VTN is as it should be.
_MEANS_OF = {
    "oadrCreatedPartyRegistration": ("query", "renew"),
    "oadrRegisteredReport": ("offer",),
    "oadrDistributeEvent": ("events", "poll"),
    "oadrCreatedOpt": ("opt",),
    "oadrCanceledOpt": ("cancel opt",),
    "oadrUpdatedReport": ("report",),
}


class Line(HttpTransport):
    """HTTP to a scripted VTN, but for the network.

    Attributes:
        waiting: what the next request is answered with, whatever it is; None for the script.
    """

    def __init__(self, vtn: ScriptedVTN, clock: Clock) -> None:
        super().__init__("http://vtn.example", signatures=Signatures(clock=clock))
        self._vtn = vtn
        self.waiting: bytes | None = None

    async def _exchange(self, url: str, data: bytes) -> _Answer:
        body, self.waiting = self.waiting, None
        if body is None:
            service = ServiceName(url.rpartition("/")[2])
            reply = await self._vtn(service, codec.decode(data))
            body = b"" if reply is None else codec.encode(reply)
        return _Answer(status=200, body=body)


class VenSide:
    """A VEN, and the VTN that it has to do with.

    Args:
        random: decides.
        push: whether the VTN pushes; otherwise the VEN polls.

    Attributes:
        tally: what has happened.
    """

    def __init__(self, random: Random, *, push: bool) -> None:
        self.name = "VEN, pushed to" if push else "VEN, polling"
        self.random = random
        self.push = push
        self.writer = Writer(random=random)
        self.tally = Tally()
        self._ears = Ears(_excused)
        self._stack = AsyncExitStack()
        self._number = 0
        self.world: World
        self.line: Line

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self._ears.listening())
        clock = FakeClock()
        more: dict[str, Any] = {}
        if not self.push:
            self.line = Line(ScriptedVTN(), clock)
            more["exchange"] = self.line
        self.world = world = await self._stack.enter_async_context(
            joined(push=self.push, clock=clock, **more)
        )
        if not self.push:
            self.line._vtn = world.vtn
        # The same seed gives the same IDs, so that a document means the same again.
        ids = count(1)
        world.ven._machine.core.new_id = lambda: f"id{next(ids):030}"
        world.vtn.poll_freq = timedelta(minutes=2)
        world.ven.add_meter(Replay("main"))
        await world.start()
        await self.between()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    def _know(self) -> None:
        vtn, now = self.world.vtn, self.world.clock.now()
        moments = [now + n * timedelta(minutes=1) for n in (-60, -1, 0, 1, 60)]
        events = [one.event_id for one in self.world.ven.events]
        requests = [f"request-{number}" for number in range(self._number, self._number - 3, -1)]
        self.writer.known = {
            "ei:venID": [vtn.ven_id] * 8 + ["other"],
            "ei:vtnID": [vtn.vtn_id] * 8 + ["other"],
            "ei:registrationID": [vtn.registration_id] * 8 + ["other"],
            "ei:eventID": [*events, "new-1", "new-2"],
            "ei:modificationNumber": ["0", "1", "2"],
            "ei:eventStatus": ["far", "near", "active", "none", "cancelled"],
            "ei:signalName": ["SIMPLE", "SIMPLE", "ELECTRICITY_PRICE"],
            "ei:signalType": ["level", "price"],
            "ei:reportRequestID": [*requests, "new-1", "new-2"],
            "ei:reportSpecifierID": ["TELEMETRY_USAGE", "TELEMETRY_USAGE", "METADATA", "x"],
            "ei:rID": ["main", "main", "0"],
            "ei:optID": [f"opt-{self._number}", "x"],
            "ei:responseCode": ["200"] * 6 + ["452", "463"],
            "ei:reportName": ["TELEMETRY_USAGE", "METADATA_TELEMETRY_USAGE"],
            "emix:marketContext": ["http://programme.example"],
            "oadr:oadrProfileName": ["2.0b"],
            "xcal:date-time": [f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in moments],
            "xcal:duration": ["PT1M", "PT1M", "PT5M", "PT0S", "PT1H", "P1D"],
            "pyld:requestID": ["q-1", "q-2"],
        }

    # ------------------------------------------------------------ shots

    def shot(self, kind: Kind = Kind.MADE) -> Shot:
        """Returns the next document, and how it comes to the VEN."""
        random, made = self.random, kind is Kind.MADE
        if made:
            document = self.writer.document(self._name())
            how, data, cls = document.name, document.data, MESSAGES[document.name]
        else:
            cls, how, data = spoilt(random, kind, self.writer, self._usual())
        homes = [service for service, kinds in FROM_VTN.items() if cls in kinds]
        service = homes[0] if homes else random.choice(list(FROM_VTN))
        if random.random() < 0.05:
            service = random.choice(list(ServiceName))
        means = _MEANS_OF.get(codec.message_name(cls), ("poll",))
        means = means if random.random() < 0.9 else MEANS
        return Shot(
            name=how,
            data=data,
            service=service,
            sender="VTN",
            means="" if self.push else random.choice(means),
            made=made,
        )

    def _name(self) -> str:
        """Returns which message to make up; mostly one that a VTN may send."""
        if self.random.random() < 0.1:
            return ""
        wanted = [codec.message_name(cls) for kinds in FROM_VTN.values() for cls in kinds]
        if not self.push:
            wanted += ["oadrResponse", *_MEANS_OF]
        return self.random.choice(sorted(set(wanted)))

    def _usual(self) -> tuple[bytes, ...]:
        vtn, number = self.world.vtn, self._number
        return usual(vtn.ven_id, vtn.registration_id, f"request-{number}", f"event-{number}")

    async def fire(self, shot: Shot) -> None:
        """Fires, and checks what comes of it.

        Raises:
            Fault: something that must not happen.
        """
        if self.push:
            await self._pushed(shot)
        else:
            await self._answered(shot)
        with self.tally.timed(shot):
            await self.world.rest()
        self.tally.shots -= 1
        self._ears.check()
        core = self.world.ven._machine.core
        if core.registration is None or core.lost or core.resigned or core.disowned:
            await self._register()

    async def _pushed(self, shot: Shot) -> None:
        with self.tally.timed(shot):
            reply = await self.world.ven.receive(shot.service, shot.data)
        self._ears.check()
        kind = MESSAGES.get(shot.name)
        at_home = kind in FROM_VTN.get(shot.service, ())
        allowed = {200, 404} if kind is None else ({200} if at_home else {404})
        check_status(reply.status, reply.body, shot, allowed, self.tally)
        if reply.status == 200:
            check_answer(reply.body, shot.profile, self.tally)

    async def _answered(self, shot: Shot) -> None:
        """Lets the VEN ask for something, and answers with the shot."""
        self.tally.valid += not reason_of_406(shot)
        self.line.waiting = shot.data
        with self.tally.timed(shot):
            try:
                await self._ask(shot.means)
            except VenError as error:
                self.tally.outcomes[type(error).__name__] += 1
                check_words(str(error))
            else:
                self.tally.outcomes["taken"] += 1
        self.line.waiting = None

    async def _ask(self, means: str) -> None:
        ven = self.world.ven
        asked: dict[str, Callable[[], Awaitable[Any]]] = {
            "poll": ven.poll,
            "query": ven.query_registration,
            "renew": ven.create_party_reregistration,
            "offer": ven.register_reports,
            "events": ven.request_event,
            "opt": self._opt,
            "cancel opt": lambda: ven.cancel_opt(f"opt-{self._number}"),
            "report": lambda: self.world.pass_time(minutes=2),
        }
        await asked[means]()

    async def _opt(self) -> None:
        now = self.world.clock.now()
        self._number += 1
        await self.world.ven.create_opt(
            OptType.OPT_OUT,
            OptReason.NOT_PARTICIPATING,
            opt_id=f"opt-{self._number}",
            availability=[m.Period(dtstart=now + _HOUR, duration=_HOUR)],
        )

    async def _register(self) -> None:
        """Lets the VEN start over, with a VTN that is as it should be."""
        try:
            await self.world.ven.create_party_registration()
        except VenError as error:
            raise Fault(f"the VEN cannot register any more: {error}") from error
        await self.world.rest()

    # ------------------------------------------------------------ in between

    async def between(self) -> None:
        """Lets the VTN be as it should be, and sees whether the VEN is, too.

        Raises:
            Fault: something that must not happen.
        """
        world, vtn = self.world, self.world.vtn
        await world.pass_time(seconds=self.random.choice([1, 10, 130]))
        self._ears.check()
        # Whatever the VTN has called itself and the VEN meanwhile: they start over.
        vtn.queue.clear()
        vtn.replies.clear()
        vtn.received.clear()
        await self._register()
        self._number += 1
        event_id = f"event-{self._number}"
        vtn.events.clear()
        await vtn.send_event(event_id=event_id)
        if event_id not in vtn.answers or vtn.answers[event_id].code != 200:
            raise Fault(f"the VEN does not answer an event: {vtn.answers.get(event_id)}")
        request = await vtn.request_report("main", request_id=f"request-{self._number}")
        await world.pass_time(minutes=7)
        name = request.report_request_id
        updates = [one for update in vtn.got(m.UpdateReport) for one in update.reports]
        if name not in {one.report_request_id for one in updates}:
            raise Fault(f"the VEN does not report any more what {name} asks for")
        vtn.received.clear()
        self._know()
        self._ears.check()


def _excused(record: logging.LogRecord) -> bool:
    """Returns whether what is logged is somebody else's fault: that of the VTN."""
    return record.exc_info is None and "is given up" in record.getMessage()


def check_words(text: str) -> None:
    """Checks that an error can be shown to people.

    Raises:
        Fault: it is too long.
    """
    if len(text) > 2000:
        raise Fault(f"an error of {len(text)} characters: {text[:300]!r}")
