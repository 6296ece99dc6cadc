"""What the commands of ``conform`` share: kinds of values, options, and how they end."""

import errno
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from runtime.durations import duration_from

Command = TypeVar("Command", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)
SUITES = ("registration", "event", "opt", "report", "general", "security", "all")


class NothingTested(click.ClickException):
    """Something stands in the way before the first case: nothing is known of the device."""

    exit_code = 2


class Duration(click.ParamType[timedelta, Any]):
    """A duration such as ``30s`` or ``1m``, more than 0."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Returns the duration, or fails with the accepted forms."""
        try:
            found = duration_from(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        if found <= timedelta(0):
            self.fail(f"{value!r} is not more than 0.", param, ctx)
        return found


class Address(NamedTuple):
    """Where to listen; port 0 is any free one."""

    host: str
    port: int


class HostPort(click.ParamType[Address, Any]):
    """``HOST:PORT``, with brackets around a HOST that has colons."""

    name = "host:port"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Address:
        """Returns the address, or fails."""
        if isinstance(value, Address):
            return value
        host, _, port = str(value).rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            self.fail(f"{value!r} is no HOST:PORT, such as 0.0.0.0:8080.", param, ctx)
        return Address(host, int(port))


#: Why nobody can listen somewhere, by the number of the error.
TAKEN = {
    errno.EADDRINUSE: "something else listens there",
    errno.EACCES: "that needs other rights",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


def taken(who: str, address: Address | None, error: OSError) -> str:
    """Returns in a sentence why somebody cannot listen; at any free port for None."""
    where = f"{address.host}:{address.port}" if address else "a free port"
    why = TAKEN.get(error.errno or 0, error.strerror or str(error))
    return f"{who} cannot listen on {where}: {why}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the command line says, for ``conform vtn`` and ``conform ven`` alike.

    Attributes:
        side: what is under test, ``vtn`` or ``ven``.
        suites: names; empty for all.
        cases: names; empty for all.
        rules: as written, such as ``R405``; empty for all.
        push: the push model.
        bundle: what the VTN has handed out for the party of the kit.
        cert: its certificate, in place of a bundle.
        key: its private key, likewise.
        ca: whom it believes, likewise.
        passphrase_file: opens the key.
        recordings: run in place of the cases of the profile.
        stranger: bundle of another VEN of the same programme.
        expired: bundle with an expired certificate.
        sign: whether it signs.
        ven_name: of the VEN of the kit.
        ven_id: preconfigured, or that the VTN of the kit gives.
        vtn_id: of the VTN of the kit.
        unit: how long a short while is; None leaves it to the device.
        clock: a file with a ``[clock]``.
        setup_command: the hook script.
        unattended: whether nobody is asked.
        adapter: what starts the device; None for one that runs already.
        tls: whether the adapter starts it with mutual TLS.
        config: the ``vtn.toml`` of a VTN of ours.
        listen: where the kit listens.
        poll_interval: how often the VTN of the kit asks to be polled.
        html: file of a report.
        junit: likewise.
        json: likewise.
        quiet: whether only the last line is printed.
        stop_on_fail: whether the first failure is the end.
    """

    side: str
    suites: tuple[str, ...]
    cases: tuple[str, ...]
    rules: tuple[str, ...]
    push: bool
    bundle: Path | None
    cert: Path | None
    key: Path | None
    ca: Path | None
    passphrase_file: Path | None
    sign: bool
    unit: timedelta | None
    clock: Path | None
    setup_command: str
    unattended: bool
    adapter: str | None
    tls: bool
    html: Path | None
    junit: Path | None
    json: Path | None
    quiet: bool
    stop_on_fail: bool
    ven_id: str = ""
    ven_name: str = ""
    vtn_id: str = ""
    recordings: tuple[Path, ...] = ()
    stranger: Path | None = None
    expired: Path | None = None
    config: Path | None = None
    listen: Address | None = None
    poll_interval: timedelta = timedelta(seconds=1)


def options(*every: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Returns a decorator that adds several options, in this order of the help."""

    def add(command: Command) -> Command:
        for one in reversed(every):
            command = one(command)
        return command

    return add


choosing = options(
    click.option(
        "--suite",
        "suites",
        multiple=True,
        type=click.Choice(SUITES),
        help="Cases of this group. Repeatable; all if left out.",
    ),
    click.option(
        "--case",
        "cases",
        multiple=True,
        metavar="CODE",
        help="This case, such as N1_0020. Repeatable.",
    ),
    click.option(
        "--rule",
        "rules",
        multiple=True,
        metavar="RULE",
        help="Cases about this rule, such as R405. Repeatable.",
    ),
)

showing = options(
    click.option(
        "--bundle", type=FILE, metavar="FILE.zip", help="For the kit, as a VTN hands it out."
    ),
    click.option("--cert", type=FILE, help="Certificate of the kit (PEM), in place of a bundle."),
    click.option("--key", type=FILE, help="Its private key (PEM)."),
    click.option("--ca", type=FILE, help="Certificate of the authority of the device (PEM)."),
    click.option("--passphrase-file", type=FILE, help="File whose first line opens the key."),
    click.option("--sign", is_flag=True, help="The kit signs its messages."),
)

repeating = click.option(
    "--recording",
    "recordings",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="Say again what 'conform proxy' recorded, in place of cases. Repeatable.",
)

acting = options(
    click.option(
        "--unit",
        type=Duration(),
        help="A short while on the device's clock: events last some of it.  [default: 1m]",
    ),
    click.option(
        "--clock", type=FILE, help="File with the [clock] of the device, if it runs faster."
    ),
    click.option(
        "--setup-command",
        default="",
        metavar="CMD",
        help="Does at the device what a case needs: CMD ACTION, with JSON on standard input; "
        "'conform list --actions' has all.",
    ),
    click.option("--unattended", is_flag=True, help="Ask nobody on the terminal."),
    click.option(
        "--tls", is_flag=True, help="With --adapter: the device is started with mutual TLS."
    ),
)

telling = options(
    click.option("--html", type=FILE, help="Write a report as a page."),
    click.option("--junit", type=FILE, help="Write a report as JUnit XML."),
    click.option("--json", type=FILE, help="Write all there is to know, for 'conform report'."),
)

ending = options(
    click.option("--quiet", is_flag=True, help="Print the last line only."),
    click.option("--stop-on-fail", is_flag=True, help="End after the first case that fails."),
)


def check_folders(files: Iterable[Path | None], read: Iterable[Path] = ()) -> None:
    """Finds a report that cannot be written before anything is tested.

    Args:
        files: where reports go.
        read: what the command reads, and does not overwrite.

    Raises:
        NothingTested: the folder is not there, or two files are the same.
    """
    taken = {one.resolve() for one in read}
    for file in files:
        if file is not None and file.resolve() in taken:
            raise NothingTested(f"{file}: is named twice; a report would overwrite it.")
        if file is not None:
            taken.add(file.resolve())
        if file is not None and not file.parent.is_dir():
            raise NothingTested(f"{file}: there is no folder {file.parent}.")
