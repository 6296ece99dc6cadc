"""The text of every error names what was found, what was expected and what to do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs import errors
from oadr.errors import OpenADRError

WHEN = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
KEY, CERT = Path("vtn.key"), Path("vtn.crt")

TEXTS = [
    (
        errors.MissingFileError(KEY, "a private key"),
        "vtn.key: cannot be opened; expected a private key. Check path and rights.",
    ),
    (
        errors.FileExistsAlreadyError(KEY),
        "vtn.key: exists and is not overwritten. Move it away or choose another place.",
    ),
    (
        errors.UnreadableFileError(CERT, "a certificate"),
        "vtn.crt: is not a certificate. Check that it is the right file, in PEM form.",
    ),
    (
        errors.PassphraseError(KEY, given=True),
        "vtn.key: the passphrase does not open this key. Check the passphrase.",
    ),
    (
        errors.PassphraseError(KEY, given=False),
        "vtn.key: the key is encrypted and no passphrase was given. Give its passphrase.",
    ),
    (
        errors.KeyMismatchError(KEY, CERT),
        "vtn.key: is not the key of vtn.crt. "
        "Use the key that was issued together with this certificate.",
    ),
    (
        errors.AuthorityExistsError(Path("ca")),
        "ca: holds a certificate authority already; a new one would orphan every certificate it "
        "issued. Choose another folder.",
    ),
    (
        errors.AuthorityMissingError(Path("ca")),
        "ca: no certificate authority here (ca.crt, ca.key). "
        "Create one with `oadr-certs init`, or name its folder.",
    ),
    (
        errors.AuthorityExpiredError(not_before=WHEN, not_after=WHEN, now=WHEN),
        "the CA certificate is valid from 2026-11-20 18:00 to 2026-11-20 18:00 UTC and it is "
        "2026-11-20 18:00 UTC. Check the clock of this machine; if it is right, create a new "
        "authority.",
    ),
    (
        errors.AlreadyIssuedError("school-7", "AB12", WHEN),
        "school-7: has certificate AB12, valid until 2026-11-20. Renew it, or revoke it first.",
    ),
    (
        errors.UnknownCertificateError("school-7"),
        "school-7: this authority issued no such certificate. "
        "Give a name, serial number or fingerprint that `oadr-certs list` shows.",
    ),
    (
        errors.AmbiguousCertificateError("vtn", ["AB", "CD"]),
        "vtn: fits 2 certificates. Give the serial number of one: AB, CD.",
    ),
    (
        errors.RevokedError("school-7", "AB12"),
        "school-7: certificate AB12 is revoked. Issue a new one instead.",
    ),
    (
        errors.LedgerError(Path("ca/issued.jsonl"), 3),
        "ca/issued.jsonl: line 3 is damaged. Restore the file from a backup.",
    ),
    (
        errors.WeakKeyError("RSA 1024"),
        "RSA 1024 key refused: expected RSA >= 2048 bits or EC P-256, P-384 or P-521.",
    ),
    (errors.SubjectError("a b", "is no host name"), "'a b': is no host name."),
    (
        errors.CsrError("it has 0 common names, expected 1"),
        "signing request refused: it has 0 common names, expected 1. Ask its owner for a new one.",
    ),
    (
        errors.FingerprintError("xyz", "20 digits"),
        "'xyz': is not a fingerprint; expected 20 digits.",
    ),
    (
        errors.ForwardedError("one certificate in PEM form"),
        "expected one certificate in PEM form",
    ),
    (
        errors.FingerprintMismatchError(expected="AA", found="BB"),
        "the peer's certificate is BB, expected AA. If it was renewed, get the new fingerprint "
        "from its owner; else do not talk to it.",
    ),
    (
        errors.TLSConfigurationError("no certificate", "Name one"),
        "no certificate. Name one.",
    ),
]


@pytest.mark.parametrize(("error", "text"), TEXTS, ids=lambda value: type(value).__name__)
def test_the_text_of_each_error(error: errors.CertsError, text: str) -> None:
    assert str(error) == text


def test_every_error_is_in_the_table_and_in_the_tree_of_the_docstring() -> None:
    def leaves(kind: type[errors.CertsError]) -> set[type[errors.CertsError]]:
        children = kind.__subclasses__()
        return {leaf for child in children for leaf in leaves(child)} if children else {kind}

    assert leaves(errors.CertsError) == {type(error) for error, _ in TEXTS}
    for name, thing in vars(errors).items():
        if isinstance(thing, type) and issubclass(thing, errors.CertsError):
            assert name in (errors.__doc__ or "")


def test_whoever_catches_the_root_of_the_project_catches_these_too() -> None:
    assert issubclass(errors.CertsError, OpenADRError)
