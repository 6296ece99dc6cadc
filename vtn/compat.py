"""``VTN``: this project's VTN behind the constructor and methods of openleadr's server.

An application changes one import. Without ``store`` everything is in memory, as with
openleadr; with it, or with a configuration, the same application is durable.
openleadr's own constructor is not called: it writes to class attributes, by which
several servers in one process would meet.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from openleadr.server import OpenADRServer

from oadr import messages as m
from oadr.enums import ReportName
from oadr.report import Offer
from runtime.sections import check
from vtn import legacy
from vtn.config import PATH, Settings, load
from vtn.desk import new_id
from vtn.hooks import Accept, Context, EventAnswer, Refuse, Registration, Update, Wanted
from vtn.operator import Audience
from vtn.server import Server, configured_handlers

log = logging.getLogger("openadr.vtn.compat")

Callback = Callable[..., Any] | asyncio.Future[Any]


# openleadr's class has no annotations; what mypy infers for its attributes is narrower.
class VTN(Server, OpenADRServer):  # type: ignore[misc]
    """A VTN with the public interface of ``openleadr.OpenADRServer``.

    Args:
        vtn_id: how the VTN calls itself; not with ``config``.
        config: a ``vtn.toml``, in place of all other arguments but ``handlers``.
        store: path or URL of the database; in memory if None.
        handlers: typed handler objects.
        force_plain: plain HTTP on an address that is not loopback.

    The other arguments mean what they mean in openleadr.

    Raises:
        runtime.settings.ConfigError: an argument cannot be used.
        InsecureSetup: a certificate without a CA file, or plain HTTP off this machine.
    """

    def __init__(
        self,
        vtn_id: str = "",
        cert: str | None = None,
        key: str | None = None,
        passphrase: str | None = None,
        fingerprint_lookup: Callable[..., Any] | None = None,
        show_fingerprint: bool = True,
        http_port: int = 8080,
        http_host: str = "127.0.0.1",
        http_cert: str | None = None,
        http_key: str | None = None,
        http_key_passphrase: str | None = None,
        http_path_prefix: str = PATH,
        requested_poll_freq: timedelta = timedelta(seconds=10),
        http_ca_file: str | None = None,
        ven_lookup: Callable[..., Any] | None = None,
        verify_message_signatures: bool = True,
        show_server_cert_domain: bool = True,
        *,
        config: str | Path | None = None,
        store: str | Path | None = None,
        handlers: Iterable[object] = (),
        force_plain: bool = False,
    ) -> None:
        if config is not None:
            settings = load(Path(config))
            given = tuple(handlers)
            handlers = (*given, *configured_handlers(settings, beside=given))
        else:
            secret = http_key_passphrase or passphrase
            settings = check(
                {
                    "vtn_id": vtn_id,
                    "http": {
                        "host": http_host,
                        "port": http_port,
                        "path_prefix": http_path_prefix,
                        "plain": http_cert is None and not force_plain,
                        "force_plain": http_cert is None and force_plain,
                    },
                    "tls": {
                        "certificate": http_cert,
                        "key": http_key,
                        "ca": http_ca_file,
                        "passphrase": secret,
                    },
                    "signatures": {
                        "policy": "accepted" if verify_message_signatures else "ignored",
                        "certificate": cert,
                        "key": key,
                    },
                    "registration": {"poll_interval": requested_poll_freq},
                    "store": {"url": _url(store)},
                },
                Settings,
            )
        super().__init__(settings, handlers=handlers, eager=store is not None or config is not None)
        self._before_start: list[Callable[[], Awaitable[None]]] = []
        self._answers: dict[str, Callback] = {}
        self._deliveries: dict[str, Callback] = {}
        self._readers: dict[tuple[str, str, str], Callable[..., Any]] = {}
        self.hooks.add_function("on_created_event", self._answered)
        self.hooks.add_function("on_event_delivered", self._delivered)
        self.hooks.add_function("on_update_report", self._read)

    # ------------------------------------------------------------ running

    async def run(self) -> None:
        """Starts the server and returns; it runs until ``stop``."""
        await self.start()
        for work in self._before_start:
            await work()
        self._before_start.clear()

    async def run_async(self) -> None:
        """Does what ``run`` does."""
        await self.run()

    # ------------------------------------------------------------ handlers

    def add_handler(self, name: str, func: Callable[..., Any]) -> None:
        """Adds a handler by its openleadr name; typed ones take ``ctx`` last.

        Raises:
            NameError: there is no such handler.
            runtime.hooks.HandlerError: its signature does not fit.
        """
        adapters = {
            "on_create_party_registration": self._registration,
            "on_cancel_party_registration": _of_ven,
            "on_register_report": self._offers,
            "on_created_event": _answer,
            "on_poll": _of_ven,
        }
        if name not in self.hooks.hooks:
            known = ", ".join(sorted(self.hooks.hooks))
            raise NameError(f"Unknown handler {name!r}. Correct handler names are: {known}.")
        adapt = adapters.get(name)
        if adapt is not None and not legacy.is_typed(func):
            func = adapt(func)
        self.hooks.add_function(name, func)

    def _registration(self, func: Callable[..., Any]) -> Callable[..., Any]:
        async def on_create_party_registration(
            request: Registration, ctx: Context
        ) -> Accept | Refuse:
            decided = await _await(func(legacy.registration_info(request)))
            if not decided:
                return Refuse(463, "not accepted by this VTN")
            if isinstance(decided, str):
                return Accept(registration_id=decided)
            ven_id, registration_id = decided
            return Accept(ven_id=str(ven_id), registration_id=str(registration_id))

        return _named(on_create_party_registration, func)

    def _offers(self, func: Callable[..., Any]) -> Callable[..., Any]:
        async def on_register_report(offers: tuple[Offer, ...], ctx: Context) -> list[Wanted]:
            found: list[Wanted] = []
            for offer in offers:
                if offer.report_name in (ReportName.TELEMETRY_USAGE, ReportName.TELEMETRY_STATUS):
                    found += await self._ask(func, offer, ctx)
            return found

        return _named(on_register_report, func)

    async def _ask(self, func: Callable[..., Any], offer: Offer, ctx: Context) -> list[Wanted]:
        groups: dict[tuple[timedelta, timedelta], list[str]] = {}
        for point in offer.points:
            unit = point.unit if isinstance(point.unit, m.Unit) else None
            sources = point.data_source.resource_ids if point.data_source else ()
            answer = await _await(
                func(
                    ven_id=ctx.ven_id,
                    resource_id=sources[0] if sources else None,
                    measurement=unit.description if unit else "Status",
                    unit=unit.units if unit else None,
                    scale=str(unit.scale) if unit else None,
                    min_sampling_interval=point.min_period,
                    max_sampling_interval=point.max_period,
                )
            )
            if answer is None:
                continue
            callback, every, *deliver = answer
            self._readers[ctx.ven_id, offer.specifier_id, point.r_id] = callback
            groups.setdefault((every, deliver[0] if deliver else every), []).append(point.r_id)
        return [
            Wanted(
                specifier_id=offer.specifier_id, r_ids=tuple(r_ids), every=every, deliver=deliver
            )
            for (every, deliver), r_ids in groups.items()
        ]

    async def _read(self, update: Update, ctx: Context) -> None:
        series: dict[str, list[tuple[Any, Any]]] = {}
        for reading in update.readings:
            series.setdefault(reading.r_id, []).append((reading.start, _number(reading.value)))
        for r_id, data in series.items():
            callback = self._readers.get((ctx.ven_id, update.specifier_id, r_id))
            if callback is not None:
                await _await(callback(data))

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
            ValueError: a value is not one of OpenADR's, or the intervals are missing.
        """
        if not intervals:
            raise ValueError(f"The intervals must be a list of intervals, you gave: {intervals}")
        event_id = event_id or new_id()
        raw = {
            "event_descriptor": {"event_id": event_id, "market_context": market_context},
            "active_period": {
                "notification_period": notification_period,
                "ramp_up_period": ramp_up_period,
                "recovery_period": recovery_period,
            },
            "event_signals": [
                {
                    "intervals": intervals,
                    "signal_name": signal_name,
                    "signal_type": signal_type,
                }
            ],
            "targets": [target] if target is not None else targets,
            "targets_by_type": targets_by_type,
            "response_required": response_required,
        }
        return self.add_raw_event(ven_id, raw, callback, delivery_callback)

    def add_raw_event(
        self,
        ven_id: str,
        event: Any,
        callback: Callback | None = None,
        delivery_callback: Callback | None = None,
    ) -> str:
        """Adds an event given as an openleadr object or dict and returns its eventID.

        Raises:
            ValueError: it cannot be understood.
        """
        ready = legacy.event_of(event, self.clock.now())
        if callback is not None:
            self._answers[ready.event_id] = callback
        if delivery_callback is not None:
            self._deliveries[ready.event_id] = delivery_callback

        async def publish() -> None:
            now = self.clock.now()
            audience = Audience(vens=frozenset({ven_id}))
            await self.operator.provide(ven_id, now=now)
            await self.operator.create_event(ready, audience, now=now)

        self._soon(publish, f"add event {ready.event_id}")
        return ready.event_id

    def cancel_event(self, ven_id: str, event_id: str) -> None:
        """Cancels an event."""

        async def cancel() -> None:
            await self.operator.cancel_event(event_id, now=self.clock.now())

        self._soon(cancel, f"cancel event {event_id}")

    def _soon(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        if self.desk is None:
            self._before_start.append(work)
        else:
            self.tasks.start(_coroutine(work), name=name)

    async def _answered(self, answer: EventAnswer, ctx: Context) -> None:
        callback = self._answers.get(answer.event_id)
        if isinstance(callback, asyncio.Future):
            if not callback.done():
                callback.set_result(str(answer.opt_type))
        elif callback is not None:
            await _await(
                callback(ven_id=ctx.ven_id, event_id=answer.event_id, opt_type=str(answer.opt_type))
            )

    async def _delivered(self, events: Iterable[m.Event], ctx: Context) -> None:
        for event in events:
            callback = self._deliveries.get(event.event_id)
            if isinstance(callback, asyncio.Future):
                if not callback.done():
                    callback.set_result(event.event_id)
            elif callback is not None:
                await _await(callback(event.event_id))


def _url(store: str | Path | None) -> str:
    text = str(store) if store is not None else ":memory:"
    return text if "://" in text else f"sqlite+aiosqlite:///{text}"


async def _await(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


async def _coroutine(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _named(function: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """Lets an adapter go by the name of what it adapts, for messages."""
    target = getattr(original, "func", original)
    function.__qualname__ = getattr(target, "__qualname__", function.__qualname__)
    function.__module__ = getattr(target, "__module__", function.__module__)
    return function


def _number(value: Any) -> Any:
    return value if isinstance(value, m.ResourceStatus) else float(value)


def _of_ven(func: Callable[..., Any]) -> Callable[..., Any]:
    async def handle(ctx: Context) -> Any:
        return await _await(func(ctx.ven_id))

    return _named(handle, func)


def _answer(func: Callable[..., Any]) -> Callable[..., Any]:
    async def on_created_event(answer: EventAnswer, ctx: Context) -> None:
        await _await(func(ctx.ven_id, answer.event_id, str(answer.opt_type)))

    return _named(on_created_event, func)
