"""``VTN``: the server with the constructor and methods of ``openleadr.OpenADRServer``."""

import sys
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from runtime.lineage import Descendant
from vtn.compat import handlers as table
from vtn.compat import lookups
from vtn.compat.arguments import Arguments, in_memory, show_certificate
from vtn.compat.backlog import Backlog
from vtn.compat.callbacks import Callbacks
from vtn.compat.calling import Function
from vtn.compat.ears import Ears
from vtn.compat.events import Events
from vtn.compat.giving import Giving
from vtn.compat.publishing import Publishing
from vtn.compat.registration import Undecided, default_registration
from vtn.compat.reports import Reports
from vtn.compat.services import services_of
from vtn.compat.serving import AppServer
from vtn.compat.setting import Setting, new_id
from vtn.compat.traffic import UNWATCHED, WATCHED, Passing
from vtn.config import PATH, load
from vtn.server import configured_handlers


class VTN(Giving, AppServer, Descendant):
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

    # ------------------------------------------------------------ reports

    @property
    def registered_reports(self) -> dict[str, list[dict[str, Any]]]:
        """VenID -> the reports that it offers, as dicts."""
        return self._reports.registered
