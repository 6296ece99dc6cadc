"""What a VTN writes slightly wrong: what a VEN makes of it, and what it says about it."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.codec.namespaces import NAMESPACES
from oadr.enums import ServiceName
from runtime.clock import FakeClock
from runtime.policy import SignaturePolicy
from tests.oadr.signature_cases import NOW, identity, reseal, signed
from tests.ven.scripted import event
from tests.ven.test_transport import Server, serve
from ven.client import Client
from ven.connection import Connection
from ven.errors import BadReply
from ven.options import Options
from ven.testing import ScriptedVTN

OK = m.Response(response=m.EiResponse())
POLL = ServiceName.OADR_POLL
EI, OADR, PYLD = (f"{{{NAMESPACES[name]}}}" for name in ("ei", "oadr", "pyld"))
Spoil = Callable[[etree._Element], None]


def unqualified(root: etree._Element) -> None:
    """Writes schemaVersion without its namespace, as many do."""
    message = root[-1][0]
    message.set("schemaVersion", message.attrib.pop(f"{EI}schemaVersion"))


def without_request_id(root: etree._Element) -> None:
    element = next(root.iter(f"{PYLD}requestID"))
    element.getparent().remove(element)


def out_of_order(root: etree._Element) -> None:
    message = root[-1][0]
    message.append(message[0])


def with_something_else(root: etree._Element) -> None:
    etree.SubElement(root[-1][0], f"{OADR}vendorExtension").text = "1"


def in_capitals(root: etree._Element) -> None:
    element = next(root.iter(f"{OADR}oadrResponseRequired"))
    element.text = "Always"


def spoilt(message: m.Message, *how: Spoil) -> bytes:
    """Returns a message as somebody writes it who has not read the schema."""
    root = codec.parse(codec.encode(message))
    for spoil in how:
        spoil(root)
    data: bytes = etree.tostring(root)
    return data


def snapshot(*events: m.Event) -> m.DistributeEvent:
    return m.DistributeEvent(
        response=m.EiResponse(), request_id="d", vtn_id="TH_VTN", events=events
    )


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = await serve(server)
    yield server
    await runner.cleanup()


async def ven_at(server: Server, profile: str | None, **more: Any) -> Client:
    """Returns a VEN at that server, which polls and does nothing by itself."""
    ven = Client(
        "school-7",
        f"http://127.0.0.1:{server.port}",
        options=Options(ven_name="school-7", vtn_id="TH_VTN"),
        ven_id="ven-1",
        pre_provisioned=True,
        vtn_profile=profile,
        **{"clock": FakeClock(moment=NOW), **more},
    )
    await ven._machine.load()
    return ven


async def polled(ven: Client) -> m.Message | None:
    """Returns what a poll brings, without acting on it."""
    core = ven._machine.core
    return await core.send(POLL, m.Poll(ven_id="ven-1"))


REPAIRED: tuple[tuple[str, m.Message, tuple[Spoil, ...], str], ...] = (
    ("an unqualified version", OK, (unqualified,), "qualify-attributes"),
    ("a missing requestID", snapshot(), (without_request_id,), "fill-request-id"),
    ("another order", snapshot(event()), (out_of_order,), "order"),
    ("capital letters", snapshot(event()), (in_capitals,), "value-case"),
)


@pytest.mark.parametrize(
    ("message", "how", "name"),
    [case[1:] for case in REPAIRED],
    ids=[case[0] for case in REPAIRED],
)
async def test_what_has_one_meaning_only_is_mended_and_counted_if_that_is_wanted(
    server: Server,
    message: m.Message,
    how: tuple[Spoil, ...],
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.replies(body=spoilt(message, *how))
    strict, ven = await ven_at(server, None), await ven_at(server, "repair")
    with pytest.raises(BadReply) as raised:
        await polled(strict)
    assert f'repair {name} would accept it: set vtn.profile = "repair"' in str(raised.value)
    assert not strict.health.repairs
    for _ in range(3):
        found = await polled(ven)
        assert type(found) is type(message)
    assert {one: mended.count for one, mended in ven.health.repairs.items()} == {name: 3}
    assert caplog.text.count(f"is mended by {name}: ") == 1
    await strict.stop()
    await ven.stop()


async def test_what_takes_a_guess_is_mended_by_the_lenient_only(server: Server) -> None:
    server.replies(body=spoilt(OK, with_something_else))
    careful, lenient = await ven_at(server, "repair"), await ven_at(server, "lenient")
    with pytest.raises(BadReply, match=r'set vtn\.profile = "lenient"'):
        await polled(careful)
    assert await polled(lenient) == OK
    assert set(lenient.health.repairs) == {"drop-unknown-element"}
    await careful.stop()
    await lenient.stop()


async def test_what_no_repair_makes_readable_is_said_without_advice(server: Server) -> None:
    server.replies(body=b"<html>not found</html>")
    for profile in (None, "repair", "lenient"):
        ven = await ven_at(server, profile)
        with pytest.raises(BadReply) as raised:
            await polled(ven)
        assert "vtn.profile" not in str(raised.value)
        await ven.stop()


async def test_what_is_valid_is_not_touched_and_needs_no_profile(server: Server) -> None:
    ven = await ven_at(server, "lenient")
    # Odd, and valid: no version, an announcement of something else, words that say nothing.
    bare = codec.encode(OK, leave_out=frozenset(codec.Dispensable))
    server.replies(body=bare, content_type="text/html")
    assert isinstance(await polled(ven), m.Response)
    assert not ven.health.repairs
    await ven.stop()


async def test_what_is_mended_is_acted_upon(server: Server) -> None:
    async def answer(http: web.Request) -> web.StreamResponse:
        how = (unqualified, out_of_order)
        service = http.path.rpartition("/")[2]
        body = spoilt(snapshot(event()), *how) if service == "OadrPoll" else codec.encode(OK)
        return web.Response(body=body)

    server.answer = answer
    ven = await ven_at(server, "repair")
    await ven.poll()
    assert [one.event_id for one in ven.events] == ["e1"]
    (created,) = [codec.decode(body) for _, body in server.seen if b"oadrCreatedEvent" in body]
    assert isinstance(created, m.CreatedEvent)
    assert created.responses[0].event_id == "e1"
    await ven.stop()


# ------------------------------------------------------------------ what is pushed


async def pushed(profile: str | None, data: bytes) -> tuple[Client, int]:
    """Pushes a document to a VEN; returns it and the HTTP status."""
    ven = Client(
        "school-7",
        "http://vtn.example",
        options=Options(ven_name="school-7", push_address="http://ven.example", vtn_id="TH_VTN"),
        ven_id="ven-1",
        pre_provisioned=True,
        vtn_profile=profile,
        clock=FakeClock(moment=NOW),
        exchange=ScriptedVTN(),
    )
    reply = await ven.receive(ServiceName.EI_EVENT, data)
    return ven, reply.status


async def test_r53_what_is_pushed_is_mended_too(caplog: pytest.LogCaptureFixture) -> None:
    data = spoilt(snapshot(event()), unqualified)
    ven, status = await pushed(None, data)
    assert status == 406
    assert 'repair qualify-attributes would accept it: set vtn.profile = "repair"' in caplog.text
    assert ven.events == ()
    await ven.stop()
    ven, status = await pushed("repair", data)
    assert status == 200
    assert [one.event_id for one in ven.events] == ["e1"]
    assert ven.health.repairs["qualify-attributes"].count == 1
    await ven.stop()


# ------------------------------------------------------------------ signatures


def sealed(message: m.Message, *how: Spoil) -> bytes:
    """Returns a message that is signed with its mistakes."""
    root = codec.parse(signed(message))
    for spoil in how:
        spoil(root)
    data: bytes = etree.tostring(reseal(root))
    return data


def checking(server: Server) -> Connection:
    return Connection(
        url=f"http://127.0.0.1:{server.port}",
        signatures=SignaturePolicy.REQUIRED,
        signature_fingerprint=identity().fingerprint,
    )


async def test_r514_a_signature_is_verified_on_what_came(server: Server) -> None:
    ven = await ven_at(server, "repair", connection=checking(server))
    server.replies(body=sealed(OK, unqualified))
    assert await polled(ven) == OK
    assert set(ven.health.repairs) == {"qualify-attributes"}
    await ven.stop()


async def test_r514_a_repair_saves_nobody_who_has_changed_what_was_signed(server: Server) -> None:
    ven = await ven_at(server, "lenient", connection=checking(server))
    data = signed(OK)
    changed = data.replace(b"<ei:responseCode>200<", b"<ei:responseCode>400<")
    unqualify = data.replace(b"ei:schemaVersion=", b"schemaVersion=")
    for forged in (changed, unqualify, spoilt(OK, unqualified)):
        assert forged != data
        server.replies(body=forged)
        with pytest.raises(BadReply, match=r"digest differs|did not sign"):
            await polled(ven)
    assert not ven.health.repairs
    await ven.stop()


async def test_the_log_is_quiet_about_a_repair_that_it_told_in_the_last_run(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.replies(body=spoilt(OK, unqualified))
    first = await ven_at(server, "repair")
    await polled(first)
    second = await ven_at(server, "repair")
    second.health.load(first.health.as_json())
    await polled(second)
    assert second.health.repairs["qualify-attributes"].count == 2
    assert caplog.text.count("is mended by") == 1
    await first.stop()
    await second.stop()
