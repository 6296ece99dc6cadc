"""What is known of VENs, as the command line shows it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from vtn.cli import expiries, opts, pushes, repairs
from vtn.cli.office import Office
from vtn.explain.refusals import in_words
from vtn.operator import find_ven
from vtn.store import certificate, delivery, outbox, party, push, refusal, repair
from vtn.store import opt as stored_opts
from vtn.store import report as reports
from vtn.store.certificate import Certificate
from vtn.store.party import Party
from vtn.store.push import Push


async def everybody(office: Office) -> list[dict[str, Any]]:
    """Returns every VEN in short, by name."""
    async with office.store.read() as tx:
        rows = await party.all_parties(tx, now=office.now)
        proofs = await certificate.all_valid(tx, now=office.now)
        gone = await push.all_pushes(tx)
    until: dict[int, datetime] = {}
    for proof in proofs:
        if proof.not_after is not None:
            until[proof.party_pk] = max(proof.not_after, until.get(proof.party_pk, proof.not_after))
    shown = [
        summary(office, row, gone.get(row.pk)) | _certificate_ends(until.get(row.pk))
        for row in rows
    ]
    return sorted(shown, key=lambda row: str(row["ven"]))


def _certificate_ends(until: datetime | None) -> dict[str, Any]:
    return {"certificate_until": until, "certificate_days": expiries.days_of(until)}


def summary(office: Office, row: Party, pushed: Push | None = None) -> dict[str, Any]:
    """Returns a VEN in short."""
    return {
        "ven": row.ven_name,
        "ven_id": row.ven_id,
        "profile": row.profile,
        "state": row.state,
        "online": office.online(row, pushed),
        "push": pushes.of_ven(row, pushed),
        "report_only": row.report_only and row.state == "registered",
        "last_seen": row.last_seen,
        "groups": row.groups,
        "resources": row.resources,
        "market_contexts": row.market_contexts,
        "peer": str(row.peer or office.settings.peers.profile),
        "signatures": row.signature_policy or str(office.settings.signatures.policy),
        "fingerprints": row.fingerprints,
    }


async def everything(office: Office, name: str) -> dict[str, Any]:
    """Returns all that is known of a VEN.

    Raises:
        NotFound: nobody is called so.
    """
    async with office.store.read() as tx:
        row = await find_ven(tx, name)
        proofs = await certificate.for_party(tx, party_pk=row.pk)
        schedules = await stored_opts.for_party(tx, party_pk=row.pk)
        requested = await reports.requests(tx, party_pk=row.pk, states=("queued", "sent", "active"))
        events = await delivery.for_party(tx, party_pk=row.pk)
        pushed = (await push.all_pushes(tx)).get(row.pk)
        failed = await outbox.failed(tx, party_pk=row.pk)
        mended = await repair.for_party(tx, party_pk=row.pk)
        refused = await refusal.for_party(tx, party_pk=row.pk)
    return summary(office, row, pushed) | {
        "registration_id": row.registration_id,
        "enrolled_at": row.enrolled_at,
        "registered_at": row.registered_at,
        "push_address": None if row.pull else row.transport_address,
        "given_up": pushes.given_up(failed),
        "poll_interval": row.poll_interval or office.settings.registration.poll_interval,
        "open_events": len([one for one, _ in events if one.retire_at > office.now]),
        "opt_schedules": len([one for one in schedules if not one.superseded]),
        "schedules": opts.standing(row.ven_name, schedules, office.now),
        "reports": len(requested),
        "certificates": [_certificate(proof) for proof in proofs],
        "repairs": repairs.shown(mended),
        "refusals": [asdict(one) | {"in_words": in_words(one, office.now)} for one in refused],
    }


async def others_until(office: Office, name: str, fingerprint: str) -> datetime | None:
    """Returns until when a VEN may use another certificate; None if it has none that counts."""
    async with office.store.read() as tx:
        row = await find_ven(tx, name)
        proofs = await certificate.for_party(tx, party_pk=row.pk)
    # One that expires before the overlap ends counts no longer for that.
    ends = (
        min(end for end in (one.valid_until, one.not_after) if end is not None)
        for one in proofs
        if one.fingerprint != fingerprint and one.revoked_at is None and one.valid_until is not None
    )
    return max((end for end in ends if end > office.now), default=None)


def _certificate(proof: Certificate) -> dict[str, Any]:
    return {
        "fingerprint": proof.fingerprint,
        "subject": proof.subject,
        "not_after": proof.not_after,
        "added_at": proof.added_at,
        "valid_until": proof.valid_until,
        "revoked_at": proof.revoked_at,
        "issuer": proof.issuer,
        "shown_at": proof.shown_at,
        "days": expiries.days_of(proof.not_after),
    }
