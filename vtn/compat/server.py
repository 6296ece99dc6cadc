"""``VTN``: the server with the constructor and methods of ``openleadr.OpenADRServer``."""

import logging
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from aiohttp import web

from oadr.enums import ServiceName
from runtime.lineage import Descendant
from vtn.compat import handlers as table
from vtn.compat import lookups, wanted
from vtn.compat.application import application_of
from vtn.compat.arguments import Arguments, in_memory, show_certificate
from vtn.compat.backlog import Backlog
from vtn.compat.callbacks import Callbacks
from vtn.compat.calling import Callback, Function
from vtn.compat.ears import Ears
from vtn.compat.events import Events
from vtn.compat.parts import in_utc
from vtn.compat.publishing import Publishing
from vtn.compat.registration import Undecided, default_registration
from vtn.compat.reports import Reports
from vtn.compat.services import services_of
from vtn.compat.setting import Setting, new_id
from vtn.compat.traffic import UNWATCHED, WATCHED, Passing
from vtn.config import PATH, HttpSettings, load
from vtn.server import Server, configured_handlers, tls_context

log = logging.getLogger("openadr.vtn.compat")


class VTN(Server, Descendant):
    """A VTN with the public face of ``openleadr.OpenADRServer``.

    Args:
        vtn_id: how the VTN calls itself; not with ``config``.
        config: a ``vtn.toml``, in place of all other arguments but ``handlers``.
        store: path or URL of the database; in memory if None.
        handlers: typed handler objects.
        force_plain: plain HTTP on an address that is not loopback.

    The other arguments mean what they mean in openleadr.

    Raises:
        TypeError: there is neither ``vtn_id`` nor ``config``.
        FileNotFoundError: a certificate or key is not there.
        runtime.errors.ConfigError: an argument cannot be used.
        InsecureSetup: TLS without a certificate, key or authority, or plain HTTP off this
            machine.
        runtime.hooks.HandlerError: a lookup or a handler does not fit.
    """

    _ancestor: ClassVar[tuple[str, str]] = ("openleadr.server", "OpenADRServer")

    def __init__(
        self,
        vtn_id: str = "",
        cert: str | None = None,
        key: str | None = None,
        passphrase: str | None = None,
        fingerprint_lookup: Function | None = None,
        show_fingerprint: bool = True,
        http_port: int = 8080,
        http_host: str = "127.0.0.1",
        http_cert: str | None = None,
        http_key: str | None = None,
        http_key_passphrase: str | None = None,
        http_path_prefix: str = PATH,
        requested_poll_freq: timedelta = timedelta(seconds=10),
        http_ca_file: str | None = None,
        ven_lookup: Function | None = None,
        verify_message_signatures: bool = True,
        show_server_cert_domain: bool = True,
        *,
        config: str | Path | None = None,
        store: str | Path | None = None,
        handlers: Iterable[object] = (),
        force_plain: bool = False,
    ) -> None:
        given = tuple(handlers)
        if config is not None:
            settings = load(Path(config))
            given = (*given, *configured_handlers(settings, beside=(*given, Undecided())))
        elif not vtn_id:
            raise TypeError("VTN() needs vtn_id, how the VTN calls itself, or config")
        else:
            settings = Arguments(
                vtn_id=vtn_id,
                cert=cert,
                key=key,
                passphrase=passphrase,
                http_port=http_port,
                http_host=http_host,
                http_cert=http_cert,
                http_key=http_key,
                http_key_passphrase=http_key_passphrase,
                http_path_prefix=http_path_prefix,
                requested_poll_freq=requested_poll_freq,
                http_ca_file=http_ca_file,
                verify_message_signatures=verify_message_signatures,
                store=store,
                force_plain=force_plain,
            ).settings()
        memory = in_memory(settings.store.url)
        super().__init__(settings, handlers=given, eager=not memory)
        self._callbacks = Callbacks(given)
        self._backlog = Backlog(self.tasks)
        self._publishing = Publishing(
            lambda: self.operator, lambda: self.clock, None if memory else self._callbacks
        )
        self._events = Events(lambda: self.clock.now(), self._backlog, self._publishing)
        self._reports = Reports()
        self._passing = Passing(self._reports, None if memory else self._publishing)
        self._app: web.Application | None = None
        self._stopped = False
        self.services = services_of(self, self._reports)
        self.add_middleware(self._passing, messages=WATCHED)
        self.hooks.add(Ears(self._events, self._reports))
        if config is not None and not self.hooks.has("on_create_party_registration"):
            decide = default_registration(settings)
            self.hooks.add_function("on_create_party_registration", decide, replace=True)
        lookup = lookups.chosen(ven_lookup, fingerprint_lookup)
        if lookup is not None:
            self.hooks.add_function("ven_lookup", lookup, replace=True)
        if cert and key and config is None:
            show_certificate(
                Path(cert),
                fingerprint=show_fingerprint,
                domain=show_fingerprint and show_server_cert_domain,
            )

    # ------------------------------------------------------------ running

    async def run(self) -> None:
        """Starts the server and returns; it runs until ``stop``."""
        await self.start()
        print(f"Your VTN Server is now running at {self.url}", flush=True)  # noqa: T201 - as openleadr does

    async def run_async(self) -> None:
        """Does what ``run`` does."""
        await self.run()

    async def saved(self) -> None:
        """Returns when every event given so far has been committed.

        ``add_event`` and ``cancel_event`` return at once, as openleadr's do.

        Raises:
            RuntimeError: the server has not been started.
            Exception: why the first event since the last call could not be stored.
        """
        await self.opened()
        await self._backlog.finish()

    async def _open(self) -> None:
        await super()._open()
        desk = self.desk
        assert desk is not None  # noqa: S101 - it has just been opened
        if not self._passing.shows and "openleadr.hooks" in sys.modules:
            self.add_trace(self._passing.show)
            self.add_middleware(self._passing, messages=UNWATCHED)
            self._passing.shows = True
        if not in_memory(self.settings.store.url):
            await self._publishing.restore(desk, self._events, self._reports)
        elif self._stopped:
            self._events.publish_again()
        desk.roster.on_new_ven_ids = self._moved
        await self._backlog.open()

    def _moved(self, moves: Mapping[str, str]) -> None:
        self._events.move(moves)
        self._reports.move(moves)

    async def stop(self) -> None:
        """Finishes what is in flight, writes down what is left, and closes."""
        try:
            await super().stop()
        finally:
            self._stopped = True
            self._backlog.close()

    # ------------------------------------------------------------ handlers

    def add_handler(self, name: str, func: Function) -> None:
        """Adds a handler by OpenLEADR's name for it, in place of the one before.

        A function whose last parameter is ``ctx`` is a typed handler; the others have one
        of the forms that OpenLEADR's three generations know.

        Raises:
            NameError: there is no such handler.
            runtime.hooks.HandlerError: its signature does not fit; it says which would.
        """
        setting = Setting(
            vtn_id=self.settings.vtn_id,
            new_id=new_id,
            keep_reader=self._reports.keep_reader,
            has_reader=self._reports.has_reader,
            forget_readers=self._reports.forget_readers,
        )
        table.add(self.hooks, name, func, setting)
        self._callbacks.add_owner(func)
        if name == "on_poll":
            for service in ("event_service", "poll_service"):
                self.services[service].polling_method = "external"

    def add_callback(self, function: Function, *, name: str = "") -> None:
        """Makes a function known that callbacks are, so that a restart finds it again.

        Needed for functions that cannot be imported, before they are used and in each run.

        Args:
            function: as it is given to ``add_event`` or returned by ``on_register_report``,
                or what a partial of it is of.
            name: what it is kept by; its own name if empty.

        Raises:
            ValueError: another function is known by that name.
        """
        self._callbacks.add(function, name)

    # ------------------------------------------------------------ events

    def add_event(
        self,
        ven_id: str,
        signal_name: str,
        signal_type: str,
        intervals: list[Any],
        callback: Callback | None = None,
        delivery_callback: Callback | None = None,
        event_id: str | None = None,
        targets: Any = None,
        targets_by_type: Any = None,
        target: Any = None,
        response_required: str = "always",
        market_context: str = "oadr://unknown.context",
        notification_period: timedelta | None = None,
        ramp_up_period: timedelta | None = None,
        recovery_period: timedelta | None = None,
        signal_target_mrid: str | None = None,
    ) -> str:
        """Adds an event with one signal for a VEN and returns its eventID.

        Raises:
            ValueError: an argument is not one of OpenADR's, or the event must not be sent.
        """
        wanted.check_arguments(signal_name, signal_type, intervals, response_required)
        event_id = event_id or new_id()
        signal: dict[str, Any] = {
            "intervals": intervals,
            "signal_name": signal_name,
            "signal_type": signal_type,
            "signal_id": new_id(),
        }
        if signal_target_mrid is not None:
            signal["targets"] = [{"end_device_asset": {"mrid": signal_target_mrid}}]
        raw = wanted.raw_event(
            event_id,
            ven_id=ven_id,
            signal=signal,
            targets=(target, targets, targets_by_type),
            market_context=market_context,
            response_required=response_required,
            periods={
                "notification_period": notification_period,
                "ramp_up_period": ramp_up_period,
                "recovery_period": recovery_period,
            },
        )
        ready = wanted.event_of(raw, now=self.clock.now())
        wanted.check_callbacks(ready, callback, delivery_callback)
        in_utc(intervals)
        self._events.add(
            ven_id, ready, raw=raw, callback=callback, delivery_callback=delivery_callback
        )
        return ready.event_id

    def add_raw_event(
        self,
        ven_id: str,
        event: Any,
        callback: Callback | None = None,
        delivery_callback: Callback | None = None,
    ) -> str:
        """Adds an event given as an openleadr object or dict and returns its eventID.

        Raises:
            ValueError: it cannot be understood, or must not be sent.
        """
        ready = wanted.event_of(event, now=self.clock.now())
        wanted.check_callbacks(ready, callback, delivery_callback)
        wanted.complete(event, ready)
        self._events.add(
            ven_id, ready, given=event, callback=callback, delivery_callback=delivery_callback
        )
        return ready.event_id

    def cancel_event(self, ven_id: str, event_id: str) -> None:
        """Cancels an event; the log says so if that VEN or event is not known."""
        self._events.cancel(ven_id, event_id)

    @property
    def events(self) -> dict[str, list[Any]]:
        """VenID -> the events that it has: the application's own objects or dicts.

        Whoever changes one says so with ``events_updated[ven_id] = True``.
        """
        return self._events.view()

    @property
    def events_updated(self) -> dict[str, bool]:
        """VenID -> whether there is news for it; True publishes what has been changed."""
        return self._events.updated

    @property
    def event_callbacks(self) -> dict[str, tuple[Any, Callback]]:
        """EventID -> (event, callback)."""
        return self._events.view_callbacks()

    @property
    def event_delivery_callbacks(self) -> dict[str, Callback]:
        """EventID -> callback."""
        return self._events.delivery_callbacks

    @property
    def registered_reports(self) -> dict[str, list[dict[str, Any]]]:
        """VenID -> the reports that it offers, as dicts."""
        return self._reports.registered

    # ------------------------------------------------------------ HTTP

    @property
    def app(self) -> web.Application:
        """The services as an application of aiohttp, made when it is first asked for.

        ``run`` serves it then; ``web.run_app(server.app)`` and sub-applications do, too.
        """
        if self._app is None:
            self._app = application_of(self)
        return self._app

    def _make_runner(self) -> web.BaseRunner:
        return super()._make_runner() if self._app is None else web.AppRunner(self._app)

    async def app_started(self) -> None:
        """Opens the server whose ``app`` somebody serves."""
        self._open_soon()
        await self.opened()

    async def app_ended(self) -> None:
        """Closes the server whose ``app`` somebody has served."""
        if self._runner is None:
            await self.stop()

    async def serve_at(self, service: str, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request to a service, whatever its address."""
        if self._endpoint is None:
            try:
                await self.opened()
            except Exception:
                log.exception("the VTN cannot be opened")
        if self._endpoint is None:
            return web.Response(status=503, text="not available\n")
        return await self._endpoint.handle(ServiceName(service), request)

    @property
    def app_runner(self) -> web.BaseRunner | None:
        """What serves; None while the server does not run."""
        return self._runner

    @property
    def http_port(self) -> int:
        """Where it listens; once it runs the port that was free, if 0 was asked for."""
        return self._port

    @http_port.setter
    def http_port(self, port: int) -> None:
        self._port = port
        self._change_http(port=port)

    @property
    def http_host(self) -> str:
        """The address that it listens on."""
        return self.settings.http.host

    @http_host.setter
    def http_host(self, host: str) -> None:
        self._change_http(host=host)

    @property
    def http_path_prefix(self) -> str:
        """What stands before the name of a service in its address."""
        return self.settings.http.path_prefix.rstrip("/")

    @http_path_prefix.setter
    def http_path_prefix(self, prefix: str) -> None:
        self._change_http(path_prefix=prefix)

    def _change_http(self, **changes: Any) -> None:
        http: HttpSettings = replace(self.settings.http, **changes)
        settings = replace(self.settings, http=http)
        if self.ssl_context is None:
            # Plain HTTP on another address is as much a decision as it is at first.
            tls_context(settings)
        self.settings = settings
