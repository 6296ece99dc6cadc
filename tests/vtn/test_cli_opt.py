"""``vtn opt``, and what ``vtn event show`` and ``vtn ven show`` say of opts."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import OptType
from tests.vtn.command import Desk
from vtn.participation import as_schedule
from vtn.services.opt import spent_of
from vtn.store import Store, delivery, event, party
from vtn.store import opt as opts

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


def schedule(opt_id: str, **values: Any) -> m.CreateOpt:
    fields: dict[str, Any] = {
        "opt_id": opt_id,
        "opt_type": OptType.OPT_OUT,
        "opt_reason": "mustRun",
        "ven_id": "v",
        "availability": (m.Period(dtstart=NOW - HOUR, duration=5 * HOUR),),
        "created_date_time": NOW,
        "request_id": opt_id,
    }
    return m.CreateOpt(**(fields | values))


PUMP = m.Target(resource_ids=("pump",))


async def _send(name: str, *messages: m.CreateOpt) -> None:
    store = await Store.open("vtn.db")
    async with store.begin() as tx:
        row = await party.get(tx, ven_name=name)
        assert row is not None
        for message in messages:
            await opts.add(tx, party_pk=row.pk, opt=message, now=NOW - HOUR)
        rows = await opts.timeline(tx, party_pk=row.pk)
        assert all(as_schedule(one).opt_id for one in rows)
        await opts.supersede(tx, pks=spent_of(rows), now=NOW)
    await store.close()


def send(name: str, *messages: m.CreateOpt) -> None:
    asyncio.run(_send(name, *messages))


@pytest.fixture
def grid(vtn: Desk) -> Desk:
    """A school with a pump and a mill; the event ``e`` is for both, in an hour."""
    vtn("ven enrol school --resource pump")
    vtn("ven enrol mill")
    vtn("event create --id e --to all --levels 1:1h --start now+1h --program peak")
    return vtn


def test_a_ven_that_is_out_by_schedule_is_marked_with_the_reason(grid: Desk) -> None:
    send("mill", schedule("o-7"))
    shown = {row["ven"]: row for row in grid.json("event show e")["vens"]}
    assert (shown["mill"]["takes_part"], shown["mill"]["out_by_schedule"]) == ("out", "o-7")
    assert shown["mill"]["why"][0].startswith("opted out by schedule o-7 (mustRun; the whole VEN) ")
    assert shown["mill"]["why"][0] in shown["mill"]["note"]
    assert (shown["school"]["takes_part"], shown["school"]["why"]) == ("in", [])
    assert shown["school"]["out_by_schedule"] is None
    output = grid("event show e").output
    assert "taking part 1   in part 0   out 1" in output
    assert re.search(r"mill +- +- +- +no +.*opted out by schedule o-7 \(mustRun;", output)


def test_a_resource_that_is_out_has_a_line_of_its_own(grid: Desk) -> None:
    send("school", schedule("o-7", target=PUMP))
    (row,) = [one for one in grid.json("event show e")["vens"] if one["ven"] == "school"]
    assert (row["takes_part"], row["out_by_schedule"]) == ("partial", "o-7")
    assert [(part["resource"], part["opt"], part["by"]) for part in row["parts"]] == [
        (None, "optIn", "default"),
        ("pump", "optOut", "schedule"),
    ]
    output = grid("event show e").output
    assert re.search(r"^school +.*in part", output, re.MULTILINE)
    assert re.search(r"^  the rest +yes$", output, re.MULTILINE)
    assert re.search(
        r"^  pump +no +opted out by schedule o-7 \(mustRun; resource pump\)", output, re.MULTILINE
    )


def test_a_qualification_is_a_reason_too(grid: Desk) -> None:
    async def qualify() -> None:
        store = await Store.open("vtn.db")
        async with store.begin() as tx:
            row, found = await party.get(tx, ven_name="school"), await event.get(tx, event_id="e")
            assert row is not None
            assert found is not None
            await delivery.answered(
                tx,
                party_pk=row.pk,
                event_pk=found.pk,
                modification=0,
                opt_type=OptType.OPT_OUT,
                description="overrideStatus",
                source="createOpt",
                resources=["pump"],
                request_id="q",
                now=NOW,
            )
        await store.close()

    asyncio.run(qualify())
    assert "pump" in (output := grid("event show e").output)
    assert "optOut by oadrCreateOpt for this event (overrideStatus)" in output


def test_the_programme_decides_what_silence_means(grid: Desk) -> None:
    with (grid.folder / "vtn.toml").open("a") as file:
        file.write('\n[opts]\ndefault = "optOut"\n')
    assert grid.json("event show e")["out"] == 2


def test_schedules_are_listed_by_ven(grid: Desk) -> None:
    later = (m.Period(dtstart=NOW + 24 * HOUR, duration=timedelta(0)),)
    send(
        "school",
        schedule("old"),
        schedule("part", target=PUMP, market_context="http://localhost/peak"),
        schedule("new", availability=later),
        schedule("gone", opt_type=OptType.OPT_IN),
        schedule("in", opt_type=OptType.OPT_IN),
    )
    send("mill", schedule("o-1"))
    rows = grid.json("opt list")
    assert [(row["ven"], row["opt_id"], row["state"]) for row in rows] == [
        ("mill", "o-1", "now"),
        ("school", "new", "later"),
        ("school", "in", "now"),
    ]
    assert rows[1]["periods"] == [{"start": f"{NOW + 24 * HOUR:%Y-%m-%dT%H:%M:%SZ}", "end": None}]
    states = {row["opt_id"]: row["state"] for row in grid.json("opt list --ven school --all")}
    assert states == {
        "old": "superseded",
        "part": "superseded",
        "new": "later",
        "gone": "superseded",
        "in": "now",
    }
    output = grid("opt list --ven school --all").output
    assert "resource pump, programme http://localhost/peak" in output
    assert "no VEN 'nobody'" in grid.error("opt list --ven nobody")
    shown = grid("ven show school").output
    assert re.search(
        r"^schedule +new +optOut later +from .* on +the whole VEN \(mustRun\)", shown, re.MULTILINE
    )
    assert [one["opt_id"] for one in grid.json("ven show school")["schedules"]] == ["new", "in"]


def test_nothing_to_list(grid: Desk) -> None:
    assert grid("opt list").output == "none holds; vtn opt list --all shows those that did\n"
    assert grid("opt list --all").output == "none\n"
