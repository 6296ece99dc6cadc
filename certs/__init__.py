"""Keys and certificates for an OpenADR programme: issue, fingerprint, TLS contexts, diagnosis.

Where next: `authority` issues, renews and revokes; `tls` makes the contexts that both parties
listen and connect with; `fingerprint` names certificates as OpenADR does; `doctor` says what is
wrong with a certificate; `cli` is the command `oadr-certs`. The how-to is
docs/howto/certificates.md.

A name is loaded when it is first used: `from certs.light import ...` takes no library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from certs.authority import Authority
    from certs.build import KeyType
    from certs.errors import CertsError
    from certs.fingerprint import (
        Fingerprints,
        fingerprints,
        matches,
        normalise,
        openadr_fingerprint,
        to_openadr,
        verify_peer_fingerprint,
    )
    from certs.folder import Issued, load_ledger
    from certs.ledger import Record, Status
    from certs.live import LiveContext
    from certs.revoked import RevocationList
    from certs.subject import Kind
    from certs.tls import (
        KeyPair,
        Profile,
        TLSFiles,
        client_context,
        live_client_context,
        live_server_context,
        server_context,
    )

__all__ = [
    "Authority",
    "CertsError",
    "Fingerprints",
    "Issued",
    "KeyPair",
    "KeyType",
    "Kind",
    "LiveContext",
    "Profile",
    "Record",
    "RevocationList",
    "Status",
    "TLSFiles",
    "client_context",
    "fingerprints",
    "live_client_context",
    "live_server_context",
    "load_ledger",
    "matches",
    "normalise",
    "openadr_fingerprint",
    "server_context",
    "to_openadr",
    "verify_peer_fingerprint",
]

#: Name -> module of the package that has it.
_HOMES = {
    "Authority": "authority",
    "CertsError": "errors",
    "Fingerprints": "fingerprint",
    "Issued": "folder",
    "KeyPair": "tls",
    "KeyType": "build",
    "Kind": "subject",
    "LiveContext": "live",
    "Profile": "tls",
    "Record": "ledger",
    "RevocationList": "revoked",
    "Status": "ledger",
    "TLSFiles": "tls",
    "client_context": "tls",
    "fingerprints": "fingerprint",
    "live_client_context": "tls",
    "live_server_context": "tls",
    "load_ledger": "folder",
    "matches": "fingerprint",
    "normalise": "fingerprint",
    "openadr_fingerprint": "light",
    "server_context": "tls",
    "to_openadr": "fingerprint",
    "verify_peer_fingerprint": "light",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
