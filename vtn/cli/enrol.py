"""Certificates of VENs on the command line: from a file, from a fingerprint, newly issued."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from certs import Authority, Issued, KeyType, fingerprints, load_ledger, to_openadr
from certs.build import common_name
from certs.errors import FileExistsAlreadyError
from certs.files import load_certificates, write_private
from certs.ledger import IN_USE
from certs.options import passphrase
from oadr.enums import ProfileName
from vtn.cli.office import Office
from vtn.desk import new_id
from vtn.errors import Conflict, NotFound
from vtn.operator import find_ven
from vtn.setup import authority_folder, bundle, find_authority
from vtn.setup.bundle import Handover
from vtn.store import certificate, party
from vtn.store.party import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A certificate that somebody else has, as far as it is known here.

    Attributes:
        fingerprint: 20 digits.
        subject: its common name, if known.
        not_after: when it expires, if known.
    """

    fingerprint: str
    subject: str | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the certificate of a VEN comes from, as the command line says.

    Attributes:
        issue: the authority makes it, with a key.
        out: zip for a new key.
        fingerprint: of a certificate that the VEN has.
        certificate: file with it.
        rsa: a new key is RSA.
        ca_passphrase_file: opens the key of the authority.
        key_passphrase_file: encrypts a new key.
    """

    issue: bool
    out: Path | None
    fingerprint: str | None
    certificate: Path | None
    rsa: bool
    ca_passphrase_file: Path | None
    key_passphrase_file: Path | None

    def check(self) -> None:
        """Finds options that do not go together.

        Raises:
            click.UsageError: the text says which.
        """
        given = [self.issue, self.fingerprint is not None, self.certificate is not None]
        if sum(given) > 1:
            raise click.UsageError("give one of --issue, --fingerprint and --certificate")
        if self.issue and self.out is None:
            raise click.UsageError("--issue needs --out FILE.zip, where the key goes")
        if not self.issue and (self.out or self.rsa or self.key_passphrase_file):
            raise click.UsageError("--out, --rsa and --key-passphrase-file go with --issue")

    @property
    def target(self) -> Path:
        """Where a new key goes; ``check`` has seen to it that there is one."""
        return self.out or Path("ven.zip")

    def key_passphrase(self) -> str | None:
        """Returns what encrypts a new key; None if nothing shall.

        Raises:
            CertsError: the file cannot be read.
        """
        return passphrase(self.key_passphrase_file, environment=None)

    def proof(self) -> Proof | None:
        """Returns the certificate that the VEN has; None if it is not known or to be issued.

        Raises:
            CertsError: the file or the fingerprint is none.
        """
        if self.fingerprint is not None:
            return Proof(fingerprint=to_openadr(self.fingerprint))
        if self.certificate is None:
            return None
        found = load_certificates(self.certificate)[0]
        return Proof(
            fingerprint=fingerprints(found).openadr,
            subject=common_name(found),
            not_after=found.not_valid_after_utc,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a VEN that is enrolled gets beside its certificate.

    Attributes:
        ven_id: made up if None.
        groups: that it is in.
        resources: behind it.
        market_contexts: programmes that it takes part in.
        signatures: policy for its messages; None for that of the VTN.
        profile: that it speaks.
        push_address: where one of 2.0a listens; None if it polls.
        poll_interval: how often one of 2.0a polls.
    """

    ven_id: str | None
    groups: tuple[str, ...]
    resources: tuple[str, ...]
    market_contexts: tuple[str, ...]
    signatures: str | None
    profile: ProfileName = ProfileName.B
    push_address: str | None = None
    poll_interval: timedelta | None = None


async def enrol(office: Office, name: str, place: Place, source: Source) -> tuple[Party, str]:
    """Enrols a VEN; returns it and the fingerprint of its certificate, empty if it has none.

    A newly issued certificate that is not enrolled in the end is revoked: either all of
    it has happened, or nothing.
    """
    if not source.issue:
        proof = source.proof()
        row = await enrol_as(office, name, place.ven_id, place, proof)
        return row, proof.fingerprint if proof else ""
    await _check_free(office, name, place.ven_id)
    ven_id = place.ven_id or new_id()
    authority = _authority(office, source)
    _check_vacant(source)
    secret = source.key_passphrase()
    issued = authority.issue_ven(name, key_type=KeyType.RSA if source.rsa else KeyType.EC)
    handover = Handover(
        ven_name=name,
        ven_id=ven_id,
        resources=tuple(sorted(place.resources)),
        signs=_signs(office, place.signatures),
        profile=place.profile,
        poll_interval=place.poll_interval,
        issued=issued,
        key_passphrase=secret,
    )
    with ExitStack() as undo:
        undo.callback(authority.revoke, issued.record.serial)
        undo.callback(_write(office, handover, source).unlink)
        row = await enrol_as(office, name, ven_id, place, _proof_of(issued))
        undo.pop_all()
    return row, issued.record.fingerprint


