"""Those who ask in vain, as the command line shows them.

All that a peer says of itself is shown so that it cannot pass for anything else: without
control characters, and in quotes as soon as it could look like more than one word.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from certs.details import common_name_in
from runtime.logs import one_line
from vtn.cli.enrol import Place
from vtn.cli.present import facts, listed, table, when
from vtn.operator import pending as asking
from vtn.store.pending import Pending

__all__ = [
    "as_fields",
    "asked_facts",
    "certificate_facts",
    "claimed",
    "common_name",
    "one_line",
    "place_facts",
    "planned",
    "show_all",
    "show_each",
]

#: Longest name, and longest reason, that a table shows.
_NAME, _REASON = 40, 100


def show_all(found: Sequence[Pending]) -> None:
    """Prints a table of those who ask in vain, who asked last first."""
    columns = ("VEN", "certificate", "fingerprint", "first (UTC)", "last (UTC)", "times", "why")
    table(
        columns,
        (
            (
                claimed(row.ven_name, _NAME),
                claimed(common_name(row) or row.subject or "", _NAME),
                row.fingerprint or "-",
                when(row.first_asked),
                when(row.last_asked),
                row.asked,
                _cut(asking.reason(row), _REASON),
            )
            for row in found
        ),
        right=("times",),
    )
    click.echo("More, and how to let one in: vtn ven pending NAME|FINGERPRINT")


def show_each(found: Sequence[Pending]) -> None:
    """Prints all that is known of each."""
    for number, row in enumerate(found):
        if number:
            click.echo()
        known = {"VEN": claimed(row.ven_name)} | _wishes(row)
        known |= certificate_facts(row) | asked_facts(row)
        if row.party_pk is None:
            known["let it in"] = asking.command(row)
        facts(known)


def _wishes(row: Pending) -> dict[str, str]:
    said = {
        "venID": claimed(row.ven_id) if row.ven_id else None,
        "profile": row.profile,
        "transport": row.transport,
        "push address": claimed(row.push_address) if row.push_address else None,
        "Report Only": _yes(row.report_only),
        "signs": _yes(row.xml_signature),
    }
    return {name: value for name, value in said.items() if value is not None}


def certificate_facts(row: Pending) -> dict[str, str]:
    """Returns what is proven of somebody."""
    if not row.fingerprint:
        return {"certificate": "none: it comes without TLS"}
    said = {
        "fingerprint": row.fingerprint,
        "SHA-1": row.sha1,
        "SHA-256": row.sha256,
        "subject": row.subject,
        "issuer": row.issuer,
        "serial": row.serial,
        "valid": f"{when(row.not_before)} to {when(row.not_after)} UTC" if row.not_after else None,
    }
    return {name: value for name, value in said.items() if value}


def asked_facts(row: Pending) -> dict[str, str]:
    """Returns how somebody has asked."""
    times = "once" if row.asked == 1 else f"{row.asked} times since {when(row.first_asked)} UTC"
    where = f" from {row.address}" if row.address else ""
    return {
        "asked": f"{times}, last {when(row.last_asked)} UTC{where}",
        "refused": f"{row.message}: {asking.reason(row)}",
    }


def place_facts(place: Place) -> dict[str, str]:
    """Returns where a VEN is put."""
    return {
        "groups": listed(place.groups),
        "resources": listed(place.resources),
        "programmes": listed(place.market_contexts) if place.market_contexts else "any",
    }


def as_fields(row: Pending) -> dict[str, Any]:
    """Returns somebody for programs."""
    fields = asdict(row)
    del fields["pk"], fields["party_pk"]
    name, enrolled = fields.pop("ven_name") or None, row.party_pk is not None
    shown = {"ven": name} | fields | {"fingerprint": row.fingerprint or None}
    return shown | {"enrolled": enrolled, "approve": None if enrolled else asking.command(row)}


def planned(row: Pending, name: str, ven_id: str | None, doubts: list[str]) -> dict[str, Any]:
    """Returns for programs what approving somebody would come to."""
    proof = row.fingerprint or None
    return {"ven": name, "ven_id": ven_id, "fingerprint": proof, "warnings": doubts}


def common_name(row: Pending) -> str:
    """Returns the common name in the certificate of somebody; empty if it has not just one."""
    return common_name_in(row.subject or "")


def claimed(text: str, most: int = 255) -> str:
    """Returns what a peer says, as one word: in quotes if it has blanks, ``-`` if it is empty."""
    if not text:
        return "-"
    shown = _cut(one_line(text), most)
    plain = " " not in shown and '"' not in shown
    return shown if plain else json.dumps(shown, ensure_ascii=False)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def _yes(flag: bool | None) -> str | None:
    return None if flag is None else "yes" if flag else "no"
