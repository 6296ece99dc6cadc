"""What a party of the kit shows of itself."""

import ssl
from dataclasses import dataclass, field

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
    """

    name: str
    ven_id: str = ""
    client_tls: ssl.SSLContext | None = field(default=None, repr=False)
    server_tls: ssl.SSLContext | None = field(default=None, repr=False)
    key: SigningKey | None = field(default=None, repr=False)
    signs: bool = False
    fingerprint: str = ""
