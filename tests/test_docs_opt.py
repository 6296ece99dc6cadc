"""docs/howto/opt.md says what the code does: its commands are run, its samples executed."""

import asyncio
import re
import shlex
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import ven.cli
import vtn.cli
from oadr.messages import CreateOpt
from tests.ven.scripted import World as Building
from ven.client import Client
from ven.state import Registration, State
from vtn.config import Settings
from vtn.services.opt import spent_of
from vtn.store import Store, party
from vtn.store import opt as opts
from vtn.testing import joined

PAGE = (Path(__file__).parents[1] / "docs" / "howto" / "opt.md").read_text(encoding="utf-8")
#: What the clocks show; the page was written then, so to speak.
SHOWN = datetime(2030, 12, 31, 12, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the configurations of both parties, whose clocks hardly move."""
    monkeypatch.chdir(tmp_path)
    run("vtn init .")
    clock = f"shown = {SHOWN.isoformat()}, origin = {datetime.now(UTC).isoformat()}"
    clock = f"\nclock = {{ {clock}, factor = 0.0001 }}\n"
    text = Path("vtn.toml").read_text()
    Path("vtn.toml").write_text(clock + text)
    Path("ven.toml").write_text('ven_name = "school-7"\nvtn_url = "http://localhost"\n' + clock)
    run("vtn ven enrol school-7 --ven-id ven-1 --resource pump")
    run("vtn ven enrol mill")
    asyncio.run(_register())
    return tmp_path


def run(line: str) -> str:
    program, *arguments = shlex.split(line)
    main = {"vtn": vtn.cli.main, "ven": ven.cli.main}[program]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, (line, result.output)
    return result.output


async def _register() -> None:
    state = State("ven.db")
    await state.open()
    registration = Registration(
        ven_id="ven-1", registration_id="reg-1", vtn_id="north-grid", poll_interval=None
    )
    await state.registration.save(registration)
    await state.close()


async def _tell() -> None:
    """Hands over what waits at the VEN, as it does when it runs."""
    state, store = State("ven.db"), await Store.open("vtn.db")
    await state.open()
    async with store.begin() as tx:
        row = await party.get(tx, ven_id="ven-1")
        assert row is not None
        for held in await state.opts.all(waiting=True):
            assert isinstance(held.message, CreateOpt)
            await opts.add(tx, party_pk=row.pk, opt=held.message, now=SHOWN)
            await state.opts.sent(held, (held.number,))
        rows = await opts.timeline(tx, party_pk=row.pk)
        await opts.supersede(tx, pks=spent_of(rows), now=SHOWN)
    await store.close()
    await state.close()


@pytest.mark.usefixtures("folder")
def test_the_commands_print_what_the_page_shows() -> None:
    for block in blocks("console"):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, expected = step.partition("\n")
            assert run(line) == expected, line
        asyncio.run(_tell())


async def test_the_sample_of_a_program_opts_out(tmp_path: Path) -> None:
    sample: dict[str, Any] = {}
    exec(blocks("python")[0], sample)
    building = Building(str(tmp_path / "ven.db"))
    client: Client = await building.start(building.ven())
    holidays: Callable[[Client], Any] = sample["holidays"]
    opt_id = await holidays(client)
    first, second = building.vtn.got(CreateOpt)
    assert (first.opt_id, second.target.resource_ids) == (opt_id, ("pump",))
    await building.close()


async def test_the_sample_of_a_handler_counts_who_is_left() -> None:
    sample: dict[str, Any] = {}
    exec(blocks("python")[1], sample)
    handler = sample["Shortfall"]()
    async with joined(handlers=[handler]) as world:
        client = world.join(Client, "school-7")
        await world.start(client)
        await world.send_event("1:1h", event_id="e")
        await world.pass_time(minutes=1)
    assert handler.left == {"e": 1}


def test_the_keys_of_the_page_are_those_of_the_configuration() -> None:
    (text,) = blocks("toml")
    section = tomllib.loads(text)["opts"]
    assert section == {
        name: getattr(Settings(vtn_id="x").opts, name)
        for name in ("default", "overlap", "precedence")
    }