async def renew(office: Office, name: str, overlap: timedelta, source: Source) -> Proof:
    """Gives a VEN its next certificate and returns it; the old stays valid for a while."""
    async with office.store.read() as tx:
        row = await find_ven(tx, name)
    if not source.issue:
        proof = source.proof()
        if proof is None:
            raise click.UsageError("give one of --issue, --fingerprint and --certificate")
        await _renew(office, row, proof, overlap)
        return proof
    authority = _authority(office, source)
    _check_vacant(source)
    secret = source.key_passphrase()
    issued = _successor(authority, row, overlap, source)
    handover = Handover(
        ven_name=row.ven_name,
        ven_id=row.ven_id,
        resources=tuple(sorted(row.resources)),
        signs=_signs(office, row.signature_policy),
        profile=row.profile,
        poll_interval=row.poll_interval,
        issued=issued,
        key_passphrase=secret,
    )
    with ExitStack() as undo:
        undo.callback(authority.revoke, issued.record.serial)
        undo.callback(_write(office, handover, source).unlink)
        await _renew(office, row, _proof_of(issued), overlap)
        undo.pop_all()
    return _proof_of(issued)


async def revoke_at_authority(
    office: Office, row: Party, ca_passphrase_file: Path | None
) -> int | None:
    """Revokes a VEN's certificates in the authority, and writes the revocation list.

    Returns:
        How many of them the authority had issued; None if it is kept elsewhere.
    """
    folder = authority_folder(office.settings)
    if folder is None:
        return None
    async with office.store.read() as tx:
        ours = {one.fingerprint for one in await certificate.for_party(tx, party_pk=row.pk)}
    records = [one for one in load_ledger(folder).records.values() if one.fingerprint in ours]
    pending = [one for one in records if one.revoked_at is None]
    if pending:
        authority = Authority.load(folder, passphrase(ca_passphrase_file))
        for record in pending:
            authority.revoke(record.serial)
    return len(records)


async def enrol_as(
    office: Office,
    name: str,
    ven_id: str | None,
    place: Place,
    proof: Proof | None,
    action: str = "enrol",
) -> Party:
    """Enrols a VEN whose certificate is there, if it has one."""
    return await office.operator.enrol(
        name,
        now=office.now,
        ven_id=ven_id,
        fingerprint=proof.fingerprint if proof else None,
        subject=proof.subject if proof else None,
        not_after=proof.not_after if proof else None,
        groups=place.groups,
        resources=place.resources,
        market_contexts=place.market_contexts,
        signature_policy=place.signatures,
        profile=place.profile,
        push_address=place.push_address,
        poll_interval=place.poll_interval,
        action=action,
    )


async def _renew(office: Office, row: Party, proof: Proof, overlap: timedelta) -> None:
    await office.operator.renew(
        row.ven_name,
        proof.fingerprint,
        now=office.now,
        overlap=overlap,
        subject=proof.subject,
        not_after=proof.not_after,
    )


async def _check_free(office: Office, name: str, ven_id: str | None) -> None:
    """Finds a name or venID that is taken before a certificate is made for it."""
    async with office.store.read() as tx:
        taken = await party.get(tx, ven_name=name)
        if taken is None and ven_id is not None:
            taken = await party.get(tx, ven_id=ven_id)
    if taken is not None:
        raise Conflict(
            f"{taken.ven_name} is enrolled already, as venID {taken.ven_id}; a further "
            f"certificate for it: vtn ven renew {taken.ven_name}"
        )


def _authority(office: Office, source: Source) -> Authority:
    return find_authority(office.settings, passphrase(source.ca_passphrase_file))


def _check_vacant(source: Source) -> None:
    """Finds a bundle that cannot be written before a certificate is made for it."""
    if source.target.exists():
        raise FileExistsAlreadyError(source.target)
    if not source.target.parent.is_dir():
        raise NotFound("folder", str(source.target.parent), "make it first")


def _successor(authority: Authority, row: Party, overlap: timedelta, source: Source) -> Issued:
    """Returns a new certificate; the first one if the VEN had one from elsewhere."""
    # Certificates live by the real time, whatever clock the programme runs on.
    now = datetime.now(UTC)
    if any(one.status(now) in IN_USE for one in authority.ledger.named(row.ven_name)):
        return authority.renew(row.ven_name, overlap=overlap)
    return authority.issue_ven(row.ven_name, key_type=KeyType.RSA if source.rsa else KeyType.EC)


def _write(office: Office, handover: Handover, source: Source) -> Path:
    """Writes the bundle, readable by its owner alone, and returns where it is."""
    write_private(source.target, bundle(office.settings, handover))
    return source.target


def _signs(office: Office, policy: str | None) -> bool:
    """Returns whether the messages of a VEN with this policy must be signed."""
    return (policy or office.settings.signatures.policy) == "required"


def _proof_of(issued: Issued) -> Proof:
    record = issued.record
    return Proof(fingerprint=record.fingerprint, subject=record.name, not_after=record.not_after)
