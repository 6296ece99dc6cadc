"""Fixtures of the acceptance tests."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.clock import FakeClock
from tests.acceptance.stock import bench as bench
from tests.acceptance.stock import keys as keys
from tests.acceptance.stock import process as process
from tests.acceptance.stock import wire as wire
from tests.acceptance.town import Street, Town
from tests.acceptance.world import Utility, typed
from vtn.cli import main


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that ``vtn init`` made, to be copied: it takes longer than many tests."""
    folder = tmp_path_factory.mktemp("pattern") / "north-grid"
    typed(main, f"init {folder} --rsa")
    return folder


@pytest.fixture(scope="session")
def foreign_pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of somebody else, with another authority."""
    folder = tmp_path_factory.mktemp("pattern") / "south-grid"
    typed(main, f"init {folder} --rsa")
    return folder


@pytest.fixture
def utility(tmp_path: Path, pattern: Path) -> Utility:
    return Utility.made(tmp_path / "north-grid", pattern)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    # Signatures are dated by this clock, and certificates begin now.
    town = Town(FakeClock(moment=datetime.now(UTC).replace(microsecond=0)))
    try:
        yield town
    finally:
        await town.down()


@pytest.fixture
def street(request: pytest.FixtureRequest) -> Iterator[Street]:
    street = Street()
    try:
        yield street
    finally:
        street.down()
        print(street.logs())  # noqa: T201 - shown when the test fails
