"""Whom an event is for: from the words of an operator to VENs and an eiTarget."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from oadr import messages as m
from vtn.errors import Conflict, NotFound
from vtn.store import Transaction, party
from vtn.store.party import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom an event is for. All parts add up; nothing at all means nobody.

    Attributes:
        everyone: every VEN that is enrolled.
        vens: names or venIDs.
        groups: names of groups.
        resources: resource IDs; their VENs get the event, the target names the resource.
    """

    everyone: bool = False
    vens: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()


async def resolve(tx: Transaction, audience: Audience) -> Collection[int]:
    """Returns the rows of the VENs that an audience means.

    Raises:
        NotFound: a name is unknown, or nobody is meant.
        Conflict: a VEN is named that takes no events, or there are no others.
    """
    rows = await party.all_parties(tx)
    names = {row.ven_name for row in rows} | {row.ven_id for row in rows}
    if missing := audience.vens - names:
        raise NotFound("VEN", min(missing), "see: vtn ven list")
    meant = [row for row in rows if _meant(row, audience)]
    if not meant:
        raise NotFound("VEN in", describe(audience), "see: vtn ven list")
    _check_named(meant, audience)
    found = [row.pk for row in meant if not _reports_only(row)]
    if not found:
        raise Conflict(
            f"{describe(audience)}: there are only Report Only VENs, and those take no events"
        )
    return found


def _check_named(meant: Collection[Party], audience: Audience) -> None:
    """Checks that no VEN is named that takes no events; of a group it is left out."""
    for row in meant:
        if _reports_only(row) and {row.ven_name, row.ven_id} & audience.vens:
            raise Conflict(
                f"{row.ven_name} has registered as a Report Only VEN (oadrReportOnly), which "
                "takes no events; leave it out"
            )


def _reports_only(row: Party) -> bool:
    return row.report_only and row.state == "registered"


def _meant(row: Party, audience: Audience) -> bool:
    return (
        (audience.everyone and not _revoked(row))
        or row.ven_name in audience.vens
        or row.ven_id in audience.vens
        or bool(row.groups & audience.groups)
        or bool(row.resources & audience.resources)
    )


def _revoked(row: Party) -> bool:
    """Returns whether a VEN has been put out: nothing sent to it would ever arrive."""
    return row.state == "cancelled" and not row.fingerprints


def describe(audience: Audience) -> str:
    """Returns an audience as an operator would write it."""
    parts: Sequence[str] = [
        *(["all"] if audience.everyone else []),
        *sorted(audience.vens),
        *(f"group:{name}" for name in sorted(audience.groups)),
        *(f"resource:{name}" for name in sorted(audience.resources)),
    ]
    return ", ".join(parts) or "nobody"


def target_of(audience: Audience) -> m.Target:
    """Returns the eiTarget that goes with an audience.

    Groups and resources are named. Single VENs are not: each gets the event because it
    is meant, and at most one venID may stand in a target (R63).
    """
    return m.Target(
        group_ids=tuple(sorted(audience.groups)), resource_ids=tuple(sorted(audience.resources))
    )
