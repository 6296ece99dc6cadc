"""EiEvent: the rules that profile 2.0b adds (R100 to R116)."""

from oadr.rules.rule import BOTH, VEN, VTN, Rule

RULES = (
    Rule(
        100,
        VTN,
        "Each interval of a signal or baseline has exactly one signalPayload, with a payloadFloat.",
    ),
    Rule(101, VTN, "The intervals of a baseline have a uid; they count 0, 1, 2 and so on."),
    Rule(
        102,
        VTN,
        "Each interval has a duration; they add up to that of the active period, or of the "
        "baseline.",
    ),
    Rule(103, VTN, "Intervals of signals and baselines have no dtstart."),
    Rule(
        104,
        VTN,
        "A signal with a well-known name has the type, the unit and the values that the profile's "
        "table gives it.",
        note="A text allows custom signal types that begin with `x-`; the schema does not, and the "
        "schema counts.",
    ),
    Rule(105, VTN, "x-eiNotification is always there, although the schema lets it be left out."),
    Rule(
        106,
        VTN,
        "A SIMPLE signal may go with other signals; how they relate is for the programme to say.",
    ),
    Rule(107, VTN, "If an event has several signals, each has a signalID of its own."),
    Rule(
        108,
        VTN,
        "The resourceIDs of a baseline say that it is the sum over those resources.",
    ),
    Rule(
        109,
        VEN,
        "An event of which any signal is not supported, by name, type or unit, is answered with "
        "460.",
    ),
    Rule(
        110,
        VTN,
        "The currentValue of a signal other than SIMPLE means nothing while the event is not "
        "active.",
        note="It is left out then.",
    ),
    Rule(
        111,
        BOTH,
        "The eiTarget of a signal names device classes (endDeviceAsset) of the profile's list and "
        "nothing else. One of several is enough; the target of the event has to fit as well. "
        "Without a class the element is left out.",
    ),
    Rule(
        112,
        VEN,
        "If the VEN cannot find out which resource a signal is for, it answers 469.",
    ),
    Rule(113, VTN, "currentValue may be left out in 2.0b and is always sent to a VEN of 2.0a."),
    Rule(
        114,
        VEN,
        "The clock of a VEN is roughly right, and it may work out the status of an event itself, "
        "cancellation aside.",
    ),
    Rule(
        115,
        VTN,
        "createdDateTime is renewed with each change and is the same for all events of a message; "
        "the status is up to date whenever the VEN asks for events.",
    ),
    Rule(116, BOTH, "In 2.0b the signalType of a SIMPLE signal is `level`."),
)
