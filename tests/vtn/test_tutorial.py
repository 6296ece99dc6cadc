"""The tutorial for the utility: its commands exist, and what it shows is what they print."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.vtn.command import Desk
from vtn.cli import main

TEXT = (Path(__file__).parents[2] / "docs" / "tutorial" / "utility.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ vtn (.+)$", TEXT, re.MULTILINE)

#: What differs from one run to the next.
_VARIES = (
    (r"\b[0-9a-f]{32}\b", "<id>"),
    (r"\b(?:[0-9A-F]{2}:){9}[0-9A-F]{2}\b", "<fingerprint>"),
    (r"\b20\d\d-\d\d-\d\d\b", "<date>"),
    (r"\be-20\d{6}-", "e-<day>-"),
    (r"\b\d\d:\d\d(?::\d\d)?\b", "<time>"),
)


def masked(text: str) -> str:
    for pattern, name in _VARIES:
        text = re.sub(pattern, name, text)
    # A period that ends on another day has its date written out.
    return text.replace("to <date> <time>", "to <time>")


def shown(command: str) -> str:
    """Returns what the tutorial shows below a command."""
    _, _, rest = TEXT.partition(f"$ vtn {command}\n")
    return re.split(r"^(?:```|\$)", rest, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_tutorial_exists_with_its_options(command: str) -> None:
    words = shlex.split(command.partition(" > ")[0])
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0, result.output


def test_what_the_tutorial_shows_is_what_is_printed(
    vtn: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("north-grid").rename("elsewhere")
    run = [
        "init north-grid",
        next(one for one in COMMANDS if one.startswith("ven enrol school-7")),
        next(one for one in COMMANDS if one.startswith("event create --to group:schools")),
    ]
    for command in run:
        words = command.replace("e-20261120-1", "e")
        assert masked(vtn(words).stdout) == masked(shown(command)), command
        monkeypatch.chdir(tmp_path / "north-grid")
    (event_id,) = [row["event_id"] for row in vtn.json("event list")]
    for begin in ("event modify", "event cancel"):
        command = next(one for one in COMMANDS if one.startswith(begin))
        real = command.replace("e-20261120-1", event_id)
        assert masked(vtn(real).stdout) == masked(shown(command)), command
    assert vtn("ven revoke school-7").stdout == shown("ven revoke school-7")
