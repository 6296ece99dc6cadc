"""``ven trace``: what was said between this VEN and its VTN."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from runtime.capture.command import Asked, Source, options, run
from ven.cli.base import config_option, debug_option
from ven.config import load


@click.command()
@config_option
@options
@debug_option
def trace(config: Path, debug: bool, **asked: Any) -> None:
    r"""Show what was said, to and from the VTN, and what was wrong with it.

    Each message is held against the schema and the rules of the profile. Polls that bring
    nothing are counted, not shown one by one. What is secret is left out. The trace is a
    folder beside the state and keeps its size; [trace] in ven.toml says which.

    \b
    ven trace
    ven trace --failed --since today
    ven trace --follow
    ven trace --id 3.17
    ven trace --since now-1h --export last-hour.oadr-trace.json
    """
    settings = load(config)
    keeps = settings.trace.keep != "nothing"
    source = Source(
        folder=settings.trace.beside(settings.state.path) if keeps else None,
        side="VEN",
        name=settings.ven_name,
        now=settings.clock.clock().now(),
    )
    with suppress(KeyboardInterrupt):
        run(source, Asked(**asked))
