"""The tap finds what our sides send wrong: in this process, and in those that tests start."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conformance.checks import Finding
from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from runtime.clock import FakeClock
from tests.conformance.life import created, wanted
from tests.tap import environment
from tests.tap.plugin import Tap
from tests.tap.seams import PROFILE_A, Heard
from ven import testing as ven_testing
from ven.client import Client
from vtn.testing import joined, running

CHILD = """
import asyncio
from oadr import codec
from oadr import messages as m
from vtn.testing import joined

plain = codec.attributes
wrong = lambda message: ' ei:schemaVersion="2.0a"'
codec.attributes = lambda cls, *a: wrong if cls is m.CreatedPartyRegistration else plain(cls, *a)

async def main():
    async with joined() as world:
        await world.ven.register()

asyncio.run(main())
"""


class Ear:
    """What the tap of this test session hears while a test runs, apart from all else."""

    def __init__(self, plugin: Any) -> None:
        self._plugin = plugin
        self.folder: Path = plugin.tap.folder

    def findings(self) -> list[Finding]:
        """Returns what was found so far; the test is not held responsible for it."""
        found: list[Finding] = self._plugin.tap.findings()
        return found

    def found(self) -> set[tuple[str, str]]:
        """Returns the identifiers of the checks that found something, and at whom."""
        return {(one.check.id, one.sender) for one in self.findings()}


@pytest.fixture
def ear(request: pytest.FixtureRequest) -> Iterator[Ear]:
    plugin = request.config.pluginmanager.get_plugin("oadr-tap")
    if plugin is None:
        pytest.skip("the tap is turned off")
    ear = Ear(plugin)
    ear.findings()
    yield ear
    ear.findings()


@pytest.fixture
def worsen(monkeypatch: pytest.MonkeyPatch) -> Callable[[type], None]:
    """Lets everybody write messages of a kind with a version that nobody may send."""
    plain: Any = codec.attributes  # type: ignore[attr-defined]

    def worse(kind: type) -> None:
        def attributes(cls: type, *more: Any) -> Any:
            return (lambda _: ' ei:schemaVersion="2.0a"') if cls is kind else plain(cls, *more)

        monkeypatch.setattr(codec, "attributes", attributes)

    return worse


async def test_a_vtn_without_sockets_that_sends_a_wrong_message_is_caught(
    ear: Ear, worsen: Callable[[type], None]
) -> None:
    worsen(m.CreatedPartyRegistration)
    async with joined() as world:
        await world.ven.register()
    assert ear.found() == {("R509.schema_version", "VTN")}


async def test_a_vtn_that_listens_and_sends_a_wrong_message_is_caught(
    ear: Ear, worsen: Callable[[type], None]
) -> None:
    worsen(m.CreatedPartyRegistration)
    async with running() as world:
        await world.peer().raw("EiRegisterParty", codec.encode(m.QueryRegistration(request_id="q")))
    assert ear.found() == {("R509.schema_version", "VTN")}


async def test_a_vtn_and_a_ven_that_push_and_answer_wrongly_are_caught(
    ear: Ear, worsen: Callable[[type], None]
) -> None:
    async with joined() as world:
        ven = world.join(Client, "ven", push=True)
        await world.start(ven)
        await world.rest()
        assert ear.found() == set()
        worsen(m.DistributeEvent)
        await world.send_event("1:1h")
        await world.rest()
        assert ear.found() == {("R509.schema_version", "VTN")}


async def test_a_ven_that_answers_what_is_pushed_wrongly_is_caught(
    ear: Ear, worsen: Callable[[type], None]
) -> None:
    async with ven_testing.joined(push=True) as world:
        await world.start()
        ear.findings()
        worsen(m.RegisteredReport)
        push = codec.encode(m.RegisterReport(request_id="r", ven_id=world.vtn.ven_id))
        assert (await world.ven.receive(ServiceName.EI_REPORT, push)).status == 200
    assert ear.found() == {("R509.schema_version", "VEN")}


async def test_a_ven_that_sends_a_wrong_message_is_caught(
    ear: Ear, worsen: Callable[[type], None]
) -> None:
    worsen(m.Poll)
    async with ven_testing.joined() as world:
        await world.start()
    assert ear.found() == {("R509.schema_version", "VEN")}


async def test_what_a_peer_of_a_test_sends_is_not_judged(ear: Ear) -> None:
    async with joined() as world:
        await world.ven.register()
        wrong = m.Poll(ven_id=world.ven.ven_id, schema_version="2.0a")
        assert await world.ven.post(wrong) is not None
        assert (await world.ven.raw(ServiceName.EI_EVENT, b"<garbage/>")).status == 406
    assert ear.found() == set()


def test_a_process_that_a_test_starts_is_heard(ear: Ear, tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", CHILD], cwd=tmp_path, env=environment(), check=True, timeout=60
    )
    assert ear.found() == {("R509.schema_version", "VTN")}


def test_a_process_has_no_more_modules_in_it_for_the_tap(ear: Ear, tmp_path: Path) -> None:
    script = "import sys; print(*sorted(one for one in sys.modules if '.' not in one))"
    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env=environment(),
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout.decode()
    ours = {"oadr", "vtn", "ven", "runtime", "lxml", "asyncio", "aiohttp", "openleadr"}
    assert ours & set(said.split()) == set()


def test_a_process_that_is_killed_in_the_middle_of_a_line_costs_that_line(tmp_path: Path) -> None:
    file = tmp_path / "1.jsonl"
    file.write_bytes(b'{"began": 0, "ended')
    tap = Tap(tmp_path)
    assert tap.findings() == []
    file.write_bytes(b'{"began": 0, "ended": 1, "judged": "VTN", "asked_by": "VTN", "world": 1, ')
    with file.open("ab") as more:
        more.write(b'"identity": "", "service": "", "at": "2026-01-01T00:00:00+00:00", ')
        more.write(b'"request": "<x/>", "reply": "", "status": 200}\n')
    assert {one.check.id for one in tap.findings()} == {"XSD.valid"}
    assert tap.findings() == []


def test_an_answer_is_judged_behind_what_was_said_before_it(tmp_path: Path) -> None:
    tap, now = Tap(tmp_path), FakeClock().now()
    new = m.CreatePartyRegistration(request_id="p", http_pull_model=True)
    first = Heard("VEN", "VEN", 1, "EiRegisterParty", now, new)
    first.answered(created("p"))
    first.ended = first.began
    outer = Heard("VEN", "VTN", 1, "EiReport", now, _create("a"))
    inner = Heard("VEN", "VTN", 1, "EiReport", now, _create("b"))
    # What is pushed while something else is answered belongs into the answer to that.
    inner.answered(_created("b", "a"))
    inner.ended = inner.began + 1
    outer.answered(_created("a", "b"))
    outer.ended = inner.began + 2
    for one in (first, outer, inner):
        tap.listen(one, False)
    assert tap.findings() == []


def _create(name: str) -> m.CreateReport:
    return m.CreateReport(request_id="c", requests=(wanted(name),), ven_id="ven")


def _created(*names: str) -> m.CreatedReport:
    response = m.EiResponse(request_id="c")
    return m.CreatedReport(response=response, pending=names, ven_id="ven")


def test_a_reply_of_20a_that_does_not_fit_its_schema_is_found(tmp_path: Path) -> None:
    tap = Tap(tmp_path)
    for body in (b"<oadrResponse/>", b""):
        heard = Heard("VTN", "VEN", 1, PROFILE_A, datetime.now(UTC), b"")
        heard.answered(body)
        heard.ended = heard.began + 1
        tap.listen(heard, False)
    assert tap.findings() == []
    (found,) = tap.invalid()
    assert "oadrResponse" in found
    assert tap.invalid() == []
