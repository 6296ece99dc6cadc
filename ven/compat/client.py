"""``VEN``: OpenLEADR's constructor, and its way to run."""

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Self

from oadr.enums import OptType
from runtime.clock import Clock
from runtime.fitting import HandlerError
from runtime.lineage import Descendant
from runtime.policy import SignaturePolicy
from ven.client import Client
from ven.compat.attributes import Attributes
from ven.compat.calls import Calls
from ven.compat.events import Events
from ven.compat.handlers import HANDLERS, Handlers
from ven.compat.opts import Opts
from ven.compat.reports import Reports
from ven.compat.traffic import TrafficHooks, Wire
from ven.connection import Connection
from ven.options import Options
from ven.transport import Exchange

if TYPE_CHECKING:
    from ven.config import Settings


class VEN(Descendant, Attributes, Calls, Opts, Events, Reports, Client):  # type: ignore[misc]
    """A VEN with OpenLEADR's constructor, handlers, methods and attributes.

    It counts as an ``openleadr.OpenADRClient``. What is typed, such as hooks with ``ctx``
    and ``meter``, is that of ``ven.client.Client``.

    Args:
        ven_name: what people call it.
        vtn_url: of the VTN, with or without ``/OpenADR2/Simple/2.0b``.
        debug: taken and kept, as OpenLEADR does; the program sets up logging.
        cert: certificate of the VEN (PEM), for TLS and for signing.
        key: its private key (PEM).
        passphrase: opens the key.
        vtn_fingerprint: of the certificate that the VTN signs with. An answer that is not
            signed with it is not used. The certificate of the connection is not compared
            with it; ``connection`` can have that done.
        show_fingerprint: print the fingerprint of ``cert``, which the VTN wants to know.
        ca_file: authority that the VTN's certificate must come from (PEM).
        allow_jitter: whether polls may come a little later than asked.
        ven_id: allocated beforehand by the VTN.
        disable_signature: do not sign although there are certificate and key.
        check_hostname: whether the VTN's certificate must name the host of the URL.
        event_status_log_period: seconds between two looks at whether the status of an
            event has changed, which the log tells; 0 tells nothing.
        events_clean_up_period: for how many seconds an event that is over stays on
            ``received_events``.
        store: file in which everything is remembered; without it a restart forgets.
        state: another name of ``store``.
        options: how it behaves, see ``ven.options``.
        default_opt: answer to events when no handler decides; optOut, with a warning, if
            neither this nor ``options`` are given.
        connection: how the VTN is reached, in place of ``cert`` and what belongs to it.
        clock: tells the time.
        random: source of jitter and random offsets.
        handlers: objects with hook methods, see ``ven.hooks``.
        exchange: reaches the VTN in place of HTTP.

    Raises:
        ValueError: an argument cannot be used.
        OSError: certificate or key cannot be read.
        HandlerError: a handler cannot be used.
    """

    _ancestor: ClassVar[tuple[str, str]] = ("openleadr.client", "OpenADRClient")

    def __init__(
        self,
        ven_name: str,
        vtn_url: str,
        debug: bool = False,
        cert: str | Path | None = None,
        key: str | Path | None = None,
        passphrase: str | None = None,
        vtn_fingerprint: str | None = None,
        show_fingerprint: bool = True,
        ca_file: str | Path | None = None,
        allow_jitter: bool = True,
        ven_id: str | None = None,
        disable_signature: bool = False,
        check_hostname: bool = True,
        event_status_log_period: float = 10,
        events_clean_up_period: float = 300,
        *,
        store: str | Path | None = None,
        state: str | Path | None = None,
        options: Options | None = None,
        default_opt: OptType | str | None = None,
        connection: Connection | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        handlers: Iterable[object] = (),
        exchange: Exchange | None = None,
    ) -> None:
        if store is not None and state is not None and str(store) != str(state):
            raise ValueError(f"store is {store} and state is {state}; give one of them")
        self._undecided = options is None and default_opt is None
        # An OpenLEADR application says itself what it reports, all of it.
        options = options or Options(ven_name=ven_name, status=False)
        if not allow_jitter:
            options = replace(options, poll_jitter=0.0)
        if connection is None:
            if cert is not None and show_fingerprint:
                print(f"Your VEN Certificate Fingerprint is {fingerprint_of(Path(cert))}")  # noqa: T201
            connection = Connection(
                url=vtn_url,
                cert=cert,
                key=key,
                passphrase=passphrase,
                ca_file=ca_file,
                check_hostname=check_hostname,
                sign=cert is not None and not disable_signature,
                signatures=_policy(vtn_fingerprint),
                signature_fingerprint=vtn_fingerprint,
            )
        Client.__init__(
            self,
            ven_name,
            vtn_url,
            options=options,
            ven_id=ven_id,
            default_opt=default_opt,
            state=store or state or ":memory:",
            connection=connection,
            clock=clock,
            random=random,
            exchange=exchange,
        )
        self.debug, self.allow_jitter, self.check_hostname = debug, allow_jitter, check_hostname
        self.cert_path, self.key_path, self.passphrase = cert, key, passphrase
        self.ca_file, self.vtn_fingerprint = ca_file, vtn_fingerprint
        self.event_status_log_period = event_status_log_period
        self.events_clean_up_period = events_clean_up_period
        self.loop: asyncio.AbstractEventLoop | None = None
        self.report_queue_task = None
        self._begin(handlers)

    def _begin(self, handlers: Iterable[object]) -> None:
        """Makes what this class has beside ``Client``."""
        core = self._machine.core
        self._stays = False
        self._scheduler: Any = None
        self._added, self._callbacks, self._shown = [], {}, None
        self._wire = core.exchange = Wire(core.exchange)
        self._traffic = TrafficHooks(core.options.hook_seconds)
        self._named = Handlers(core.hooks, self._stands)
        for handler in handlers:
            self.add_handler(handler)
        for name in HANDLERS:
            if _overrides(type(self), name):
                self._named.add(name, getattr(self, name))

    @classmethod
    def from_config(cls, settings: "Path | str | Settings", **overrides: Any) -> Self:
        """Returns the VEN that a configuration describes; its ``run`` lives until ``stop``.

        Args:
            settings: a ``ven.toml``, or what ``ven.config.load`` made of one.
            overrides: arguments of the constructor that count more.

        Raises:
            ConfigError: it cannot be used; the text names file, key and what was expected.
        """
        ven = super().from_config(settings, **overrides)
        ven._stays = True
        return ven

    # Living on its own

    async def run(self) -> None:
        """Registers, introduces itself, polls once, and lives on in the background.

        It returns when all that is done, or has failed for the first time: it is tried
        again until it works. A VEN made by ``from_config`` lives here until ``stop`` is
        called or the task is cancelled.

        Raises:
            ConfigError: certificate, key or CA cannot be used.
            StateError: the state cannot be used.
            ComplianceError: a meter cannot be offered.
        """
        if self._stays:
            await super().run()
            return
        await self.start()
        stopped = asyncio.ensure_future(self._stopped.wait())
        tried = asyncio.ensure_future(self._machine.session.tried.wait())
        try:
            await asyncio.wait((stopped, tried), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            tried.cancel()

    async def start(self) -> None:
        """Lives on its own from now on, in the background.

        Raises:
            ConfigError: certificate, key or CA cannot be used.
            StateError: the state cannot be used.
            ComplianceError: a meter cannot be offered.
        """
        if self._machine.running:
            return
        self.loop = asyncio.get_running_loop()
        self._decide()
        await super().start()
        if self.event_status_log_period > 0:
            self._machine.core.tasks.start(self._log_statuses(), name="status of events")
        if self._scheduler is not None:
            self._scheduler.start()

    async def _end(self) -> None:
        scheduler = self._scheduler
        if scheduler is not None and scheduler.running:
            scheduler.shutdown(wait=False)
        await super()._end()

    async def _load(self) -> None:
        self._decide()
        await super()._load()

    def _decide(self) -> None:
        """Sees to it that an event that nobody decides about is opted out of, and said so."""
        if self._undecided:
            self._named.add_placeholder()

    @property
    def scheduler(self) -> Any:
        """An ``AsyncIOScheduler`` for the program's own jobs; it runs while the VEN does."""
        if self._scheduler is None:
            from apscheduler.schedulers.asyncio import (  # type: ignore[import-untyped]
                AsyncIOScheduler,
            )

            self._scheduler = AsyncIOScheduler()
            if self._machine.running:
                self._scheduler.start()
        return self._scheduler

    # Handlers

    def add_handler(  # type: ignore[override]
        self,
        handler: object,
        callback: Callable[..., Any] | None = None,
        *,
        function: Callable[..., Any] | None = None,
    ) -> None:
        """Adds one handler by name, or every hook of an object.

        ``on_event`` and ``on_update_event`` get a dict and return ``"optIn"`` or
        ``"optOut"``, unless their last parameter is ``ctx``: then they, and all other
        hooks, get typed values as ``ven.hooks`` says. A second handler for a name takes
        the place of the first; a name that there is not is logged and ignored.

        Args:
            handler: a name, or an object with hook methods.
            callback: function or coroutine function, for a name.
            function: the same.

        Raises:
            HandlerError: wrong signature, or an object's second one to decide.
        """
        callback = callback if callback is not None else function
        if not isinstance(handler, str):
            Client.add_handler(self, handler)
        elif callback is None:
            raise HandlerError(f"add_handler({handler!r}) without a callback; give a function")
        else:
            self._named.add(handler, callback)

    def on_event(self, function: Any) -> Any:
        """Decorator: the function decides about new events, see ``add_handler``.

        Called with an event, it returns what the handler returns.
        """
        return self._decorate("on_event", function)

    def on_update_event(self, function: Any) -> Any:
        """Decorator: the function decides about changed events, see ``add_handler``.

        Called with an event, it returns what the handler returns.
        """
        return self._decorate("on_update_event", function)

    def _decorate(self, name: str, function: Any) -> Any:
        if not callable(function):
            return self._named.ask(name, function)
        self._named.add(name, function)
        return function

    def __setattr__(self, name: str, value: Any) -> None:
        """Takes a handler by assignment, as in ``client.on_event = decide``."""
        if name in HANDLERS:
            self.add_handler(name, value)
        else:
            super().__setattr__(name, value)

    # Looking at the traffic

    @property
    def hooks(self) -> dict[str, list[Callable[..., Any]]]:
        """The functions that see the traffic, by the name of the moment."""
        return self._traffic.functions

    def add_hook(self, hook_name: str, handler: Callable[..., Any]) -> None:
        """Lets a function or coroutine function see what goes out and comes in.

        Args:
            hook_name: one of ``ven.compat.traffic.MOMENTS``.
            handler: gets the text; after ``after_parse_xml`` name and payload.

        Raises:
            ValueError: there is no such moment.
        """
        self._traffic.add(hook_name, handler)

    async def _trace(self, moment: str, what: object) -> None:
        await self._traffic.happened(moment, what)


def fingerprint_of(certificate: Path) -> str:
    """Returns the OpenADR fingerprint of a certificate file (PEM).

    ``certs.fingerprint`` knows all forms of a certificate and takes a library for it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no certificate.
    """
    text = certificate.read_text(encoding="utf-8", errors="replace")
    _, begin, rest = text.partition("-----BEGIN CERTIFICATE-----")
    body, end, _ = rest.partition("-----END CERTIFICATE-----")
    if not begin or not end:
        raise ValueError(f"{certificate} is no certificate; expected a PEM file")
    digest = hashlib.sha256(base64.b64decode("".join(body.split()))).digest()
    return digest[-10:].hex(":").upper()


def _policy(vtn_fingerprint: str | None) -> SignaturePolicy:
    return SignaturePolicy.REQUIRED if vtn_fingerprint else SignaturePolicy.IGNORED


def _overrides(cls: type, name: str) -> bool:
    """Returns whether a subclass of ``VEN`` has a method of its own for a handler."""
    order = cls.__mro__
    return any(name in vars(one) for one in order[: order.index(VEN)])
