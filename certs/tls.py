"""TLS contexts for both parties: mutual authentication always, two profiles.

`server_context` and `client_context` read their files once. `live_server_context` and
`live_client_context` follow the files: a new revocation list or a renewed certificate counts from
the next handshake on (`certs.live` says how).

Spec: OpenADR 2.0b Profile Specification, sections 9.2 and 10.4, rules 67 and 516
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path

from certs.build import KeyType, key_type_of, strong_key_of
from certs.errors import KeyMismatchError, TLSConfigurationError, UnreadableFileError
from certs.files import load_certificates, load_crls, load_key
from certs.live import MAX_AGE, LiveContext

#: The two suites that the specification names, in OpenSSL's words: EC and RSA certificates.
SPECIFIED_SUITES = ("ECDHE-ECDSA-AES128-SHA256", "AES128-SHA256")

#: Forward secrecy and authenticated encryption first, the specified suites last.
_COMPATIBLE = ":".join(("ECDHE+AESGCM", "ECDHE+CHACHA20", *SPECIFIED_SUITES))
_CERTIFICATION = ":".join(SPECIFIED_SUITES)


class Profile(StrEnum):
    """Which versions and cipher suites are spoken.

    Interpretation: rule 67 asks a VTN to select one of the two specified suites whatever else is
    offered. Both lack authenticated encryption and one lacks forward secrecy, so `COMPATIBLE`
    selects them only for peers that offer nothing better; `CERTIFICATION` follows the letter.
    """

    #: TLS 1.2 and 1.3, strong suites first, the specified ones accepted.
    COMPATIBLE = "compatible"
    #: TLS 1.2 with the two specified suites and nothing else.
    CERTIFICATION = "certification"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A certificate and its private key, both PEM files."""

    #: The certificate; intermediate certificates may follow it in the file.
    certificate: Path
    key: Path
    #: Opens an encrypted key; never shown.
    passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSFiles:
    """What a party proves itself with, and whom it believes."""

    #: Certificates of the authorities whose peers are let in (PEM). None is refused.
    ca: Path | None
    #: One pair, or one EC and one RSA pair.
    pairs: Sequence[KeyPair]
    #: Revocation lists (PEM), one for every authority that issued a peer's certificate.
    crl: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """Return every file, to watch them."""
        pairs = [path for pair in self.pairs for path in (pair.certificate, pair.key)]
        return tuple(path for path in (self.ca, self.crl, *pairs) if path is not None)


def server_context(files: TLSFiles, *, profile: Profile = Profile.COMPATIBLE) -> ssl.SSLContext:
    """Return a server's context: no peer gets in without a valid certificate.

    Args:
        files: with both an EC and an RSA pair, each peer is shown the one that it understands.
        profile: versions and suites.

    Raises:
        TLSConfigurationError: no CA file, no pair, or two pairs of one kind.
        FileError: a file is missing, unreadable, or needs another passphrase.
        WeakKeyError: a key is too weak.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _server(files, profile)(context)
    return context


def client_context(
    files: TLSFiles, *, profile: Profile = Profile.COMPATIBLE, check_hostname: bool = True
) -> ssl.SSLContext:
    """Return a client's context: it always verifies the server and shows its own certificate.

    Args:
        files: own pair, and the CA file that the server's certificate must come from.
        profile: versions and suites.
        check_hostname: whether the server's certificate must name the host; if not, pin the
            certificate with `certs.fingerprint.verify_peer_fingerprint`.

    Raises:
        TLSConfigurationError: no CA file, no pair, or two pairs of one kind.
        FileError: a file is missing, unreadable, or needs another passphrase.
        WeakKeyError: a key is too weak.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _client(files, profile, check_hostname)(context)
    return context


