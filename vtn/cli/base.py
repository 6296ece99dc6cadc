"""What the commands of ``vtn`` share: their options, and classes that bring them.

Only click is imported here, so that ``vtn --help`` answers at once.
"""

from pathlib import Path
from typing import Any

import click

from runtime.cli import LateGroup, laid_out, note_debug

#: Where the configuration is unless -c or the environment says otherwise.
CONFIG = Path("vtn.toml")
CONFIG_VARIABLE = "OADR_VTN_CONFIG"

_CONFIG_KEY = "vtn.cli.config"


def config_path() -> Path:
    """Returns the configuration file that the command line or the environment names."""
    found: Path = click.get_current_context().meta.get(_CONFIG_KEY, CONFIG)
    return found


def _keep_config(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    if value:
        ctx.meta[_CONFIG_KEY] = value


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
            callback=_keep_config,
            help=f"Configuration; {CONFIG} in this folder if left out.",
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            expose_value=False,
            callback=note_debug,
            hidden=not environment,
            help="Show the traceback of an error, and log details.",
        ),
    ]


class Command(click.Command):
    """A command that takes -c and --debug."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = laid_out(self.help)
        self.params += common_options(environment=False)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.help = laid_out(self.help)


class Main(LateGroup):
    """The outermost group."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += common_options(environment=True)
