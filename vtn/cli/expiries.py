"""Until when certificates count, as the command line shows it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from certs.expiry import ExpiryWarning, days_left
from runtime.logs import one_line
from vtn.cli.office import Office
from vtn.cli.present import day, when
from vtn.expiry import certificate_warnings


async def warnings(office: Office) -> list[dict[str, Any]]:
    """Returns what has expired or does within 60 days, the soonest first."""
    found = await certificate_warnings(office.settings, office.store, now=office.now)
    return [as_dict(one) for one in found]


def as_dict(warning: ExpiryWarning) -> dict[str, Any]:
    """Returns a warning for JSON."""
    return {
        "who": warning.who,
        "what": warning.what,
        "days": warning.days,
        "not_after": warning.not_after,
        "words": warning.words,
        "todo": warning.todo,
    }


def show(found: Iterable[Mapping[str, Any]]) -> None:
    """Prints warnings, each with what to do."""
    for one in found:
        click.echo(f"{'EXPIRED' if one['days'] < 0 else 'EXPIRES':<13}{one_line(one['words'])}")
        click.echo(f"{'':<13}-> {one_line(one['todo'])}")


def days_of(not_after: datetime | None) -> int | None:
    """Returns the whole days until a certificate expires; negative once it has."""
    return None if not_after is None else days_left(not_after, datetime.now(UTC))


def until(not_after: datetime | None) -> str:
    """Returns until when a certificate counts, and how many days that is."""
    days = days_of(not_after)
    if days is None:
        return "not known yet"
    return f"{day(not_after)} ({'expired' if days < 0 else f'{days} d'})"


def worth(proof: Mapping[str, Any]) -> str:
    """Returns what a certificate of a VEN is worth, and whether the VEN has used it."""
    if proof["revoked_at"]:
        return f"revoked {when(proof['revoked_at'])}"
    parts = [f"until {until(proof['not_after'])}"]
    if proof["valid_until"]:
        parts.append(f"replaced, accepted until {when(proof['valid_until'])}")
    shown = proof["shown_at"]
    parts.append(f"used since {when(shown)}" if shown else "not used yet")
    whose = ", ".join(
        f"{word} {proof[key]}" for word, key in (("for", "subject"), ("by", "issuer")) if proof[key]
    )
    return "; ".join([*parts, whose] if whose else parts)
