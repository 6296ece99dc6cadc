"""What has been mended of the messages of a VEN, as ``vtn ven show`` has it."""

from collections.abc import Iterable
from typing import Any

import click

from oadr.repair import REPAIRS
from vtn.cli.present import plural, when
from vtn.store.repair import Mended


def shown(rows: Iterable[Mended]) -> list[dict[str, Any]]:
    """Returns repairs with what they do; one that this version does not know by name only."""
    return [
        {
            "repair": row.name,
            "messages": row.count,
            "first_at": row.first_at,
            "last_at": row.last_at,
            "profile": str(REPAIRS[row.name].tolerance) if row.name in REPAIRS else None,
            "words": REPAIRS[row.name].words if row.name in REPAIRS else "",
        }
        for row in rows
    ]


def show(repairs: Iterable[dict[str, Any]]) -> None:
    """Prints one line for each repair."""
    for one in repairs:
        count = plural(one["messages"], "message")
        click.echo(f"repaired     {one['repair']}  {count}, last {when(one['last_at'])} UTC")
