"""HTTP push: brings what waits to the VENs that listen (R38, R51).

Event-driven, and nothing runs for a VEN for which nothing waits: whoever writes for a VEN
makes its member ``stale``, and that wakes the pusher; one timer waits for the next moment at
which something is due. One exchange at a time goes to a VEN, in the order of the outbox;
many VENs are served at the same time.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from random import Random

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from runtime.tasks import Tasks
from vtn import upkeep
from vtn.desk import Caller, Desk
from vtn.dispatch import mailbox
from vtn.dispatch.backoff import pause
from vtn.dispatch.exchange import Serve, carry, ends_registration, give_up
from vtn.dispatch.lane import Lane
from vtn.dispatch.mailbox import EVENTS, Taken, Wish
from vtn.dispatch.places import Places
from vtn.dispatch.timer import Timer
from vtn.dispatch.undelivered import Deliver, Undelivered
from vtn.roster import Member
from vtn.services import registration
from vtn.store import StorageError, push
from vtn.store.push import Push

log = logging.getLogger("openadr.vtn.push")

#: Answers to one message that cannot be used until it is given up.
MOST_GARBLED = 5
#: Real seconds until the store is asked again what waits since before a start.
_AGAIN = 0.5


class Pusher:
    """Pushes to all VENs of one VTN that listen.

    Args:
        desk: the VTN.
        deliver: reaches a VEN.
        serve: takes in what a VEN answers.
        random: makes VENs that failed together come again apart.
    """

    def __init__(self, desk: Desk, deliver: Deliver, serve: Serve, random: Random) -> None:
        self._desk = desk
        self._deliver = deliver
        self._serve = serve
        self._random = random
        self._lanes: dict[int, Lane] = {}
        # VENs whose own metadata has come, so that nobody has to look again.
        self._introduced: set[int] = set()
        self._places = Places(desk.settings.push.concurrency, self._begin)
        self._timer = Timer(desk.clock, self._ring)
        self._tasks = Tasks()
        self._open = False

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Begins: what waits since before is sent, too."""
        self._open = True
        if any(member.push_address for member in self._desk.roster):
            self._tasks.start(self._resume(), name="look for what is to be pushed")

    async def _resume(self) -> None:
        """Goes on from the store: what was sent and not acknowledged may not have arrived."""
        waiting = await self._waited_for()
        while waiting is None and self._open:
            await asyncio.sleep(_AGAIN)
            waiting = await self._waited_for()
        self._go_on(waiting or {})

    async def _waited_for(self) -> Mapping[int, Collection[int]] | None:
        """Returns for whom what waits since before; None if the store does not say now."""
        try:
            async with self._desk.store.read() as tx:
                return await push.waited_for(tx)
        except StorageError as error:
            log.error("cannot look for what is to be pushed: %s", error)
            return None

    def _go_on(self, waiting: Mapping[int, Collection[int]]) -> None:
        for pk, items in waiting.items():
            member = self._desk.roster.of_pk(pk)
            if member is not None and member.push_address is not None:
                self._lane(member).again.update((EVENTS, *items))
                self.wake(member)

    @property
    def busy(self) -> int:
        """How many exchanges are under way, or wait for nothing but a place."""
        return len(self._tasks) + len(self._places)

    def halt(self) -> None:
        """Begins no exchange any more."""
        self._open = False
        self._places.clear()
        self._timer.stop()

    async def close(self, seconds: float) -> None:
        """Ends: exchanges that are under way get some time to finish.

        Args:
            seconds: of real time.
        """
        self.halt()
        await self._tasks.drain(seconds)
        await self._tasks.close()

    # ------------------------------------------------------------ what others say

    def wake(self, member: Member) -> None:
        """Looks, as soon as there is a place, whether something waits for a VEN.

        One that is not registered any more, or does not listen, is left alone at once (R405).
        """
        if not self._open:
            return
        lane = self._lane(member)
        lane.wanted = True
        if not lane.reachable:
            self._introduced.discard(member.pk)
            lane.cut_off()
            if lane.task is None and not lane.held:
                del self._lanes[member.pk]
            return
        if lane.task is None and not (lane.queued or lane.held or lane.until):
            self._places.queue(lane)

    def hold(self, member: Member) -> None:
        """Sends nothing to a VEN that registers until ``release``.

        It does not know yet that it is registered, and would ignore everything (R405).
        """
        lane = self._lane(member)
        lane.held += 1
        lane.cut_off()
        self._introduced.discard(member.pk)

    async def release(self, member: Member) -> None:
        """Lets messages go to a VEN that has been told that it is registered."""
        lane = self._lanes.get(member.pk)
        if lane is None:
            return
        lane.held -= 1
        if not lane.held:
            lane.start_over()
            self._introduced.discard(member.pk)
            self.wake(member)

    def _lane(self, member: Member) -> Lane:
        lane = self._lanes.get(member.pk)
        if lane is None:
            lane = self._lanes[member.pk] = Lane(member=member)
        return lane

    # ------------------------------------------------------------ when

    def _begin(self, lane: Lane) -> bool:
        """Starts the next exchange of a lane, if there may be one."""
        if self._lanes.get(lane.member.pk) is not lane or lane.held or not self._open:
            return False
        again = bool(lane.failures)
        name = f"push to {lane.member.ven_name}"
        lane.task = self._tasks.start(self._one(lane), name=name)
        lane.task.add_done_callback(lambda _: self._ended(lane, again))
        return True

    def _ended(self, lane: Lane, again: bool) -> None:
        lane.task = None
        if not lane.reachable and not lane.held:
            self._lanes.pop(lane.member.pk, None)
        elif self._open and lane.wanted and not (lane.until or lane.held):
            self._places.queue(lane)
        elif lane.idle:
            self._lanes.pop(lane.member.pk, None)
        self._places.leave(again=again)

    def _look_at(self, lane: Lane, moment: datetime) -> None:
        """Has a lane looked at again at a moment."""
        if lane.due != moment and self._open:
            lane.due = moment
            self._timer.at(moment, lane.member.pk)

    def _ring(self, pk: int, moment: datetime) -> None:
        lane = self._lanes.get(pk)
        # Another moment may have taken its place since.
        if lane is not None and lane.due == moment:
            lane.due = lane.until = None
            self.wake(lane.member)

    # ------------------------------------------------------------ one exchange

    async def _one(self, lane: Lane) -> None:
        """Takes the next message of a VEN and brings it there."""
        lane.wanted = False
        taken: Taken | None = None
        try:
            taken = await self._take(lane)
            if taken is not None:
                await self._bring(lane, taken)
        except StorageError as error:
            self._desk.behind = True
            self._stumble(lane, taken, f"the database fails: {error}")
        except Exception:
            log.exception("fault in a push", extra={"ven": lane.member.ven_name})
            self._stumble(lane, taken, "fault of this VTN")

    async def _take(self, lane: Lane) -> Taken | None:
        member, now = lane.member, self._desk.clock.now()
        waits = await self._waits_for_metadata(lane, now)
        wish = Wish(
            again=lane.again, refused=lane.refused, metadata_only=waits is not None, unasked=True
        )
        taken = None
        if waits is not None or lane.again or not mailbox.nothing_waits(member, now):
            taken = await mailbox.take_for(self._desk, member, now, wish)
        if taken is None:
            moment = member.due if waits is None else waits
            if moment is not None:
                self._look_at(lane, moment)
            elif lane.due is not None:
                lane.due = None
        return taken

    async def _waits_for_metadata(self, lane: Lane, now: datetime) -> datetime | None:
        """Returns until when a VEN gets metadata only; None if it may get everything.

        Interpretation: metadata goes both ways before anything else (R309, R405). A VEN that
        sends none within the time between two polls is not waited for any longer. In 2.0a
        there are none.
        """
        pk = lane.member.pk
        if pk in self._introduced or lane.member.admitted:
            return None
        async with self._desk.store.read() as tx:
            since = await push.awaited_since(tx, party_pk=pk)
        if since is not None:
            until = since + mailbox.poll_interval(self._desk, lane.member)
            if now < until:
                return until
        if not lane.held:
            self._introduced.add(pk)
        return None

    async def _bring(self, lane: Lane, taken: Taken) -> None:
        if not lane.reachable or lane.held or not self._open:
            self._cut_off(lane, taken)
            return

        async def deliver(
            member: Member, service: ServiceName, message: m.Message
        ) -> m.Message | None:
            lane.sending = True
            try:
                return await self._deliver(member, service, message)
            finally:
                lane.sending = False

        try:
            await carry(self._desk, deliver, self._serve, lane.member, taken)
        except Undelivered as error:
            await self._failed(lane, taken, error)
        except asyncio.CancelledError:
            self._cut_off(lane, taken)
            raise
        else:
            self._arrived(lane, taken)

    # ------------------------------------------------------------ what came of it

    def _cut_off(self, lane: Lane, taken: Taken) -> None:
        """Remembers what has not gone out, should the VEN be pushed to again."""
        lane.again.add(taken.key)
        lane.wanted = True

    def _arrived(self, lane: Lane, taken: Taken) -> None:
        if lane.failures:
            log.info("takes messages again", extra={"ven": lane.member.ven_name})
        lane.failures = lane.garbled = 0
        lane.since, lane.reason = None, ""
        lane.again.discard(taken.key)
        if taken.key == EVENTS:
            lane.refused.clear()
        lane.wanted = True
        self._note(lane.member, reached_at=self._desk.clock.now())

    async def _failed(self, lane: Lane, taken: Taken, error: Undelivered) -> None:
        """Ends a message that the VEN does not take, or tries again later (section 2.12).

        Interpretation: an answer that cannot be used shows a fault that may pass; after
        some of them in a row the message is given up, so that those behind it can go.
        """
        name, reason = codec.message_name(taken.message), str(error)
        lane.garbled += error.garbled
        final = error.final or lane.garbled >= MOST_GARBLED
        now = self._desk.clock.now()
        self._note(lane.member, failed_at=now, failure=f"{name}: {reason}"[:400])
        self._desk.refusals.not_pushed(
            lane.member, name, str(error.args[0]), rule=error.rule, at=now
        )
        # The same at each attempt would bury all other lines.
        known = lane.reason == reason and not final
        lane.reason = reason
        log.log(
            logging.DEBUG if known else logging.WARNING,
            "%s cannot be pushed, %s: %s",
            name,
            "given up" if final else "tried again later",
            reason[:400],
            extra={"ven": lane.member.ven_name, "rule": error.rule or "R38"},
        )
        if final:
            await self._give_up(lane, taken, reason[:400])
        else:
            self._retry(lane, taken, wish=error.retry_after)

    async def _give_up(self, lane: Lane, taken: Taken, reason: str) -> None:
        """Ends a message for good; what is behind it goes on."""
        now = self._desk.clock.now()
        lane.failures = lane.garbled = 0
        lane.since, lane.reason = None, ""
        lane.again.discard(taken.key)
        lane.wanted = True
        if taken.key == EVENTS:
            # There is no row to end: these versions are not sent again, later ones are.
            lane.refused = dict(taken.events)
            return
        await give_up(self._desk, taken, reason, now)
        if ends_registration(taken):
            # The operator has ended it, whatever the VEN makes of that (R407).
            caller = Caller(member=lane.member, fingerprint="", secure=False, received_at=now)
            await registration.end(self._desk, lane.member, caller, actor="operator")

    def _stumble(self, lane: Lane, taken: Taken | None, reason: str) -> None:
        log.error("a push is tried again later: %s", reason, extra={"ven": lane.member.ven_name})
        self._retry(lane, taken, wish=None)

    def _retry(self, lane: Lane, taken: Taken | None, *, wish: float | None) -> None:
        """Leaves a VEN alone for a while."""
        now = self._desk.clock.now()
        interval = mailbox.poll_interval(self._desk, lane.member)
        longest = self._desk.settings.push.longest_pause or interval
        lane.failures += 1
        lane.since = lane.since or now
        lane.wanted = True
        if taken is not None:
            lane.again.add(taken.key)
        lane.until = now + pause(lane.failures, longest, self._random, wish=wish)
        self._look_at(lane, lane.until)
        if lane.member.online and now - lane.since > upkeep.patience(self._desk, interval):
            upkeep.offline(self._desk, lane.member)

    def _note(
        self,
        member: Member,
        *,
        reached_at: datetime | None = None,
        failed_at: datetime | None = None,
        failure: str | None = None,
    ) -> None:
        """Keeps what the operator will want to know; the store hears of it in batches."""
        last = self._desk.pushes.get(member.pk)
        self._desk.pushes[member.pk] = Push(
            party_pk=member.pk,
            reached_at=reached_at or (last.reached_at if last else None),
            failed_at=failed_at or (last.failed_at if last else None),
            failure=failure or (last.failure if last else None),
        )
