"""What the command ``vtn`` is made of: groups that load late, common options, errors.

Only click is imported here, so that ``vtn --help`` answers at once.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import click

#: Where the configuration is unless -c or the environment says otherwise.
CONFIG = Path("vtn.toml")
CONFIG_VARIABLE = "OADR_VTN_CONFIG"
HELP = {"help_option_names": ["-h", "--help"]}

_CONFIG_KEY = "vtn.cli.config"
_DEBUG_KEY = "vtn.cli.debug"


class Late(NamedTuple):
    """A command that is imported when it is used."""

    #: ``module:attr`` of the command.
    where: str
    #: First line of its help.
    summary: str


def config_path() -> Path:
    """Returns the configuration file that the command line or the environment names."""
    found: Path = click.get_current_context().meta.get(_CONFIG_KEY, CONFIG)
    return found


def debugging() -> bool:
    """Returns whether --debug was given anywhere on the command line."""
    return bool(click.get_current_context().meta.get(_DEBUG_KEY))


def _keep(key: str) -> Any:
    def callback(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if value:
            ctx.meta[key] = value

    return callback


def common_options(*, environment: bool) -> list[click.Parameter]:
    """Returns -c and --debug, which are taken before and after the name of a command.

    Args:
        environment: whether the environment counts; for the outermost command only, so
            that it never beats what was typed.
    """
    return [
        click.Option(
            ["-c", "--config"],
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            envvar=CONFIG_VARIABLE if environment else None,
            show_envvar=environment,
            expose_value=False,
            callback=_keep(_CONFIG_KEY),
            help=f"Configuration; {CONFIG} in this folder if left out.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=_keep(_DEBUG_KEY),
            hidden=not environment,
            help="Show the traceback of an error, and log details.",
        ),
    ]


def _laid_out(text: str | None) -> str | None:
    """Returns a help text with click's mark for paragraphs that keep their lines.

    The mark is a control character, which has no place in a docstring; there it is
    written as it would be typed.
    """
    return text and text.replace(r"\b", "\b")


class Command(click.Command):
    """A command that takes -c and --debug."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = _laid_out(self.help)
        self.params += common_options(environment=False)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = _laid_out(self.help)


class Main(Group):
    """The outermost group: imports commands when they are used, and words errors.

    Args:
        late: name -> command, in the order of the help.
    """

    def __init__(self, *args: Any, late: Mapping[str, Late], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.late = late
        self.params += common_options(environment=True)

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
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, late.summary) for name, late in self.late.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; an error becomes one line and exit code 1, unless --debug."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            # The reader of a pipe may leave when it has seen enough; click ends quietly then.
            raise
        except Exception as error:
            if ctx.meta.get(_DEBUG_KEY):
                raise
            from vtn.cli.words import words_for

            raise click.ClickException(words_for(error)) from error
