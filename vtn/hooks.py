"""What a handler of the VTN may implement.

A handler is a plain object; it implements any of these methods, typed as here. Each
hook that is absent has a documented default. Protocol correctness is not in a
handler's hands: it decides or watches, the service makes the exchange.

``Context`` comes last, always. A handler that raises an ``oadr.errors.ProtocolError``
refuses the exchange with that error's code; any other failure costs its own exchange
code 469 and nothing else.
"""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from oadr import messages as m
from oadr.enums import OptType
from oadr.opt import Participation, Policy
from oadr.report import DataPoint, Offer, Reading, RequestKind
from runtime.clock import Clock
from runtime.hooks import Hook, default

if TYPE_CHECKING:
    from vtn.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Whom an exchange concerns, and what a handler may use.

    Attributes:
        ven_id: of the VEN; empty while it has none.
        ven_name: its name, as enrolled or as it calls itself.
        fingerprint: of its certificate (20 digits); empty on plain HTTP.
        received_at: when the message arrived.
        store: the VTN's database.
        clock: the VTN's clock.
        log: writes lines that name the VEN.
        after_reply: runs a coroutine once the reply is out; its errors are logged.
        opt_policy: what the programme makes of opts, ``[opts]`` (R201).
    """

    ven_id: str
    ven_name: str
    fingerprint: str
    received_at: datetime
    store: "Store"
    clock: Clock
    log: "logging.LoggerAdapter[logging.Logger]"
    after_reply: Callable[[Coroutine[Any, Any, Any]], None]
    opt_policy: Policy = field(default_factory=Policy)

    async def participation(self, event_id: str) -> Participation | None:
        """Returns whether this VEN takes part in an event, and why; None if it has no such one.

        Schedules, qualifications and answers are weighed as ``[opts]`` says. For all VENs
        of an event see ``vtn.participation.participations``.
        """
        from vtn.participation import participation_of

        return await participation_of(
            self.store, event_id, ven_id=self.ven_id, policy=self.opt_policy
        )


# ---------------------------------------------------------------- identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an application knows of a VEN.

    Attributes:
        ven_name: for a VEN that the VTN's own database does not have.
        fingerprint: of its certificate, 20 digits or SHA-256 of 64; empty if the
            application does not know it. Over TLS it is the only proof that counts for a
            VEN that the database does not have with that certificate.
        registration_id: for a VEN that the VTN's own database does not have as registered.
        registered: None leaves it to the VTN's own database; False makes the VEN register
            again; True takes it over as registered if the database says otherwise.
    """

    ven_name: str = ""
    fingerprint: str = ""
    registration_id: str = ""
    registered: bool | None = None

    def __post_init__(self) -> None:
        for name in ("ven_name", "fingerprint", "registration_id"):
            if not isinstance(value := getattr(self, name), str):
                raise TypeError(f"Known: {name} is {value!r}, expected a string")
        if self.registered not in (None, True, False):
            raise TypeError(f"Known: registered is {self.registered!r}, expected True, False, None")


class IdentityHandler:
    """Who the VENs are, where an application keeps the books about them."""

    @default
    async def ven_lookup(self, ven_id: str, ctx: Context) -> Known | None:
        """Decides whether a VEN is known, for each message but those that register.

        It is also asked about the venID that a VEN claims which registers over TLS with a
        certificate that is not enrolled.

        ``ven_id`` is that of the message, ``ctx`` tells what the connection proves. None
        refuses the message with 463; a poll is answered with oadrRequestReregistration.
        With such a handler, a VEN that registers again is decided on by
        ``on_create_party_registration``. Default: the VTN's own database decides.
        """
        return Known()


