"""``server.app``: the services in an application of aiohttp."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from oadr import codec
from oadr import messages as m
from tests.vtn.compat_kit import a_server, running
from vtn import VTN
from vtn.errors import InsecureSetup

QUERY = codec.encode(m.QueryRegistration(request_id="q"))
XML = {"Content-Type": "application/xml"}


async def _ask(url: str, *, method: str = "POST") -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url, data=QUERY, headers=XML) as response,
    ):
        return response.status, await response.read()


async def test_a_route_of_the_application_is_served_beside_the_services() -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    server = a_server()
    server.app.add_routes([web.get("/hello", hello)])
    async with running(server) as application:
        root = server.url.removesuffix("/OpenADR2/Simple/2.0b")
        assert await _ask(f"{root}/hello", method="GET") == (200, b"hello")
        assert (await _ask(f"{root}/nothing"))[0] == 404
        assert (await _ask(f"{server.url}/EiEvent", method="GET"))[0] == 501
        assert (await _ask(f"{server.url}/EiRegisterParty"))[0] == 200
        peer = await application.ven()
        assert isinstance(await peer.poll(), m.Response)
        assert isinstance(server.app_runner, web.AppRunner)


async def test_without_a_look_at_app_there_is_none() -> None:
    async with running() as application:
        assert isinstance(application.server.app_runner, web.ServerRunner)


async def test_middleware_startup_and_cleanup_of_the_application_run() -> None:
    seen: list[str] = []

    @web.middleware
    async def noted(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        seen.append(request.path)
        return await handler(request)

    async def started(app: web.Application) -> None:
        seen.append("started")

    async def ended(app: web.Application) -> None:
        seen.append("ended")

    server = a_server()
    server.app.middlewares.append(noted)
    server.app.on_startup.append(started)
    server.app.on_cleanup.append(ended)
    async with running(server):
        await _ask(f"{server.url}/EiRegisterParty")
    assert seen == ["started", "/OpenADR2/Simple/2.0b/EiRegisterParty", "ended"]


def test_the_application_knows_its_server_and_stays_the_same() -> None:
    server = a_server()
    assert server.app["server"] is server
    assert server.app is server.app


@asynccontextmanager
async def _served(app: web.Application) -> AsyncIterator[str]:
    """Serves an application as ``web.run_app`` does."""
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_run_app_opens_and_closes_the_server() -> None:
    server = a_server()
    async with _served(server.app) as root:
        assert (await _ask(f"{root}/OpenADR2/Simple/2.0b/EiRegisterParty"))[0] == 200
        assert server.desk is not None
    assert server.desk is None


async def test_the_application_may_be_a_part_of_another() -> None:
    whole = web.Application()
    server = a_server()
    whole.add_subapp("/grid/", server.app)
    async with _served(whole) as root:
        assert (await _ask(f"{root}/grid/OpenADR2/Simple/2.0b/EiRegisterParty"))[0] == 200


async def test_a_service_can_be_put_at_another_address() -> None:
    server = a_server()
    server.app.add_routes([web.post("/short", server.services["registration_service"].handler)])
    async with running(server):
        root = server.url.removesuffix("/OpenADR2/Simple/2.0b")
        status, body = await _ask(f"{root}/short")
    assert status == 200
    assert isinstance(codec.decode(body), m.CreatedPartyRegistration)


async def test_a_server_that_cannot_be_opened_answers_503(tmp_path: Path) -> None:
    (tmp_path / "vtn.db").write_text("no database")
    server = a_server(store=tmp_path / "vtn.db")
    response = server.services["poll_service"].handler
    request: web.Request = None  # type: ignore[assignment]  # nobody looks at it
    assert (await response(request)).status == 503


# ---------------------------------------------------------------- attributes


async def test_port_host_and_prefix_can_be_read_and_set_before_the_start() -> None:
    server = a_server(http_port=8080)
    assert (server.http_port, server.http_host) == (8080, "127.0.0.1")
    assert server.http_path_prefix == "/OpenADR2/Simple/2.0b"
    server.http_port, server.http_host, server.http_path_prefix = 0, "localhost", "/x/"
    assert server.app_runner is None
    async with running(server):
        assert server.http_port > 0
        assert server.url == f"http://localhost:{server.http_port}/x"
        assert (await _ask(f"{server.url}/EiRegisterParty"))[0] == 200


def test_plain_http_off_this_machine_must_be_forced_also_when_it_is_set_later() -> None:
    server = VTN(vtn_id="x")
    with pytest.raises(InsecureSetup, match="loopback"):
        server.http_host = "0.0.0.0"
    assert server.http_host == "127.0.0.1"


def test_a_tls_context_of_ones_own_is_taken() -> None:
    server = VTN(vtn_id="x")
    assert server.ssl_context is None
    server.ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert server.url.startswith("https://")


async def test_the_start_says_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    server = a_server()
    await server.run_async()
    await server.stop()
    assert f"now running at {server.url}\n" in capsys.readouterr().out
    assert asyncio.all_tasks() == {asyncio.current_task()}
