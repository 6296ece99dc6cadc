"""``conform proxy``: stand between a VTN and its VENs, judge what they say, record it."""

import asyncio
import signal
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from certs import KeyPair, TLSFiles, client_context, server_context
from certs.errors import CertsError
from conformance.checks import Severity, Side
from conformance.cli.base import (
    FILE,
    Address,
    HostPort,
    NothingTested,
    check_folders,
    taken,
    telling,
)
from conformance.cli.check import PARTY, place, wrong
from conformance.cli.identity import unpacked
from conformance.passive.judging import result
from conformance.passive.proxy import Proxy, Way, save_case
from conformance.peers import Identity, Recorded
from conformance.report import write
from conformance.report.terminal import closing
from conformance.results import Run, Verdict, fault_of
from runtime.logs import one_line

FOLDER = click.Path(path_type=Path, file_okay=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """Certificates of the proxy: toward the VTN, and toward VENs; None for plain HTTP."""

    as_ven: TLSFiles | None
    as_vtn: TLSFiles | None


@click.command("proxy")
@click.option("--listen", required=True, type=HostPort(), help="Where VENs reach the proxy.")
@click.option("--vtn", "vtn_url", required=True, metavar="URL", help="Of the VTN.")
@click.option(
    "--bundle", type=FILE, metavar="FILE.zip", help="With which it calls the VTN over TLS."
)
@click.option("--cert", type=FILE, help="Certificate that it shows VENs (PEM).")
@click.option("--key", type=FILE, help="Its private key (PEM).")
@click.option("--ca", type=FILE, help="Authority of the VENs (PEM).")
@click.option("--push-listen", type=HostPort(), help="Where the VTN reaches the proxy to push.")
@click.option("--ven", "ven_url", metavar="URL", help="Where a VEN listens; with --push-listen.")
@click.option("--judge", "judged", type=PARTY, help="Judge this party only.  [default: both]")
@click.option("--record", type=FOLDER, help="Record everything to this folder.")
@telling
@click.option("--quiet", is_flag=True, help="Print the last line only.")
def proxy(
    listen: Address,
    vtn_url: str,
    bundle: Path | None,
    cert: Path | None,
    key: Path | None,
    ca: Path | None,
    push_listen: Address | None,
    ven_url: str | None,
    judged: str | None,
    record: Path | None,
    html: Path | None,
    junit: Path | None,
    json: Path | None,
    quiet: bool,
) -> None:
    r"""Stand between any VTN and its VENs, and judge what they say to each other.

    A recording holds everything that was said, registrationIDs too: keep it to yourself.
    Everything is passed on as it is. Give the VENs the URL of the proxy in place of that of
    the VTN. Over TLS the VTN sees the certificate of the proxy, not that of the VEN: it
    has to know the proxy as that VEN. What is signed stays signed.

    \b
    conform proxy --listen 127.0.0.1:8080 --vtn http://localhost:8090 --record day
    conform check day --html day.html        judges the recording again
    conform vtn URL --recording day          says it again to a VTN

    Ctrl-C ends it. Exit codes: 0 nothing is violated, 1 something is, 2 wrong usage.
    """
    check_folders((html, junit, json))
    _check(vtn_url, bundle, (cert, key, ca), push_listen, ven_url)
    with ExitStack() as stack:
        papers = _papers(bundle, (cert, key, ca), stack)
        ways = [_way(Side.VEN, vtn_url, listen, server=papers.as_vtn, client=papers.as_ven)]
        if push_listen is not None and ven_url:
            ways.append(
                _way(Side.VTN, ven_url, push_listen, server=papers.as_ven, client=papers.as_vtn)
            )
        sides = frozenset([Side(judged.upper())] if judged else Side)
        told = _Told(quiet)
        middle = Proxy(ways, judged=sides, folder=record, told=told)
        began = datetime.now(UTC)
        asyncio.run(_stand(middle, listen, vtn_url, quiet=quiet))
    run = _run(middle, vtn_url, began)
    files = write([run], html=html, junit=junit, json=json)
    case = _saved(record) if record is not None and middle.heard else None
    told.rest()
    click.echo(closing([run], [*files, case] if case else files))
    click.get_current_context().exit(0 if run.passed else 1)


def _saved(folder: Path) -> Path | None:
    try:
        return save_case(folder)
    except (OSError, ValueError) as error:
        click.echo(f"Not all was recorded: {one_line(str(error))}", err=True)
        return None


def _check(
    vtn_url: str,
    bundle: Path | None,
    shown: tuple[Path | None, ...],
    push_listen: Address | None,
    ven_url: str | None,
) -> None:
    for url in filter(None, (vtn_url, ven_url)):
        if not url.startswith(("http://", "https://")):
            raise click.UsageError(f"{url!r}: expected a URL with http:// or https://.")
    if any(shown) and not all(shown):
        raise click.UsageError("--cert, --key and --ca go together.")
    if (push_listen is None) != (ven_url is None):
        raise click.UsageError("--push-listen and --ven go together.")
    if vtn_url.startswith("https://") and bundle is None:
        raise click.UsageError("--bundle is needed to call a VTN over TLS.")


def _papers(bundle: Path | None, shown: tuple[Path | None, ...], stack: ExitStack) -> Papers:
    as_ven: TLSFiles | None = None
    if bundle is not None:
        found = unpacked(bundle, stack, None)
        as_ven = TLSFiles(ca=found.ca, pairs=(found.pair,))
    cert, key, ca = shown
    as_vtn: TLSFiles | None = None
    if cert and key and ca:
        as_vtn = TLSFiles(ca=ca, pairs=(KeyPair(certificate=cert, key=key),))
    return Papers(as_ven=as_ven, as_vtn=as_vtn)


def _way(
    asked_by: Side,
    to: str,
    address: Address,
    *,
    server: TLSFiles | None,
    client: TLSFiles | None,
) -> Way:
    try:
        identity = Identity(
            name="proxy",
            server_tls=server_context(server) if server else None,
            client_tls=client_context(client) if client else None,
        )
    except (CertsError, OSError) as error:
        raise NothingTested(str(error)) from None
    return Way(asked_by=asked_by, to=to, host=address.host, port=address.port, identity=identity)


async def _stand(middle: Proxy, listen: Address, vtn_url: str, *, quiet: bool) -> None:
    """Passes on until somebody ends it."""
    try:
        await middle.start()
    except OSError as error:
        raise NothingTested(taken("The proxy", listen, error)) from None
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(one, over.set)
    if not quiet:
        click.echo(f"VENs: {middle.urls[0]}   VTN: {vtn_url}   Ctrl-C ends it.")
        if len(middle.urls) > 1:
            click.echo(f"Pushes of the VTN: {middle.urls[1]}")
    try:
        await over.wait()
    finally:
        await middle.stop()


class _Told:
    """Tells of each exchange; polls for which nothing waits are counted.

    Args:
        quiet: tells nothing.
    """

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._idle: Counter[str] = Counter()

    def __call__(self, recorded: Recorded) -> None:
        """Tells of an exchange."""
        if self._quiet:
            return
        if recorded.title == "oadrPoll: oadrResponse" and not recorded.findings:
            self._idle["oadrPoll"] += 1
            return
        self.rest()
        moment = f"{recorded.at:%H:%M:%S} UTC"
        problem = f"  {recorded.problem}" if recorded.problem else ""
        title = f"{recorded.number:>5}  {moment}  {recorded.asked_by} {recorded.title}{problem}"
        click.echo(one_line(title))
        for finding in recorded.findings:
            fault = fault_of(finding, recorded.number)
            click.echo(f"       {one_line(place(fault))}")
            click.echo(f"         {one_line(wrong(fault))}")

    def rest(self) -> None:
        """Tells of the polls that were counted."""
        if self._idle:
            count = self._idle.total()
            polls = "1 poll" if count == 1 else f"{count} polls"
            click.echo(f"       {polls} for which nothing waited")
            self._idle.clear()


def _run(middle: Proxy, vtn_url: str, began: datetime) -> Run:
    found = result("traffic", middle.heard, middle.ears.checks, broken=middle.ears.broken)
    if middle.missed and found.verdict is Verdict.PASS:
        reason = f"{middle.missed} exchanges could not be judged"
        found = replace(found, verdict=Verdict.INCONCLUSIVE, reason=reason)
    faults = [one for one in found.faults if one.severity is Severity.VIOLATION]
    return Run(
        device=f"traffic with {vtn_url}",
        side=faults[0].sender if faults else Side.VTN,
        push=False,
        began=began,
        took=(datetime.now(UTC) - began).total_seconds(),
        results=(found,),
    )
