"""The TLS context of a VEN, made with the standard library alone.

``certs.tls.client_context`` makes the same and looks closer, with a library that takes a
seventh of the memory that an idle VEN may use. So it is asked only when something is
wrong, to say what.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from runtime.errors import ConfigError

#: The suites of each profile, as ``certs.tls`` has them (R67, R68).
_SPECIFIED = "ECDHE-ECDSA-AES128-SHA256:AES128-SHA256"
_SUITES = {
    "compatible": f"ECDHE+AESGCM:ECDHE+CHACHA20:{_SPECIFIED}",
    "certification": _SPECIFIED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What a VEN proves itself with, and whom it believes.

    Attributes:
        certificate: of the VEN, PEM; intermediate certificates may follow.
        key: its private key, PEM.
        ca: certificates of the authorities that the VTN's may come from, PEM.
        passphrase: opens the key; empty if it is not encrypted.
        profile: ``compatible``, or ``certification`` (exactly R67 and R68).
        check_hostname: whether the VTN's certificate must name the host of its URL.
        crl: what the authorities have revoked, PEM, one list of each; None looks at none.
    """

    certificate: Path
    key: Path
    ca: Path
    passphrase: str = field(default="", repr=False)
    profile: Literal["compatible", "certification"] = "compatible"
    check_hostname: bool = True
    crl: Path | None = None


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """Returns a context that verifies the VTN and shows our certificate.

    Raises:
        ConfigError: a file is missing, is not what it should be, or they do not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = files.check_hostname
    # The common name of a VEN may be anything, the host name of the VTN included.
    context.hostname_checks_common_name = False
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if files.profile == "certification":
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_SUITES[files.profile])
    try:
        context.load_verify_locations(files.ca)
        if files.crl is not None:
            context.load_verify_locations(files.crl)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        # Never None: OpenSSL would ask for the passphrase on the terminal.
        context.load_cert_chain(files.certificate, files.key, password=files.passphrase)
    except (OSError, ValueError) as error:
        raise ConfigError(_diagnosis(files, error), key="tls") from None
    return context


def _diagnosis(files: TlsFiles, error: Exception) -> str:
    """Returns what is wrong, in the words of the package that knows certificates."""
    from certs.errors import CertsError
    from certs.tls import KeyPair, Profile, TLSFiles
    from certs.tls import client_context as strict

    pair = KeyPair(
        certificate=files.certificate, key=files.key, passphrase=files.passphrase or None
    )
    try:
        strict(TLSFiles(ca=files.ca, pairs=(pair,), crl=files.crl), profile=Profile(files.profile))
    except CertsError as found:
        return " ".join(str(found).split())
    return str(error)
