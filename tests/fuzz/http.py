"""Requests that are hardly HTTP, over real sockets, at both listeners."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

from rich.console import Console

from oadr import codec
from oadr import messages as m
from tests.fuzz.judging import Ears, Fault
from tests.vtn.kit import Open
from ven.connection import Connection
from ven.push import Listening
from ven.testing import joined
from vtn.testing import running

BASE = b"/OpenADR2/Simple/2.0b/"
#: Statuses that a listener may answer with; 501 for another method, 503 for too much.
STATUSES = {100, 200, 400, 403, 404, 406, 408, 411, 413, 414, 417, 431, 501, 503, 505}
_XML = b"Content-Type: application/xml"
_METHODS = [b"POST"] * 8 + [
    b"GET",
    b"PUT",
    b"CONNECT",
    b"OPTIONS",
    b"PRI",
    b"p\x00st",
    b"",
    b"A" * 9000,
]
_SERVICES = [b"EiReport", b"EiRegisterParty", b"OadrPoll", b"EiEvent"] * 3 + [
    b"", b"..%2f..", b"%00", b"EiEvent?x=%zz", b"x" * 9000, b"\xff", b"EiReport/",
    b"//EiEvent", b"*",
]  # fmt: skip
_VERSIONS = [b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"HTTP", b"", b"http/1.1 x"]
_HEADERS = [
    b"Host: x", b"Host: y", b"Host:", b": x", b"x", b"X : y", b" folded", b"X: " + b"y" * 9000,
    b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999",
    b"Content-Length: 0x10", b"Content-Length: 5, 5", b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding: x",
    b"Content-Encoding: gzip", b"Content-Encoding: br", b"Content-Type: application/xml",
    b"Content-Type: text/xml; charset=\x00", b"Content-Type: application/xml; charset=utf-16",
    b"Connection: upgrade", b"Upgrade: websocket", b"Upgrade: h2c", b"Expect: 100-continue",
    b"Expect: nonsense", b"Connection: close", b"Connection: keep-alive, close", b"Cookie: a=b; c",
    b"X\x00Y: z", b"X: \xff\xfe", b"X: a\rb", b"Accept-Encoding: gzip, deflate, br, \x01",
    b"X-Forwarded-For: 127.0.0.1", b"X-SSL-Client-Cert: x", b"Range: bytes=0-", b"Authorization: x",
]  # fmt: skip
_CHUNKS = [b"5\r\nhello\r\n0\r\n\r\n", b"-1\r\n", b"fffffffff\r\nx", b"5;x=y\r\nhel", b"zz\r\n\r\n"]


#: At the beginning of each answer.
_STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})", re.MULTILINE)
#: Real seconds after which nothing more is expected; and connections at a time.
_PATIENCE = 0.2
_AT_ONCE = 20


def request(random: Random, home: bytes, document: bytes) -> bytes:
    """Returns a request of some kind.

    Args:
        random: decides.
        home: the service that the document is for.
        document: a good one for the body.
    """
    pick = random.choice
    if random.random() < 0.3:
        odd = random.choices(_HEADERS, k=pick([0, 1, 2]))
        length = b"Content-Length: %d" % len(document)
        lines = [b"POST %s HTTP/1.1" % (BASE + home), b"Host: x", _XML, length, *odd, b"", document]
        return b"\r\n".join(lines)
    target = pick([BASE + pick(_SERVICES), BASE + pick(_SERVICES), pick(_SERVICES)])
    line = b" ".join([pick(_METHODS), target, pick(_VERSIONS)])
    headers = random.choices(_HEADERS, k=pick([0, 1, 2, 3, 8, 200]))
    if random.random() < 0.6:
        headers += [b"Host: x", b"Content-Type: application/xml"]
    if random.random() < 0.5:
        headers.append(b"Content-Length: %d" % (len(document) + pick([0, 0, 0, -1, 1, 1000])))
    body = pick([document, document, b"", document * 3, pick(_CHUNKS), random.randbytes(50)])
    newline = pick([b"\r\n"] * 6 + [b"\n", b"\r"])
    found = newline.join([line, *headers, b"", body])
    if random.random() < 0.2:
        spoilt = bytearray(found)
        for _ in range(pick([1, 5, 50])):
            spoilt[random.randrange(len(spoilt))] = random.randrange(256)
        return bytes(spoilt)
    return found


async def _talk(port: int, data: bytes) -> bytes:
    """Returns what is said to some bytes, when nothing more comes for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        writer.write(data)
        await writer.drain()
        while True:
            async with asyncio.timeout(_PATIENCE):
                piece = await reader.read(65536)
            said += piece
            if not piece:
                return said
    except (ConnectionError, TimeoutError):
        return said
    finally:
        writer.close()


