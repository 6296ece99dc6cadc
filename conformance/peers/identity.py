"""What a party of the kit shows of itself."""

import ssl
from dataclasses import dataclass, field

from certs import KeyPair, TLSFiles
from oadr.signature import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a party of the kit shows of itself.

    Attributes:
        name: the venName of the VEN, or the vtnID of the VTN.
        ven_id: preconfigured at the VTN (R402); empty if the VTN is to give one.
        client_tls: for requests; None for plain HTTP.
        server_tls: for what it listens on; None for plain HTTP.
        key: to sign with; None if there is none.
        signs: whether it signs its messages.
        fingerprint: of its certificate, 20 digits; empty for none.
        files: what ``client_tls`` is made of: the authority, and the certificates of the VEN,
            one of them EC or RSA, or one of each. Cases about TLS versions and cipher suites
            make contexts of their own out of them; None skips these.
        stranger: a certificate of the same authority that the device under test lets in, but
            knows as nobody, or as somebody else. None skips cases about identities.
        expired: a certificate of the same authority that has expired (R516). None skips cases
            about that.
    """

    name: str
    ven_id: str = ""
    client_tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_tls: ssl.SSLContext | None = field(default=None, repr=False)
    key: SigningKey | None = field(default=None, repr=False)
    signs: bool = False
    fingerprint: str = ""
    files: TLSFiles | None = field(default=None, repr=False)
    stranger: KeyPair | None = field(default=None, repr=False)
    expired: KeyPair | None = field(default=None, repr=False)
