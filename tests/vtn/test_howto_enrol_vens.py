"""What docs/howto/enrol-vens.md shows can be typed, and its bounds are those of the code."""

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from vtn import knocks, upkeep
from vtn.cli import main
from vtn.store import pending

HOWTO = (Path(__file__).parents[2] / "docs/howto/enrol-vens.md").read_text(encoding="utf-8")
TYPED = sorted(set(re.findall(r"^\$ (vtn .*)$|`(vtn [^`]*)`", HOWTO, re.MULTILINE)))


@pytest.mark.parametrize("line", [shown or inline for shown, inline in TYPED])
def test_its_commands_exist_with_their_options(line: str) -> None:
    _, *words = shlex.split(line)
    path: list[str] = []
    command: click.Command | None = main
    while isinstance(command, click.Group) and words:
        path.append(words.pop(0))
        command = command.get_command(click.Context(command), path[-1])
    assert command is not None, line
    text = CliRunner().invoke(main, [*path, "--help"]).output
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        assert option in text, option


def test_its_bounds_are_those_of_the_code() -> None:
    assert f"At most {pending.MOST:,} entries, {pending.MOST_NAMES} names for one" in HOWTO
    assert f"every {upkeep.FLUSH:.0f} seconds" in HOWTO
    assert f"cut to {knocks._LONGEST} characters" in HOWTO
