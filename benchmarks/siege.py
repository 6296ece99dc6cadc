"""Rows of a VTN under siege: how long another VEN waits, and how much memory it takes."""

import asyncio
import ssl
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from benchmarks import cores
from benchmarks.child import Child, started
from benchmarks.join import join
from benchmarks.keys import Keys
from benchmarks.kit_vtn import configure
from benchmarks.load import Target, WrongReplyError
from benchmarks.plan import Plan
from benchmarks.results import Row, Sample
from certs import KeyType
from oadr import codec
from oadr import messages as m

#: Connections that come to nothing, at any time.
HALF_OPEN = 200
#: Polls of the other VEN in a second.
_RATE = 40
#: Milliseconds that one in a hundred of them may take longer.
_MOST = 250


@dataclass(slots=True, kw_only=True)
class _Victim:
    """The VEN that wants to be served.

    Attributes:
        took: seconds of each poll.
        memory: of the VTN, MB, looked at after each poll.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: bytes
    vtn: Child
    took: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    async def poll_for(self, seconds: float) -> None:
        """Polls at a steady rate."""
        for _ in range(max(10, round(seconds * _RATE))):
            begin = time.perf_counter()
            self.writer.write(self.request)
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.split(b"Content-Length: ")[1].split(b"\r")[0])
            body = await self.reader.readexactly(length)
            self.took.append(time.perf_counter() - begin)
            if not head.startswith(b"HTTP/1.1 200 ") or b"responseCode>200<" not in body:
                raise WrongReplyError(repr(head + body))
            self.memory.append(cores.memory(self.vtn.pid)["rss"])
            await asyncio.sleep(1 / _RATE)


def under(what: str) -> Callable[[Plan], Awaitable[Row]]:
    """Returns the row of a flood of ``polls`` or of ``reports`` of 12 MB each."""

    async def row(plan: Plan) -> Row:
        return await _row(plan, what)

    return row


async def _row(plan: Plan, what: str) -> Row:
    keys = Keys.make(plan.folder / f"siege-{what}", KeyType.EC, vens=2)
    # With the usual limits: they are a part of what is measured.
    config = configure(plan.folder / f"siege-{what}-vtn", keys, policy="accepted", limits=True)
    async with started("kit_vtn", config=str(config)) as (vtn, ready):
        url = f"https://127.0.0.1:{ready['port']}/OpenADR2/Simple/2.0b"
        joined = [await join(url, f"ven-{n}", context=keys.client_context(n)) for n in range(2)]
        victim = await _connected(vtn, ready["port"], keys.client_context(1), joined[1].ven_id)
        await victim.poll_for(plan.seconds)
        quiet, before = statistics.median(victim.took) * 1e3, max(victim.memory)
        victim.took.clear()
        attacker = keys.vens[0]
        async with started(
            "flooder",
            port=ready["port"],
            ca=str(keys.ca),
            certificate=str(attacker.certificate),
            key=str(attacker.key),
            ven_id=joined[0].ven_id,
        ) as (flooder, _):
            answers, seconds = await _besieged(plan, flooder, victim, what)
        victim.writer.close()
    p99 = statistics.quantiles(victim.took, n=100)[98] * 1e3
    peak = max(victim.memory)
    return Row(
        name=f"siege-{what}",
        title=f"poll, 99th percentile, while another VEN floods with {what}",
        unit="ms",
        better="less",
        openleadr=None,
        kit=Sample(
            rounds=(p99,),
            extra={
                "median_ms": statistics.median(victim.took) * 1e3,
                "longest_ms": max(victim.took) * 1e3,
                "quiet_median_ms": quiet,
                "polls": len(victim.took),
                "flood_answers_per_second": answers / seconds,
                "memory_before_mb": before,
                "memory_peak_mb": peak,
            },
        ),
        most=_MOST,
        note=f"{len(victim.took)} polls, median {statistics.median(victim.took) * 1e3:.1f} ms, "
        f"longest {max(victim.took) * 1e3:.0f} ms (quiet: {quiet:.1f} ms); "
        f"{answers / seconds:,.0f} answers a second to the flood, {HALF_OPEN} connections half "
        f"open; the VTN took {before:.0f} MB before and {peak:.0f} MB at most",
    )


async def _besieged(plan: Plan, flooder: Child, victim: _Victim, what: str) -> tuple[int, float]:
    """Polls while the flood is on; returns the flood's answers, and the seconds."""
    await flooder.call(what=what, half_open=HALF_OPEN)
    first = (await flooder.call(what="count"))["answers"]
    begin = time.perf_counter()
    for _ in range(plan.rounds):
        await victim.poll_for(plan.seconds * 3)
    seconds = time.perf_counter() - begin
    answers = (await flooder.call(what="count"))["answers"] - first
    await flooder.call(what="stop")
    return answers, seconds


async def _connected(vtn: Child, port: int, context: ssl.SSLContext, ven_id: str) -> _Victim:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    poll = codec.encode(m.Poll(ven_id=ven_id))
    request = Target(port=port, service="OadrPoll").request(poll)
    return _Victim(reader=reader, writer=writer, request=request, vtn=vtn)
