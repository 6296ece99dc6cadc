"""A VTN that runs: it listens, and hands each request to its parts (``vtn.assembly``)."""

import asyncio
import importlib
import ipaddress
import logging
import signal
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from runtime import plugins
from runtime.clock import Clock
from runtime.errors import ConfigError
from runtime.handshakes import Handshakes
from runtime.hooks import HandlerError, Registry
from runtime.listening import HANDSHAKE, Site, own_process
from runtime.middleware import Chain, Middleware
from runtime.noise import http_logger
from runtime.shares import SharedServer
from runtime.tasks import Tasks
from runtime.trace import Traces, Traffic
from vtn.config import DEFAULT_REGISTRATION, Settings, load, passphrase_of
from vtn.errors import InsecureSetup
from vtn.hooks import HOOKS

if TYPE_CHECKING:
    from vtn.assembly import Parts
    from vtn.desk import Desk
    from vtn.dispatch.undelivered import Deliver
    from vtn.endpoint import Endpoint
    from vtn.operator import Operator
    from vtn.store import Store

log = logging.getLogger("openadr.vtn")

#: Real seconds that exchanges and background work get to finish when the server stops.
GRACE = 10.0
#: Real seconds for which the rest of a refused request is read, so that its sender gets
#: to see the answer.
LINGER = 2.0


