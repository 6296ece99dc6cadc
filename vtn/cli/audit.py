"""``vtn audit``: who did what."""

import json
from datetime import datetime

import click

from vtn.cli.base import Command
from vtn.cli.office import Office, at_work
from vtn.cli.params import MOMENT, When
from vtn.cli.present import as_json, clock, json_option, table
from vtn.store import audit as trail
from vtn.store.audit import Entry


@click.command(cls=Command)
@click.option(
    "-n", "--number", type=click.IntRange(1), default=20, show_default=True, help="How many."
)
@click.option("--subject", help="Only about this VEN, event or report request.")
@click.option("--actor", help="Only by this one, such as operator:anna.")
@click.option("--since", type=MOMENT, help="Only from this moment on: today, now-2h.")
@json_option
def audit(
    number: int, subject: str | None, actor: str | None, since: When | None, json_: bool
) -> None:
    r"""Show who did what, newest first.

    \b
    vtn audit
    vtn audit --subject school-7 -n 100
    """

    async def act(office: Office) -> tuple[list[Entry], datetime]:
        async with office.store.read() as tx:
            found = await trail.entries(
                tx,
                subject=subject,
                actor=actor,
                since=since.at(office.now) if since else None,
                limit=number,
            )
        return found, office.now

    found, now = at_work(act)
    if json_:
        names = ("at", "actor", "action", "subject", "detail")
        as_json([{name: getattr(one, name) for name in names} for one in found])
        return
    if not found:
        click.echo("none")
        return
    table(
        ("when (UTC)", "who", "what", "about", "detail"),
        (
            (clock(one.at, now), one.actor, one.action, one.subject, _words(one.detail))
            for one in found
        ),
    )


def _words(detail: dict[str, object]) -> str:
    return ", ".join(
        f"{name} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in detail.items()
    )
