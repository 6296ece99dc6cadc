"""Keys and certificates for an OpenADR programme: issue, fingerprint, TLS contexts, diagnosis.

Where next: `authority` issues, renews and revokes; `tls` makes the contexts that both parties
listen and connect with; `fingerprint` names certificates as OpenADR does; `doctor` says what is
wrong with a certificate; `cli` is the command `oadr-certs`. The how-to is
docs/howto/certificates.md.
"""

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
from certs.revocation import RevocationList
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
