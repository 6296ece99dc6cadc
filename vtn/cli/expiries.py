"""Until when certificates count, as the command line shows it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from certs.expiry import days_left
from vtn.cli.present import day, utc


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
        return f"revoked {utc(proof['revoked_at'])}"
    parts = [f"until {until(proof['not_after'])}"]
    if proof["valid_until"]:
        parts.append(f"replaced, accepted until {utc(proof['valid_until'])}")
    shown = proof["shown_at"]
    parts.append(f"used since {utc(shown)}" if shown else "not used yet")
    whose = ", ".join(
        f"{word} {proof[key]}" for word, key in (("for", "subject"), ("by", "issuer")) if proof[key]
    )
    return "; ".join([*parts, whose] if whose else parts)