def _check(data: bytes, answer: bytes, found: Counter[str]) -> None:
    """Counts an answer, and checks its status."""
    statuses = [int(text) for text in _STATUS.findall(answer)]
    found["no answer"] += not statuses
    for status in statuses:
        found[f"HTTP {status}"] += 1
        if status not in STATUSES:
            raise Fault(f"HTTP {status} to {data[:2000]!r}: {answer[:500]!r}")


async def fire(
    port: int,
    random: Random,
    count: int,
    good: tuple[bytes, bytes],
    alive: Callable[[], Awaitable[None]],
) -> Counter[str]:
    """Sends requests, and returns how they were answered.

    Args:
        port: that the party listens at.
        random: decides.
        count: how many.
        good: a document, and before that the service that it is for.
        alive: checks that the party serves as before.

    Raises:
        Fault: something that must not happen.
    """
    found: Counter[str] = Counter()
    ears = Ears()
    with ears.listening():
        for _ in range(0, count, _AT_ONCE):
            requests = [request(random, *good) for _ in range(_AT_ONCE)]
            answers = await asyncio.gather(*(_talk(port, data) for data in requests))
            for data, answer in zip(requests, answers, strict=True):
                _check(data, answer, found)
            await alive()
            ears.check()
    return found


async def at_vtn(random: Random, count: int) -> Counter[str]:
    """Fires at a VTN, and returns how that was answered."""
    async with running(handlers=[Open()]) as world:
        peer = world.peer()
        await peer.register("ven")
        await peer.settle()

        async def alive() -> None:
            if not (await peer.poll()).response.ok:
                raise Fault("the VTN does not answer polls any more")

        document = codec.encode(m.Poll(ven_id=peer.ven_id))
        return await fire(world.server.port, random, count, (b"OadrPoll", document), alive)


async def at_ven(random: Random, count: int) -> Counter[str]:
    """Fires at a VEN that listens, and returns how that was answered."""
    where = Connection(url="http://vtn.example", listen=Listening(host="127.0.0.1", port=0))
    async with joined(push=True, connection=where) as world:
        await world.start()
        number = 0

        async def alive() -> None:
            nonlocal number
            number += 1
            await world.vtn.send_event(event_id=f"e{number}")
            if f"e{number}" not in world.vtn.answers:
                raise Fault("the VEN does not answer events any more")

        document = codec.encode(m.RegisterReport(request_id="q", ven_id="ven-1"))
        return await fire(world.ven.push_port or 0, random, count, (b"EiReport", document), alive)


def fired_at_sockets(count: int, seed: int, console: Console) -> bool:
    """Fires at both, and returns whether nothing was found."""
    ok = True
    for name, at in (("VTN", at_vtn), ("VEN", at_ven)):
        try:
            found = asyncio.run(at(Random(seed), count))
        except Fault as fault:
            console.print(f"[red]{name} over sockets[/red]: {fault}"[:2000], markup=True)
            ok = False
            continue
        answers = ", ".join(f"{what} {number}" for what, number in sorted(found.items()))
        console.print(f"{name} over sockets: {count} requests; {answers}")
    return ok
