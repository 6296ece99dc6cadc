"""``ven override``: what the VTN is told about a resource that somebody runs by hand."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Literal

import click

from ven.cli.base import config_option, debug_option
from ven.config import Settings, load
from ven.state import State
from ven.state.resource import EVERYWHERE


@click.command()
@click.argument("state", type=click.Choice(["on", "off"]))
@click.option("--resource", metavar="NAME", default="", help="Only this resource; all if left out.")
@config_option
@debug_option
def override(state: Literal["on", "off"], resource: str, config: Path, debug: bool) -> None:
    r"""Say that a person overrides the VEN, or does so no longer.

    The VTN sees it as oadrManualOverride in the reports of status that it asks for. It
    changes nothing else, works whether or not the VEN runs, and stands until it is changed.

    \b
    ven override on
    ven override off --resource hvac
    """
    settings = load(config)
    known = _resources(settings)
    if resource and resource not in known:
        names = ", ".join(sorted(known))
        raise click.UsageError(f"there is no resource {resource!r}; known: {names}")
    asyncio.run(_say(settings.state.path, resource or EVERYWHERE, on=state == "on"))
    what = resource or settings.ven_name
    click.echo(f"{what} is overridden by hand" if state == "on" else f"{what} is not overridden")


def _resources(settings: Settings) -> set[str]:
    metered = {meter.resource_id or meter.name for meter in settings.meters}
    return metered | settings.resources | {settings.ven_name}


async def _say(path: Path, resource_id: str, *, on: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = State(path)
    await state.open()
    try:
        await state.resources.change(resource_id, lambda said: replace(said, manual_override=on))
    finally:
        await state.close()
