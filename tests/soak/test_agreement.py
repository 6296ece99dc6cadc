"""What the comparison of both sides is worth: it finds whatever is changed at one of them."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.soak import instant
from tests.soak.agreement import differences
from tests.soak.living import live
from tests.soak.plan import draw
from tests.soak.town import Town

_LENGTH = timedelta(hours=8)
#: What is done to the VTN's database, and what has to be said about it.
_TAMPERED = {
    "DELETE FROM reading WHERE start % 7 = 0": "is missing",
    "UPDATE reading SET value = '0.5'": "was measured",
    "DELETE FROM reading WHERE start > (SELECT avg(start) FROM reading)": "are all that have come",
    "DELETE FROM reading": "no reading has come",
    "UPDATE delivery SET opt_type = iif(opt_type = 'optIn', 'optOut', 'optIn')": "has arrived",
    "UPDATE delivery SET acked_modification = NULL": "has arrived",
    "UPDATE event SET modification = modification + 1": "the building holds",
    "UPDATE event SET cancelled = 1": "the building goes on",
    "DELETE FROM delivery": "not for this building",
    "UPDATE opt SET cancelled_at = 1": "has the schedules",
}


async def _tampered(town: Town) -> dict[str, list[str]]:
    """Returns what is said of each change to the VTN's database, which is undone after it."""
    found = {}
    with (
        closing(sqlite3.connect(town.folder / "vtn.db")) as database,
        closing(sqlite3.connect(":memory:")) as untouched,
    ):
        database.backup(untouched)
        for tamper in _TAMPERED:
            assert database.execute(tamper).rowcount, tamper
            database.commit()
            found[tamper] = await differences(town)
            untouched.backup(database)
    return found


def test_what_is_changed_at_one_side_is_found() -> None:
    async def day() -> dict[str, list[str]]:
        with TemporaryDirectory() as folder:
            town = await live(draw(3, vens=6, length=_LENGTH), Path(folder), length=_LENGTH)
            try:
                assert not await differences(town)
                return await _tampered(town)
            finally:
                await town.close()

    for tamper, lines in instant.run(day, 3).items():
        assert any(_TAMPERED[tamper] in line for line in lines), (tamper, lines)


def test_a_seed_is_always_the_same_day() -> None:
    def day() -> list[tuple[str, str]]:
        seen: list[tuple[str, str]] = []

        async def lived() -> None:
            with TemporaryDirectory() as folder:
                town = await live(draw(5, vens=6, length=_LENGTH), Path(folder), length=_LENGTH)
                seen.extend(
                    (name, event_id)
                    for name, house in town.houses.items()
                    for event_id in house.taken
                )
                await town.close()

        instant.run(lived, 5)
        return seen

    first = day()
    assert len(first) > 20
    assert day() == first
