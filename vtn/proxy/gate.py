"""Who calls, behind a proxy: the header of a listed proxy, and nobody else's.

The address of the connection decides, before any header is looked at: with TLS to the proxy its
certificate, too. A header of anybody else is as if it was not there. What a listed proxy passes
on is read once for each certificate; date, issuer and revocation are looked at for each request
(R516), as far as more than a fingerprint is known.
"""

import hmac
import ipaddress
from asyncio import BaseTransport
from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from aiohttp import web

from certs.errors import ForwardedError
from certs.forwarded import Format, parse_forwarded
from certs.light import matches_der
from certs.peers import PeerCertificate, Peers
from runtime.errors import ConfigError
from runtime.http import HTTPError
from vtn.config import Settings
from vtn.proxy.settings import ProxySettings, network_from

if TYPE_CHECKING:
    from certs.trust import Trust

#: Certificates whose header is remembered.
MAX_KNOWN = 20_000
#: Proxies in a row that may have added themselves to the forwarded address.
_MOST_HOPS = 16


class Gate:
    """Reads who calls out of what a proxy says.

    Args:
        section: whose headers count.
        peers: the certificates of the connections.
        trust: judges those in headers; None if the authority of the VENs is not known.
        secret: what each proxy must send; empty for nothing.
    """

    def __init__(
        self,
        section: ProxySettings,
        *,
        peers: Peers,
        trust: "Trust | None" = None,
        secret: str = "",
    ) -> None:
        self._section = section
        self._peers = peers
        self._trust = trust
        self._secret = secret.encode()
        self._format = Format(section.format)
        self._networks = [network_from(one) for one in section.networks]
        self._listed: WeakKeyDictionary[BaseTransport, bool] = WeakKeyDictionary()
        self._known: OrderedDict[bytes, PeerCertificate] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: Settings, peers: Peers) -> "Gate | None":
        """Returns what ``[proxy]`` describes; None without that section.

        Args:
            settings: the configuration.
            peers: the certificates of the connections.

        Raises:
            ConfigError: the secret cannot be read.
            certs.CertsError: the authority or its revocation list cannot be read.
        """
        section, tls = settings.proxy, settings.tls
        if section is None:
            return None
        trust = None
        if tls.ca is not None and section.format != "fingerprint":
            from certs.trust import Trust

            trust = Trust(tls.ca, tls.crl)
        return cls(section, peers=peers, trust=trust, secret=_secret_of(section))

    def certificate_of(self, request: web.BaseRequest) -> PeerCertificate | None:
        """Returns the certificate of whoever calls; None if nothing proves one.

        Raises:
            HTTPError: 403 or 400, what the proxy says proves nobody (R516, R517).
        """
        connection = self._peers.of(request.transport)
        if connection is not None and (problem := self._peers.fault(connection)):
            raise HTTPError(403, problem, rule="R516")
        if not self._is_proxy(request.transport):
            return self._own(request, connection)
        if self._secret and not self._knows_secret(request):
            raise HTTPError(403, "the proxy does not know the secret", rule="R517")
        self._check_verified(request)
        text = _single(request, self._section.header)
        if not text:
            raise HTTPError(403, "the proxy shows no client certificate", rule="R517")
        key = sha256(text.encode(errors="surrogateescape")).digest()
        certificate = self._known.get(key) or self._read(text)
        self._check_trust(certificate)
        # Only what is good is remembered: strangers can show as much as they like.
        self._known[key] = certificate
        self._known.move_to_end(key)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return certificate

    def origin(self, request: web.BaseRequest) -> str:
        """Returns where a request comes from, as far as listed proxies tell.

        With several proxies in a row each adds the address of whoever came to it; the last
        address that is none of theirs is believed, and nothing before it.
        """
        name, transport = self._section.forwarded_header, request.transport
        found = _address_of(transport)
        if not name or not self._is_proxy(transport):
            return found
        entries = ",".join(request.headers.getall(name, ())).rsplit(",", _MOST_HOPS)
        for entry in reversed(entries[-_MOST_HOPS:]):
            address = _plain(entry.strip())
            if not address:
                break
            found = address
            if not self._holds(address):
                break
        return found

    def _own(
        self, request: web.BaseRequest, certificate: PeerCertificate | None
    ) -> PeerCertificate | None:
        """Returns the certificate of a connection that is no proxy's: a VEN may come by itself."""
        if certificate is not None and self._is_certified(certificate):
            raise HTTPError(403, "this is a proxy from an address that is not listed", rule="R517")
        if certificate is None and self._section.header in request.headers:
            name = self._section.header
            raise HTTPError(403, f"{name} counts only from listed proxies", rule="R517")
        return certificate

    def _is_proxy(self, transport: BaseTransport | None) -> bool:
        """Returns whether the other end of a connection is a listed proxy."""
        if transport is None:
            return False
        try:
            return self._listed[transport]
        except KeyError:
            listed = self._listed[transport] = self._looks_like_one(transport)
            return listed

    def _looks_like_one(self, transport: BaseTransport) -> bool:
        address = _address_of(transport)
        if not address or not self._holds(address):
            return False
        if not self._section.certificates:
            return True
        certificate = self._peers.of(transport)
        return certificate is not None and self._is_certified(certificate)

    def _is_certified(self, certificate: PeerCertificate) -> bool:
        der = certificate.der
        listed = self._section.certificates
        return der is not None and any(matches_der(one, der) for one in listed)

    def _holds(self, address: str) -> bool:
        found = ipaddress.ip_address(address)
        return any(found in network for network in self._networks)

    def _knows_secret(self, request: web.BaseRequest) -> bool:
        given = _single(request, self._section.secret_header)
        return hmac.compare_digest(given.encode(errors="replace"), self._secret)

    def _check_verified(self, request: web.BaseRequest) -> None:
        name, expected = self._section.verified_header, self._section.verified_value
        if not name:
            return
        said = _single(request, name)
        if said != expected:
            shown = f"{said[:60]!r}" if said else "nothing"
            raise HTTPError(
                403,
                f"the proxy has verified no client certificate: {name} says {shown}",
                rule="R517",
            )

    def _read(self, text: str) -> PeerCertificate:
        try:
            return parse_forwarded(text, self._format)
        except ForwardedError as error:
            raise HTTPError(400, f"{self._section.header}: {error}", rule="R517") from None

    def _check_trust(self, certificate: PeerCertificate) -> None:
        if certificate.der is None:
            return
        if self._trust is None:
            # Without an authority there may be a revocation list all the same.
            if problem := self._peers.fault(certificate):
                raise HTTPError(403, problem, rule="R516")
            return
        fault = self._trust.fault(certificate.der)
        if fault is not None:
            raise HTTPError(403, fault.words, rule=fault.rule)


def _single(request: web.BaseRequest, name: str) -> str:
    """Returns the value of a header; empty if it is not there.

    Raises:
        HTTPError: 400, it is there twice: the client has brought one along, and the proxy has
            not taken it away.
    """
    values = request.headers.getall(name, ())
    if len(values) > 1:
        raise HTTPError(
            400, f"{name} is there {len(values)} times; the proxy must replace it", rule="R517"
        )
    return values[0].strip() if values else ""


def _address_of(transport: BaseTransport | None) -> str:
    """Returns the IP address at the other end; empty if that is unknown."""
    peer = transport.get_extra_info("peername") if transport is not None else None
    return _plain(str(peer[0])) if isinstance(peer, tuple) and peer else ""


def _plain(text: str) -> str:
    """Returns an IP address in the one form that is compared; empty for what is none."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def _secret_of(section: ProxySettings) -> str:
    if section.secret_file is None:
        return ""
    try:
        secret = section.secret_file.read_text(encoding="utf-8").splitlines()[0].strip()
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", key="proxy.secret_file") from None
    if len(secret) < 16:
        raise ConfigError("expected 16 characters or more", key="proxy.secret_file")
    return secret