class Server:
    """One VTN.

    Args:
        settings: the configuration.
        handlers: handler objects; ``from_config`` adds those that the configuration names.
        middleware: see ``add_middleware``.
        clock: the time; that of the configuration if None.
        store: an open database; the configured one is opened if None.
        eager: whether ``start`` waits until the database is open. Where there is nothing
            that could be wrong with it, because it is a new one in memory, the VTN may
            listen first; who comes early waits for a moment.
        deliver: reaches VENs that are pushed to, in place of HTTPS by the configuration.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        handlers: Iterable[object] = (),
        middleware: Iterable[Middleware] = (),
        clock: Clock | None = None,
        store: "Store | None" = None,
        eager: bool = True,
        deliver: "Deliver | None" = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or settings.clock.clock()
        self.tasks = Tasks()
        self._upkeep = Tasks()
        self.hooks = _registry(settings)
        self._middleware = Chain(time_limit=settings.time_limit.total_seconds())
        self._traces = Traces()
        for handler in handlers:
            self.hooks.add(handler)
        for one in middleware:
            self.add_middleware(one)
        self.ssl_context = tls_context(settings)
        if self.ssl_context is not None:
            Handshakes(log).watch(self.ssl_context)
        _check_proxy(settings)
        self.desk: Desk | None = None
        self._endpoint: Endpoint | None = None
        self._given_store = store
        self._eager = eager
        self._deliver = deliver
        self._opening: asyncio.Task[None] | None = None
        self._parts: Parts | None = None
        # A stop that comes while a start is under way waits for it, and the other way round.
        self._turning = asyncio.Lock()
        self._runner: web.BaseRunner | None = None
        self._port = settings.http.port

    @classmethod
    def from_config(cls, path: str | Path, *, handlers: Iterable[object] = ()) -> "Server":
        """Returns the VTN that a ``vtn.toml`` describes.

        Raises:
            runtime.settings.ConfigError: it names the file, the key and what was expected.
            InsecureSetup: it would serve without the protection that it promises.
        """
        settings = load(Path(path))
        given = tuple(handlers)
        return cls(settings, handlers=(*given, *configured_handlers(settings, beside=given)))

    def add_middleware(
        self, middleware: Middleware, *, messages: Collection[type] | None = None
    ) -> None:
        """Puts ``async def middleware(message, ctx, call_next)`` around all services.

        It sees every message that was authenticated, and returns the reply, its own or
        that of ``call_next(message)``. The first that was added is outermost.

        Args:
            middleware: function or object that can be called so.
            messages: classes of the messages that it is for; None means all.

        Raises:
            HandlerError: its signature does not fit.
        """
        self._middleware.add(middleware, messages)

    def add_trace(self, callback: Callable[[Traffic], object]) -> None:
        """Shows ``callback(traffic)`` what comes in and goes out, refused or not.

        Args:
            callback: function or coroutine function; what it raises is logged only.

        Raises:
            HandlerError: its signature does not fit.
        """
        self._traces.add(callback)

    @property
    def url(self) -> str:
        """Where the services are; VENs append the name of the service."""
        scheme = "https" if self.ssl_context else "http"
        http = self.settings.http
        return f"{scheme}://{http.host}:{self._port}{http.path_prefix.rstrip('/')}"

    @property
    def port(self) -> int:
        """Where it listens; the one that was free if the configuration says 0."""
        return self._port

    @property
    def pushing(self) -> int:
        """How many exchanges with VENs that listen are under way, or about to be."""
        return self._parts.pusher.busy if self._parts is not None else 0

    @property
    def operator(self) -> "Operator":
        """What an operator can do; the server must have been started."""
        if self.desk is None:
            raise RuntimeError("the VTN has not been started; await start() first")
        from vtn.assembly import operator_of

        return operator_of(self.desk)

    async def start(self) -> None:
        """Opens the database and listens; returns when VENs can come.

        Raises:
            RuntimeError: it has been started already.
            OSError: the address cannot be listened on.
            vtn.store.StorageError: the database cannot be used.
        """
        async with self._turning:
            if self._opening is not None:
                raise RuntimeError("the VTN has been started already")
            try:
                await self._start()
            except BaseException:
                await self._stop()
                raise

    async def _start(self) -> None:
        self._open_soon()
        if self._eager:
            await self.opened()
        await self._listen()

    def _open_soon(self) -> None:
        if self._opening is None:
            self._opening = asyncio.create_task(self._open_up(), name="opening of the VTN")

    async def opened(self) -> None:
        """Returns when the database is open; the server must have been started.

        Raises:
            RuntimeError: nobody has started it.
            vtn.store.StorageError: the database cannot be used.
        """
        if self._opening is None:
            raise RuntimeError("the VTN has not been started; await start() first")
        await asyncio.shield(self._opening)

    async def _open_up(self) -> None:
        """Opens; what a subclass does beyond that is done before the first answer, too."""
        await self._open()
        if self._parts is not None:
            self._endpoint = self._parts.endpoint

    async def _open(self) -> None:
        """Makes ``desk`` and what will answer requests."""
        if not self._eager:
            # Others, the sockets among them, go on while the modules are loaded.
            await asyncio.to_thread(importlib.import_module, "vtn.assembly")
        from vtn import assembly

        parts = await assembly.open_parts(
            self.settings,
            plugged=assembly.Plugged(
                hooks=self.hooks, middleware=self._middleware, traces=self._traces
            ),
            clock=self.clock,
            tasks=self.tasks,
            secure=self.ssl_context is not None or self.settings.proxy is not None,
            store=self._given_store,
            deliver=self._deliver,
        )
        self._parts, self.desk = parts, parts.desk
        assembly.watch_over(parts, self._upkeep)

    async def _listen(self) -> None:
        self._runner = self._make_runner()
        await self._runner.setup()
        http = self.settings.http
        handshake = min(HANDSHAKE, http.read_timeout.total_seconds())
        site = Site(self._runner, http.host, self._port, tls=self.ssl_context, handshake=handshake)
        await site.start()
        self._port = self._runner.addresses[0][1]

    def _make_runner(self) -> web.BaseRunner:
        """Returns what runs the HTTP server.

        The router and the application of aiohttp would do for each poll what one look into
        a table does.
        """
        # A proxy has all the connections of its clients.
        kind = SharedServer if self.settings.proxy is None else web.Server
        serving = kind(
            self._dispatch,
            access_log=None,
            logger=http_logger("openadr.vtn.http"),
            auto_decompress=False,
            keepalive_timeout=self.settings.http.read_timeout.total_seconds() * 4,
            lingering_time=LINGER,
        )
        return web.ServerRunner(serving, shutdown_timeout=GRACE)

    def _dispatch(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answers one request; the first ones wait until the VTN is open."""
        endpoint = self._endpoint
        return endpoint.dispatch(request) if endpoint is not None else self._dispatch_early(request)

    async def _dispatch_early(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            await self.opened()
        except Exception:
            log.exception("the VTN cannot be opened")
            refusal = web.Response(status=503, text="not available\n")
            refusal.force_close()
            return refusal
        assert self._endpoint is not None  # noqa: S101 - it is open now
        return await self._endpoint.dispatch(request)

    async def stop(self) -> None:
        """Finishes what is in flight, writes down what is left, and closes."""
        async with self._turning:
            await self._stop()

    async def _stop(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            # What is half open cannot be closed.
            await asyncio.wait([opening])
            if not opening.cancelled():
                opening.exception()
        await self._upkeep.close()
        if self._parts is not None:
            self._parts.pusher.halt()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._parts is not None:
            await self._parts.pusher.close(GRACE)
        await self.tasks.drain(GRACE)
        await self.tasks.close()
        desk, self.desk, self._parts, self._endpoint = self.desk, None, None, None
        if desk is None:
            return
        from vtn import assembly

        await assembly.close(desk, keep=self._given_store is not None)

    async def serve(self, *, ready: Callable[[], object] | None = None) -> None:
        """Runs until SIGTERM or SIGINT, then stops in an orderly way.

        Args:
            ready: called once VENs can come.
        """
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        try:
            await self.start()
            own_process()
            if ready is not None:
                ready()
            await stopped.wait()
        finally:
            await self.stop()


def _registry(settings: Settings) -> Registry:
    limits = {name: limit.total_seconds() for name, limit in settings.time_limits.items()}
    try:
        return Registry(HOOKS, time_limit=settings.time_limit.total_seconds(), time_limits=limits)
    except HandlerError as error:
        raise ConfigError(str(error), key="time_limits") from None


def configured_handlers(settings: Settings, *, beside: Iterable[object] = ()) -> list[object]:
    """Returns the handlers that the configuration names, built from their sections.

    Args:
        settings: the configuration.
        beside: handlers of the program; if one of them decides on registrations, it takes
            the place of the bundled one, unless the configuration asks for that by name.
    """
    registration = settings.registration
    found: list[object] = []
    if registration.handler is not None or not _decides_registration(beside):
        found.append(
            plugins.build(
                registration.handler or DEFAULT_REGISTRATION,
                registration.settings,
                key="registration.handler",
                settings="registration.settings",
            )
        )
    for name in settings.reports.handlers:
        section = settings.reports.settings.get(name, {})
        place = f"reports.settings.{name}"
        found.append(plugins.build(name, section, key="reports.handlers", settings=place))
    for name in settings.handlers:
        section = settings.handler_settings.get(name, {})
        place = f"handler_settings.{name}"
        found.append(plugins.build(name, section, key="handlers", settings=place))
    return found


def _decides_registration(handlers: Iterable[object]) -> bool:
    registry = Registry(HOOKS)
    for handler in handlers:
        registry.add(handler)
    return registry.has("on_create_party_registration")


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Returns the server's TLS context; None where plain HTTP is asked for and allowed.

    Raises:
        InsecureSetup: there is no certificate, and plain HTTP is not allowed here.
    """
    tls, http, behind = settings.tls, settings.http, settings.proxy is not None
    if http.plain or http.force_plain:
        # Behind a proxy the certificate is for signing and for calling VENs that listen.
        if tls.certificate is not None and not behind:
            raise InsecureSetup("[http] plain and [tls] certificate contradict each other")
        if not http.force_plain and not behind and not _is_loopback(http.host):
            raise InsecureSetup(
                f"[http] plain is for loopback addresses, not {http.host}; set force_plain "
                "if whoever reaches it may do anything"
            )
        return None
    if tls.certificate is None or tls.key is None or tls.ca is None:
        raise InsecureSetup(
            "[tls] needs certificate, key and ca; for a test bench on this machine set "
            "[http] plain = true"
        )
    # Certificates take libraries that plain HTTP does not need.
    from certs import KeyPair, Profile, TLSFiles, live_server_context

    passphrase = passphrase_of(settings)
    pairs = [KeyPair(certificate=tls.certificate, key=tls.key, passphrase=passphrase)]
    if tls.rsa_certificate is not None and tls.rsa_key is not None:
        pairs.append(
            KeyPair(certificate=tls.rsa_certificate, key=tls.rsa_key, passphrase=passphrase)
        )
    files = TLSFiles(ca=tls.ca, pairs=pairs, crl=tls.crl)
    return live_server_context(files, profile=Profile(tls.profile))


def _check_proxy(settings: Settings) -> None:
    """Checks that a proxy can be told from others, and what it says be judged.

    Raises:
        InsecureSetup: the way to the proxy is not what ``[proxy]`` says.
        ConfigError: the secret cannot be read.
        certs.CertsError: the authority of the VENs cannot be read.
    """
    section, http = settings.proxy, settings.http
    if section is None:
        return
    if http.force_plain:
        raise InsecureSetup("[http] force_plain and [proxy] contradict each other; set plain")
    if http.plain and section.certificates:
        raise InsecureSetup(
            "[proxy] certificates are seen with TLS only; leave them out, or [http] plain"
        )
    if not http.plain and not section.certificates:
        raise InsecureSetup(
            "[proxy] certificates must name that of the proxy, which comes with TLS like "
            "everybody; or set [http] plain, if it comes without"
        )
    from certs.peers import Peers
    from vtn.proxy.gate import Gate

    Gate.from_settings(settings, Peers(crl=settings.tls.crl))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
