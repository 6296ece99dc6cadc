"""What the command lines share: late commands, and errors as people read them."""

import click
import pytest
from click.testing import CliRunner, Result

from oadr.errors import InvalidData
from runtime.cli import HELP, Late, LateGroup, debugging, note_debug, words_for

HERE = "tests.runtime.test_cli"


@click.command()
@click.option("--kind", default="none")
@click.option("--debug", is_flag=True, expose_value=False, callback=note_debug)
def work(kind: str) -> None:
    r"""Does something.

    \b
    first line
    second line
    """
    if kind == "protocol":
        raise InvalidData("no\nsuch thing", rule="R1")
    if kind == "file":
        raise FileNotFoundError(2, "No such file", "a.txt")
    if kind == "fault":
        raise ZeroDivisionError("by zero")
    click.echo(f"debugging {debugging()}")


@click.group(
    cls=LateGroup,
    late={
        "work": Late(f"{HERE}:work", "Does something."),
        "never": Late("tests.runtime.no_such_module:x", "Is not imported."),
    },
    context_settings=HELP,
)
def main() -> None: ...


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_help_imports_no_command_and_keeps_their_order() -> None:
    result = invoke("-h")
    assert "work   Does something.\n  never  Is not imported.\n" in result.output
    assert isinstance(invoke("never").exception, SystemExit)


def test_paragraphs_that_keep_their_lines_are_marked_by_what_can_be_typed() -> None:
    assert "  first line\n  second line\n" in invoke("work", "--help").output


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("protocol", "no such thing"),
        ("file", "Error: a.txt: No such file\n"),
        ("fault", "ZeroDivisionError: by zero. This is a fault of this program; --debug shows"),
    ],
)
def test_an_error_is_one_line(kind: str, words: str) -> None:
    result = invoke("work", "--kind", kind)
    assert result.exit_code == 1
    assert words in result.output
    assert result.output.count("\n") == 1


def test_with_debug_the_error_itself_comes_through() -> None:
    assert isinstance(invoke("work", "--kind", "fault", "--debug").exception, ZeroDivisionError)
    assert invoke("work", "--debug").output == "debugging True\n"
    assert invoke("work").output == "debugging False\n"


def test_an_unknown_command_is_wrong_usage() -> None:
    assert invoke("rest").exit_code == 2


def test_an_operating_system_error_without_a_file_has_its_own_words() -> None:
    assert words_for(OSError("the line is cut")) == "the line is cut"
