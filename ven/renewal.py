"""The next certificate of a VEN, put in the place of the one that it has.

A VEN that runs takes the new files with its next message, so it need not be stopped. What
was there is kept beside it, under ``.old``: while the old certificate counts, people can
go back.
"""

import os
import secrets
import ssl
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from certs.der import blocks, read_certificate
from certs.light import openadr_fingerprint
from ven.bundle import PRIVATE_MODE, PUBLIC_MODE, Bundle, BundleError
from ven.config import Settings, TlsSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What has changed.

    Attributes:
        fingerprint: of the certificate that counts from now on.
        until: when it expires.
        authorities: how many authorities are trusted now that were not before.
    """

    fingerprint: str
    until: datetime
    authorities: int


def renew(settings: Settings, path: Path, bundle: Bundle) -> Renewed:
    """Puts key, certificate and authority of a bundle in the place of those of a VEN.

    Args:
        settings: of the VEN.
        path: of the bundle, for messages.
        bundle: what is in it.

    Raises:
        BundleError: it is not for this VEN, or its files do not fit; nothing has changed.
        OSError: the files cannot be written.
    """
    tls = settings.tls
    if tls is None:
        raise BundleError(path, "is for https, and ven.toml has no [tls]")
    name = bundle.settings.get("ven_name")
    if name != settings.ven_name:
        raise BundleError(path, f"is for {name!r}; this VEN is {settings.ven_name!r}")
    section = bundle.settings["tls"]
    certificate = bundle.files[section["certificate"]]
    key = bundle.files.get(section.get("key", ""))
    _check_fit(path, tls, certificate, key)
    authorities = _with_authorities(path, tls.ca, bundle.files[section["ca"]])
    der = blocks(certificate, "CERTIFICATE")[0]
    # The authorities first: with more of them nothing stops.
    if authorities.added:
        _replace(tls.ca, authorities.content, PUBLIC_MODE)
    if key is not None:
        _replace(tls.key, key, PRIVATE_MODE)
    _replace(tls.certificate, certificate, PUBLIC_MODE)
    return Renewed(
        fingerprint=openadr_fingerprint(der),
        until=read_certificate(der).not_after,
        authorities=authorities.added,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authorities:
    content: bytes
    added: int


def _check_fit(path: Path, tls: TlsSettings, certificate: bytes, key: bytes | None) -> None:
    """Checks that certificate and key belong together, before anything is replaced.

    Raises:
        BundleError: they do not, or cannot be read.
    """
    secret = ""
    if tls.passphrase_file is not None:
        secret = tls.passphrase_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    with tempfile.TemporaryDirectory(dir=tls.key.parent) as folder:
        # Its mode is 700, so that the key is nobody else's for a moment either.
        files = {"crt": certificate} | ({} if key is None else {"key": key})
        for kind, content in files.items():
            (Path(folder) / kind).write_bytes(content)
        used = tls.key if key is None else Path(folder) / "key"
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_cert_chain(Path(folder) / "crt", used, password=secret)
        except (OSError, ValueError) as error:
            whose = "the key that this VEN has" if key is None else "its key"
            problem = f"its certificate and {whose} cannot be used together: {error}"
            raise BundleError(path, problem) from None


def _with_authorities(path: Path, ca: Path, given: bytes) -> _Authorities:
    """Returns the authorities that a VEN trusts, with those of a bundle."""
    content = ca.read_bytes()
    try:
        known = set(blocks(content, "CERTIFICATE"))
        new = [one for one in blocks(given, "CERTIFICATE") if one not in known]
        for der in new:
            read_certificate(der)
    except ValueError as error:
        raise BundleError(path, f"its authority cannot be read: {error}") from None
    added = "".join(ssl.DER_cert_to_PEM_cert(der) for der in new).encode()
    return _Authorities(content=content.rstrip(b"\n") + b"\n" + added, added=len(new))


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Replaces a file in one step, and keeps what was there beside it."""
    if path.exists():
        _put(path.with_name(f"{path.name}.old"), path.read_bytes(), mode)
    _put(path, content, mode)


def _put(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
