"""``ven opt``: what a person says goes into the state, and a VEN that runs takes it from there."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from oadr.messages import CancelOpt, CreatedEvent, CreatedOpt, CreateOpt, EiResponse
from tests.ven.process import ended, running, served, until
from tests.ven.scripted import NOW, ScriptedVTN, World, event
from ven.cli import main

Ven = Callable[..., Result]


@pytest.fixture
def ven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ven:
    """The command in the folder of a VEN whose clock stands at noon of 2026-01-01."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ven.toml").write_text(
        f'ven_name = "school-7"\nvtn_url = "http://vtn.example"\n'
        f"clock = {{ shown = {NOW.isoformat()}, origin = {datetime.now(UTC).isoformat()},"
        " factor = 0.001 }\n"
    )

    def _ven(line: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, line.split())
        assert result.exit_code == code, result.output
        return result

    return _ven


async def said(ven: Ven, line: str, code: int = 0) -> Any:
    result = await asyncio.to_thread(ven, f"opt {line} --json", code)
    return json.loads(result.stdout)


async def test_what_is_said_waits_for_the_ven_and_is_told_when_it_runs(
    ven: Ven, world: World
) -> None:
    world.vtn.events = [event()]
    client = await world.start(world.ven())
    await client.stop()
    row = await said(ven, "out --for 3h --reason mustRun --id o-7")
    assert (row["opt_id"], row["opt"], row["state"], row["told"]) == (
        "o-7",
        "optOut",
        "now",
        "waiting",
    )
    assert row["when"] == "2026-01-01 12:00 to 15:00"
    await world.start(world.ven())
    (create,) = world.vtn.got(CreateOpt)
    assert (create.opt_id, create.opt_reason, create.target.ven_ids) == (
        "o-7",
        "mustRun",
        ("ven-1",),
    )
    assert world.vtn.got(CreatedEvent)[-1].responses[0].opt_type == "optOut"
    assert [one["told"] for one in await said(ven, "list")] == ["told"]


async def test_all_that_a_schedule_can_be_limited_to(ven: Ven, world: World) -> None:
    await world.start(world.ven())
    row = await said(
        ven,
        "out --from tomorrow@08:00 --for 4h --from 2026-01-03T18:00Z --for 0 --resource a "
        "--resource b --market http://peak.example --device-class EVSE",
    )
    assert row["state"] == "later"
    assert row["when"] == "2026-01-02 08:00 to 12:00, from 2026-01-03 18:00 on"
    assert row["what"] == "resource a, resource b, devices EVSE, programme http://peak.example/"
    assert (row["resources"], row["device_classes"]) == (["a", "b"], ["EVSE"])
    assert row["periods"][1] == {"start": "2026-01-03T18:00:00Z", "duration": 0}


async def test_a_schedule_supersedes_or_adds_to_the_one_before(ven: Ven, world: World) -> None:
    await world.start(world.ven())
    await said(ven, "out --for 1h --id o-1")
    await said(ven, "out --for 1h --id part --resource a")
    await said(ven, "out --from tomorrow@08:00 --for 1h --id o-2 --add")
    rows = {row["opt_id"]: row for row in await said(ven, "list --all")}
    assert {name: row["state"] for name, row in rows.items()} == {
        "o-1": "superseded",
        "part": "superseded",
        "o-2": "now",
    }
    assert rows["o-2"]["when"] == "2026-01-01 12:00 to 13:00, 2026-01-02 08:00 to 09:00"
    assert [row["opt_id"] for row in await said(ven, "list")] == ["o-2"]
    listed = await asyncio.to_thread(ven, "opt list")
    assert "o-2  optOut now  2026-01-01 12:00 to 13:00," in listed.output
    assert "the VTN is told as soon as it answers" in listed.output


