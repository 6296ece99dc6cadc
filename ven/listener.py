"""The VEN's own HTTPS server, for what the VTN pushes (section 9.1).

Four addresses, below ``<prefix>/OpenADR2/Simple/2.0b/``: EiEvent, EiReport, EiRegisterParty
and EiOpt; there is no OadrPoll at a VEN. Mutual TLS: the VEN shows its certificate, and only
the VTN's may speak; everybody else gets 403 before a byte of the body is looked at. The
certificate is looked at for each request, so one that expires counts on connections that
are open (R516).

Spec: rules 53, 67, 511 and 516; section 2.12.
"""

import logging
import ssl
from collections.abc import Callable

from aiohttp import web

from certs.peers import Peers, certificate_of
from oadr.enums import ServiceName
from runtime.errors import ConfigError
from runtime.http import HTTPError, check_head, read_body
from runtime.listening import HANDSHAKE, Site, send
from runtime.noise import http_logger
from runtime.shares import SharedServer
from ven.engine.told import Told
from ven.inbox import Inbox, Reply, not_the_vtn, too_long
from ven.options import PATH
from ven.push import Listening, is_loopback

log = logging.getLogger("openadr.ven")
#: Real seconds that exchanges get to finish when the VEN stops.
GRACE = 10.0
#: Real seconds for which the rest of a refused request is read, so that its sender gets
#: to see the answer.
LINGER = 2.0
#: Real seconds that a peer may take to read an answer, which is short.
_WRITE = 5.0
_SERVICES = tuple(service for service in ServiceName if service is not ServiceName.OADR_POLL)


class Listener:
    """Listens for one VEN.

    Args:
        listening: where.
        inbox: takes what comes.
        context: the server's TLS; None for plain HTTP, on a loopback address only.
        stranger: called when a certificate of the right authority is not the VTN's.
        peers: knows the certificates of those who call.

    Raises:
        ConfigError: plain HTTP, and the address can be reached from elsewhere.
    """

    def __init__(
        self,
        listening: Listening,
        inbox: Inbox,
        *,
        context: ssl.SSLContext | None,
        stranger: Callable[[], None],
        peers: Peers | None = None,
    ) -> None:
        if context is None and not is_loopback(listening.host):
            raise ConfigError(
                f"plain HTTP on {listening.host} would let anybody push; expected a loopback "
                "address, or certificates in [tls]",
                key="push.host",
            )
        self._listening = listening
        self._inbox = inbox
        self._context = context
        self._stranger = stranger
        self._peers = peers or Peers()
        self._told = Told()
        base = listening.path_prefix.rstrip("/") + PATH
        self._services = {f"{base}/{service}": service for service in _SERVICES}
        self._runner: web.ServerRunner | None = None

    @property
    def port(self) -> int:
        """Where it listens; the one that was free if 0 was asked for."""
        addresses = self._runner.addresses if self._runner is not None else ()
        return int(addresses[0][1]) if addresses else self._listening.port

    async def open(self) -> None:
        """Listens from now on.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        seconds = self._listening.read_timeout.total_seconds()
        server = SharedServer(
            self._dispatch,
            access_log=None,
            logger=http_logger("openadr.ven.http"),
            auto_decompress=False,
            keepalive_timeout=seconds * 4,
            lingering_time=LINGER,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=GRACE)
        await self._runner.setup()
        where = self._listening
        site = Site(
            self._runner,
            where.host,
            where.port,
            tls=self._context,
            handshake=min(HANDSHAKE, seconds),
        )
        try:
            await site.start()
        except OSError as error:
            await self.close()
            problem = f"cannot listen on {where.host} port {where.port}: {error.strerror or error}"
            raise ConfigError(problem, key="push.port") from None

    async def close(self) -> None:
        """Listens no more; what is in flight is finished."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _dispatch(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request, whatever it is."""
        try:
            fingerprint = self._identify(request)
            service, data = await self._read(request)
        except HTTPError as error:
            # Whoever is turned away must not write our log by coming again and again.
            error.quiet = error.status == 403 and not self._told.new(str(error))
            return _response(self._inbox.refused(error, target=f"{request.method} {request.path}"))
        async with self._inbox.exchange(service, data, fingerprint=fingerprint) as reply:
            response = _response(reply)
            # What the answer announces starts when it is out.
            await send(request, response, seconds=_WRITE)
        return response

    def _identify(self, request: web.BaseRequest) -> str:
        """Returns the fingerprint of the VTN that calls; empty over plain HTTP.

        Raises:
            HTTPError: 403, it is not the VTN.
        """
        if self._context is None:
            return ""
        certificate, der = self._peers.of(request.transport), certificate_of(request.transport)
        if certificate is None or der is None:
            raise HTTPError(403, "the connection has no client certificate", rule="R517")
        if fault := self._peers.fault(certificate):
            raise HTTPError(403, fault, rule="R516")
        if not self._inbox.peer.knows(der):
            if not self._inbox.peer.fixed:
                self._stranger()
            raise not_the_vtn(certificate.fingerprint)
        return certificate.fingerprint

    async def _read(self, request: web.BaseRequest) -> tuple[ServiceName, bytes]:
        """Returns the service of the address and the document.

        Raises:
            HTTPError: there is no message in the request.
        """
        if request.method != "POST":
            raise HTTPError(501, "only POST is implemented")
        service = self._services.get(request.path)
        if service is None:
            raise HTTPError(404, "there is no service at this address", rule="R511")
        check_head(request)
        most, seconds = self._inbox.max_bytes, self._listening.read_timeout.total_seconds()
        data = await read_body(request, most=most, seconds=seconds, too_long=too_long(most))
        return service, data


def _response(reply: Reply) -> web.Response:
    response = web.Response(status=reply.status, body=reply.body, headers=reply.headers)
    if reply.status == 403:
        # R516: the connection ends, and only another handshake makes one that is believed.
        response.force_close()
    return response
