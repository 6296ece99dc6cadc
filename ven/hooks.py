"""What a program may decide or watch in a VEN.

Subclass one or more of the handler classes, or write a plain class with some of their
methods, and add an instance with ``Client.add_handler``. A hook that you leave out has
the default that its docstring names. ``Context`` comes last in every hook.

A handler that raises, takes longer than the time limit or returns something else than
the hook allows costs its own exchange an answer with an error code, and nothing else:
for an event that is optOut with code 469 (R19, R48).
"""

import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from oadr.enums import OptType
from oadr.messages import CancelOpt, CreateOpt, Event, Report, ReportRequest
from oadr.opt import Participation
from oadr.report import Offer, Reading
from runtime.clock import Clock
from runtime.hooks import Hook, default

#: What a hook that decides about an event may return; None is the default policy.
Opt = OptType | str | None


class Moment(StrEnum):
    """What happens to an interval when ``on_interval`` is called."""

    START = "start"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalCall:
    """The interval that ``on_interval`` is called for.

    Attributes:
        moment: whether it starts or ends.
        index: its number, from 0.
        signal_name: such as ``"SIMPLE"``.
        signal_id: which of the event's signals.
        value: its payload; while it ends, what was in force until now.
        start: when it starts at this VEN, the random offset included.
        duration: how long it lasts, 0 for ever.
        resumed: called again because the VEN was restarted while it runs.
    """

    moment: Moment
    index: int
    signal_name: str
    signal_id: str
    value: Decimal
    start: datetime
    duration: timedelta
    resumed: bool = False

    @property
    def level(self) -> int | float:
        """What to act on now: the payload at the start, 0 at the end."""
        if self.moment is Moment.END:
            return 0
        whole = int(self.value)
        return whole if whole == self.value else float(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a hook may want to know beside its subject.

    Attributes:
        ven_id: of this VEN; empty while it is not registered.
        vtn_id: of the VTN; empty while not registered.
        received_at: when the message came, or when a step of the schedule was due.
        clock: tells the time that the VEN goes by.
        log: for one line about what was decided.
        after_reply: runs a coroutine when the exchange is over; its errors are logged.
        participation: for a hook that decides about an event, what the schedules and opts of
            this VEN make of it. Where they say that the VEN is out they count before what
            the hook returns; where parts of it are out, the hook may want to know.
    """

    ven_id: str
    vtn_id: str
    received_at: datetime
    clock: Clock
    log: logging.Logger = field(default=logging.getLogger("openadr.ven.handler"), repr=False)
    after_reply: Callable[[Coroutine[Any, Any, Any]], None] = field(repr=False)
    participation: Participation | None = None


class EventHandler:
    """Decides about events and carries them out."""

    @default
    async def on_event(self, event: Event, ctx: Context) -> Opt:
        """Decides whether to take part in a new event.

        Returns ``"optIn"``, ``"optOut"``, or None for the default policy. Default: the
        policy of the configuration, optIn if it says nothing. Raise a
        ``oadr.errors.ProtocolError`` to answer with its code and optOut.
        """
        return None

    @default
    async def on_update_event(self, event: Event, ctx: Context) -> Opt:
        """Decides about a modification of an event.

        Default: ``on_event`` is asked; without one the earlier answer stands.
        """
        return None

    @default
    async def on_cancel_event(self, event: Event, ctx: Context) -> Opt:
        """Learns that an event is cancelled, or gone from the VTN's list.

        Returns ``"optOut"`` to tell the VTN that the event cannot be stopped (R36); the
        local schedule goes on then. Default: the event stops, at a random moment if it
        was started so (R65).
        """
        return None

    @default
    async def on_notification(self, event: Event, ctx: Context) -> None:
        """Learns that an event is near: the notification time before its start has come.

        Default: nothing. Events that give no such time, or come later than that, are told
        by ``on_event`` alone; those that this VEN opted out of are not told.
        """

    @default
    async def on_interval(self, event: Event, interval: IntervalCall, ctx: Context) -> None:
        """Acts at the start and at the end of an interval. Default: nothing."""


class ReportHandler:
    """Watches what is reported."""

    @default
    async def on_report_requested(self, request: ReportRequest, ctx: Context) -> None:
        """Learns of a request that was accepted. Default: nothing.

        Raise a ``oadr.errors.ProtocolError`` to refuse it.
        """

    @default
    async def on_report_sent(self, reports: Sequence[Report], ctx: Context) -> None:
        """Learns that the VTN has confirmed reports. Default: nothing."""

    @default
    async def on_report_cancelled(self, report_request_id: str, ctx: Context) -> None:
        """Learns that a report is no longer wanted. Default: nothing."""


class RequesterHandler:
    """Takes reports of the VTN: the VEN as the one that asks."""

    @default
    async def on_vtn_offers(self, offers: Sequence[Offer], ctx: Context) -> None:
        """Learns what the VTN offers to report, each time that it says so. Default: nothing.

        ``Client.request_report`` asks for it. What was asked for before need not be asked
        for again.
        """

    @default
    async def on_vtn_reports(
        self, request: ReportRequest, readings: Sequence[Reading], ctx: Context
    ) -> None:
        """Takes the readings of a report of the VTN, before it is confirmed. Default: nothing.

        Readings come once, and again only if they were corrected, or if this VEN was killed
        in the middle of it. All are kept: ``Client.vtn_readings``.
        """


class OptHandler:
    """Watches opts."""

    @default
    async def on_opt_refused(self, opt: CreateOpt | CancelOpt, reason: str, ctx: Context) -> None:
        """Learns that the VTN does not take an opt of which it was told later. Default: nothing.

        Whoever makes an opt while the VTN answers gets an exception instead.
        """


class RegistrationHandler:
    """Watches the registration."""

    @default
    async def on_registered(self, registration_id: str, ctx: Context) -> None:
        """Learns that the VEN is registered, anew or again. Default: nothing."""

    @default
    async def on_unregistered(self, reason: str, ctx: Context) -> None:
        """Learns that the registration has ended. Default: nothing."""


def opt_of(decision: Opt) -> OptType | None:
    """Returns what a hook decided; None for the default policy.

    Raises:
        ValueError: it is neither optIn nor optOut.
    """
    return None if decision is None else OptType(decision)


_OPT = (OptType, str, type(None))
HOOKS = (
    *(
        Hook(name=name, parameters=("event", "ctx"), returns=_OPT, read=opt_of, deciding=True)
        for name in ("on_event", "on_update_event", "on_cancel_event")
    ),
    Hook(name="on_notification", parameters=("event", "ctx")),
    Hook(name="on_interval", parameters=("event", "interval", "ctx")),
    Hook(name="on_report_requested", parameters=("request", "ctx")),
    Hook(name="on_report_sent", parameters=("reports", "ctx")),
    Hook(name="on_report_cancelled", parameters=("report_request_id", "ctx")),
    Hook(name="on_vtn_offers", parameters=("offers", "ctx")),
    Hook(name="on_vtn_reports", parameters=("request", "readings", "ctx")),
    Hook(name="on_opt_refused", parameters=("opt", "reason", "ctx")),
    Hook(name="on_registered", parameters=("registration_id", "ctx")),
    Hook(name="on_unregistered", parameters=("reason", "ctx")),
)
