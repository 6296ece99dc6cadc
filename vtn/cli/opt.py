"""``vtn opt``: when VENs take part."""

import click

from vtn.cli import opts
from vtn.cli.base import Group
from vtn.cli.office import at_work
from vtn.cli.present import as_json, json_option, table


@click.group(cls=Group)
def opt() -> None:
    r"""Show when VENs take part: their opt schedules.

    What they make of an event, and why, shows vtn event show.

    \b
    vtn opt list
    vtn opt list --ven school-7 --all
    """


@opt.command("list")
@click.option("--ven", "name", help="Only those of this VEN.")
@click.option("--all", "all_", is_flag=True, help="Also what is over, superseded or cancelled.")
@json_option
def list_(name: str | None, all_: bool, json_: bool) -> None:
    """List opt schedules: those in force now, and those to come."""
    rows = at_work(lambda office: opts.listed(office, name, every=all_))
    if json_:
        as_json(rows)
        return
    if not rows:
        click.echo("none" if all_ else "none holds; vtn opt list --all shows those that did")
        return
    table(
        ("VEN", "optID", "opt", "state", "when (UTC)", "what", "reason"),
        (
            [row[key] for key in ("ven", "opt_id", "opt", "state", "when", "what", "reason")]
            for row in rows
        ),
    )
