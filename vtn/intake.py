"""How much is taken in, of one peer and at once: rate, length, time, and memory."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web

from oadr.enums import ServiceName
from runtime.http import HTTPError, check_head, read_body
from vtn.config import HttpSettings
from vtn.limits import RateLimit
from vtn.refusal import too_long

T = TypeVar("T")

#: A longer document is handled beside the event loop, in bytes; others are not held up by it.
AT_ONCE = 64 * 1024
#: A message counts as one more for each of these: that is about what reading it takes.
_BYTES_A_TOKEN = AT_ONCE
#: Bodies that are on their way or being handled may have so many times the longest one.
_LONGEST_AT_ONCE = 4


class Intake:
    """The gate for the bodies of requests.

    What comes together with its head, as a poll does, passes uncounted. The others share a
    room: a peer may have one of the longest in it, and all together four. So what many half
    requests can take of the memory is bounded, and one peer cannot keep the others out.

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
        self._room = _LONGEST_AT_ONCE * self._share
        self._taken = 0
        self._by_peer: Counter[str] = Counter()
        self._turns = asyncio.Semaphore(_LONGEST_AT_ONCE)

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
        most = self._max_body[service]
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            self._take(peer, count)
            taken += count

        data = b""
        try:
            data = await read_body(
                request,
                most=most,
                seconds=self._read_timeout,
                too_long=too_long(service, most),
                take=take,
            )
        finally:
            # What is handled at once is out again before anybody else has a turn.
            kept = len(data) if len(data) > AT_ONCE else 0
            self._take(peer, kept - taken)
        if kept:
            self.limit.charge(peer, kept / _BYTES_A_TOKEN)
        return data

    async def in_turn(self, peer: str, data: bytes, handle: Callable[[], Awaitable[T]]) -> T:
        """Returns what comes of a long document, when few others are being handled.

        Args:
            peer: who has sent it.
            data: as ``read`` has returned it.
            handle: what is done with it.
        """
        try:
            async with self._turns:
                return await handle()
        finally:
            self._take(peer, -len(data))

    def _take(self, peer: str, count: int) -> None:
        """Takes room, or gives it back if the count is negative.

        Raises:
            HTTPError: 503, there is none.
        """
        if not count:
            return
        total, own = self._taken + count, self._by_peer[peer] + count
        if count > 0 and (total > self._room or own > self._share):
            raise HTTPError(503, "too many long messages at once", headers={"Retry-After": "5"})
        self._taken = total
        self._by_peer[peer] = own
        if not own:
            del self._by_peer[peer]
