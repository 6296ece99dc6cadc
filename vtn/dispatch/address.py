"""Where a VEN may ask to be pushed to (R402, section 2.12).

The address comes from the peer and decides whom this server talks to, so little is taken:
one way to write a host, nothing that a URL may have besides, and only the hosts that the
configuration allows.
"""

import ipaddress
from collections.abc import Sequence

from yarl import URL

from oadr.enums import ServiceName
from oadr.errors import ComplianceError, DeploymentError, InvalidData
from vtn.config import PATH, PushSettings

#: Longest address, characters.
LONGEST = 512

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def checked_address(address: str | None, settings: PushSettings, *, secure: bool) -> str:
    """Returns the address at which a VEN wants to be pushed to, if it may be used.

    Args:
        address: oadrTransportAddress.
        settings: what is allowed.
        secure: whether this VTN has a certificate; without one plain HTTP is taken, too.

    Raises:
        ComplianceError: there is none (459).
        InvalidData: it is no base address (454).
        DeploymentError: this VTN does not push to that host (469).
    """
    if not address:
        raise ComplianceError(
            "oadrTransportAddress is missing; with oadrHttpPullModel false it says where the "
            "VTN reaches this VEN, such as https://ven.example:8443",
            rule="R402",
        )
    problem = _problem(address, secure=secure)
    if problem:
        raise InvalidData(f"oadrTransportAddress {problem}", rule="R402")
    host = URL(address).host or ""
    if not Allowed(settings.networks).may_be(host):
        raise DeploymentError(f"this VTN does not push to {host}", rule="R402")
    return address


def _problem(address: str, *, secure: bool) -> str:
    """Returns what is wrong with an address; empty if nothing is."""
    if len(address) > LONGEST:
        return f"is longer than {LONGEST} characters"
    if not address.isascii() or not address.isprintable() or set(address) & set(' "<>\\^`{|}#?@%'):
        return "has characters that a base address has not: https://host[:port][/prefix]"
    schemes = ("https",) if secure else ("https", "http")
    try:
        if _is_base(URL(address), schemes):
            return ""
    except ValueError:
        pass
    return f"is not usable; expected {' or '.join(schemes)}://host[:port][/prefix]"


def _is_base(url: URL, schemes: Sequence[str]) -> bool:
    return (
        url.absolute
        and url.scheme in schemes
        and bool(url.host)
        and not is_disguised(url.host or "")
        and bool(url.port)
        and "//" not in url.raw_path
    )


def is_disguised(host: str) -> bool:
    """Returns whether a host is an IPv4 address in a form of old, such as 127.1 or 2130706433.

    Sockets take it for an address and never look it up, so nobody would compare it with the
    networks that are allowed.
    """
    if host.replace(".", "").isdigit():
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return True
    return False


def address_of(base: str, service: ServiceName, path: str = PATH) -> URL:
    """Returns where a VEN takes the messages to a service (R511).

    Args:
        base: where it listens.
        service: the last part.
        path: what stands between them, by the profile that it speaks.

    Interpretation: an address that ends with ``/OpenADR2/Simple/2.0b``, or in 2.0a without its
    last part, already has what the VTN has to append up to the name of the service.
    """
    stem = base.rstrip("/")
    return URL(f"{stem}/{service}" if stem.endswith(path) else f"{stem}{path}/{service}")


class Allowed:
    """The hosts that may be talked to.

    Args:
        entries: networks such as ``10.0.0.0/8``, names such as ``ven.example`` and all names
            below one as ``*.example``; without any every host may.

    Raises:
        ValueError: an entry is none of that.
    """

    def __init__(self, entries: Sequence[str]) -> None:
        self._networks: list[_Network] = []
        self._names: set[str] = set()
        self._domains: list[str] = []
        for entry in entries:
            self._add(entry.strip().lower())

    def _add(self, entry: str) -> None:
        try:
            self._networks.append(ipaddress.ip_network(entry))
            return
        except ValueError:
            # Addresses with host bits are more likely to be a mistake than a name.
            if "/" in entry or not entry.strip("*.") or ":" in entry:
                raise
        if entry.startswith("*."):
            self._domains.append(entry[1:])
        else:
            self._names.add(entry)

    @property
    def everything(self) -> bool:
        """Whether nothing is ruled out."""
        return not (self._networks or self._names or self._domains)

    def names(self, host: str) -> bool:
        """Returns whether a host may be talked to whatever its IP address is."""
        host = host.lower().rstrip(".")
        return self.everything or host in self._names or host.endswith(tuple(self._domains))

    def holds(self, ip: str) -> bool:
        """Returns whether an IP address may be talked to."""
        if self.everything:
            return True
        found = ipaddress.ip_address(ip.partition("%")[0])
        plain = getattr(found, "ipv4_mapped", None) or found
        return any(plain in network for network in self._networks)

    def may_be(self, host: str) -> bool:
        """Returns whether a host can be one of those, as far as its name tells."""
        if self.names(host):
            return True
        try:
            return self.holds(host)
        except ValueError:
            return bool(self._networks)
