"""Whoever asks in vain: which one is meant, whether it may be let in, and letting it in.

What is approved is a certificate. A name is what a peer says of itself, so it finds the
certificate, and says what the VEN is called from then on; where a name could mean two, nothing
is chosen.
"""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from certs.errors import FingerprintError
from certs.light import normalise_text
from oadr.enums import ProfileName
from vtn.errors import Conflict, NotFound
from vtn.operator.acting import Acting
from vtn.store import Transaction, certificate, party, pending
from vtn.store.certificate import Certificate
from vtn.store.pending import Pending

#: What a refusal says that enrolling mends.
_MENDED = ("R517", "R405")
#: Choices that a line lists.
_MOST_LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Approvals(Acting):
    """Verbs about those who ask in vain."""

    async def forget_pending(self, rows: Iterable[Pending], *, now: datetime) -> int:
        """Forgets some of those who ask in vain, and returns how many there were."""
        chosen = list(rows)
        async with self.acting() as tx:
            count = await pending.forget(tx, pks=[row.pk for row in chosen])
            for row in chosen:
                proof = {"fingerprint": row.fingerprint, "asked": row.asked}
                await self.note(tx, now, "forget pending", row.ven_name or row.fingerprint, proof)
        return count


def fingerprint_in(text: str) -> str | None:
    """Returns a text as a fingerprint in pairs of digits; None if it is none."""
    try:
        return normalise_text(text)
    except FingerprintError:
        return None


def matching(rows: Iterable[Pending], wanted: str) -> list[Pending]:
    """Returns those whom a name, venID or fingerprint means.

    What could be a fingerprint is never taken for a name: a name can be made up to look so.

    Raises:
        NotFound: nobody.
    """
    proof = fingerprint_in(wanted)
    if proof is not None:
        found = [row for row in rows if proof in (row.fingerprint, row.sha1, row.sha256)]
    else:
        found = [row for row in rows if wanted in (row.ven_name, row.ven_id)]
    if not found:
        raise NotFound("VEN that asks in vain", wanted, "see: vtn ven pending")
    return found


def chosen(rows: Iterable[Pending], wanted: str, name: str | None) -> Pending:
    """Returns the one that is to be approved.

    Args:
        rows: all who ask in vain.
        wanted: a name, venID or fingerprint.
        name: that it shall have; None for the one that it has given.

    Raises:
        NotFound: nobody is meant.
        Conflict: more than one could be meant.
    """
    found = matching(rows, wanted)
    if len({row.fingerprint for row in found}) > 1:
        listed = _listed(f"{_told(row)}: {command(row)}" for row in found)
        raise Conflict(f"{len(found)} certificates ask as {wanted}; say which you mean. {listed}")
    same = [row for row in found if row.ven_name == name]
    if same or len(found) == 1:
        return (same or found)[0]
    if name is not None and found[0].fingerprint:
        return max(found, key=lambda row: row.last_asked)
    names = "".join(f"\n  {command(row)}" for row in found)
    raise Conflict(f"{wanted} has asked under {len(found)} names; say which it shall have:{names}")


def command(row: Pending) -> str:
    """Returns the command that approves somebody; safe to paste whatever a peer calls itself."""
    if not row.fingerprint:
        return f"vtn ven approve {_word(row.ven_name)}"
    if not row.ven_name:
        return f"vtn ven approve {row.fingerprint}"
    return f"vtn ven approve {row.fingerprint} {_named(row.ven_name)}"


async def check(
    tx: Transaction, row: Pending, *, name: str, ven_id: str | None, now: datetime
) -> list[str]:
    """Checks that somebody can be let in, and returns what is to be said about it.

    Args:
        tx: the transaction.
        row: who asks in vain.
        name: that it shall have.
        ven_id: that it shall have; None for a new one.
        now: real time, by which certificates live.

    Raises:
        Conflict: it cannot be; the text says what would help.
    """
    await _check_known(tx, row, now)
    for owner in (
        await party.get(tx, ven_name=name),
        await party.get(tx, ven_id=ven_id) if ven_id else None,
    ):
        if owner is not None:
            raise Conflict(_taken(row, owner, name, ven_id))
    known = row.ven_name == name or (row.ven_id is not None and row.ven_id == ven_id)
    if not row.fingerprint and not known:
        raise Conflict(
            f"without TLS {row.ven_name} is known by that name alone, so it cannot be enrolled "
            "under another"
        )
    return [*_doubts(row, name, ven_id), *await _former(tx, row)]


