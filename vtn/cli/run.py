"""``vtn run``: the server, until somebody stops it."""

import asyncio
import errno
import logging
from typing import Literal

import click

from runtime import logs
from runtime.cli import debugging
from runtime.errors import ConfigError
from vtn.cli.base import Command, config_path
from vtn.cli.office import settings
from vtn.cli.present import plural
from vtn.errors import Conflict
from vtn.server import Server, configured_handlers

log = logging.getLogger("openadr.vtn")


@click.command(cls=Command)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="One line for people, or one JSON object, for each thing that happens.",
)
def run(log_format: Literal["text", "json"]) -> None:
    r"""Run the VTN until Ctrl-C or SIGTERM.

    Both let what is in flight finish; then the exit code is 0. Whatever the configuration
    or the certificates lack is said before anything starts. The log goes to standard
    error.

    \b
    vtn run
    vtn run -c north-grid/vtn.toml --log-format json --debug
    """
    logs.configure(style=log_format, debug=debugging())
    server = _server()
    try:
        asyncio.run(server.serve(ready=lambda: _greet(server, log_format)))
    except OSError as error:
        raise _cannot_listen(server, error) from error
    if log_format == "json":
        log.info("stopped")


def _server() -> Server:
    given = settings()
    try:
        return Server(given, handlers=configured_handlers(given))
    except ConfigError as error:
        # A handler or key that the configuration names: say in which file.
        file = error.file or str(config_path())
        raise ConfigError(error.problem, key=error.key, file=file) from error


def _greet(server: Server, log_format: str) -> None:
    roster = server.desk.roster if server.desk is not None else ()
    online = sum(member.online for member in roster)
    if log_format == "json":
        log.info("listening at %s, %d VENs enrolled", server.url, len(list(roster)))
        return
    count = plural(len(list(roster)), "VEN")
    click.echo(f"{server.url}   {count} enrolled, {online} online      Ctrl-C stops")
    if (proxy := server.settings.proxy) is not None:
        known = f"{proxy.header} ({proxy.format}) from {', '.join(proxy.networks)}"
        click.echo(f"behind a proxy: VENs are known by {known}")


def _cannot_listen(server: Server, error: OSError) -> Exception:
    """Returns the error in words; as it is if it is none of listening."""
    http = server.settings.http
    where = f"port {http.port} of {http.host}"
    if error.errno == errno.EADDRINUSE:
        return Conflict(
            f"{where} is in use, perhaps by another vtn run; stop that, or set another "
            f"[http] port in {config_path()}"
        )
    if error.errno == errno.EACCES:
        return Conflict(f"{where} needs more rights; set an [http] port from 1024 on")
    if error.errno in (errno.EADDRNOTAVAIL, None) and not error.filename:
        return Conflict(f"[http] host {http.host} is no address of this machine: {error}")
    return error
