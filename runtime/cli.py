"""What the command lines share: commands that load late, ``--debug``, errors in one line.

Only click is imported here, so that help comes at once and ``ven run`` stays small.
"""

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import click

HELP = {"help_option_names": ["-h", "--help"]}
_DEBUG = "runtime.cli.debug"


class Late(NamedTuple):
    """A command that is imported when it is used."""

    #: ``module:attr`` of the command.
    where: str
    #: First line of its help.
    summary: str


def note_debug(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    """Callback of an option ``--debug``, wherever on the command line it stands."""
    if value:
        ctx.meta[_DEBUG] = True
    return value


def debugging() -> bool:
    """Returns whether ``--debug`` was given anywhere on the command line."""
    return bool(click.get_current_context().meta.get(_DEBUG))


class Outermost(click.Group):
    """A group whose errors are one line and exit code 1, unless ``--debug`` was given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = laid_out(self.help)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            # The reader of a pipe may leave when it has seen enough; click ends quietly then.
            raise
        except Exception as error:
            if ctx.meta.get(_DEBUG):
                raise
            raise click.ClickException(words_for(error)) from error


class LateGroup(Outermost):
    """An outermost group that imports a command when it is used.

    Args:
        late: name -> command, in the order of the help.
    """

    def __init__(self, *args: Any, late: Mapping[str, Late], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.late = late

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of the commands, in the order in which people need them."""
        return list(self.late)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports and returns a command; None if there is none of that name."""
        late = self.late.get(cmd_name)
        if late is None:
            return None
        module, _, attribute = late.where.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        command.help = laid_out(command.help)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, late.summary) for name, late in self.late.items()])


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
