"""A day of fifty VENs, for each seed: at its end both sides agree on everything.

``make soak SEEDS=500 FIRST=1000`` lives as many other days as one likes.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.soak import instant
from tests.soak.agreement import differences
from tests.soak.living import live
from tests.soak.plan import draw
from tests.soak.seeds import seeds

#: Where files are in memory, if the machine has such a place.
_FAST = Path("/dev/shm")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Gives a folder for the databases of a town."""
    with TemporaryDirectory(dir=_FAST if _FAST.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Leaves out of the log what a day of lost messages has to say."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("seed", seeds())
def test_both_sides_agree_after_a_day(seed: int, folder: Path) -> None:
    async def day() -> list[str]:
        town = await live(draw(seed), folder)
        try:
            return await differences(town)
        finally:
            await town.close()

    found = instant.run(day, seed)
    assert not found, f"make soak SEEDS=1 FIRST={seed}\n" + "\n".join(found)
