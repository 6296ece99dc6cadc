"""``conform vtn``: the kit plays the VEN, and tests a VTN."""

from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from conformance.checks import Side
from conformance.cli import devices
from conformance.cli.base import (
    FILE,
    Given,
    HostPort,
    acting,
    choosing,
    ending,
    options,
    repeating,
    showing,
    telling,
)
from conformance.cli.choose import wanted
from conformance.cli.reach import check_reached, check_url
from conformance.cli.running import Running, run
from conformance.peers import ScriptedVen
from conformance.reached import listening
from conformance.results import Run
from conformance.run import run_vtn_cases

#: A VTN on this machine reaches the kit without being told where it is.
_HERE = ("localhost", "127.0.0.1", "::1")
_named = options(
    click.option("--ven-name", default="", help="Of the VEN of the kit.  [default: kit-ven]"),
    click.option("--ven-id", default="", help="Its venID, if the VTN has one for it (R402)."),
    click.option(
        "--stranger",
        type=FILE,
        metavar="FILE.zip",
        help="Bundle of another VEN of the programme, for cases about identities.",
    ),
    click.option(
        "--expired",
        type=FILE,
        metavar="FILE.zip",
        help="Bundle with an expired certificate of the programme (R516).",
    ),
)
_elsewhere = options(
    click.option(
        "--adapter",
        type=click.Choice([*devices.names("vtn"), devices.RUNNING]),
        help="Start a VTN of this kind, without URL; 'vtn' operates one of ours that runs.",
    ),
    click.option("--config", type=FILE, help="With --adapter vtn: its vtn.toml."),
)


@click.command("vtn")
@click.argument("url", required=False)
@choosing
@repeating
@click.option("--push", is_flag=True, help="The push model; pull if left out.")
@click.option("--listen", type=HostPort(), help="With --push: where the VTN reaches the kit.")
@showing
@_named
@acting
@_elsewhere
@telling
@ending
def vtn(url: str | None, **options: Any) -> None:
    r"""Test a VTN: the kit plays the VEN.

    \b
    A VTN that runs somewhere; what a case needs done there is asked on the terminal:
      conform vtn https://10.0.0.5:8443 --bundle kit-ven.zip --html report.html
    Without a person:
      conform vtn http://localhost:8080 --setup-command ./setup.py --unattended
    One of ours, which needs nobody:
      conform vtn https://localhost:8443 --bundle kit-ven.zip --adapter vtn --config vtn.toml
      conform vtn --adapter openadr-kit
    """
    given = Given(side="vtn", **options)
    _check(url, given)
    running = Running(given, wanted(Side.VTN, given))
    run(running, lambda: _tested(url or "", running))


def _check(url: str | None, given: Given) -> None:
    starts = given.adapter not in (None, devices.RUNNING)
    if starts and url:
        raise click.UsageError(f"--adapter {given.adapter} starts a VTN; leave the URL out.")
    if not starts and not url:
        raise click.UsageError("Name the URL of the VTN, or an --adapter that starts one.")
    if given.tls and not starts:
        raise click.UsageError("--tls goes with an --adapter that starts a VTN; else say https.")
    if given.config is not None and given.adapter != devices.RUNNING:
        raise click.UsageError("--config goes with --adapter vtn, which operates a VTN of ours.")
    check_keys(given, starts=starts)
    if given.listen is not None and not given.push:
        raise click.UsageError("--listen goes with --push: in the pull model nobody calls the kit.")
    if given.listen is not None and given.listen.host in ("0.0.0.0", "::"):  # noqa: S104
        raise click.UsageError("--listen: name an address by which the VTN reaches this machine.")
    if url:
        check_url(url, given)
        if given.push and given.listen is None and urlsplit(url).hostname not in _HERE:
            raise click.UsageError("--push: name --listen, by which the VTN reaches this machine.")


def check_keys(given: Given, *, starts: bool) -> None:
    """Finds certificates that do not go together.

    Raises:
        click.UsageError: what is missing or too much.
    """
    own: list[Path | None] = [given.cert, given.key, given.ca]
    if any(own) and not all(own):
        raise click.UsageError("--cert, --key and --ca go together.")
    if given.bundle is not None and any(own):
        raise click.UsageError("Name --bundle, or --cert, --key and --ca; not both.")
    known = given.bundle is not None or any(own)
    if starts and known:
        raise click.UsageError("An adapter that starts the device makes the certificates itself.")
    if given.sign and not known and not starts:
        raise click.UsageError("--sign needs a key: name --bundle, or --cert, --key, --ca.")


async def _tested(url: str, running: Running) -> Run:
    given = running.given
    peer: type[ScriptedVen] = ScriptedVen
    if given.listen is not None:
        peer = listening(given.listen.host, given.listen.port)
    with ExitStack() as keys:
        async with AsyncExitStack() as stack:
            who = None
            device: Any
            if given.adapter == devices.RUNNING:
                device = await devices.running(url, given, stack, keys)
            elif given.adapter:
                device = await devices.started(given, stack)
            else:
                who = devices.operator(given, running.say)
                device = devices.reached(url, given, keys, who)
            if url:
                await check_reached(url, device.identity)
            if who is not None:
                await running.prepare(who)
            return await run_vtn_cases(
                running.cases(),
                device,
                push=given.push,
                limit=running.limit(device, who),
                progress=running.progress,
                peer=peer,
            )
