"""Where a VEN listens for what its VTN pushes."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

from certs.errors import FingerprintError
from certs.light import normalise_text, split_fingerprints


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Where a VEN listens.

    Attributes:
        host: address of this machine to listen on; plain HTTP takes a loopback address.
        port: to listen on; 0 takes one that is free.
        path_prefix: what comes before ``/OpenADR2/Simple/2.0b``; a VEN and a VTN on one host
            and port must differ in it (R511).
        vtn_fingerprint: of the certificate with which the VTN pushes, or several separated by
            commas; None for the one that it is known by when this VEN calls it.
        read_timeout: real time in which a request must arrive.
    """

    host: str = "0.0.0.0"  # noqa: S104 - to be reached is what it is for; TLS lets one in
    port: int = 8444
    path_prefix: str = ""
    vtn_fingerprint: str | None = None
    read_timeout: timedelta = timedelta(seconds=30)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port is {self.port}; expected 0 to 65535")
        if self.path_prefix and not self.path_prefix.startswith("/"):
            raise ValueError(f"path_prefix is {self.path_prefix!r}; expected it to begin with /")
        if self.vtn_fingerprint is not None:
            try:
                for one in split_fingerprints(self.vtn_fingerprint):
                    normalise_text(one)
            except FingerprintError as error:
                raise ValueError(f"push.vtn_fingerprint: {error}") from None


def is_loopback(host: str) -> bool:
    """Returns whether an address to listen on is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
