"""How much is taken in, of one peer and at once: rate, length, time, and memory."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar
from weakref import WeakValueDictionary

from aiohttp import web

from oadr.enums import ServiceName
from runtime.http import HTTPError, body_at_hand, check_head, read_body
from vtn.config import HttpSettings
from vtn.limits import RateLimit
from vtn.refusal import too_long

T = TypeVar("T")

#: A longer document is handled beside the event loop, in bytes; others are not held up by it.
AT_ONCE = 64 * 1024
#: A shorter one still, where it may have to be mended: that takes thirty times as long.
MENDED_AT_ONCE = 4 * 1024
#: A message counts as one more for each of these: that is about what reading it takes.
_BYTES_A_TOKEN = AT_ONCE
#: What is announced as no longer comes in one piece, or waits in a buffer of its own.
_ONE_PIECE = 16 * 1024
#: Bodies that are on their way or being handled may have so many times the longest one.
_LONGEST_IN_ROOM = 8
#: Long documents that are handled at the same time; reading one takes ten times its length.
_AT_A_TIME = 2


class Intake:
    """The gate for the bodies of requests.

    What comes together with its head, as a poll does, passes uncounted. Of the others a peer
    may announce as much as one of the longest has, and all together may have eight of the
    longest in the memory. So what many half requests can take is bounded, one peer cannot
    keep the others out, and what there is no room for is refused before it is read.

    Args:
        http: the limits.
    """

    def __init__(self, http: HttpSettings) -> None:
        self.limit = RateLimit(rate=http.rate, burst=http.burst)
        self._read_timeout = http.read_timeout.total_seconds()
        self._max_body = {
            service: http.max_reports_body if service is ServiceName.EI_REPORT else http.max_body
            for service in ServiceName
        }
        self._share = max(self._max_body.values())
        self._room = _LONGEST_IN_ROOM * self._share
        self._taken = 0
        self._by_peer: Counter[str] = Counter()
        self._turns = asyncio.Semaphore(_AT_A_TIME)
        self._own_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def longest(self, service: ServiceName) -> int:
        """Returns how many bytes a message to a service may have."""
        return self._max_body[service]

    def check_rate(self, peer: str) -> None:
        """Counts one message of a peer.

        Raises:
            HTTPError: 503, it sends too many.
        """
        wait = self.limit.wait(peer, time.monotonic())
        if wait:
            raise HTTPError(
                503,
                "too many messages",
                headers={"Retry-After": str(int(wait) + 1)},
                quiet=self.limit.refusals(peer) > 1,
            )

    async def read(
        self,
        service: ServiceName,
        request: web.BaseRequest,
        peer: str,
        tolerates: Callable[[], bool] | None = None,
    ) -> bytes:
        """Returns the body of a request; hand one of more than ``AT_ONCE`` bytes to ``in_turn``.

        Args:
            service: that it was sent to.
            request: whose head has come.
            peer: who is counted.
            tolerates: see ``check_head``.

        Raises:
            HTTPError: it is no XML (406), too long (413), too slow (408), breaks off (400), or
                there is no room for it (503).
        """
        check_head(request, tolerates)
        most, length = self._max_body[service], request.content_length
        if length is not None and length > most:
            raise too_long(service, most)
        share = most if length is None else length
        if share <= _ONE_PIECE:
            data = body_at_hand(request, most=most)
            return data if data is not None else await self._read(service, request, most)
        self._announce(peer, share)
        try:
            data = await self._read(service, request, most)
        finally:
            self._announce(peer, -share)
        if len(data) > AT_ONCE:
            self.limit.charge(peer, len(data) / _BYTES_A_TOKEN)
        return data

    async def _read(self, service: ServiceName, request: web.BaseRequest, most: int) -> bytes:
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            self._take(count)
            taken += count

        try:
            return await read_body(
                request,
                most=most,
                seconds=self._read_timeout,
                too_long=too_long(service, most),
                take=take,
            )
        finally:
            self._taken -= taken

    async def in_turn(self, peer: str, data: bytes, handle: Callable[[], Awaitable[T]]) -> T:
        """Returns what comes of a long document, when few others are being handled.

        Of one peer that is one after the other: whoever sends many keeps nobody waiting but
        itself.

        Args:
            peer: who has sent it.
            data: as ``read`` has returned it.
            handle: what is done with it.

        Raises:
            HTTPError: 503, too much waits for that.
        """
        size = len(data)
        self._announce(peer, size)
        try:
            self._take(size)
            try:
                own = self._own_turns.setdefault(peer, asyncio.Lock())
                async with own, self._turns:
                    return await handle()
            finally:
                self._taken -= size
        finally:
            self._announce(peer, -size)

    def _take(self, count: int) -> None:
        """Takes room in the memory.

        Raises:
            HTTPError: 503, there is none.
        """
        if self._taken + count > self._room:
            raise _no_room()
        self._taken += count

    def _announce(self, peer: str, count: int) -> None:
        """Reserves room for a peer, or gives it back if the count is negative.

        Raises:
            HTTPError: 503, it has all that one peer may have.
        """
        own = self._by_peer[peer] + count
        if count > 0 and own > self._share:
            raise _no_room()
        self._by_peer[peer] = own
        if not own:
            del self._by_peer[peer]


def _no_room() -> HTTPError:
    return HTTPError(503, "too many long messages at once", headers={"Retry-After": "5"})
