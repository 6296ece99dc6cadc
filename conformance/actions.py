"""What a case wants done at the device under test, by whoever can do it.

An operator reads the words of an action, a hook script gets its name and fields as JSON,
an adapter gets the object. What comes of it is said at each class; ``None`` where
nothing does.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from oadr import messages as m
from oadr.enums import OptType, ResponseRequired, SignalType

ZERO = timedelta(0)
CONTEXT = "http://openadr.example/conformance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to be done at the device under test."""

    @property
    def name(self) -> str:
        """What a hook script calls it, such as ``CreateEvent``."""
        return type(self).__name__

    @property
    def words(self) -> str:
        """What an operator is asked to do: the first line of the docstring."""
        return (type(self).__doc__ or "").partition("\n")[0].rstrip(".")


# ---------------------------------------------------------------- at a VTN


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalSpec:
    """A signal of an event.

    Attributes:
        name: such as ``SIMPLE``.
        type: of its values.
        unit: a name of ``oadr.units.MEASUREMENTS``; empty for none.
        symbol: of the unit, where it leaves a choice, such as ``EUR``.
        values: of its intervals.
        each: the length of each interval; 0 with a single value is open-ended.
        assets: classes of devices that it is for (R111).
    """

    name: str = "SIMPLE"
    type: SignalType = SignalType.LEVEL
    unit: str = ""
    symbol: str = ""
    values: tuple[Decimal, ...] = (Decimal(1),)
    each: timedelta
    assets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSpec:
    """An event as an operator of a VTN is asked to create it, for the VEN of the kit.

    Attributes:
        starts_in: from the moment of asking; negative for what has begun already.
        signals: one or more, of the same length in all.
        response_required: whether VENs have to answer.
        priority: 1 is the highest; 0 for none.
        market_context: URI of the programme.
        start_after: each VEN starts at a random moment within it.
        notification: how long ahead a VEN should know.
        ramp_up: before the start.
        recovery: after the end.
        test: whether it is a test event.
        comment: for people.
        target: in place of the VEN itself.
        baseline: whether it has a baseline of the same length.
    """

    starts_in: timedelta
    signals: tuple[SignalSpec, ...]
    response_required: ResponseRequired = ResponseRequired.ALWAYS
    priority: int = 0
    market_context: str = CONTEXT
    start_after: timedelta = ZERO
    notification: timedelta = ZERO
    ramp_up: timedelta = ZERO
    recovery: timedelta = ZERO
    test: bool = False
    comment: str = ""
    target: m.Target | None = None
    baseline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEvent(Action):
    """Create an event for the VEN of the kit.

    Comes to: the eventID; empty if it is not known.
    """

    event: EventSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyEvent(Action):
    """Change an event, so that it becomes as described.

    Attributes:
        event_id: which.
        event: what it is to be.
        keeps_start: whether it begins when it did, and ``starts_in`` does not count.
    """

    event_id: str
    event: EventSpec
    keeps_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelEvent(Action):
    """Cancel an event."""

    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOf(Action):
    """Look up what the VTN shows as the answer of the VEN to an event.

    Comes to: ``"optIn"``, ``"optOut"``, or empty for no answer.
    """

    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSpec:
    """A report as an operator of a VTN is asked to request it.

    Attributes:
        specifier_id: reportSpecifierID that the VEN offered; ``METADATA`` for its offers.
        points: rIDs; empty for all.
        granularity: of sampling; 0 for one-off reports.
        back: how often a report is to come; 0 for once.
        starts_in: of periodic ones, from the moment of asking; negative for history.
        duration: of periodic ones and history; 0 for ever.
    """

    specifier_id: str
    points: tuple[str, ...] = ()
    granularity: timedelta = ZERO
    back: timedelta = ZERO
    starts_in: timedelta = ZERO
    duration: timedelta = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReports(Action):
    """Ask the VEN of the kit for reports, in one message.

    Comes to: a list of the reportRequestIDs; empty if they are not known.
    """

    reports: tuple[ReportSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReports(Action):
    """Cancel reports that the VEN of the kit was asked for.

    Attributes:
        request_ids: their reportRequestIDs.
        follow: whether a final report is wanted (R345).
    """

    request_ids: tuple[str, ...]
    follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReregistration(Action):
    """Have the VTN ask the VEN of the kit to register again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Action):
    """Have the VTN refuse registrations of the VEN of the kit from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit(Action):
    """Have the VTN admit the VEN of the kit again, after it was to refuse it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol(Action):
    """Take in the VEN of the kit, under a certain venID, before it registers (R402)."""

    ven_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings(Action):
    """Look up the readings that the VTN has stored of the VEN of the kit.

    Comes to: a list of pairs, rID and value as text, in the order of time.
    """


# ---------------------------------------------------------------- at a VEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Action):
    """Start the VEN; it is not registered, and registers with the VTN of the kit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(Action):
    """Stop the VEN and start it again, with what it has stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseVenId(Action):
    """Enter a venID at the VEN, for its first registration (R402)."""

    ven_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyMarket(Action):
    """Have the VEN take part in one market context alone; in any, if none is named (R48)."""

    market_context: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register(Action):
    """Have the VEN register anew, without its registrationID (R406)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reregister(Action):
    """Have the VEN register once more, with its registrationID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRegistration(Action):
    """Have the VEN ask what the VTN supports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferReports(Action):
    """Have the VEN send its metadata once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvents(Action):
    """Have the VEN ask for its events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide(Action):
    """Have the VEN answer events like this from now on."""

    opt: OptType


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOpt(Action):
    """Have the VEN change its mind about an event that it has answered, by whatever message."""

    event_id: str
    opt: OptType


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOpt(Action):
    """Have the VEN send an opt schedule.

    Comes to: the optID; empty if it is not known.

    Attributes:
        opt: in or out.
        starts_in: of each time of availability, from now.
        each: how long each is; 0 is open-ended (R210).
        market_context: that it is for; empty for all.
        resources: resourceIDs; empty for all.
    """

    opt: OptType
    starts_in: tuple[timedelta, ...]
    each: timedelta
    market_context: str = ""
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QualifyEvent(Action):
    """Have the VEN opt some of its resources in or out of an event, by oadrCreateOpt."""

    event_id: str
    opt: OptType
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOpt(Action):
    """Have the VEN cancel an opt schedule."""

    opt_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(Action):
    """Look up the events that the VEN carries out or will carry out.

    Comes to: a list of their eventIDs, in any order.
    """


# ---------------------------------------------------------------- at either


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRegistration(Action):
    """Have the device under test cancel the registration."""


#: By name.
ACTIONS: dict[str, type[Action]] = {cls.__name__: cls for cls in Action.__subclasses__()}
