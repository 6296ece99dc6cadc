"""What a VTN must withstand: after each of these it serves as before."""

import asyncio
import gzip
import logging
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientError

from oadr import codec
from oadr import messages as m
from oadr.codec import CONTENT_TYPE
from runtime.logs import JsonFormatter, PeopleFormatter
from tests.vtn.kit import STANDING, Open, a_ven, dispatch, metadata, readings, update
from vtn.testing import Answer, Peer, World, running

XML = {"Content-Type": CONTENT_TYPE}
HEAD = (
    "POST /OpenADR2/Simple/2.0b/OadrPoll HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"
)


def poll(peer: Peer) -> bytes:
    return codec.encode(m.Poll(ven_id=peer.ven_id))


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


@asynccontextmanager
async def besieged(
    caplog: pytest.LogCaptureFixture, overrides: dict[str, Any] | None = None
) -> AsyncIterator[tuple[World, Peer]]:
    """A VTN with a VEN; at the end a good poll still works and no fault was logged."""
    async with a_ven(overrides) as (world, peer):
        caplog.clear()
        yield world, peer
        assert (await peer.poll()).response.code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# ---------------------------------------------------------------- HTTP


@pytest.mark.parametrize(
    ("service", "method", "headers", "status"),
    [
        ("OadrPoll", "GET", XML, 501),
        ("OadrPoll", "PUT", XML, 501),
        ("OadrPoll", "OPTIONS", XML, 501),
        ("OadrPoll", "PATCH", XML, 501),
        ("OadrPoll", "BREW", XML, 400),
        ("EiNothing", "GET", XML, 501),
        ("EiNothing", "POST", XML, 404),
        ("OadrPoll/", "POST", XML, 404),
        ("oadrpoll", "POST", XML, 404),
        ("OadrPoll", "POST", {"Content-Type": "text/xml"}, 406),
        ("OadrPoll", "POST", {"Content-Type": "application/json"}, 406),
        ("OadrPoll", "POST", {"Content-Type": "nonsense"}, 406),
        ("OadrPoll", "POST", {"Content-Type": ""}, 406),
        ("OadrPoll", "POST", {"Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip"}, 406),
        ("OadrPoll", "POST", {"Content-Type": f"{CONTENT_TYPE}; charset=utf-8"}, 200),
        ("OadrPoll", "POST", {"Content-Type": "Application/XML; charset=UTF-8"}, 200),
        ("OadrPoll", "POST", XML | {"Accept": "text/html"}, 200),
        ("OadrPoll", "POST", XML | {"X-Long": "x" * 20_000}, 400),
        ("OadrPoll", "POST", XML | {"Content-Encoding": "identity"}, 200),
    ],
)
async def test_the_status_says_what_is_wrong_with_a_request(
    service: str,
    method: str,
    headers: dict[str, str],
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog) as (_, peer):
        answer = await peer.raw(service, poll(peer), method=method, headers=headers)
        assert answer.status == status
        if status != 200:
            (record,) = warnings(caplog)
            assert f"HTTP {status}" in record.getMessage()


async def test_r511_an_address_may_be_written_in_another_way(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog) as (_, peer):
        assert (await peer.raw("%4fadrPoll", poll(peer))).status == 200
        assert (await peer.raw("./OadrPoll", poll(peer))).status == 200