def live_server_context(
    files: TLSFiles, *, profile: Profile = Profile.COMPATIBLE, max_age: timedelta = MAX_AGE
) -> LiveContext:
    """Return a server's context that follows its files; otherwise as `server_context`.

    Args:
        files: watched; replace them in place.
        profile: versions and suites.
        max_age: longest time that a TLS session can be resumed without a new look at the
            certificate's dates.
    """
    watch = files.paths()
    return LiveContext(ssl.PROTOCOL_TLS_SERVER, _server(files, profile), watch, max_age=max_age)


def live_client_context(
    files: TLSFiles,
    *,
    profile: Profile = Profile.COMPATIBLE,
    check_hostname: bool = True,
    max_age: timedelta = MAX_AGE,
) -> LiveContext:
    """Return a client's context that follows its files; otherwise as `client_context`."""
    configure = _client(files, profile, check_hostname)
    return LiveContext(ssl.PROTOCOL_TLS_CLIENT, configure, files.paths(), max_age=max_age)


def _server(files: TLSFiles, profile: Profile) -> Callable[[ssl.SSLContext], None]:
    def configure(context: ssl.SSLContext) -> None:
        _common(context, files, profile)
        # The verdict on a certificate must not outlive the handshake: a ticket would let a peer
        # back in after its certificate was revoked.
        context.options |= ssl.OP_NO_TICKET | ssl.OP_CIPHER_SERVER_PREFERENCE
        context.num_tickets = 0

    return configure


def _client(
    files: TLSFiles, profile: Profile, check_hostname: bool
) -> Callable[[ssl.SSLContext], None]:
    def configure(context: ssl.SSLContext) -> None:
        context.check_hostname = check_hostname
        # The common name of a VEN may be anything, the host name of the VTN included.
        context.hostname_checks_common_name = False
        _common(context, files, profile)

    return configure


def _common(context: ssl.SSLContext, files: TLSFiles, profile: Profile) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if profile is Profile.CERTIFICATION:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CERTIFICATION)
    else:
        context.set_ciphers(_COMPATIBLE)
    _load_trust(context, files)
    _load_pairs(context, files.pairs)


def _load_trust(context: ssl.SSLContext, files: TLSFiles) -> None:
    if files.ca is None:
        raise TLSConfigurationError(
            "a certificate without a CA file: no peer could be verified",
            "Name the CA certificate of the programme (ca.crt)",
        )
    load_certificates(files.ca)
    _load(context.load_verify_locations, files.ca, "a CA certificate")
    if files.crl is not None:
        load_crls(files.crl)
        _load(context.load_verify_locations, files.crl, "a revocation list")
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _load_pairs(context: ssl.SSLContext, pairs: Sequence[KeyPair]) -> None:
    if not pairs:
        raise TLSConfigurationError(
            "no certificate: mutual TLS needs one on both sides",
            "Name a certificate and its key",
        )
    kinds: set[KeyType] = set()
    for pair in pairs:
        kinds.add(_check_pair(pair))
        # never None: OpenSSL would ask for the passphrase on the terminal
        load = partial(context.load_cert_chain, keyfile=pair.key, password=pair.passphrase or "")
        _load(load, pair.certificate, "a certificate chain")
    if len(kinds) < len(pairs):
        raise TLSConfigurationError(
            "two certificates of one kind: only the last would be shown",
            "Name at most one with an EC key and one with an RSA key",
        )


def _check_pair(pair: KeyPair) -> KeyType:
    """Return the kind of a pair whose key opens, fits and is strong enough."""
    certificate = load_certificates(pair.certificate)[0]
    public = strong_key_of(certificate)
    if load_key(pair.key, pair.passphrase).public_key() != public:
        raise KeyMismatchError(pair.key, pair.certificate)
    return key_type_of(public)


def _load(load: Callable[[Path], object], path: Path, expected: str) -> None:
    try:
        load(path)
    except OSError as error:  # ssl.SSLError: could be parsed, but OpenSSL wants PEM
        raise UnreadableFileError(path, f"{expected} for OpenSSL") from error
