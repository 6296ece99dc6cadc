"""``ven run``: a VEN on its own, until somebody stops it."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from runtime import logs
from runtime.apart import working_apart
from runtime.errors import ConfigError
from ven.cli.base import config_option, debug_option
from ven.cli.pulse import Pulse, pulse_path
from ven.config import Settings, load

if TYPE_CHECKING:
    from ven.client import Client

log = logging.getLogger("openadr.ven")


@click.command()
@config_option
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="One line for people, or one JSON object, for each thing that happens.",
)
@debug_option
def run(config: Path, log_format: Literal["text", "json"], debug: bool) -> None:
    r"""Run the VEN until Ctrl-C or SIGTERM.

    Both let what is in flight finish; then the exit code is 0. A second one ends it at
    once. A VTN that cannot be reached is no error: the VEN goes on trying. Modules that
    the configuration names may lie beside it. The log goes to standard error.

    \b
    ven run
    ven run -c school-7/ven.toml --log-format json
    """
    logs.configure(style=log_format, debug=debug)
    with working_apart():
        settings = load(config)
        client = build_client(settings, config)
    if log_format == "text":
        click.echo(f"{settings.ven_name} -> {settings.vtn_url}      Ctrl-C stops")
        if settings.push is not None:
            where = settings.push.listening()
            click.echo(
                f"The VTN pushes to {settings.push.address}; "
                f"listening on {where.host} port {where.port}"
            )
    asyncio.run(_live(client, Pulse(pulse_path(settings.state.path), settings)))


def build_client(settings: Settings, config: Path) -> "Client":
    """Returns the VEN of a configuration, whose modules may lie beside the file.

    Raises:
        ConfigError: something that it names cannot be used; says in which file.
    """
    folder = str(config.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    settings.state.path.parent.mkdir(parents=True, exist_ok=True)
    from ven.client import Client

    try:
        return Client.from_config(settings)
    except ConfigError as error:
        file = error.file or str(config)
        raise ConfigError(error.problem, key=error.key, file=file) from error


async def _live(client: "Client", pulse: Pulse) -> None:
    pulse.watch(client.health)
    client.add_hook("after_receive_xml", pulse.heard)
    if pulse.listens:
        client.add_trace(pulse.pushed)
    living = asyncio.ensure_future(client.run())
    loop = asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        log.info("%s: finishing what is in flight", number.name, extra={"ven": client.ven_name})
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(each)
        living.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    pulse.started()
    try:
        with suppress(asyncio.CancelledError):
            await living
    finally:
        pulse.stopped()
    log.info("stopped", extra={"ven": client.ven_name})
