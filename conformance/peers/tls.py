"""TLS as a case wants it: versions, cipher suites and certificates of its choice (section 5.1)."""

import asyncio
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from certs import KeyPair

#: The suites that the profile names, in OpenSSL's words.
EC_SUITE, RSA_SUITE = SUITES = ("ECDHE-ECDSA-AES128-SHA256", "AES128-SHA256")
#: Real seconds for a handshake.
PATIENCE = 10.0
#: Reasons for which our own side cannot even begin.
_OURS = {"NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE", "LIBRARY_HAS_NO_CIPHERS"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What came of a handshake.

    Attributes:
        version: that was agreed upon, such as ``TLSv1.2``; empty if there was no agreement.
        suite: likewise.
        problem: why there was none.
        tried: False if this machine cannot speak what was wanted.
    """

    version: str = ""
    suite: str = ""
    problem: str = ""
    tried: bool = True

    @property
    def ok(self) -> bool:
        """Whether there was an agreement."""
        return bool(self.version)


def client(
    ca: Path,
    pairs: Sequence[KeyPair],
    *,
    suites: Sequence[str] = (),
    oldest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
) -> ssl.SSLContext:
    """Returns the context of a client that verifies the server, its name aside.

    Args:
        ca: whose certificates it believes.
        pairs: its own certificates; none shows none.
        suites: of TLS 1.2 and before; none for the usual ones.
        oldest: version that it speaks.
        newest: likewise.

    Raises:
        ssl.SSLError: this machine cannot speak that.
        OSError: a file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    with warnings.catch_warnings():
        # What is old is what is wanted here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = oldest, newest
    if oldest < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")
    elif suites:
        context.set_ciphers(":".join(suites))
    context.load_verify_locations(ca)
    for pair in pairs:
        context.load_cert_chain(pair.certificate, pair.key, pair.passphrase)
    return context


async def shake(url: str, tls: ssl.SSLContext) -> Handshake:
    """Returns what comes of a handshake, after which nothing is said.

    Args:
        url: of the server.
        tls: what the client speaks.
    """
    parts = urlsplit(url)
    opening = asyncio.open_connection(
        parts.hostname, parts.port or 443, ssl=tls, server_hostname=parts.hostname
    )
    try:
        _, writer = await asyncio.wait_for(opening, PATIENCE)
    except ssl.SSLError as error:
        return Handshake(problem=str(error), tried=error.reason not in _OURS)
    except (OSError, TimeoutError, ValueError) as error:
        return Handshake(problem=str(error) or type(error).__name__)
    agreed = writer.get_extra_info("ssl_object")
    found = Handshake(version=agreed.version() or "", suite=agreed.cipher()[0])
    writer.transport.abort()
    return found
