"""The repairs by name: what each does, which rule the peer breaks, who allows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Tolerance(StrEnum):
    """How much a party puts up with from a peer; each allows what those before it allow.

    ``strict`` mends nothing. ``repair`` mends what has one meaning only, however it is
    written. ``lenient`` also guesses, and drops what it does not know.
    """

    STRICT = "strict"
    REPAIR = "repair"
    LENIENT = "lenient"

    def allows(self, other: "Tolerance") -> bool:
        """Returns whether this one puts up with all that ``other`` does."""
        order = list(Tolerance)
        return order.index(other) <= order.index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One way to make sense of what a peer has written wrong.

    Attributes:
        name: such as ``"fill-request-id"``; what logs, counts and commands call it.
        words: what it does, in one sentence.
        rule: that the peer breaks; ``"schema"`` where that is the schema alone.
        tolerance: the least one that allows it.
    """

    name: str
    words: str
    rule: str = "schema"
    tolerance: Tolerance = Tolerance.REPAIR


_LENIENT = Tolerance.LENIENT

_ALL = (
    Repair(
        name="leading-space",
        words="White space before the XML declaration is left out.",
    ),
    Repair(
        name="wrap-message",
        words="A message without oadrPayload or oadrSignedObject around it, and without a "
        "signature, is put into them.",
    ),
    Repair(
        name="qualify-attributes",
        words="An attribute without its namespace gets it: schemaVersion becomes "
        "ei:schemaVersion, Id becomes oadr:Id.",
        rule="R509",
    ),
    Repair(
        name="namespace",
        words="An element in another namespace, or in none, gets the one in which it is "
        "known at its place: oadr:duration inside xcal:duration becomes xcal:duration.",
    ),
    Repair(
        name="type-name",
        words="An element that has the name of its type gets its own: oadr:PowerRealType "
        "becomes power:powerReal, emix:itemBase with xsi:type likewise.",
    ),
    Repair(
        name="name-case",
        words="An element whose name is right but for capital letters is taken for it.",
    ),
    Repair(
        name="order",
        words="The children of an element are put into the order of the schema.",
    ),
    Repair(
        name="value-case",
        words="A fixed value that is right but for capital letters and spaces is taken for it: "
        "True, OptIn, direct read, 2.0B, nan.",
    ),
    Repair(
        name="date-time",
        words="A moment with an offset is written in UTC; a blank between date and time, and "
        "seconds that are left out, are put right.",
        rule="R1",
    ),
    Repair(
        name="number",
        words="A whole number or a duration that is written with .0 loses it.",
    ),
    Repair(
        name="drop-empty",
        words="An optional element that holds nothing, and must not, is taken as left out.",
        rule="R46",
    ),
    Repair(
        name="fill-empty-part",
        words="A part that must be there and may be empty is added empty: eiTarget (the whole "
        "VEN), components, oadrPendingReports.",
        rule="R22",
    ),
    Repair(
        name="fill-request-id",
        words="A missing requestID is taken as empty; the reply echoes it so.",
    ),
    Repair(
        name="fill-report-request-id",
        words="A missing reportRequestID is taken as 0 in metadata, and as empty in data, "
        "which then answers no request.",
        rule="R311",
    ),
    Repair(
        name="fill-unit",
        words="A unit without description, symbol, scale or power attributes gets those that "
        "the schema fixes, no scale, and 0 Hz, 0 V, AC for attributes that are not stated.",
    ),
    Repair(
        name="opt-none-in-refusal",
        words="optType none beside an error code is taken as optOut, which says nothing more.",
        rule="R48",
    ),
    Repair(
        name="trim-ids",
        words="White space around an identifier is left out.",
        rule="R512",
    ),
    Repair(
        name="created-event-without-answers",
        words="An oadrCreatedEvent that reports success and answers no event is acknowledged; "
        "no event counts as answered.",
        rule="R35",
    ),
    Repair(
        name="opt-none",
        words="optType none in an answer to an event is taken as optOut: the VEN has not "
        "opted in, and still can.",
        tolerance=_LENIENT,
    ),
    Repair(
        name="fill-ven-id",
        words="A missing venID is that of the VEN whose certificate it is.",
        rule="R508",
        tolerance=_LENIENT,
    ),
    Repair(
        name="fill-default",
        words="A missing part gets the usual value: profile 2.0b, simpleHttp, "
        "modificationNumber 0, signalID 0, an empty market context, a response is required; "
        "what is not stated to be so (report only, signature, on change, report to follow) is "
        "not.",
        tolerance=_LENIENT,
    ),
    Repair(
        name="fill-signal-payload",
        words="An interval of a SIMPLE signal without a value has level 1.",
        rule="R100",
        tolerance=_LENIENT,
    ),
    Repair(
        name="drop-empty-interval",
        words="An interval of a report without a payload is left out.",
        tolerance=_LENIENT,
    ),
    Repair(
        name="drop-unknown-element",
        words="An element that nobody knows at its place is left out, with all that is in it.",
        tolerance=_LENIENT,
    ),
    Repair(
        name="drop-unknown-attribute",
        words="An attribute that nobody knows, or an unknown schemaVersion, is left out.",
        rule="R509",
        tolerance=_LENIENT,
    ),
    Repair(
        name="content-type",
        words="A document that is announced as text/xml, as another kind of XML, or not at "
        "all, is read.",
        rule="R53",
        tolerance=_LENIENT,
    ),
)

#: Every repair by its name, in the order in which they are explained.
REPAIRS: Mapping[str, Repair] = MappingProxyType({repair.name: repair for repair in _ALL})