# ---------------------------------------------------------------- registration


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A VEN that wants to register.

    Attributes:
        message: its oadrCreatePartyRegistration.
        ven_name: as it calls itself; may be empty.
        fingerprint: of its certificate; empty on plain HTTP.
        enrolled: whether the certificate (on plain HTTP: the name or venID) belongs to
            a VEN that the operator has enrolled.
        name_taken: whether another enrolled VEN has that name.
    """

    message: m.CreatePartyRegistration
    ven_name: str
    fingerprint: str
    enrolled: bool
    name_taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """A registration is accepted.

    Attributes:
        ven_id: the venID to give to the VEN. None leaves it the one that it has; a VEN
            that is not enrolled gets the one that it brings, or one that is made up.
            One that is unknown so far, or that events have been given for and nobody has
            registered under, also becomes that of a VEN that is enrolled under another:
            what waits for either is the VEN's, and its events, readings, groups and
            certificates stay. That of another VEN is refused with 452. A VEN that calls
            itself otherwise than it is enrolled keeps its own. A VEN that is configured
            with a venID has to be given that one.
        registration_id: made up if None. When a registration is renewed, handlers are
            asked only where there is a ``ven_lookup``; without one, both IDs stay.
    """

    ven_id: str | None = None
    registration_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """Something is refused.

    Attributes:
        code: 400 to 499, see ``oadr.errors``.
        reason: words for the peer.
    """

    code: int = 463
    reason: str = "not accepted by this VTN"


class RegistrationHandler:
    """Hooks of EiRegisterParty."""

    @default
    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        """Decides on a registration. Default: whoever is enrolled is accepted."""
        return Accept() if request.enrolled else Refuse(463, "this certificate is not enrolled")

    @default
    async def on_query_registration(
        self, query: m.QueryRegistration, ctx: Context
    ) -> m.CreatedPartyRegistration | None:
        """Decides what a VEN is told that asks what the VTN supports.

        Profiles, poll frequency, service information and extensions count; response, IDs
        and vtnID stay the VTN's. Default, and for None: the VTN's own answer.
        """
        return None

    @default
    async def on_cancel_party_registration(self, ctx: Context) -> None:
        """Watches a VEN leave, after its registration has been erased."""


# ---------------------------------------------------------------- event


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAnswer:
    """What a VEN says to an event.

    Attributes:
        event_id: the event.
        modification_number: the version of it that is answered.
        opt_type: whether the VEN takes part.
        code: 200, or why the VEN cannot.
        description: its words.
        resource_ids: for an oadrCreateOpt, the resources it is about; empty means all.
        device_classes: for an oadrCreateOpt, the devices it is about; empty means all.
    """

    event_id: str
    modification_number: int
    opt_type: OptType
    code: int = 200
    description: str = ""
    resource_ids: frozenset[str] = frozenset()
    device_classes: frozenset[str] = frozenset()


class EventHandler:
    """Hooks of EiEvent."""

    @default
    async def on_request_event(self, ctx: Context) -> Sequence[m.Event] | None:
        """Brings in events of an application when a VEN asks for its events.

        They are stored before the VEN gets the whole of its events: a new eventID is
        created for this VEN, changed content or a higher modification number modifies,
        status ``cancelled`` cancels, and what is as it was stays as it is. From then on the
        VTN repeats them until they are answered. An event that is not returned any more
        goes on until it is over; return it as cancelled to end it. One that a VTN must not
        send costs 469. Default, and for None: the events that the VTN has.
        """
        return None

    @default
    async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
        """Watches an answer to an event, after it has been stored; also a later change of it."""

    @default
    async def on_event_delivered(self, events: Sequence[m.Event], ctx: Context) -> None:
        """Watches events go out to a VEN; each delivery of each event, repetitions too."""


# ---------------------------------------------------------------- report


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A report that the VTN wants of a VEN.

    Attributes:
        specifier_id: one of the offers.
        r_ids: data points; None means all of the offer.
        every: sampling, within what is offered; 0 means on change.
        deliver: how often it is reported; 0 means once.
        duration: for how long; 0 means for ever.
        start: of the first report; None means now.
    """

    specifier_id: str
    r_ids: tuple[str, ...] | None = None
    every: timedelta
    deliver: timedelta
    duration: timedelta = timedelta(0)
    start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Readings that have been stored.

    Attributes:
        report_request_id: the request that they answer.
        specifier_id: the report.
        report_name: such as ``TELEMETRY_USAGE``.
        readings: one or more, oldest first.
        points: what they are readings of, by rID: unit, kind, resources.
    """

    report_request_id: str
    specifier_id: str
    report_name: str
    readings: tuple[Reading, ...]
    points: Mapping[str, DataPoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedReport:
    """A report that a VEN will not give.

    Attributes:
        report_request_id: the request, as ``vtn report list --all`` shows it.
        specifier_id: the report.
        code: why: 452 for what it does not offer, 454 for more than it offers, 461 for
            what it cannot do, or another.
        description: its words.
    """

    report_request_id: str
    specifier_id: str
    code: int
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """Readings that the VTN owes a VEN.

    Attributes:
        request: as the VEN made it.
        offer: what it is a request for, one of those of ``on_offer_reports``.
        kind: one-shot, periodic, on change or history.
        start: of the readings; for a one-shot the moment itself.
        end: the first moment after.
    """

    request: m.ReportRequest
    offer: Offer
    kind: RequestKind
    start: datetime
    end: datetime


class ReportHandler:
    """Hooks of EiReport."""

    @default
    async def on_register_report(
        self, offers: Sequence[Offer], ctx: Context
    ) -> Sequence[Wanted] | None:
        """Decides which reports to request; None for the default, ``[reports] request``."""
        return None

    @default
    async def on_offer_reports(self, ctx: Context) -> Sequence[Offer] | None:
        """Decides what the VTN itself offers to a VEN as reports.

        It is asked when the VEN registers and when the VEN asks for METADATA, and from
        time to time whether something has changed; then the VEN is told. Default, and for
        None: the VTN offers no reports of its own.
        """
        return None

    @default
    async def on_collect_readings(self, wanted: Collect, ctx: Context) -> Sequence[Reading]:
        """Decides which readings go into a report of the VTN.

        Readings of any data points of the offer, in any order, finer than asked for if need
        be; those that overlap the time. For a one-shot the latest of each data point, on
        change also the last one before the time. The VTN samples them, marks what is missing
        (R318) and sends the report. Default: none.
        """
        return ()

    @default
    async def on_request_report(
        self, request: m.CreateReport, ctx: Context
    ) -> Sequence[m.Report] | None:
        """Decides what a VEN gets that asks for reports that the VTN has not offered it.

        The reports, each with the reportRequestID that it answers, go out once, in one
        oadrUpdateReport that is repeated until the VEN confirms it. Default, and for None:
        the VTN offers no reports, 452.
        """
        return None

    @default
    async def on_created_report(self, pending: Sequence[str], ctx: Context) -> None:
        """Watches a VEN confirm requests; ``pending`` lists all that it serves."""

    @default
    async def on_refused_report(self, refused: RefusedReport, ctx: Context) -> None:
        """Watches a VEN refuse a request, which is not made again by itself."""

    @default
    async def on_update_report(self, update: Update, ctx: Context) -> None:
        """Watches readings, after they have been stored."""


# ---------------------------------------------------------------- opt, poll


class OptHandler:
    """Hooks of EiOpt."""

    @default
    async def on_create_opt(self, opt: m.CreateOpt, ctx: Context) -> None:
        """Watches an opt schedule or event qualification, after it has been stored."""

    @default
    async def on_cancel_opt(self, opt_id: str, ctx: Context) -> None:
        """Watches opt schedules end."""


class PollHandler:
    """Hooks of OadrPoll."""

    @default
    async def on_poll(self, ctx: Context) -> m.Message | m.Event | Sequence[m.Event] | None:
        """Decides what a VEN gets when the VTN itself has nothing for it. Default: nothing.

        A message goes out once, as it is. Events, on their own, in a sequence or in an
        oadrDistributeEvent, are stored first, as those of ``on_request_event``; the VEN
        gets all of its events if one of them is new, changed or due for repetition, and
        otherwise nothing.
        """
        return None

    @default
    async def on_ven_online(self, ctx: Context) -> None:
        """Watches a VEN poll again after it had been offline."""

    @default
    async def on_ven_offline(self, ctx: Context) -> None:
        """Watches a VEN miss three polls in a row (``[registration] offline_after``)."""


HOOKS = (
    Hook(
        name="ven_lookup",
        parameters=("ven_id", "ctx"),
        returns=(Known, type(None)),
        deciding=True,
    ),
    Hook(
        name="on_query_registration",
        parameters=("query", "ctx"),
        returns=(m.CreatedPartyRegistration, type(None)),
        deciding=True,
    ),
    Hook(
        name="on_create_party_registration",
        parameters=("request", "ctx"),
        returns=(Accept, Refuse),
        deciding=True,
    ),
    Hook(name="on_cancel_party_registration", parameters=("ctx",)),
    Hook(
        name="on_request_event",
        parameters=("ctx",),
        returns=(list, tuple, type(None)),
        items=(m.Event,),
        deciding=True,
    ),
    Hook(name="on_created_event", parameters=("answer", "ctx")),
    Hook(name="on_event_delivered", parameters=("events", "ctx")),
    Hook(
        name="on_register_report",
        parameters=("offers", "ctx"),
        returns=(list, tuple, type(None)),
        deciding=True,
    ),
    Hook(
        name="on_offer_reports",
        parameters=("ctx",),
        returns=(list, tuple, type(None)),
        items=(Offer,),
        deciding=True,
    ),
    Hook(
        name="on_collect_readings",
        parameters=("wanted", "ctx"),
        returns=(list, tuple),
        items=(Reading,),
        deciding=True,
    ),
    Hook(
        name="on_request_report",
        parameters=("request", "ctx"),
        returns=(list, tuple, type(None)),
        items=(m.Report,),
        deciding=True,
    ),
    Hook(name="on_created_report", parameters=("pending", "ctx")),
    Hook(name="on_refused_report", parameters=("refused", "ctx")),
    Hook(name="on_update_report", parameters=("update", "ctx")),
    Hook(name="on_create_opt", parameters=("opt", "ctx")),
    Hook(name="on_cancel_opt", parameters=("opt_id", "ctx")),
    Hook(
        name="on_poll",
        parameters=("ctx",),
        returns=(*m.MESSAGES.values(), m.Event, list, tuple, type(None)),
        items=(m.Event,),
        deciding=True,
    ),
    Hook(name="on_ven_online", parameters=("ctx",)),
    Hook(name="on_ven_offline", parameters=("ctx",)),
)
