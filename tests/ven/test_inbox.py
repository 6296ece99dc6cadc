"""What a VEN makes of a pushed document, whatever it is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certs import Authority, fingerprints
from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import InvalidData
from oadr.signature import SigningKey, sign
from runtime.clock import FakeClock
from runtime.policy import SignaturePolicy
from tests.ven.push_kit import PUSHED, answer_in, inbox_of, push, pushed_to, service_of
from tests.ven.scripted import database_of, event
from ven.connection import Connection
from ven.engine.pushed import FROM_VTN
from ven.errors import StateError
from ven.inbox import MOST
from ven.state import Database
from ven.testing import World

METADATA = m.RegisterReport(request_id="q", ven_id="ven-1")
_GOOD = codec.encode(METADATA)
_NAMESPACE = b"http://openadr.org/oadr-2.0b/2012/07"


def warnings(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


@asynccontextmanager
async def besieged(caplog: pytest.LogCaptureFixture, **arguments: Any) -> AsyncIterator[World]:
    """A VEN that is pushed to; at the end a good message still works and no fault was logged."""
    async with pushed_to(**arguments) as world:
        caplog.clear()
        yield world
        assert answer_in(await push(world, METADATA)).response.code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize("service", list(ServiceName))
@pytest.mark.parametrize("message", PUSHED, ids=lambda one: type(one).__name__)
async def test_r401_r511_an_operation_at_another_address_than_its_own_is_404(
    message: Any, service: ServiceName, caplog: pytest.LogCaptureFixture
) -> None:
    if service is service_of(message):
        return
    async with besieged(caplog) as world:
        before = world.ven.registration
        reply = await world.ven.receive(service, codec.encode(message))
        assert reply.status == 404
        (record,) = warnings(caplog)
        assert "HTTP 404" in record.getMessage()
        assert vars(record)["rule"] == "R401"
        assert world.ven.registration == before


@pytest.mark.parametrize(
    "message",
    [
        m.Poll(ven_id="ven-1"),
        m.RequestEvent(request_id="q", ven_id="ven-1"),
        m.QueryRegistration(request_id="q"),
        m.CreatePartyRegistration(request_id="q"),
        m.CancelOpt(request_id="q", opt_id="o", ven_id="ven-1"),
        m.RegisteredReport(response=m.EiResponse()),
        m.Response(response=m.EiResponse()),
    ],
    ids=lambda one: type(one).__name__,
)
async def test_r23_r51_r401_what_no_vtn_says_is_404_everywhere(
    message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with besieged(caplog) as world:
        for service in ServiceName:
            assert (await world.ven.receive(service, codec.encode(message))).status == 404


def test_r51_r511_there_is_no_operation_at_ei_opt_and_no_oadr_poll() -> None:
    assert FROM_VTN[ServiceName.EI_OPT] == frozenset()
    assert ServiceName.OADR_POLL not in FROM_VTN


# ---------------------------------------------------------------- documents

_BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><lolz>&b;</lolz>"""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"nonsense",
        b"\x00" * 100,
        b"<a/>",
        _GOOD[:-1],
        _GOOD + _GOOD,
        _GOOD.replace(_NAMESPACE, b"http://openadr.org/oadr-2.0a/2012/07"),
        _GOOD.replace(b"oadrRegisterReport", b"oadrRegisterRapport"),
        _GOOD.replace(b"<ei:venID>ven-1", b"<ei:venID>&undefined;"),
        _GOOD.replace(b"<pyld:requestID>q</pyld:requestID>", b""),
        _BOMB,
        _BOMB.replace(b"lolz", b"oadr:oadrPayload"),
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b"<a>" * 100_000 + b"</a>" * 100_000,
    ],
)
async def test_what_is_no_schema_valid_message_is_406(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with besieged(caplog) as world:
        reply = await world.ven.receive(ServiceName.EI_REPORT, body)
        assert reply.status == 406
        assert len(warnings(caplog)) == 1
        assert b"root:" not in reply.body


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.integers(0, len(_GOOD) - 1), st.binary(max_size=3)), max_size=4)
)
async def test_a_damaged_document_is_an_answer_or_406_and_never_a_fault(
    changes: list[tuple[int, bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    body = bytearray(_GOOD)
    for place, what in changes:
        body[place : place + len(what)] = what
    async with besieged(caplog) as world:
        reply = await world.ven.receive(ServiceName.EI_REPORT, bytes(body))
        assert reply.status in {200, 404, 406}


async def test_a_document_that_is_too_long_is_413(caplog: pytest.LogCaptureFixture) -> None:
    connection = Connection(url="http://vtn.example", max_bytes=5000)
    async with besieged(caplog, connection=connection) as world:
        reply = await world.ven.receive(ServiceName.EI_REPORT, b" " * 5001)
        assert reply.status == 413
        assert b"5000 bytes" in reply.body


@pytest.mark.parametrize("kind", [m.CreateReport, m.DistributeEvent])
async def test_r33_r48_values_that_cannot_be_used_are_454_with_the_request_id(
    kind: type, caplog: pytest.LogCaptureFixture
) -> None:
    async with besieged(caplog) as world:
        await world.vtn.send_event("1:1h", event_id="e")
        events = world.vtn.snapshot(request_id="0042")
        reports = codec.encode(PUSHED[1]).replace(b">PT0S<", b">P999999999999Y<", 1)
        document = codec.encode(events).replace(b">PT1H<", b">P999999999999Y<")
        body = document if kind is m.DistributeEvent else reports
        with pytest.raises(InvalidData):
            codec.decode(body)
        service = ServiceName.EI_EVENT if kind is m.DistributeEvent else ServiceName.EI_REPORT
        reply = await world.ven.receive(service, body)
        await world.rest()
        if kind is m.CreateReport:
            response = answer_in(reply).response
        else:
            assert reply.body == b""
            response = world.vtn.got(m.CreatedEvent)[-1].response
        assert response.code == 454
        assert response.request_id == ("0042" if kind is m.DistributeEvent else "q-2")
        assert [one.event_id for one in world.ven.events] == ["e"]


# ---------------------------------------------------------------- who says it


async def test_only_the_certificate_that_is_the_vtns_may_push(
    caplog: pytest.LogCaptureFixture,
) -> None:
    digits = "00:11:22:33:44:55:66:77:88:99"
    connection = Connection(url="http://vtn.example", vtn_fingerprint=digits)
    async with besieged(caplog, connection=connection) as world:
        body = codec.encode(PUSHED[-1])
        foe = "99:11:22:33:44:55:66:77:88:99"
        reply = await world.ven.receive(ServiceName.EI_REGISTER_PARTY, body, fingerprint=foe)
        assert reply.status == 403
        assert world.ven.registration is not None
        reply = await push(world, METADATA, fingerprint=digits.lower())
        assert reply.status == 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed")
    authority = Authority.create(folder / "ca", "Test programme")
    authority.issue_vtn(("vtn.example",)).save(folder / "vtn.crt", folder / "vtn.key")
    authority.issue_ven("ven-1").save(folder / "ven.crt", folder / "ven.key")
    authority.issue_ven("foe").save(folder / "foe.crt", folder / "foe.key")
    return folder


def key(folder: Path, name: str) -> SigningKey:
    return SigningKey.load(
        (folder / f"{name}.crt").read_bytes(), (folder / f"{name}.key").read_bytes()
    )


def signing(folder: Path) -> Connection:
    return Connection(
        url="http://vtn.example",
        signing_key=key(folder, "ven"),
        signatures=SignaturePolicy.REQUIRED,
        signature_fingerprint=fingerprints((folder / "vtn.crt").read_bytes()).openadr,
    )


async def test_r514_pushed_messages_are_held_against_the_signature_policy(folder: Path) -> None:
    clock = FakeClock(moment=datetime.now(UTC))
    async with pushed_to(connection=signing(folder), clock=clock) as world:
        now = world.clock.now()
        before = world.ven.registration
        unsigned = answer_in(await push(world, PUSHED[-1]))
        assert unsigned.response.code == 463
        forged = sign(PUSHED[-1], key(folder, "foe"), now=now, nonce="1")
        reply = await world.ven.receive(ServiceName.EI_REGISTER_PARTY, forged)
        assert answer_in(reply).response.code == 463
        assert world.ven.registration == before
        good = sign(METADATA, key(folder, "vtn"), now=now, nonce="2")
        reply = await world.ven.receive(ServiceName.EI_REPORT, good)
        assert answer_in(reply).response.code == 200
        assert b"SignatureValue" in reply.body
        again = await world.ven.receive(ServiceName.EI_REPORT, good)
        assert answer_in(again).response.code == 463


async def test_r514_events_without_the_signature_that_they_need_are_refused_as_a_whole(
    folder: Path,
) -> None:
    async with pushed_to(connection=signing(folder)) as world:
        shot = world.vtn.snapshot(request_id="x")
        assert (await push(world, shot)).body == b""
        await world.rest()
        (created,) = world.vtn.got(m.CreatedEvent)
        assert (created.response.code, created.response.request_id) == (463, "x")


# ---------------------------------------------------------------- not now


async def test_section_2_12_a_ven_that_is_busy_says_503_and_when_to_come_again() -> None:
    async with pushed_to() as world:
        inbox_of(world.ven).patience = 0.02
        async with world.ven._machine.core.turn:
            reply = await asyncio.create_task(push(world, METADATA))
        assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
        assert (await push(world, METADATA)).status == 200


async def test_only_so_many_messages_wait_for_their_turn() -> None:
    async with pushed_to() as world:
        async with world.ven._machine.core.turn:
            waiting = [asyncio.create_task(push(world, METADATA)) for _ in range(MOST)]
            await asyncio.sleep(0)
            late = [asyncio.create_task(push(world, METADATA)) for _ in range(3)]
            assert {reply.status for reply in await asyncio.gather(*late)} == {503}
        replies = await asyncio.gather(*waiting)
        assert {reply.status for reply in replies} == {200}


async def test_a_state_that_cannot_be_written_is_503_and_nothing_is_acknowledged(
    tmp_path: Path,
) -> None:
    async with pushed_to(state=tmp_path / "ven.db") as world:
        database = database_of(world.ven)
        shot = _events(world)
        await _read_only(database, "ON")
        with pytest.raises(StateError):
            await database.run(lambda connection: connection.execute("DELETE FROM opt"))
        reply = await push(world, shot)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
        assert (await push(world, PUSHED[-1])).status == 503
        await _read_only(database, "OFF")
        assert (await push(world, shot)).status == 200
        await world.rest()
        assert list(world.vtn.answers) == ["e"]


async def _read_only(database: Database, how: str) -> None:
    """Lets the state be like a file on a full disk, or on a good one again."""
    connection = database._connection
    assert connection is not None
    await database._call(lambda: connection.execute(f"PRAGMA query_only = {how}"))


def _events(world: World) -> m.DistributeEvent:
    world.vtn.events = [event("e")]
    return world.vtn.snapshot(request_id="x")


async def test_a_ven_that_has_stopped_takes_nothing_and_does_not_open_its_state_again() -> None:
    async with pushed_to() as world:
        await world.ven.stop()
        reply = await push(world, METADATA)
        assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
        assert not database_of(world.ven).is_open


class BrokenClock(FakeClock):
    """Fails when it is told to."""

    broken = False

    def now(self) -> datetime:
        if self.broken:
            raise RuntimeError("the secret of the clock")
        return super().now()


async def test_a_fault_of_ours_is_500_with_a_reference_and_without_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = BrokenClock(moment=datetime(2026, 1, 1, tzinfo=UTC))
    async with pushed_to(clock=clock) as world:
        shot = _events(world)
        caplog.clear()
        clock.broken = True
        try:
            reply = await push(world, shot)
        finally:
            clock.broken = False
        assert reply.status == 500
        assert b"secret" not in reply.body
        reference = reply.body.decode().split()[-1]
        assert reference in caplog.text
        assert (await push(world, shot)).status == 200


async def test_stopping_waits_for_the_message_that_is_being_handled() -> None:
    async with pushed_to() as world:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def on_event(event: m.Event, ctx: Any) -> str:
            begun.set()
            await go_on.wait()
            return "optOut"

        world.ven.add_handler("on_event", on_event)
        reply = asyncio.create_task(push(world, _events(world)))
        await begun.wait()
        stopping = asyncio.create_task(world.ven.stop())
        await asyncio.sleep(0.01)
        go_on.set()
        assert (await reply).status == 200
        await stopping
