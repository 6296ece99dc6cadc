"""EiOpt: the rules (R200 to R211)."""

from oadr.rules.rule import BOTH, NOBODY, VEN, VTN, Rule

RULES = (
    Rule(
        200,
        BOTH,
        "The availability of a schedule has no tolerance, ramp-up, recovery or notification.",
    ),
    Rule(
        201,
        NOBODY,
        "A programme says which types of opt it allows, what holds without one, what comes before "
        "what, and what becomes of events during an optOut.",
        note="An oadrCreateOpt for an event comes first, then the later of an optOut schedule and "
        "the answer to the event, then an optIn schedule, then what the programme sets without "
        "one, optIn. A VEN that is opted out by schedule still gets its events; each is marked "
        "for the operator.",
    ),
    Rule(
        202,
        VEN,
        "An empty eiTarget in an oadrCreateOpt means all resources of the VEN; of several criteria "
        "one that fits is enough.",
        note="Another section asks for the venID in the target. We send it, and take an empty "
        "target and the venID alone to be the same.",
    ),
    Rule(
        203,
        VTN,
        "A schedule for the VEN as a whole takes the place of all earlier ones as far as they lie "
        "in the future; one for parts of it does so for these parts and leaves the others alone. "
        "Schedules of optIn and of optOut do not touch each other.",
    ),
    Rule(
        204,
        VEN,
        "An optID is required and need not be unique; to cancel it cancels all schedules that have "
        "it.",
    ),
    Rule(205, VTN, "A marketContext limits the schedule to events of that context."),
    Rule(
        206,
        BOTH,
        "An oadrCreateOpt that names an event answers it, if the event was last sent with "
        "`always`. It then counts before each later oadrCreatedEvent for the same resource, also "
        "after modifications. Without parts in its target it is about all resources of the event, "
        "and parts are a subset of what the event targets, else an error. It has neither "
        "vavailability nor marketContext; without an event vavailability is required.",
    ),
    Rule(207, BOTH, "The requestID may be empty; if it is not, the reply has it too."),
    Rule(208, BOTH, "venID and optID are checked; one that does not fit is answered with 452."),
    Rule(
        209,
        BOTH,
        "oadrDeviceClass names device classes of the list of R111 and nothing else, and is left "
        "out if there is none. It narrows what target and market context say.",
    ),
    Rule(210, BOTH, "A schedule with duration 0 has no end."),
    Rule(
        211,
        BOTH,
        "An opt that names an event is not taken back by oadrCancelOpt. To cancel a schedule that "
        "a later one has superseded is no error.",
    ),
)
