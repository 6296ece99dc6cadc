"""A VTN for tests: it keeps what it is sent and answers by script.

Every message goes through the real codec in both directions, so each is held against
the schema.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from oadr.codec import decode, encode
from oadr.enums import (
    EventStatus,
    ProfileName,
    ResponseRequired,
    ServiceName,
    SignalType,
    TransportName,
)
from oadr.messages import (
    EVERYTHING,
    CanceledOpt,
    CanceledPartyRegistration,
    CancelOpt,
    CancelPartyRegistration,
    CreatedOpt,
    CreatedPartyRegistration,
    CreateOpt,
    CreatePartyRegistration,
    DistributeEvent,
    EiResponse,
    Event,
    EventDescriptor,
    Interval,
    Message,
    Period,
    Poll,
    Profile,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    ReportRequest,
    RequestEvent,
    Response,
    Signal,
    SignalPayload,
    SpecifierPayload,
    Target,
    UpdatedReport,
    UpdateReport,
)
from runtime.clock import FakeClock, settle
from ven.client import Client
from ven.options import Options
from ven.state import Database

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
M = TypeVar("M")
#: In a script: never answers.
HANG = TimeoutError("hangs")


@dataclass
class ScriptedVTN:
    """Answers as a well-behaved VTN, unless the script says otherwise.

    ``queue`` is what polls get, ``replies`` what comes instead of the usual answer to a
    kind of message, the next one first; an exception in either is raised, and ``down``
    is raised for everything.
    """

    vtn_id: str = "TH_VTN"
    ven_id: str = "ven-1"
    registration_id: str = "reg-1"
    poll_freq: timedelta | None = timedelta(seconds=10)
    events: list[Event] = field(default_factory=list)
    requests: list[ReportRequest] = field(default_factory=list)
    queue: deque[Message | Exception] = field(default_factory=deque)
    replies: dict[type, deque[Message | Exception | None]] = field(default_factory=dict)
    down: Exception | None = None
    received: list[tuple[ServiceName, Message]] = field(default_factory=list)

    async def __call__(self, service: ServiceName, message: Message) -> Message | None:
        """Takes a message and returns the answer."""
        if self.down is not None:
            raise self.down
        message = decode(encode(message))
        self.received.append((service, message))
        reply = self._reply(message)
        if reply is HANG:
            await asyncio.get_running_loop().create_future()
        if isinstance(reply, Exception):
            raise reply
        return None if reply is None else decode(encode(reply))

    def script(self, kind: type, *replies: Message | Exception | None) -> None:
        """Sets what comes instead of the usual answer to a kind of message."""
        self.replies.setdefault(kind, deque()).extend(replies)

    def got(self, kind: type[M]) -> list[M]:
        """Returns the messages of a kind."""
        return [message for _, message in self.received if isinstance(message, kind)]

    def names(self) -> list[str]:
        """Returns the kinds of messages in the order in which they came, without polls."""
        return [type(m).__name__ for _, m in self.received if not isinstance(m, Poll)]

    def _reply(self, message: Message) -> Message | Exception | None:
        scripted = self.replies.get(type(message))
        if scripted:
            return scripted.popleft()
        if isinstance(message, Poll) and self.queue:
            return self.queue.popleft()
        return self._usual(message)

    def _usual(self, message: Message) -> Message:
        ok = EiResponse(request_id=getattr(message, "request_id", ""))
        if isinstance(message, QueryRegistration):
            return self.created(ok, known=False)
        if isinstance(message, CreatePartyRegistration):
            return self.created(ok)
        if isinstance(message, CancelPartyRegistration):
            return CanceledPartyRegistration(response=ok, registration_id=message.registration_id)
        if isinstance(message, RegisterReport):
            requests, self.requests = tuple(self.requests), []
            return RegisteredReport(response=ok, requests=requests)
        if isinstance(message, RequestEvent):
            return self.snapshot(response=ok)
        if isinstance(message, UpdateReport):
            return UpdatedReport(response=ok)
        if isinstance(message, CreateOpt):
            return CreatedOpt(response=ok, opt_id=message.opt_id)
        if isinstance(message, CancelOpt):
            return CanceledOpt(response=ok, opt_id=message.opt_id)
        return Response(response=EiResponse())

    def created(self, response: EiResponse, *, known: bool = True) -> CreatedPartyRegistration:
        """Returns the answer to a registration."""
        return CreatedPartyRegistration(
            response=response,
            registration_id=self.registration_id if known else None,
            ven_id=self.ven_id if known else None,
            vtn_id=self.vtn_id,
            profiles=(Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),),
            poll_freq=self.poll_freq,
        )

    def snapshot(
        self, *, request_id: str = "dist-1", response: EiResponse | None = None
    ) -> DistributeEvent:
        """Returns all events of this VTN."""
        return DistributeEvent(
            response=response or EiResponse(),
            request_id=request_id,
            vtn_id=self.vtn_id,
            events=tuple(self.events),
        )

    def distribute(self, *events: Event, request_id: str = "dist-1") -> None:
        """Lets the next poll bring these events and no others."""
        self.events = list(events)
        self.queue.append(self.snapshot(request_id=request_id))


def event(
    event_id: str = "e1",
    *,
    start: datetime = NOW + timedelta(minutes=30),
    levels: tuple[tuple[int, int], ...] = ((1, 10), (2, 20)),
    modification: int = 0,
    status: EventStatus = EventStatus.FAR,
    required: ResponseRequired = ResponseRequired.ALWAYS,
    market_context: str = "http://peak.example",
    start_after: timedelta | None = None,
    ramp_up: timedelta | None = None,
    recovery: timedelta | None = None,
    notification: timedelta = timedelta(0),
    priority: int | None = None,
    name: str = "SIMPLE",
    target: Target = EVERYTHING,
) -> Event:
    """Returns an event with one signal.

    Args:
        levels: pairs of level and minutes; 0 minutes has no end.
    """
    return Event(
        descriptor=EventDescriptor(
            event_id=event_id,
            modification_number=modification,
            priority=priority,
            market_context=market_context,
            created_date_time=NOW,
            event_status=status,
        ),
        active_period=Period(
            dtstart=start,
            duration=timedelta(minutes=sum(minutes for _, minutes in levels)),
            start_after=start_after,
            notification=notification,
            ramp_up=ramp_up,
            recovery=recovery,
        ),
        signals=(
            Signal(
                intervals=tuple(
                    Interval(
                        duration=timedelta(minutes=minutes),
                        uid=str(index),
                        payloads=(SignalPayload(value=Decimal(level)),),
                    )
                    for index, (level, minutes) in enumerate(levels)
                ),
                signal_name=name,
                signal_type=SignalType.LEVEL,
                signal_id="s1",
            ),
        ),
        target=target,
        response_required=required,
    )


def request(
    request_id: str = "rr-1",
    *r_ids: str,
    specifier: str = "TELEMETRY_USAGE",
    granularity: int = 60,
    back: int = 300,
    start: datetime | None = NOW,
    duration: timedelta = timedelta(0),
) -> ReportRequest:
    """Returns a report request; granularity and back in seconds."""
    return ReportRequest(
        report_request_id=request_id,
        report_specifier_id=specifier,
        granularity=timedelta(seconds=granularity),
        report_back_duration=timedelta(seconds=back),
        report_interval=None if start is None else Period(dtstart=start, duration=duration),
        data_points=tuple(SpecifierPayload(r_id=r_id) for r_id in r_ids or ("main",)),
    )


class World:
    """A scripted VTN, a fake clock, and the VENs that a test makes."""

    def __init__(self, state: str) -> None:
        self.vtn = ScriptedVTN()
        self.clock = FakeClock(moment=NOW)
        self.state = state
        self._open: list[Client] = []

    def ven(self, *, random: Random | None = None, **options: Any) -> Client:
        """Returns a VEN on the state file; another one on the same file is its restart."""
        client = Client(
            "school-7",
            "http://vtn.example",
            options=Options(ven_name="school-7", **{"poll_jitter": 0.0, **options}),
            state=self.state,
            clock=self.clock,
            random=random or Random(1),
            exchange=self.vtn,
        )
        self._open.append(client)
        return client

    async def start(self, client: Client) -> Client:
        """Starts a VEN and lets it come to rest."""
        await client.start()
        await self.rest()
        return client

    async def run(self, client: Client) -> asyncio.Task[None]:
        """Lets a VEN run in a task of its own and come to rest."""
        running = asyncio.create_task(client.run())
        while not database_of(client).is_open:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.001)
        await self.rest()
        return running

    async def rest(self) -> None:
        """Lets everything run that can run now, the thread of the state included."""
        quiet = 0
        while quiet < 3:
            before = self._activity()
            asked = [database_of(client) for client in self._open]
            asked = [database for database in asked if database.is_open]
            for database in asked:
                await database.run(lambda connection: None)
            await settle()
            quiet = quiet + 1 if self._activity() == before + len(asked) else 0

    async def pass_time(self, duration: timedelta, step: timedelta = timedelta(seconds=10)) -> None:
        """Lets time pass in steps, at each of which everything comes to rest."""
        end = self.clock.moment + duration
        while self.clock.moment < end:
            await self.clock.advance(min(step, end - self.clock.moment))
            await self.rest()

    def _activity(self) -> int:
        transactions = sum(database_of(client).transactions for client in self._open)
        return len(self.vtn.received) + transactions

    async def kill(self, client: Client) -> None:
        """Ends a VEN as kill -9 would: nothing more is written or sent."""
        self._open.remove(client)
        await database_of(client).close()
        await client._machine.stop(grace=0.001)

    async def close(self) -> None:
        """Ends all VENs."""
        for client in self._open:
            await client.stop()


def database_of(client: Client) -> Database:
    """Returns the state file of a VEN."""
    return client._machine.core.state.database