async def test_an_event_is_qualified_and_that_is_not_cancelled(ven: Ven, world: World) -> None:
    world.vtn.events = [event()]
    await world.start(world.ven())
    row = await said(ven, "out --event e1 --id q")
    assert (row["event"], row["state"]) == ("e1", "event")
    assert "(R211)" in (await asyncio.to_thread(ven, "opt cancel q", 1)).output
    assert "holds no event 'e9'" in (await asyncio.to_thread(ven, "opt out --event e9", 1)).output


async def test_r204_a_schedule_is_cancelled_by_its_id(ven: Ven, world: World) -> None:
    client = await world.start(world.ven())
    await said(ven, "out --for 1h --id o-1")
    assert (await said(ven, "cancel o-1"))["state"] == "cancelled"
    assert await said(ven, "list") == []
    assert [row["state"] for row in await said(ven, "list --all")] == ["cancelled"]
    await client.poll()
    await world.pass_time(timedelta(seconds=20))
    assert [type(one) for one in (*world.vtn.got(CreateOpt), *world.vtn.got(CancelOpt))] == [
        CreateOpt,
        CancelOpt,
    ]
    assert "no opt 'o-9'" in (await asyncio.to_thread(ven, "opt cancel o-9", 1)).output


async def test_what_the_vtn_refuses_is_said_and_counts_for_nothing(ven: Ven, world: World) -> None:
    await world.start(world.ven())
    await said(ven, "out --for 1h --id o-1")
    refused = CreatedOpt(response=EiResponse(code=469, description="full"), opt_id="o-1")
    world.vtn.script(CreateOpt, refused)
    await world.pass_time(timedelta(seconds=20))
    (row,) = await said(ven, "list --all")
    assert (row["state"], row["told"]) == ("refused", "refused")
    assert row["refused"] == "the VTN refused oadrCreateOpt with 469: full"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("opt out", "give --for with each --from"),
        ("opt out --from now --from today@18:00 --for 1h", "give --for with each --from"),
        ("opt out --event e1 --for 1h", "--event goes with neither"),
        ("opt out --for soon", "is not a duration"),
        ("opt out --from soon --for 1h", "'soon' is no moment"),
    ],
)
def test_what_cannot_be_meant_is_refused(ven: Ven, line: str, why: str) -> None:
    assert why in ven(line, 2).output


async def test_what_must_not_be_sent_is_not_stored(ven: Ven, world: World) -> None:
    assert "has never run" in (await asyncio.to_thread(ven, "opt out --for 1h", 1)).output
    assert (await asyncio.to_thread(ven, "opt list")).output.startswith("none holds")
    client = world.ven()
    await client.status()
    assert "not registered" in (await asyncio.to_thread(ven, "opt out --for 1h", 1)).output
    await world.start(client)
    toaster = await asyncio.to_thread(ven, "opt out --for 1h --device-class Toaster", 1)
    assert "(R209)" in toaster.output
    assert await said(ven, "list --all") == []


async def test_a_ven_that_runs_takes_it_over_at_once(tmp_path: Path) -> None:
    vtn = ScriptedVTN(poll_freq=timedelta(hours=1))
    async with served(vtn) as url:
        config = tmp_path / "ven.toml"
        config.write_text(f'ven_name = "school-7"\nvtn_url = "{url}"\n')
        async with running(config) as process:
            await until(lambda: "Poll" in [type(one).__name__ for _, one in vtn.received], config)
            lines = ["opt", "out", "--for", "1h", "--id", "o-7", "-c", str(config)]
            result = await asyncio.to_thread(CliRunner().invoke, main, lines)
            assert result.output.rstrip().endswith("the VTN knows"), result.output
            assert [one.opt_id for one in vtn.got(CreateOpt)] == ["o-7"]
            lines = ["opt", "cancel", "o-7", "-c", str(config)]
            result = await asyncio.to_thread(CliRunner().invoke, main, lines)
            assert "cancelled" in result.output
            assert [one.opt_id for one in vtn.got(CancelOpt)] == ["o-7"]
            assert await ended(process) == 0
