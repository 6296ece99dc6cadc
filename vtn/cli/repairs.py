"""What has been mended of the messages of a VEN, as ``vtn ven show`` has it."""

from collections.abc import Iterable, Mapping
from typing import Any

from oadr.repair import REPAIRS
from vtn.cli.present import plural, utc
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


def in_words(one: Mapping[str, Any]) -> str:
    """Returns how often a repair was needed."""
    return f"{one['repair']}  {plural(one['messages'], 'message')}, last {utc(one['last_at'])}"
