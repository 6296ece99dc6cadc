"""docs/howto/why-not-seen.md shows what really is printed."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import OptType
from oadr.event import build_event, parse_levels
from runtime.clock import FakeClock
from tests.vtn.command import Desk
from vtn import explain, pulse, upkeep
from vtn.audience import Audience, target_of
from vtn.config import load
from vtn.server import configured_handlers
from vtn.testing import Peer
from vtn.testing.door import InnerDoor
from vtn.testing.inside import Unplugged

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "why-not-seen.md").read_text("utf-8")
FINGERPRINT = "99:0B:6E:54:A1:70:3D:C8:F2:21"

#: What differs from one run to the next.
_VARIES = (
    (r"\b[0-9a-f]{32}\b", "<id>"),
    (r"\b20\d\d-\d\d-\d\d ", ""),
    (r"\b\d\d:\d\d(?::\d\d)?\b", "<time>"),
    (r"\b\d+ (?:ms|s|min|h)(?: \d+ (?:s|min))? ago", "<while> ago"),
    (r"in \d+ (?:min|h)(?: \d+ (?:s|min))?", "in <while>"),
    (r"\b[\d.]+ [kMGT]?B\b", "<size>"),
)


def masked(text: str) -> str:
    for pattern, name in _VARIES:
        text = re.sub(pattern, name, text)
    return text


def shown(command: str, nth: int = 0) -> str:
    """Returns what the page shows below a command, where it stands for the nth time."""
    rest = PAGE.split(f"$ {command}\n")[nth + 1]
    return re.split(r"^(?:```|\$)", rest, flags=re.MULTILINE)[0]


@contextmanager
def working(clock: FakeClock) -> Iterator[tuple[asyncio.Runner, Unplugged, Peer]]:
    """The VTN of the current folder, and a VEN with its certificate, for some exchanges."""
    settings = load(Path("vtn.toml"))
    server = Unplugged(settings, handlers=configured_handlers(settings), clock=clock)
    peer = Peer(InnerDoor(lambda: server.endpoint, FINGERPRINT), clock.now, name="school-9")
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            yield runner, server, peer
        finally:
            runner.run(server.stop())


def answer(peer: Peer, shot: m.DistributeEvent) -> bytes:
    """What school-9 answers: an oadrCreatedEvent without the requestID of the event."""
    (event,) = shot.events
    given = m.EventResponse(
        request_id=shot.request_id,
        event_id=event.event_id,
        modification_number=event.descriptor.modification_number,
        opt_type=OptType.OPT_IN,
    )
    message = m.CreatedEvent(response=m.EiResponse(), responses=(given,), ven_id=peer.ven_id)
    element = f"<pyld:requestID>{shot.request_id}</pyld:requestID>".encode()
    return codec.encode(message).replace(element, b"")


async def begin(server: Unplugged, peer: Peer, clock: FakeClock) -> None:
    """Enrols two VENs, lets school-9 register, and makes an event for the schools."""
    operator, now = server.operator, clock.now()
    bakery = "1D:44:F0:21:93:A8:5B:0C:77:07"
    await operator.enrol("school-9", now=now, fingerprint=FINGERPRINT, groups=["schools"])
    await operator.enrol("bakery", now=now, fingerprint=bakery, groups=["shops"])
    await peer.join()
    schools = Audience(groups=frozenset({"schools"}))
    event = build_event(
        event_id="e-1",
        market_context="http://localhost/peak",
        start=now + timedelta(hours=3),
        intervals=parse_levels("1:15m,2:30m"),
        now=now,
        target=target_of(schools),
    )
    await operator.create_event(event, schools, now=now)


async def misunderstanding(server: Unplugged, peer: Peer, clock: FakeClock) -> bytes:
    """Lets school-9 answer an event wrongly, four times, and returns what it says."""
    said = b""
    for minutes in (7, 5, 3, 0):
        clock.moment = datetime.now(UTC) - timedelta(minutes=minutes, seconds=3)
        shot = await peer.poll()
        assert isinstance(shot, m.DistributeEvent), shot
        said = answer(peer, shot)
        assert (await peer.raw("EiEvent", said)).status == 406
    await write_down(server)
    return said


async def agreement(server: Unplugged, peer: Peer, said: bytes) -> None:
    """Lets it say the same once more, to a VTN that has heard how much to put up with."""
    assert server.desk is not None
    await upkeep.watch(server.desk)
    assert (await peer.raw("EiEvent", said)).status == 200
    await write_down(server)


async def write_down(server: Unplugged) -> None:
    """Writes what a VTN writes every few seconds."""
    assert server.desk is not None
    await upkeep.flush(server.desk)


def check(vtn: Desk, command: str, code: int, nth: int = 0) -> None:
    printed = vtn(command.removeprefix("vtn "), code).stdout
    assert masked(printed) == masked(shown(command, nth)), printed


def test_the_sessions_of_the_page_are_what_is_printed(vtn: Desk) -> None:
    clock = FakeClock(moment=datetime.now(UTC) - timedelta(minutes=8))
    school = "vtn explain --ven school-9 --event e-1"
    with working(clock) as (runner, server, peer):
        runner.run(begin(server, peer, clock))
        said = runner.run(misunderstanding(server, peer, clock))
        clock.moment = datetime.now(UTC)
        check(vtn, school, 1)
        check(vtn, "vtn explain --ven bakery --event e-1", 1)
        check(vtn, "vtn status", 1)
        check(vtn, "vtn ven set school-9 --peer repair", 0)
        runner.run(agreement(server, peer, said))
        check(vtn, school, 0, nth=1)
    error = vtn.error("explain --ven scool-9 --event e-1")
    assert shown("vtn explain --ven scool-9 --event e-1") == f"{error}\n"


def test_the_page_names_what_rows_there_are() -> None:
    folder = Path(explain.__file__).parent
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    names = set(re.findall(r'name="([a-z ]+)"', source))
    assert names
    for name in names:
        assert f"| `{name}` |" in PAGE, name


def test_the_pulse_is_where_the_page_says(tmp_path: Path) -> None:
    assert f"`{pulse.pulse_path(tmp_path / 'vtn.db').name}`" in PAGE


@pytest.mark.parametrize("command", re.findall(r"^\$ (vtn .+)$", PAGE, re.MULTILINE))
def test_every_command_of_the_page_exists(command: str, vtn: Desk) -> None:
    vtn(f"{command.removeprefix('vtn ')} --help")
