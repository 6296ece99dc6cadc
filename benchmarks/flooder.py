"""A VEN that means harm, in a process of its own: it floods, and keeps connections half open."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from benchmarks import cores
from benchmarks.child import Channel
from benchmarks.load import Target
from oadr import codec
from oadr import messages as m

#: Connections that send without a pause, and requests that are sent on one before its answers
#: are looked at.
_LANES, _AHEAD = 16, 8
#: Intervals of a report that is as long as the VTN takes one: 12 MB.
_INTERVALS = 35_000
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_BROKEN = (OSError, ssl.SSLError, asyncio.IncompleteReadError)


class _Flood:
    """Everything at once, until it is stopped.

    Args:
        port: of the VTN on this machine.
        context: with the certificate of the VEN.
    """

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._port = port
        self._context = context
        self._tasks: list[asyncio.Task[None]] = []
        self.answers = 0
        self.open = 0

    async def start(self, request: bytes, *, half_open: int) -> None:
        """Opens connections that come to nothing, then sends a request over and over.

        Whatever is closed is opened again.
        """
        halves = half_open // 2
        self._begin(self._held(self._half) for _ in range(halves))
        self._begin(self._held(self._silent) for _ in range(half_open - halves))
        while self.open < half_open:  # noqa: ASYNC110 - counted by many tasks
            await asyncio.sleep(0.01)
        self._begin(self._lane(request) for _ in range(_LANES))

    def _begin(self, work: Iterable[Coroutine[Any, Any, None]]) -> None:
        self._tasks += [asyncio.create_task(one) for one in work]

    async def stop(self) -> None:
        """Hangs up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _lane(self, request: bytes) -> None:
        batch = request * (_AHEAD if len(request) < 10_000 else 1)
        while True:
            with suppress(*_BROKEN):
                reader, writer = await self._connect(self._context)
                counting = asyncio.create_task(self._count(reader))
                try:
                    while not counting.done():
                        writer.write(batch)
                        await writer.drain()
                finally:
                    counting.cancel()
                    writer.close()
            await asyncio.sleep(0.01)

    async def _count(self, reader: asyncio.StreamReader) -> None:
        with suppress(*_BROKEN):
            while data := await reader.read(1 << 16):
                self.answers += data.count(b"HTTP/1.1 ")

    async def _held(self, opened: Callable[[], Awaitable[_Streams]]) -> None:
        while True:
            with suppress(*_BROKEN):
                reader, writer = await opened()
                self.open += 1
                try:
                    await reader.read()
                finally:
                    self.open -= 1
                    writer.close()
            await asyncio.sleep(0.01)

    async def _silent(self) -> _Streams:
        """Connects, and never begins the handshake."""
        return await self._connect(None)

    async def _half(self) -> _Streams:
        """Sends a head and half of the body that it announces."""
        reader, writer = await self._connect(self._context)
        head = Target(port=self._port, service="EiReport").request(b"x" * 30_000)
        writer.write(head[:20_000])
        await writer.drain()
        return reader, writer

    async def _connect(self, context: ssl.SSLContext | None) -> _Streams:
        return await asyncio.open_connection("127.0.0.1", self._port, ssl=context)


async def main(
    channel: Channel, *, port: int, ca: str, certificate: str, key: str, ven_id: str
) -> None:
    """Floods as it is told: ``{"what": "polls"}``, ``"reports"`` or ``"stop"``.

    Beside the flood it keeps as many connections half open as ``half_open`` says. It answers
    with the requests that were answered and the connections that are held.
    """
    cores.pin(cores.load_core())
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    flood = _Flood(port, context)
    channel.answer(None)
    while (command := await channel.next()) is not None:
        if command["what"] == "stop":
            await flood.stop()
        elif command["what"] != "count":
            request = _request(command["what"], port, ven_id)
            await flood.start(request, half_open=command["half_open"])
        channel.answer({"answers": flood.answers, "open": flood.open})


def _request(what: str, port: int, ven_id: str) -> bytes:
    if what == "polls":
        return Target(port=port, service="OadrPoll").request(codec.encode(m.Poll(ven_id=ven_id)))
    return Target(port=port, service="EiReport").request(codec.encode(_report(ven_id)))


def _report(ven_id: str) -> m.UpdateReport:
    start, minute = datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=1)
    intervals = tuple(
        m.Interval(
            dtstart=start + n * minute,
            duration=minute,
            payloads=(m.ReportPayload(r_id="point-1", value=Decimal(n)),),
        )
        for n in range(_INTERVALS)
    )
    report = m.Report(
        intervals=intervals,
        report_request_id="none",
        report_specifier_id="usage",
        created_date_time=start,
    )
    return m.UpdateReport(request_id="1", reports=(report,), ven_id=ven_id)
