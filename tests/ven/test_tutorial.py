"""The tutorial for the building: what it has in ven.toml can be loaded and built."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

from runtime.sections import check
from ven.config import Settings
from ven.devices import build_devices
from ven.sources.settings import CsvMeterSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "tutorial" / "building.md").read_text(encoding="utf-8")
HEAD = {"ven_name": "school-7", "vtn_url": "http://localhost:8080"}


def test_the_configurations_of_the_tutorial_can_be_loaded(tmp_path: Path) -> None:
    first, second = (
        check(HEAD | tomllib.loads(block), Settings)
        for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    )
    (meter,) = first.meters
    assert isinstance(meter, CsvMeterSettings)
    example = replace(meter, file=ROOT / "examples" / "data" / "uk-home-1.csv")
    built = build_devices([example], first.loads, state=tmp_path / "ven.db")
    assert [each.spec.name for each in built.meters] == ["main-meter", "without-event"]
    assert [each.name for each in second.meters] == ["main-meter"]


def test_the_energy_that_the_tutorial_says_was_shed_is_the_difference_of_its_meters() -> None:
    left, whole = re.findall(r"(\d+\.\d+) Wh  1m from 2026-11-20 20:15:00", TEXT)
    (shed,) = re.findall(r"was shed: (\S+) Wh", TEXT)
    assert abs(float(whole) - float(left) - float(shed)) < 0.005
