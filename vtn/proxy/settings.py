"""``[proxy]``: whose headers count, and what stands in them."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from runtime.sections import PlainSection, Read, Rule, Text

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TOKEN = re.compile(r"[!#$%&'*+.^`|~0-9A-Za-z-]+")
#: Headers that say something else.
_TAKEN = frozenset(
    {"accept", "accept-encoding", "connection", "content-encoding", "content-length"}
    | {"content-type", "expect", "host", "transfer-encoding", "upgrade", "user-agent"}
)


def network_from(text: str) -> Network:
    """Returns the network that a person wrote.

    Raises:
        ValueError: it is none.
    """
    try:
        found = ipaddress.ip_network(text.strip())
    except ValueError as error:
        raise ValueError(f"{error}; expected such as 10.0.7.4 or 10.0.7.0/28") from None
    if isinstance(found, ipaddress.IPv6Network) and found.network_address.ipv4_mapped:
        raise ValueError(f"{text} is IPv4 in the dress of IPv6; write the IPv4 network")
    return found


def _networks(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            network_from(str(one))
    return value


def _fingerprints(value: Any) -> Any:
    from certs.errors import FingerprintError
    from certs.light import normalise_text

    if isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            try:
                normalise_text(str(one))
            except FingerprintError as error:
                raise ValueError(str(error)) from None
    return value


def _header(value: Any) -> Any:
    # One with an underscore is the other way to write one with a hyphen, for some servers: a
    # client could bring that along.
    if isinstance(value, str) and value:
        if _TOKEN.fullmatch(value) is None:
            raise ValueError(f"{value!r} is no name of a header; letters, digits and hyphens")
        if value.lower() in _TAKEN:
            raise ValueError(f"{value} says something else; expected such as X-SSL-Client-Cert")
    return value


Header = Annotated[str, Read(_header)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings(PlainSection):
    """``[proxy]``: a proxy in front ends TLS, and a header says who calls.

    Leave the section out if VENs reach the VTN itself. How to:
    [proxy.md](../howto/proxy.md).

    Attributes:
        networks: where the proxies are, such as ``["127.0.0.1", "10.0.7.0/28"]``; headers from
            anywhere else do not count.
        header: in which a proxy passes the certificate of its client on.
        format: how: ``pem`` (URL-encoded, as nginx does), ``der`` (base64, as HAProxy does),
            ``rfc9440`` (the header ``Client-Cert``), or ``fingerprint`` (20 or 64 digits).
        verified_header: in which it says whether it has verified that certificate; not asked
            for if empty.
        verified_value: what it says there if it has.
        forwarded_header: in which it says where its client is, such as ``X-Forwarded-For``, for
            the log and for counting strangers; not looked at if empty.
        secret_header: in which it proves with ``secret_file`` that it is the proxy.
        secret_file: file whose first line a proxy must send in ``secret_header``; for machines
            that others use, too.
        certificates: fingerprints of the proxies' own certificates, if they talk TLS to the VTN.
    """

    networks: Annotated[tuple[str, ...], Read(_networks), Rule(min_length=1)]
    header: Annotated[Text, Read(_header)] = "X-SSL-Client-Cert"
    format: Literal["pem", "der", "rfc9440", "fingerprint"] = "pem"
    verified_header: Header = ""
    verified_value: Text = "SUCCESS"
    forwarded_header: Header = ""
    secret_header: Annotated[Text, Read(_header)] = "X-Proxy-Secret"  # noqa: S105
    secret_file: Path | None = None
    certificates: Annotated[tuple[str, ...], Read(_fingerprints)] = ()

    def __post_init__(self) -> None:
        named = [self.header, self.verified_header, self.forwarded_header]
        if self.secret_file is not None:
            named.append(self.secret_header)
        used = [one.lower() for one in named if one]
        if len(set(used)) < len(used):
            raise ValueError("header, verified_header, forwarded_header and secret_header differ")
        everywhere = any(network_from(one).prefixlen == 0 for one in self.networks)
        if everywhere and not self.certificates and self.secret_file is None:
            raise ValueError(
                "networks holds every address, so that anybody may say who he is; with that a "
                "secret_file or certificates must tell proxies from others"
            )
