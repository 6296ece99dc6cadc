"""What the engines share: the VTN, the state, the time, and who we are."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from oadr.codec import message_name
from oadr.enums import ServiceName
from oadr.errors import NotRegistered, OpenADRError
from oadr.messages import EiResponse, Message, Response
from oadr.words import quoted
from runtime.clock import Clock
from runtime.hooks import Registry
from runtime.middleware import Chain
from runtime.tasks import Tasks, checked_work
from ven.backoff import BackOff
from ven.engine.patience import Patience
from ven.engine.pushed import Pushed
from ven.engine.turn import Turn
from ven.errors import BadReply, Refused, Rejected, Unreachable, Unregistered, WrongPeer
from ven.health import Health, rule_in
from ven.hooks import HOOKS, Context
from ven.options import Options
from ven.state import Registration, State
from ven.transport import Exchange

log = logging.getLogger("openadr.ven")
M = TypeVar("M")


@dataclass(slots=True, kw_only=True)
class Core:
    """What the engines share.

    Attributes:
        options: how the VEN behaves.
        exchange: reaches the VTN.
        state: what must not be forgotten.
        clock: tells the time.
        random: source of all jitter and random offsets.
        hooks: the handlers.
        middleware: what stands around the handling of each message of the VTN.
        tasks: background work.
        new_id: makes identifiers.
        turn: held while a message of the VTN is processed, and while a report is sent, so
            that an answer always goes out before what it announces.
        registration: who we are; None while unregistered.
        lost: why the VTN does not know this VEN any more; empty while it does.
        disowned: whether the VTN does not know a VEN that it cannot register; said once.
        ready: set while registered and introduced, so that reports may be sent.
        woken: set to make the session look at once.
        patience: counts what the VTN cannot digest.
        resigned: whether this VEN ended the registration itself and stays away.
        away_until: when to register again after the VTN has cancelled the registration;
            None if it has not.
        parked: reports given up since the start.
        answered: the logical answer that was sent last.
        pushed: what the VTN has pushed and is handled now; its answer goes out as the
            response. None while a message is handled that was polled for.
        shown: says the OpenADR fingerprint of the certificate that the VTN showed last;
            empty if it has shown none.
        health: what is noticed of the VTN, and of the meters.
    """

    options: Options
    exchange: Exchange
    state: State
    clock: Clock
    random: Random
    hooks: Registry
    middleware: Chain = field(default_factory=Chain)
    tasks: Tasks = field(default_factory=Tasks)
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex
    turn: Turn = field(default_factory=Turn)
    registration: Registration | None = None
    lost: str = ""
    disowned: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    patience: Patience = field(default_factory=Patience)
    resigned: bool = False
    away_until: datetime | None = None
    parked: int = 0
    answered: Message | None = None
    pushed: Pushed | None = None
    shown: Callable[[], str] = str
    health: Health = field(default_factory=Health)

    @property
    def party(self) -> Registration:
        """The registration.

        Raises:
            Unregistered: there is none.
        """
        if self.registration is None:
            raise Unregistered
        return self.registration

    async def send(self, service: ServiceName, message: Message) -> Message | None:
        """Sends a message and returns the answer, whatever it is.

        Raises:
            TransportError: there is no usable answer.
            Refused: the answer carries an error code; 463 also ends the registration.
        """
        try:
            reply = await self.exchange(service, message)
        except (Rejected, BadReply, WrongPeer) as error:
            code = f"HTTP {error.status}" if isinstance(error, Rejected) else "unreadable"
            self._note_refusal(message, code, error.reason)
            raise
        response = getattr(reply, "response", None)
        if isinstance(response, EiResponse) and not response.ok:
            name = message_name(message)
            self._note_refusal(message, str(response.code), response.description or "")
            if response.code == NotRegistered.code and self.registration is not None:
                self.lose(f"the VTN answered {name} with {response.code}")
            raise Refused(response.code, response.description or "", message=name)
        if self.health.refusals:
            self.health.taken(message_name(message))
        return reply

    def _note_refusal(self, message: Message, code: str, words: str) -> None:
        name = message_name(message)
        self.health.refused(name, code, words, self.clock.now(), rule_in(words))

    async def ask(self, service: ServiceName, message: Message, expected: type[M]) -> M:
        """Sends a message and returns the answer of the expected kind.

        Raises:
            TransportError: there is no usable answer, or one of another kind.
            Refused: the answer carries an error code.
        """
        return expect(await self.send(service, message), expected, message)

    async def tell(self, service: ServiceName, message: Message) -> None:
        """Sends a logical answer, which the VTN confirms with oadrResponse or an empty body.

        The answer to what was pushed is not sent but kept: it is the response (R51).

        Raises:
            TransportError: there is no usable answer, or one of another kind.
            Refused: the answer carries an error code.
        """
        if self.receiving is not None and self.receiving.takes(service, message):
            self.answered = message
            return
        reply = await self.send(service, message)
        if reply is not None and not isinstance(reply, Response):
            raise BadReply(f"{message_name(message)} was answered with {message_name(reply)}")
        self.answered = message

    @property
    def receiving(self) -> Pushed | None:
        """What was pushed, for the task that handles it; None for any other."""
        return self.pushed if self.turn.mine else None

    def lose(self, reason: str) -> None:
        """Notes that the VTN does not know this VEN; the session registers again."""
        if not self.lost and not self.disowned:
            log.warning("not registered any more: %s", reason, extra=self.extra)
        self.lost = reason
        self.ready.clear()
        self.woken.set()

    async def comes_from_vtn(self, vtn_id: str) -> bool:
        """Returns whether a vtnID is that of our VTN (R21).

        A pre-provisioned VEN that was not told it takes the first one, from now on.
        """
        party = self.party
        if party.pre_provisioned and not party.vtn_id and vtn_id:
            self.registration = replace(party, vtn_id=vtn_id)
            await self.state.registration.save(self.registration)
            log.info("the VTN calls itself %s", quoted(vtn_id), extra=self.extra)
        return vtn_id == self.party.vtn_id

    def context(self, moment: datetime) -> Context:
        """Returns the context of a hook call."""
        party = self.registration
        return Context(
            ven_id=party.ven_id if party else "",
            vtn_id=party.vtn_id if party else "",
            received_at=moment,
            clock=self.clock,
            after_reply=self._after_reply,
        )

    def _after_reply(self, work: Coroutine[Any, Any, Any]) -> None:
        checked_work(work)

        async def later() -> None:
            async with self.turn:
                pass
            await work

        task = self.tasks.start(later(), name="work of a handler after the reply")
        # Should the VEN stop before its turn has come, it is not done.
        task.add_done_callback(lambda _: work.close())

    async def keep_running(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        """Runs work that never ends, and starts it again should it fail."""
        backoff = self.backoff()
        while True:
            started = self.clock.now()
            try:
                await work()
            except Exception as error:
                if self.clock.now() - started > self.options.backoff_cap:
                    backoff.succeeded()
                log.error("%s: unexpected %r", name, error, extra=self.extra, exc_info=error)
                await self.pause(backoff.failed())

    def wait_after(self, error: OpenADRError, backoff: BackOff) -> timedelta:
        """Counts a failure and returns how long to wait before the next attempt."""
        wait, cap = backoff.failed(), self.options.backoff_cap
        if isinstance(error, Rejected):
            # The same will fail again; somebody has to do something first.
            wait = max(wait, cap)
        if isinstance(error, Unreachable) and error.retry_after is not None:
            seconds = min(error.retry_after, cap.total_seconds())
            wait = max(wait, timedelta(seconds=seconds))
        return wait

    def backoff(self) -> BackOff:
        """Returns a back-off with this VEN's cap and randomness."""
        return BackOff(random=self.random, cap=self.options.backoff_cap)

    async def pause(self, duration: timedelta, *wakers: asyncio.Event) -> None:
        """Waits ``duration`` of the clock's time, or until one of the events is set."""
        await self._first(self.clock.sleep(duration), wakers)

    async def pause_until(self, moment: datetime | None, *wakers: asyncio.Event) -> None:
        """Waits until ``moment``, or until one of the events is set; None waits for these."""
        sleep = None if moment is None else self.clock.sleep_until(moment)
        await self._first(sleep, wakers)

    @staticmethod
    async def _first(
        sleep: Coroutine[Any, Any, None] | None, wakers: tuple[asyncio.Event, ...]
    ) -> None:
        waits: list[asyncio.Task[Any]] = [asyncio.ensure_future(waker.wait()) for waker in wakers]
        if sleep is not None:
            waits.append(asyncio.ensure_future(sleep))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    @property
    def extra(self) -> dict[str, str]:
        """What goes into ``extra`` of a log record."""
        return {"ven": self.options.ven_name}


def expect(reply: Message | None, expected: type[M], message: Message) -> M:
    """Returns the reply to a message if it is of the expected kind.

    Raises:
        BadReply: it is of another kind, or empty.
    """
    if isinstance(reply, expected):
        return reply
    found = "nothing" if reply is None else message_name(reply)
    raise BadReply(f"{message_name(message)} was answered with {found}")


def new_registry(time_limit: float, time_limits: Mapping[str, float] | None = None) -> Registry:
    """Returns a registry for the hooks of a VEN."""
    return Registry(HOOKS, time_limit=time_limit, time_limits=time_limits)
