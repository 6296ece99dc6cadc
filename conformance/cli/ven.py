"""``conform ven``: the kit plays the VTN, and tests a VEN."""

from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta
from typing import Any

import click

from conformance.checks import Side
from conformance.cli import devices
from conformance.cli.base import (
    Address,
    Duration,
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
from conformance.cli.running import Running, run
from conformance.cli.vtn import check_keys
from conformance.peers import ScriptedVtn
from conformance.reached import attentive
from conformance.results import Run
from conformance.run import run_ven_cases

_named = options(
    click.option("--vtn-id", default="", help="Of the VTN of the kit.  [default: kit-vtn]"),
    click.option("--ven-id", default="", help="That the VTN of the kit gives the VEN."),
    click.option(
        "--poll-interval",
        type=Duration(),
        default=timedelta(seconds=1),
        help="How often the VEN is asked to poll.  [default: 1s]",
    ),
)


@click.command("ven")
@click.option("--listen", type=HostPort(), help="Where the VTN of the kit listens.")
@choosing
@repeating
@click.option("--push", is_flag=True, help="The push model; pull if left out.")
@showing
@_named
@acting
@click.option(
    "--adapter",
    type=click.Choice(devices.names("ven")),
    help="Start a VEN of this kind, without --listen.",
)
@telling
@ending
def ven(**options: Any) -> None:
    r"""Test a VEN: the kit plays the VTN, and waits for it.

    \b
    A VEN that somebody points to this machine:
      conform ven --listen 0.0.0.0:8080 --html report.html
      conform ven --listen 10.0.0.7:8443 --cert vtn.crt --key vtn.key --ca ca.crt
    One of ours, which needs nobody:
      conform ven --adapter openadr-kit
    """
    given = Given(side="ven", **options)
    if given.adapter and given.listen is not None:
        raise click.UsageError(f"--adapter {given.adapter} starts a VEN; leave --listen out.")
    if not given.adapter and given.listen is None:
        raise click.UsageError("Name --listen HOST:PORT, or an --adapter that starts a VEN.")
    if given.tls and not given.adapter:
        raise click.UsageError("--tls goes with --adapter; else the certificates say it.")
    check_keys(given, starts=given.adapter is not None)
    running = Running(given, wanted(Side.VEN, given))
    run(running, lambda: _tested(running))


async def _tested(running: Running) -> Run:
    given = running.given
    host, port = given.listen or Address("127.0.0.1", 0)
    peer: type[ScriptedVtn] = ScriptedVtn
    with ExitStack() as keys:
        async with AsyncExitStack() as stack:
            who = None
            device: Any
            if given.adapter:
                device = await devices.started(given, stack)
            else:
                who = devices.operator(given, running.say)
                device = devices.awaited(given, keys, who, running.say)
                peer = attentive(device)
                await running.prepare(who)
            return await run_ven_cases(
                running.cases(),
                device,
                push=given.push,
                host=host,
                port=port,
                limit=running.limit(device, who),
                progress=running.progress,
                peer=peer,
            )
