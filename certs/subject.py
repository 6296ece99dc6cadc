"""Whose certificate it is: the names that can stand in one.

Pure: what a name may look like, nothing about keys or files.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509

from certs.errors import SubjectError

#: RFC 5280, appendix A.1: upper bound of a common name.
MAX_COMMON_NAME = 64

_HOST = re.compile(
    r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
)


class Kind(StrEnum):
    """Whose certificate it is."""

    VTN = "vtn"
    VEN = "ven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The owner of a certificate; one that exists can stand in it."""

    kind: Kind
    #: 1 to 64 characters: the name of the VEN, or the first name of the VTN.
    name: str
    #: Host names and IP addresses under which the owner can be reached.
    hosts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_common_name(self.name)
        for host in self.hosts:
            general_name(host)


def check_common_name(name: str) -> str:
    """Return the name if it can be a common name.

    Raises:
        SubjectError: it is empty, too long, or has characters that cannot be shown.
    """
    if not name.strip() or name != name.strip():
        raise SubjectError(name, "a name must not be empty or start or end with a blank")
    if len(name) > MAX_COMMON_NAME:
        raise SubjectError(name, f"a name has at most {MAX_COMMON_NAME} characters")
    if not name.isprintable():
        raise SubjectError(name, "a name must not hold control characters")
    return name


def general_name(host: str) -> x509.GeneralName:
    """Return a host name or IP address as it stands in a certificate.

    Raises:
        SubjectError: it is neither.
    """
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if len(host) > 253 or _HOST.fullmatch(host.lower()) is None:
        raise SubjectError(
            host, "is no host name or IP address (write international names in their xn-- form)"
        )
    return x509.DNSName(host.lower())
