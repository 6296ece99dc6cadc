"""What the traces of a VEN are shown."""

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from certs.fingerprint import fingerprints
from oadr.codec import encode
from oadr.enums import ServiceName
from oadr.messages import Poll
from runtime.clock import SystemClock
from runtime.hooks import HandlerError
from runtime.trace import Traces, Traffic
from tests.ven.test_transport import OK, Server, connection, folder, secure, serve, server
from ven import Client
from ven.connection import Connection
from ven.errors import BadReply, Rejected, Unreachable
from ven.transport import HttpTransport

__all__ = ["folder", "secure", "server"]

POLL = Poll(ven_id="ven-1")


@pytest.fixture
async def seen(server: Server) -> AsyncIterator[tuple[HttpTransport, list[Traffic]]]:
    """A transport, and what its traces see."""
    traces, found = Traces(), list[Traffic]()
    traces.add(found.append)
    transport = Connection(url=f"http://127.0.0.1:{server.port}").transport(
        SystemClock(), traces=traces
    )
    yield transport, found
    await transport.close()


def rows(found: list[Traffic]) -> list[tuple[str, str, str, int | None]]:
    return [(one.direction, one.service, one.message, one.status) for one in found]


async def test_a_poll_and_its_answer_are_shown_as_they_were_on_the_wire(
    server: Server, seen: tuple[HttpTransport, list[Traffic]]
) -> None:
    transport, found = seen
    await transport(ServiceName.OADR_POLL, POLL)
    assert rows(found) == [
        ("out", "OadrPoll", "oadrPoll", None),
        ("in", "OadrPoll", "oadrResponse", 200),
    ]
    assert [one.body for one in found] == [server.seen[0][1], encode(OK)]
    assert {one.peer for one in found} == {f"127.0.0.1:{server.port}"}
    assert {one.fingerprint for one in found} == {""}


async def test_over_tls_it_says_whose_certificate_it_was(secure: Server, folder: Path) -> None:
    found: list[Traffic] = []
    traces = Traces()
    traces.add(found.append)
    transport = connection(secure, folder).transport(SystemClock(), traces=traces)
    for _ in range(2):
        await transport(ServiceName.OADR_POLL, POLL)
    await transport.close()
    expected = fingerprints((folder / "vtn.crt").read_bytes()).openadr
    assert [one.fingerprint for one in found] == ["", expected, expected, expected]


async def test_a_refusal_of_http_is_shown_with_its_status_and_words(
    server: Server, seen: tuple[HttpTransport, list[Traffic]]
) -> None:
    transport, found = seen
    server.replies(status=406, text="no such thing")
    with pytest.raises(Rejected):
        await transport(ServiceName.OADR_POLL, POLL)
    assert rows(found)[1] == ("in", "OadrPoll", "", 406)
    assert found[1].body == b"no such thing"


async def test_of_an_endless_refusal_the_beginning_is_shown(
    server: Server, seen: tuple[HttpTransport, list[Traffic]]
) -> None:
    transport, found = seen
    server.replies(status=503, body=b"x" * 1_000_000)
    with pytest.raises(Unreachable):
        await transport(ServiceName.OADR_POLL, POLL)
    assert 0 < len(found[1].body) <= 64 * 1024


async def test_an_answer_that_is_no_message_is_shown(
    server: Server, seen: tuple[HttpTransport, list[Traffic]]
) -> None:
    transport, found = seen
    server.replies(body=b"<nonsense/>", content_type="application/xml")
    with pytest.raises(BadReply):
        await transport(ServiceName.OADR_POLL, POLL)
    assert (found[1].body, found[1].message, found[1].status) == (b"<nonsense/>", "", 200)


async def test_an_answer_that_is_not_read_is_shown_without_a_body(
    server: Server, seen: tuple[HttpTransport, list[Traffic]]
) -> None:
    transport, found = seen
    server.replies(body=b"x", headers={"Content-Encoding": "gzip"})
    with pytest.raises(BadReply, match="compressed"):
        await transport(ServiceName.OADR_POLL, POLL)
    assert (found[1].body, found[1].status) == (b"", 200)


async def test_when_nobody_answers_only_what_went_out_is_shown() -> None:
    gone = Server()
    await (await serve(gone)).cleanup()
    found: list[Traffic] = []
    traces = Traces()
    traces.add(found.append)
    transport = Connection(url=f"http://127.0.0.1:{gone.port}").transport(
        SystemClock(), traces=traces
    )
    with pytest.raises(Unreachable):
        await transport(ServiceName.OADR_POLL, POLL)
    await transport.close()
    assert rows(found) == [("out", "OadrPoll", "oadrPoll", None)]


async def test_a_client_shows_its_traffic_and_one_who_looks_cannot_stop_it(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    ven = Client("school-7", f"http://127.0.0.1:{server.port}")
    ven._traces.time_limit = 0.01
    found: list[Traffic] = []

    async def hangs(traffic: Traffic) -> None:
        await asyncio.Event().wait()

    ven.add_trace(found.append)
    ven.add_trace(hangs)
    exchange = ven._machine.core.exchange
    async with asyncio.timeout(2):
        assert await exchange(ServiceName.OADR_POLL, POLL) == OK
    await ven.stop()
    assert [one.direction for one in found] == ["out", "in"]
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "hangs: took longer than 0.01 s" in record.getMessage()


async def test_the_moments_of_an_exchange_come_in_order(server: Server) -> None:
    ven = Client("school-7", f"http://127.0.0.1:{server.port}")
    seen: list[tuple[str, object]] = []

    def note(moment: str, what: object) -> None:
        seen.append((moment, what))

    for moment in (
        "after_parse_xml",
        "before_parse_xml",
        "before_schema_validation",
        "after_receive_xml",
        "before_send_xml",
    ):
        ven.add_hook(moment, partial(note, moment))
    await ven._machine.core.exchange(ServiceName.OADR_POLL, POLL)
    await ven.stop()
    answer = encode(OK)
    assert seen == [
        ("before_send_xml", encode(POLL)),
        ("after_receive_xml", answer),
        ("before_schema_validation", answer),
        ("before_parse_xml", answer),
        ("after_parse_xml", OK),
    ]


async def test_what_breaks_the_schema_does_not_come_to_be_parsed(server: Server) -> None:
    ven = Client("school-7", f"http://127.0.0.1:{server.port}")
    seen: list[object] = []
    ven.add_hook("before_parse_xml", seen.append)
    server.replies(body=b"<nonsense/>", content_type="application/xml")
    with pytest.raises(BadReply):
        await ven._machine.core.exchange(ServiceName.OADR_POLL, POLL)
    await ven.stop()
    assert seen == []


def test_what_cannot_look_is_refused_with_the_signature() -> None:
    ven = Client("school-7", "http://vtn.example")
    with pytest.raises(HandlerError, match=r"trace\(traffic\)"):
        ven.add_trace(lambda: None)  # type: ignore[misc, arg-type]
    with pytest.raises(HandlerError, match=r"hook before_send_xml\(what\)"):
        ven.add_hook("before_send_xml", lambda: None)  # type: ignore[misc, arg-type]
