"""What the command ``ven`` is made of: commands that load late, common options, errors.

Only click is imported here: ``ven run`` is to stay small.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

HELP = {"help_option_names": ["-h", "--help"]}
_DEBUG = "ven.cli.debug"

config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    default="ven.toml",
    show_default=True,
    envvar="OADR_VEN_CONFIG",
    show_envvar=True,
    help="Configuration.",
)


def _remember(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    if value:
        ctx.meta[_DEBUG] = True
    return value


debug_option = click.option(
    "--debug",
    is_flag=True,
    callback=_remember,
    help="Log details, and show the traceback of an error.",
)


class Main(click.Group):
    """The outermost group: imports a command when it is used, and words errors.

    Args:
        late: name -> ``module:attr`` and first line of the help.
    """

    def __init__(self, *args: Any, late: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.late = late
        self.help = laid_out(self.help)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of the commands, in the order in which people need them."""
        return list(self.late)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports and returns a command; None if there is none of that name."""
        if cmd_name not in self.late:
            return None
        module, _, attribute = self.late[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        command.help = laid_out(command.help)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in self.late.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; an error becomes one line and exit code 1, unless --debug."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if ctx.meta.get(_DEBUG):
                raise
            raise click.ClickException(words_for(error)) from error


def laid_out(text: str | None) -> str | None:
    r"""Returns a help text with click's mark for paragraphs that keep their lines.

    The mark is a control character, which has no place in a docstring; there it is
    written as ``\b``.
    """
    return text and text.replace(r"\b", "\b")


def words_for(error: Exception) -> str:
    """Returns one line that says what happened and, where it is known, what to do."""
    from oadr.errors import OpenADRError
    from runtime.logs import one_line

    if isinstance(error, OpenADRError):
        return one_line(str(error))
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return one_line(f"{where}{error.strerror or error}")
    what = one_line(f"{type(error).__name__}: {error}")
    return f"{what}. This is a fault of this program; --debug shows where."
