"""For months nobody looks: a fault that lasts is said once, and leaves nothing behind."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from ven.cli.pulse import Pulse as VenPulse
from ven.config import Settings as VenSettings
from vtn import pulse, upkeep
from vtn.desk import Desk
from vtn.store import Store
from vtn.store.errors import DatabaseFull
from vtn.testing import joined


def said(caplog: pytest.LogCaptureFixture, words: str) -> int:
    return len([one for one in caplog.records if words in one.getMessage()])


async def test_a_database_that_stays_full_is_told_once_and_again_after_it_was_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds = 0
    enough = asyncio.Event()

    async def work(_: Desk) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 30:
            enough.set()
        if rounds != 10:
            raise DatabaseFull("vtn.db")

    async with joined() as world:
        task = asyncio.create_task(upkeep._repeat(world.desk, work, 0, "write down sightings"))
        await enough.wait()
        task.cancel()
    assert said(caplog, "cannot write down sightings") == 2


async def test_a_vtn_whose_folder_is_gone_says_once_that_it_leaves_no_sign_of_life(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "vtn"
    folder.mkdir()
    store = await Store.open(folder / "vtn.db")
    # In place of the file: nothing can be put there, whoever runs the test.
    blocked = pulse.pulse_path(store.path)
    blocked.mkdir()
    for _ in range(5):
        pulse.beat(store)
    assert said(caplog, "cannot note that this VTN runs") == 1
    assert [path for path in folder.iterdir() if path.name.startswith("vtn-run.json.")] == []
    blocked.rmdir()
    pulse.beat(store)
    assert pulse.read_pulse(store.path) is not None
    blocked.unlink()
    blocked.mkdir()
    pulse.beat(store)
    await store.close()
    assert said(caplog, "cannot note that this VTN runs") == 2


async def test_a_second_vtn_on_a_database_is_told_and_one_that_was_killed_is_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = await Store.open(tmp_path / "vtn.db")
    words = "another VTN runs on"
    pulse.warn_of_another(store)
    pulse.beat(store)
    pulse.warn_of_another(store)
    path = pulse.pulse_path(store.path)
    own = path.read_text()
    path.write_text(own.replace(f'"pid": {os.getpid()}', f'"pid": {2**22 + 7}'))
    pulse.warn_of_another(store)
    assert said(caplog, words) == 0
    path.write_text(own.replace(f'"pid": {os.getpid()}', f'"pid": {os.getppid()}'))
    pulse.warn_of_another(store)
    assert said(caplog, words) == 1
    await store.close()


def test_a_ven_says_once_that_it_leaves_no_sign_of_life(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "ven-run.json"
    path.mkdir()
    made = VenPulse(path, VenSettings(ven_name="school-7", vtn_url="http://127.0.0.1:1"))
    caplog.set_level(logging.INFO)
    for _ in range(5):
        made._write(running=True)
    assert said(caplog, "cannot note that this VEN runs") == 1
