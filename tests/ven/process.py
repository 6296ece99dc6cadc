"""A VEN as a process of its own, and a scripted VTN that it reaches over HTTP."""

import asyncio
import re
import signal
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from oadr.codec import CONTENT_TYPE, decode, encode
from oadr.enums import ServiceName
from oadr.messages import ReportPayload, UpdateReport
from tests.tap import environment
from tests.ven.scripted import ScriptedVTN

#: Real seconds within which something has to happen.
PATIENCE = 30.0
#: How the command is started.
RUN = ("-c", "import sys; from ven.cli import main; sys.exit(main())", "run")


@asynccontextmanager
async def served(vtn: ScriptedVTN, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serves a scripted VTN; yields its URL."""

    async def post(http: web.Request) -> web.Response:
        message = decode(await http.read())
        reply = await vtn(ServiceName(http.match_info["service"]), message)
        body = b"" if reply is None else encode(reply)
        return web.Response(body=body, content_type=CONTENT_TYPE)

    app = web.Application()
    app.router.add_post("/OpenADR2/Simple/2.0b/{service}", post)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"{'https' if context else 'http'}://localhost:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def running(
    config: Path, *options: str, command: tuple[str, ...] = (*RUN, "-c")
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Runs ``ven run`` or another program as a process; kills it if it does not end itself."""
    with (config.parent / "log").open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - started, not waited for
            [sys.executable, *command, str(config), *options],
            stdout=log,
            stderr=log,
            env=environment(),
        )
    try:
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


async def until(condition: Callable[[], Any], config: Path) -> None:
    """Waits until something is so; fails with the log of the VEN."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - another process makes it so
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"did not happen; log:\n{(config.parent / 'log').read_text()}")


def resident_kb(pid: int) -> int:
    """Returns the memory of a process; 0 where nobody says."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found is not None
    return int(found[1])


async def ended(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return await asyncio.to_thread(process.wait, PATIENCE)


def values(vtn: ScriptedVTN) -> dict[str, dict[datetime, Decimal]]:
    """Returns rID -> start -> value of all that was reported."""
    found: dict[str, dict[datetime, Decimal]] = {}
    for update in vtn.got(UpdateReport):
        for report in update.reports:
            for interval in report.intervals:
                start = interval.dtstart or report.dtstart
                for payload in interval.payloads:
                    assert isinstance(payload, ReportPayload)
                    assert isinstance(payload.value, Decimal)
                    assert start is not None
                    found.setdefault(payload.r_id, {})[start] = payload.value
    return found
