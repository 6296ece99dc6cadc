"""How push to a VEN goes, as the command line shows it."""

from typing import Any

from vtn.cli.present import utc
from vtn.store.outbox import Item
from vtn.store.party import Party
from vtn.store.push import Push
from vtn.store.unregistration import ENDED


def of_ven(row: Party, pushed: Push | None) -> dict[str, Any] | None:
    """Returns how push to a VEN goes; None for one that polls."""
    if row.pull or row.state != "registered":
        return None
    return {
        "address": row.transport_address,
        "reached_at": pushed.reached_at if pushed else None,
        "failed_at": pushed.failed_at if pushed else None,
        "failure": pushed.failure if pushed else None,
        "failing": pushed.failing if pushed else False,
    }


def given_up(items: list[Item]) -> list[dict[str, Any]]:
    """Returns the messages that a VEN did not take, latest first."""
    return [
        {"message": item.kind, "at": item.done_at, "reason": item.failed}
        for item in items
        if item.failed != ENDED
    ]


def facts_of(found: dict[str, Any]) -> dict[str, str]:
    """Returns the lines about push for what ``of_ven`` has returned."""
    lines = {
        "pushed to": str(found["address"]),
        "last push": utc(found["reached_at"]),
    }
    if found["failed_at"] is not None:
        lines["push fails" if found["failing"] else "push failed"] = (
            f"{utc(found['failed_at'])}  {found['failure']}"
        )
    return lines


def mark(found: dict[str, Any] | None) -> str:
    """Returns what stands beside the state of a VEN in a list; empty for one that polls."""
    if found is None:
        return ""
    return ", push fails" if found["failing"] else ", push"


def summary(vens: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns how push goes with all VENs.

    Args:
        vens: name and ``push`` of each.
    """
    pushed = [ven for ven in vens if ven["push"] is not None]
    failing = [ven for ven in pushed if ven["push"]["failing"]]
    latest = max(failing, key=lambda ven: ven["push"]["failed_at"], default=None)
    return {
        "vens": len(pushed),
        "failing": sorted(str(ven["ven"]) for ven in failing),
        "latest_failure": f"{latest['ven']}: {latest['push']['failure']}" if latest else None,
    }


def in_words(found: dict[str, Any]) -> str:
    """Returns what ``summary`` has found, in a line."""
    words = f"{found['vens']} listening"
    if not found["failing"]:
        return words
    return f"{words}, {len(found['failing'])} out of reach; {found['latest_failure']}"
