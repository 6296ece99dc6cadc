"""Options that the commands of ``ven`` share."""

from pathlib import Path

import click

from runtime.cli import note_debug

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
debug_option = click.option(
    "--debug",
    is_flag=True,
    callback=note_debug,
    help="Log details, and show the traceback of an error.",
)