@pytest.mark.parametrize("service", ["EiEvent", "EiReport", "EiOpt", "EiRegisterParty"])
async def test_a_poll_elsewhere_than_at_oadr_poll_is_404(
    service: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with besieged(caplog) as (_, peer):
        answer = await peer.raw(service, poll(peer))
        assert answer.status == 404
        assert b"oadrPoll" in answer.body
        assert len(warnings(caplog)) == 1


async def test_r23_r401_what_only_a_vtn_says_is_404(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog) as (_, peer):
        shot = m.DistributeEvent(request_id="1", vtn_id="vtn")
        assert (await peer.raw("EiEvent", codec.encode(shot))).status == 404
        asked = m.RequestReregistration(ven_id=peer.ven_id)
        assert (await peer.raw("EiRegisterParty", codec.encode(asked))).status == 404


async def test_a_body_in_chunks_is_read(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog) as (_, peer):
        answer = await peer.raw("OadrPoll", _pieces(poll(peer), 7))
        assert answer.status == 200


async def _pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": CONTENT_TYPE, "Content-Encoding": "deflate"}]
)
async def test_a_compressed_bomb_is_not_unpacked(
    headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async with besieged(caplog) as (_, peer):
        bomb = gzip.compress(b" " * 50_000_000)
        gzipped = {"Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip"}
        answer = await peer.raw("EiReport", bomb, headers=headers or gzipped)
        assert answer.status == 406
        assert "compressed" in answer.body.decode()


@pytest.mark.parametrize(
    ("accepts", "unpack"),
    [("gzip", gzip.decompress), ("deflate", zlib.decompress), ("identity", bytes)],
)
async def test_a_reply_is_compressed_as_the_ven_accepts_it(
    accepts: str, unpack: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    async with besieged(caplog) as (world, peer):
        body = poll(peer)
        head = f"{HEAD}Accept-Encoding: {accepts}\r\nConnection: close\r\n"
        answer = await _talk(world, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head_text, _, content = answer.partition(b"\r\n\r\n")
        # R53: the length is there, and nothing comes in chunks.
        assert f"Content-Length: {len(content)}".encode() in head_text
        assert b"chunked" not in head_text
        assert isinstance(codec.decode(unpack(content)), m.Response)


async def _talk(world: World, data: bytes, *, head: bool = False) -> bytes:
    """Returns all that the server says to some bytes, until it closes; or just the first head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
    try:
        writer.write(data)
        await writer.drain()
        async with asyncio.timeout(5):
            return await (reader.readuntil(b"\r\n\r\n") if head else reader.read())
    finally:
        writer.close()


# ---------------------------------------------------------------- size and time

SMALL: dict[str, Any] = {"http": {"max_body": 2048, "max_reports_body": 8192}}


async def test_a_long_body_is_413_and_is_not_read(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog, SMALL) as (world, peer):
        head = f"{HEAD}Content-Length: 1000000000\r\n\r\n".encode()
        answer = await _talk(world, head + b"<a>", head=True)
        assert b" 413 " in answer.splitlines()[0]
        assert (await peer.raw("OadrPoll", b"x" * 2049)).status == 413
        assert (await peer.raw("EiReport", b"x" * 2049)).status == 406
        assert (await peer.raw("EiReport", b"x" * 8193)).status == 413


async def test_a_body_that_waits_to_be_asked_for_is_asked_for_unless_it_is_too_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog, SMALL) as (world, peer):
        body = poll(peer)
        for length, asked in ((len(body), b" 100 "), (5000, b" 413 ")):
            expecting = f"{HEAD}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
            answer = await _talk(world, expecting.encode(), head=True)
            assert asked in answer.splitlines()[0]


async def test_a_long_body_in_chunks_is_413(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog, SMALL) as (_, peer):
        try:
            answer = await peer.raw("OadrPoll", _pieces(b" " * 4_000_000, 65536))
        except ClientError:
            return  # the connection was closed while the client was still talking
        assert answer.status == 413


async def test_a_report_of_more_than_16_mib_is_taken_where_that_is_configured(
    caplog: pytest.LogCaptureFixture,
) -> None:
    big = {"http": {"max_reports_body": 20 * 1024 * 1024}}
    async with besieged(caplog, big) as (_, peer):
        body = codec.encode(update(peer))
        for tag in (b"<oadr:oadrSignedObject", b"<oadr:oadrUpdateReport"):
            body = body.replace(tag, b" " * 9_000_000 + tag)
        assert len(body) > codec.MAX_BYTES
        assert (await peer.raw("EiReport", body)).status == 200


QUICK: dict[str, Any] = {"http": {"read_timeout": "100ms"}}


async def test_a_body_that_does_not_come_is_408(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog, QUICK) as (world, _):
        answer = await _talk(world, f"{HEAD}Content-Length: 500\r\n\r\n<a>".encode(), head=True)
        assert b" 408 " in answer.splitlines()[0]
        assert len(warnings(caplog)) == 1


async def test_a_head_that_does_not_come_to_its_end_is_hung_up_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog, QUICK) as (world, _):
        assert await _talk(world, HEAD.encode()) == b""


async def test_a_connection_that_drops_in_the_middle_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog) as (world, _):
        for cut in (0, 10, len(HEAD), len(HEAD) + 30):
            _, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
            writer.write(f"{HEAD}Content-Length: 500\r\n\r\n<oadr:oadr".encode()[: cut or 1])
            await writer.drain()
            writer.transport.abort()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "tail",
    [
        b"Content-Length: 5\r\n\r\n<a></a>\x00\x01 rubbish",
        b"Content-Length: -1\r\n\r\n<a/>",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n<a/>",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n<a/>",
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n<a/>\r\n0\r\n\r\n",
        b"Transfer-Encoding: nonsense\r\n\r\n<a/>",
        b"Broken header\r\n\r\n",
        b"\x00\xff\xfe: 1\r\n\r\n",
    ],
)
async def test_broken_http_is_answered_with_a_4xx_and_hung_up_on(
    tail: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with besieged(caplog, QUICK) as (world, _):
        answer = await _talk(world, HEAD.encode() + tail)
        lines = [line for line in answer.splitlines() if line.startswith(b"HTTP/1.")]
        assert lines
        assert all(line.split()[1].startswith(b"4") for line in lines)


async def test_who_sends_too_much_is_503_for_a_while_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    limited = {"http": {"rate": 0.001, "burst": 8}}
    async with running(limited, handlers=[Open()]) as world:
        peer = world.peer()
        await peer.register("ven")
        caplog.clear()
        answers = [await peer.raw("OadrPoll", poll(peer)) for _ in range(12)]
        assert [answer.status for answer in answers] == [200] * 7 + [503] * 5
        assert int(answers[-1].headers["Retry-After"]) > 100
        assert len(warnings(caplog)) == 1


async def test_long_messages_count_for_several(caplog: pytest.LogCaptureFixture) -> None:
    limited = {"http": {"rate": 0.001, "burst": 20}}
    async with running(limited, handlers=[Open()]) as world:
        peer = world.peer()
        await peer.register("ven")
        answers = [await peer.raw("EiReport", b" " * 1_000_000) for _ in range(3)]
        assert [answer.status for answer in answers] == [406, 406, 503]


# ---------------------------------------------------------------- XML


def _deep(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


_BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><lolz>&b;</lolz>"""
_GOOD = codec.encode(m.Poll(ven_id="x"))
_NAMESPACE = b"http://openadr.org/oadr-2.0b/2012/07"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"nonsense",
        b"\x00" * 100,
        b"\xff\xfe<\x00a\x00/\x00>\x00",
        b"<a/>",
        b"<a><b></a>",
        _GOOD[:-1],
        _GOOD[: len(_GOOD) // 2],
        _GOOD + _GOOD,
        _GOOD + b"rubbish",
        _GOOD.replace(_NAMESPACE, b"http://openadr.org/oadr-2.0a/2012/07"),
        _GOOD.replace(_NAMESPACE, b"urn:nothing"),
        _GOOD.replace(b"oadrPoll", b"oadrPole"),
        _GOOD.replace(b"<ei:venID>x</ei:venID>", b""),
        _GOOD.replace(b"<ei:venID>x</ei:venID>", b"<ei:venID>x</ei:venID>" * 2),
        _GOOD.replace(b"<ei:venID>x", b"<ei:venID>\xff\xfe"),
        _GOOD.replace(b"<ei:venID>x", b"<ei:venID>&undefined;"),
        _GOOD.replace(b"<ei:venID>x", b"<ei:venID>&#0;"),
        _GOOD.replace(b'"UTF-8"', b'"UTF-16"').decode().encode("utf-16"),
        _BOMB,
        _BOMB.replace(b"lolz", b"oadr:oadrPayload"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<?xml version="1.0"?><?xml-stylesheet href="http://127.0.0.1/"?><a/>',
        _deep(255),
        _deep(100_000),
        b"<a " + b" ".join(b'x%d="y"' % n for n in range(20_000)) + b"/>",
    ],
)
async def test_what_is_no_message_is_406(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog) as (_, peer):
        answer = await peer.raw("OadrPoll", body)
        assert answer.status == 406
        assert len(warnings(caplog)) == 1
        assert b"root:" not in answer.body


async def test_a_megabyte_of_faults_is_one_line_and_no_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog) as (world, peer):
        reply = await peer.post(metadata(peer, world))
        assert reply.response.code == 200
        body = codec.encode(update(peer)).replace(
            b"</oadr:oadrUpdateReport>", b"<oadr:no/>" * 100_000 + b"</oadr:oadrUpdateReport>"
        )
        async with asyncio.timeout(5):
            answer = await peer.raw("EiReport", body)
        assert answer.status == 406
        assert len(answer.body) < 1000
        assert len(caplog.text) < 2000


async def test_values_that_cannot_be_used_are_454_in_the_fitting_reply(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog, {"reports": STANDING}) as (world, peer):
        reply = await peer.post(metadata(peer, world))
        report = readings(reply.requests[0].report_request_id, world.clock.now(), {"main": ["1"]})
        body = codec.encode(update(peer, report, request_id="0042"))
        huge = body.replace(b"PT1M", b"P999999999999Y")
        assert huge != body
        answer = await peer.raw("EiReport", huge)
        assert answer.status == 200
        refused = answer.message
        assert isinstance(refused, m.UpdatedReport)
        assert (refused.response.code, refused.response.request_id) == (454, "0042")
        assert refused.ven_id == peer.ven_id
        (record,) = warnings(caplog)
        assert record.__dict__["ven"] == "ven"
        # A stranger learns nothing but that it is one.
        strange = huge.replace(peer.ven_id.encode(), b"stranger")
        answer = await peer.raw("EiReport", strange)
        refused = answer.message
        assert isinstance(refused, m.UpdatedReport)
        assert refused.response.code == 463


# ---------------------------------------------------------------- words

ODD = "Tom & Co </ei:venID><!-- ]]> \"'{{x}} %s é 漢 \u202e"


async def test_mark_up_in_names_and_ids_is_text(caplog: pytest.LogCaptureFixture) -> None:
    async with running(handlers=[Open()]) as world:
        peer = world.peer()
        reply = await peer.register(ODD, request_id=ODD, ven_id=ODD)
        assert reply.ven_id == ODD
        assert reply.response.request_id == ODD
        await peer.settle()
        assert (await peer.poll()).ven_id == ODD
        member = world.desk.roster.of_name(ODD)
        assert member is not None
        assert member.ven_id == ODD
        reply = await peer.post(m.CancelOpt(request_id=ODD, opt_id=ODD, ven_id=ODD))
        assert (reply.opt_id, reply.response.request_id) == (ODD, ODD)
        assert "Tom & Co </ei:venID>" in reply.response.description


@pytest.mark.parametrize("ven_id", ["0042", "1.10", "007", "true", "None", "1e5"])
async def test_ids_that_look_like_numbers_stay_what_they_are(ven_id: str) -> None:
    async with running(handlers=[Open()]) as world:
        peer = world.peer()
        reply = await peer.register(f"ven {ven_id}", ven_id=ven_id, request_id="00")
        assert (reply.ven_id, reply.response.request_id) == (ven_id, "00")
        await peer.settle()
        await dispatch(world, ven_id)
        shot = await peer.poll()
        assert shot.events[0].event_id == ven_id


FORGED = "x\n12:00:00 other-ven    registered (reg 1)\r\n\x1b[2J\u2028{"


async def test_a_peer_cannot_write_lines_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "openadr")
    async with running(handlers=[Open()]) as world:
        peer = world.peer()
        await peer.register(FORGED)
        await peer.settle()
        await peer.post(m.CancelOpt(request_id="1", opt_id=FORGED, ven_id=peer.ven_id))
        await peer.post(m.Poll(ven_id=FORGED))
        response = m.EiResponse(code=400, description=FORGED)
        await peer.post(m.Response(response=response, ven_id=peer.ven_id))
        await peer.post(m.CreatedEvent(response=response, ven_id=peer.ven_id))
    ours = [record for record in caplog.records if record.name.startswith("openadr")]
    assert len(ours) >= 5
    for formatter in (PeopleFormatter(), JsonFormatter()):
        for record in ours:
            line = formatter.format(record)
            assert len(line.splitlines()) == 1
            assert "\x1b" not in line


async def test_a_long_id_is_not_logged_and_echoed_at_length(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog) as (_, peer):
        reply = await peer.post(
            m.CancelOpt(request_id="1", opt_id="x" * 500_000, ven_id=peer.ven_id)
        )
        assert reply.response.code == 452
        assert len(reply.response.description) < 1000
        assert len(caplog.text) < 2000


async def test_each_refusal_is_one_line_that_names_the_ven_and_the_rule(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog) as (_, peer):
        await peer.post(m.CancelOpt(request_id="1", opt_id="none", ven_id=peer.ven_id))
        (record,) = warnings(caplog)
        assert (record.__dict__["ven"], record.__dict__["rule"]) == ("ven", "R208")
        assert record.__dict__["code"] == 452
        caplog.clear()
        await peer.post(m.Poll(ven_id="nobody"))
        (record,) = warnings(caplog)
        assert record.__dict__["rule"] == "R517"


async def test_answers_are_small(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog) as (_, peer):
        answer: Answer = await peer.raw("OadrPoll", b"<" * 100_000)
        assert answer.status == 406
        assert len(answer.body) < 1000
