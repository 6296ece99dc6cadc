"""Reading and writing keys, certificates and revocation lists, with care.

Private keys get their mode with the first byte and never replace a file. Everything else is
replaced in one step, so a reader sees the old or the new file and never half of one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)

from certs.errors import (
    FileExistsAlreadyError,
    MissingFileError,
    PassphraseError,
    UnreadableFileError,
)
from certs.light import stamp as stamp

#: The kinds of key that OpenADR uses.
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

#: Readable and writable by the owner alone.
PRIVATE_MODE = 0o600
#: Readable by everybody, writable by the owner.
PUBLIC_MODE = 0o644


def read(path: Path, expected: str) -> bytes:
    """Return the content of a file.

    Args:
        path: the file.
        expected: what it should hold, for the error text.

    Raises:
        MissingFileError: it is not there or may not be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFileError(path, expected) from error


def load_certificates(path: Path) -> list[x509.Certificate]:
    """Return every certificate of a PEM file, or the one of a DER file.

    Raises:
        MissingFileError: the file is not there or may not be read.
        UnreadableFileError: it holds no certificate.
    """
    content = read(path, "a certificate")
    try:
        if b"-----BEGIN" in content:
            return x509.load_pem_x509_certificates(content)
        return [x509.load_der_x509_certificate(content)]
    except ValueError as error:
        raise UnreadableFileError(path, "a certificate") from error


def load_crls(path: Path) -> list[x509.CertificateRevocationList]:
    """Return every revocation list of a PEM file, or the one of a DER file.

    Raises:
        MissingFileError: the file is not there or may not be read.
        UnreadableFileError: it holds no revocation list.
    """
    content = read(path, "a revocation list")
    end = b"-----END X509 CRL-----"
    try:
        if b"-----BEGIN" in content:
            parts = [part + end for part in content.split(end) if b"-----BEGIN" in part]
            return [x509.load_pem_x509_crl(part) for part in parts]
        return [x509.load_der_x509_crl(content)]
    except ValueError as error:
        raise UnreadableFileError(path, "a revocation list") from error


def load_key(path: Path, passphrase: str | None = None) -> PrivateKey:
    """Return the private key of a PEM or DER file.

    Args:
        path: the file.
        passphrase: opens an encrypted key; ignored if the key is not encrypted.

    Raises:
        MissingFileError: the file is not there or may not be read.
        UnreadableFileError: it holds no EC or RSA private key.
        PassphraseError: the key is encrypted and the passphrase is missing or wrong.
    """
    key = _parse_key(path, read(path, "a private key"), passphrase)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise UnreadableFileError(path, "an EC or RSA private key")
    return key


def _parse_key(path: Path, content: bytes, passphrase: str | None) -> object:
    pem = b"-----BEGIN" in content
    # The file is the owner's own; proving that its primes are prime would take 25 ms each time.
    load = partial(
        load_pem_private_key if pem else load_der_private_key, unsafe_skip_rsa_key_validation=True
    )
    try:
        return load(content, None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableFileError(path, "a private key") from error
    except TypeError as error:  # how cryptography says that the key is encrypted
        if not passphrase:
            raise PassphraseError(path, given=False) from error
    try:
        return load(content, passphrase.encode())
    except ValueError as error:
        raise PassphraseError(path, given=True) from error


def key_pem(key: PrivateKey, passphrase: str | None = None) -> bytes:
    """Return a private key as PKCS #8 PEM, encrypted if there is a passphrase."""
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read, from the first byte on.

    Raises:
        FileExistsAlreadyError: there is a file of that name.
    """
    _write_exclusively(path, content, PRIVATE_MODE)


def write_new(path: Path, content: bytes) -> None:
    """Write a new public file.

    Raises:
        FileExistsAlreadyError: there is a file of that name.
    """
    _write_exclusively(path, content, PUBLIC_MODE)


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a public file in one step; after a crash it is the old or the new one."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PUBLIC_MODE)
    try:
        _write_through(descriptor, content)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_exclusively(path: Path, content: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as error:
        raise FileExistsAlreadyError(path) from error
    try:
        _write_through(descriptor, content)
    except OSError:
        path.unlink()
        raise
    sync_folder(path.parent)


def _write_through(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
