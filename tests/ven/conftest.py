from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ven.compat_world import Street
from tests.ven.scripted import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    world = World(str(tmp_path / "ven.db"))
    yield world
    await world.close()


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    street = Street(str(tmp_path / "ven.db"))
    yield street
    await street.close()
