"""Two utilities and three buildings in one process know nothing of each other."""

import logging
from pathlib import Path

import pytest

from tests.acceptance.town import Town
from tests.acceptance.world import Building, Utility, signed, watt_hours


def _registration(building: Building) -> tuple[str, str]:
    assert building.ven is not None
    assert building.ven.registration is not None
    return building.ven.registration.vtn_id, building.ven.registration.ven_id


async def _read(utility: Utility, *names: str) -> bool:
    return all([await utility.readings(name) for name in names])


async def test_two_vtns_and_three_vens_in_one_process_do_not_meet(
    town: Town, utility: Utility, tmp_path: Path, foreign_pattern: Path
) -> None:
    north = utility
    (tmp_path / "south").mkdir()
    south = Utility.made(tmp_path / "south" / "south-grid", foreign_pattern)
    # The same name at both, and the same venID: they are two VENs all the same.
    school = await north.enrol("school", "--ven-id ven-1")
    mill = await north.enrol("mill", "--ven-id ven-2", policy={"default": "optOut"})
    other = await south.enrol("school", "--ven-id ven-1")
    # In the south everything is signed, in the north nothing.
    north.configure(signatures={"policy": "ignored"})
    signed(south, other)
    for party in (north, south, school, mill, other):
        await town.up(party)
    await town.registered(school, mill, other)
    assert [_registration(one) for one in (school, mill, other)] == [
        ("north-grid", "ven-1"),
        ("north-grid", "ven-2"),
        ("south-grid", "ven-1"),
    ]
    # The same eventID at both, with different contents.
    await town.dispatch(north, "peak", comment="north")
    await town.dispatch(south, "peak", comment="south")
    await town.until(lambda: _opts(north, {"school": "optIn", "mill": "optOut"}))
    await town.until(lambda: _opts(south, {"school": "optIn"}))
    await north.operator.cancel_event("peak", now=town.clock.now())
    await town.until(lambda: school.ven is not None and not school.ven.events)
    assert other.ven is not None
    assert [one.descriptor.vtn_comment for one in other.ven.events] == ["south"]

    await town.until(lambda: _read(north, "school", "mill"))
    await town.until(lambda: _read(south, "school"))
    assert await south.readings("mill") == []
    for start, value, _ in await south.readings("school"):
        assert value == watt_hours(start)
    await north.stop()
    before = len(await south.readings("school"))
    await town.until(lambda: _more(south, before))


async def _opts(utility: Utility, wanted: dict[str, str]) -> bool:
    rows = await utility.deliveries("peak")
    return {name: str(row.opt_type) for name, row in rows.items()} == wanted


async def _more(utility: Utility, than: int) -> bool:
    return len(await utility.readings("school")) > than


async def test_a_ven_that_comes_to_the_wrong_vtn_is_not_let_in(
    town: Town,
    utility: Utility,
    tmp_path: Path,
    foreign_pattern: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "south").mkdir()
    south = Utility.made(tmp_path / "south" / "south-grid", foreign_pattern)
    lost = await utility.enrol("school", vtn_url=south.url)
    await town.up(south)
    with caplog.at_level(logging.WARNING):
        await town.up(lost)
        await town.until(lambda: "not trusted" in caplog.text)
    assert lost.ven is not None
    assert lost.ven.registration is None
