"""OpenLEADR's hooks for the traffic, over real HTTP."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from oadr.codec import decode, encode
from oadr.enums import ServiceName
from tests.ven.scripted import ScriptedVTN
from tests.ven.test_transport import Server, serve
from ven import VEN
from ven.compat.traffic import MOMENTS


@pytest.fixture
async def ven() -> AsyncIterator[VEN]:
    """A VEN at a scripted VTN that listens on a port."""
    vtn, server = ScriptedVTN(), Server()
    runner = await serve(server)

    async def answer(request: web.Request) -> web.StreamResponse:
        service = ServiceName(request.path.rpartition("/")[2])
        reply = await vtn(service, decode(server.seen[-1][1]))
        assert reply is not None
        return web.Response(body=encode(reply), content_type="application/xml")

    server.answer = answer
    ven = VEN("school-7", f"http://127.0.0.1:{server.port}")
    yield ven
    await ven.stop()
    await runner.cleanup()


async def test_each_hook_gets_what_openleadr_gives_it_in_its_order(ven: VEN) -> None:
    seen: list[tuple[str, tuple[Any, ...]]] = []

    def look(moment: str) -> Any:
        async def later(*what: Any) -> None:
            seen.append((moment, what))

        def now(*what: Any) -> None:
            seen.append((moment, what))

        return later if moment.startswith("after") else now

    for moment in MOMENTS:
        ven.add_hook(moment, look(moment))
    await ven.create_party_registration()
    assert [moment for moment, _ in seen] == list(MOMENTS)
    texts = [what for moment, what in seen if moment != "after_parse_xml"]
    assert all(isinstance(what, str) and what.strip().startswith("<") for (what,) in texts)
    assert "oadrCreatePartyRegistration" in texts[0][0]
    name, payload = seen[-1][1]
    assert name == "oadrCreatedPartyRegistration"
    assert payload["ven_id"] == "ven-1"


async def test_a_hook_that_fails_is_logged_by_name_and_does_no_harm(
    ven: VEN, caplog: pytest.LogCaptureFixture
) -> None:
    def clumsy(text: str) -> None:
        raise RuntimeError("oh no")

    ven.hooks["before_send_xml"].append(clumsy)
    name, _ = await ven.query_registration()
    assert name == "oadrCreatedPartyRegistration"
    (line,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "clumsy" in line.getMessage()
    assert "oh no" in line.getMessage()


async def test_the_session_can_be_looked_at_while_there_is_one(ven: VEN) -> None:
    before = ven.client_session
    await ven.query_registration()
    assert before is None
    assert not ven.client_session.closed


def test_a_hook_that_there_is_not_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="The hook_name should be one of before_send_xml"):
        VEN("a", "http://x").add_hook("before_lunch", print)