async def check_further(tx: Transaction, row: Pending, *, now: datetime) -> list[str]:
    """Checks that a certificate can be given to a VEN that is enrolled, as its next one.

    Raises:
        Conflict: it cannot; the text says why.
    """
    if not row.fingerprint:
        raise Conflict(f"{row.ven_name} asks without TLS: there is no certificate to add")
    await _check_known(tx, row, now)
    return await _former(tx, row)


async def _check_known(tx: Transaction, row: Pending, now: datetime) -> None:
    owner = await party.get(tx, pk=row.party_pk) if row.party_pk is not None else None
    if owner is not None:
        raise Conflict(
            f"{owner.ven_name} is enrolled already; its registration fails for another reason, "
            f"which the VEN has to mend: {reason(row)}"
        )
    if row.not_after is not None and row.not_after <= now:
        raise Conflict(f"certificate {row.fingerprint} has expired on {row.not_after:%Y-%m-%d}")
    for proof in await _history(tx, row):
        whose = await party.get(tx, pk=proof.party_pk)
        known = whose.ven_name if whose is not None else "a VEN"
        if proof.revoked_at is not None:
            raise Conflict(
                f"certificate {row.fingerprint} was {known}'s and has been revoked on "
                f"{proof.revoked_at:%Y-%m-%d}; it is not let in again. Give the VEN another one: "
                f"vtn ven renew --issue --out FILE.zip {_word(known)}"
            )


def _taken(row: Pending, owner: party.Party, name: str, ven_id: str | None) -> str:
    proof = row.fingerprint or _word(row.ven_name)
    if owner.ven_name != name:
        return (
            f"it asks for venID {ven_id}, which is {owner.ven_name}'s. To give it another, which "
            f"it has to be told: vtn ven approve {proof} --ven-id NEW"
        )
    if not row.fingerprint:
        return f"{owner.ven_name} is enrolled already, as venID {owner.ven_id}"
    return (
        f"{owner.ven_name} is enrolled already, with another certificate. If this is its next "
        f"one: vtn ven approve {proof} {_named(name)} --add-certificate. If this is another VEN: "
        f"vtn ven approve {proof} --name OTHER"
    )


def _doubts(row: Pending, name: str, ven_id: str | None) -> list[str]:
    from certs.details import common_name_in

    said: list[str] = []
    shown = common_name_in(row.subject or "")
    if shown and shown != name:
        said.append(f"the certificate says {shown}, the VEN shall be called {name}")
    if row.ven_id and ven_id != row.ven_id:
        said.append(f"it asks for venID {row.ven_id} and is refused (452) until it asks for none")
    if row.rule not in _MENDED:
        said.append(f"enrolling does not mend why it was refused last: {reason(row)}")
    return said


async def _former(tx: Transaction, row: Pending) -> list[str]:
    said = []
    for proof in await _history(tx, row):
        whose = await party.get(tx, pk=proof.party_pk)
        if whose is not None and proof.valid_until is not None:
            until = f"{proof.valid_until:%Y-%m-%d %H:%M:%S}"
            said.append(f"this certificate was {whose.ven_name}'s until {until} UTC")
    return said


async def _history(tx: Transaction, row: Pending) -> Sequence[Certificate]:
    if not row.fingerprint:
        return ()
    return await certificate.history(tx, fingerprint=row.fingerprint)


def profile_of(row: Pending) -> ProfileName:
    """Returns the profile that somebody speaks.

    Whoever asks in a registration of 2.0b for 2.0a does not speak that: there nobody registers.
    """
    older = row.profile == ProfileName.A and row.transport is None
    return ProfileName.A if older else ProfileName.B


def reason(row: Pending) -> str:
    """Returns why somebody was refused last."""
    return f"{row.code} {row.reason}" + (f" ({row.rule})" if row.rule else "")


def _told(row: Pending) -> str:
    return row.subject or row.fingerprint or "without a certificate"


def _listed(choices: Iterable[str]) -> str:
    several = list(choices)
    more = len(several) - _MOST_LISTED
    return "; ".join(several[:_MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _word(name: str) -> str:
    """Returns a name as words of a shell of which no command takes one for an option."""
    return f"-- {shlex.quote(name)}" if name.startswith("-") else shlex.quote(name)


def _named(name: str) -> str:
    # In one word: a name may begin with a dash.
    return shlex.quote(f"--name={name}")
