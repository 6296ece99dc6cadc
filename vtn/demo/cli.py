"""``vtn demo``: the day on the screen."""

import asyncio
import time
from pathlib import Path

import click
from rich.console import Console

from vtn.cli.base import Command
from vtn.demo.folder import Folder
from vtn.demo.run import FACTOR, Demo, data_folder, show


@click.command(cls=Command)
@click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"), required=False
)
@click.option(
    "--factor",
    type=click.FloatRange(min=1, max=5000),
    default=FACTOR,
    show_default=True,
    help="Simulated seconds in a real one.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with the metered load; examples/data of this checkout if left out.",
)
def demo(folder: Path, factor: float, data: Path | None) -> None:
    """Run a demand-response day in about a minute.

    Makes FOLDER (demo if left out) with certificates, a VTN and three VENs, and runs them
    as separate processes over mutual TLS on a fast clock. Each building replays metered
    load; the VTN dispatches a peak event, changes it, and cancels a second one. It ends
    by itself and leaves summary.json, chart.png, the database and the logs.

    Run again, it goes on with the next day and the same database.
    """
    console = Console(highlight=False)
    started = time.monotonic()
    summary = asyncio.run(
        Demo(
            Folder(path=folder.resolve(), data=data or data_folder()), console, factor=factor
        ).run()
    )
    show(summary, console, folder)
    console.print(f"That day took {time.monotonic() - started:.0f} s.")
