"""EiEvent: the rules that profile 2.0b has from 2.0a (R1 to R70)."""

from oadr.rules.rule import BOTH, VEN, VTN, Rule

RULES = (
    Rule(
        1,
        BOTH,
        "Date-times are in UTC and end in `Z`; an offset of zero is not a way to say it. A sender "
        "may write fractions of a second, a receiver cuts them off. Durations are those of ISO "
        "8601, without decimals.",
        note="The schema also lets the zone be left out; what comes without one is taken as UTC. "
        "We send whole seconds only.",
    ),
    Rule(2, VTN, "Each interval of a signal has a uid; they count 0, 1, 2 and so on per signal."),
    Rule(
        3,
        VTN,
        "The lower the number of a priority, the more important the event; 0, like no priority at "
        "all, is the least important.",
    ),
    Rule(4, VTN, "A new event has modificationNumber 0."),
    Rule(
        5,
        VTN,
        "Each change of an event adds 1 to its modificationNumber, and so does its cancellation. A "
        "change of createdDateTime, eventStatus or currentValue alone does not.",
    ),
    Rule(
        6,
        VEN,
        "An event is a test if testEvent is there and says anything but `false`.",
        note="`false` is meant to the letter, so `False` says test; an empty element is no element "
        "(R46).",
    ),
    Rule(7, VTN, "Toward a VEN of profile 2.0a an event has exactly one signal, and it is SIMPLE."),
    Rule(
        8,
        VTN,
        "The durations of the intervals of a signal add up to the duration of the active period.",
    ),
    Rule(9, VTN, "A SIMPLE signal says 0, 1, 2 or 3 and nothing else."),
    Rule(
        10,
        VTN,
        "An event is cancelled by sending it with eventStatus `cancelled` and its "
        "modificationNumber raised by 1.",
    ),
    Rule(
        12,
        VEN,
        "Each event with oadrResponseRequired `always` is answered, be it new, unchanged, changed "
        "or cancelled; one with `never` is not. One oadrCreatedEvent for all of them is preferred.",
    ),
    Rule(
        13,
        VTN,
        "eventStatus goes from far to near to active. Near begins with x-eiRampUp; without a "
        "ramp-up an event goes from far to active.",
    ),
    Rule(14, VTN, "The currentValue of a SIMPLE signal is 0 while its event is not active."),
    Rule(
        15,
        VTN,
        "Active events stand before pending ones: the active by priority and then by start, the "
        "pending by start. What ties keeps one order from message to message, and a cancelled "
        "event keeps the place that it had.",
    ),
    Rule(16, VTN, "The VTN understands optIn and optOut in an oadrCreatedEvent (but see R206)."),
    Rule(
        17,
        VTN,
        "The VTN understands that a VEN changes its answer later, also to an event that it has "
        "already acknowledged.",
    ),
    Rule(
        18,
        BOTH,
        "Events may overlap; what follows from it is not defined. An event ends at dtstart plus "
        "duration plus startafter, its end excluded and its start included, so one that begins "
        "there does not overlap. A cancelled event ends when the cancellation is acknowledged, "
        "plus the window of randomisation.",
        note="Of overlapping events the VEN carries out the more important one (R3), and of equals "
        "the one that started later.",
    ),
    Rule(
        19,
        VEN,
        "If some events of a message are wrong, the right ones are answered as usual; the message "
        "as a whole is never refused for them.",
    ),
    Rule(
        20,
        VTN,
        "Any element of a pending or active event may be changed, but nothing of its past.",
    ),
    Rule(
        21,
        BOTH,
        "venID, vtnID and eventID are checked wherever they appear, and an unexpected one is an "
        "error. The cancellation of an event that is not known is none.",
    ),
    Rule(
        22,
        VEN,
        "An empty eiTarget means the VEN that receives it; of several criteria one that fits is "
        "enough.",
        note="A venID beside resourceIDs says whose resources they are; it does not widen the "
        "target to the whole VEN.",
    ),
    Rule(
        23,
        BOTH,
        "oadrRequestEvent goes from a VEN to a VTN and never the other way.",
        note="The VTN never sends it; a VEN that gets it says that it is no operation of a VEN.",
    ),
    Rule(
        25,
        VTN,
        "If the eiResponse of an oadrCreatedEvent is an error, its eventResponses need not be "
        "read. If it is a success, each of their codes is.",
    ),
    Rule(27, VTN, "An oadrRequestEvent gets no more events than its replyLimit says."),
    Rule(
        29,
        VTN,
        "If currentValue is sent, it is the payload of the interval that is running.",
    ),
    Rule(
        30,
        VEN,
        "With startafter an event starts at a random moment from dtstart to dtstart plus "
        "startafter, and ends its duration later. That moment stays when the event is modified, "
        "unless startafter itself changes.",
    ),
    Rule(
        31,
        VEN,
        "The VEN acts on dtstart, duration and tolerance of the active period, and on ramp-up and "
        "recovery, which may be negative.",
        note="A negative ramp-up starts with the event and reaches into it; a negative recovery is "
        "over at its end.",
    ),
    Rule(
        32,
        BOTH,
        "Duration and payload of each interval are acted on.",
        note="For a VTN that is: what it says of a running event (currentValue, status) follows "
        "its intervals.",
    ),
    Rule(
        33,
        BOTH,
        "A message that makes no sense gets an application error: expected information is missing "
        "(459), a payload is of an unexpected type (459), an ID is not the expected one (452), or "
        "the contents contradict each other.",
    ),
    Rule(
        35,
        VEN,
        "An oadrCreatedEvent has eventResponses, unless its eiResponse says an error.",
    ),
    Rule(
        36,
        VEN,
        "A cancellation is acknowledged, unless the event says `never`: optIn if it is obeyed, "
        "optOut if it cannot be. After that the VEN does not mention the event, unless the VTN "
        "sends it again.",
    ),
    Rule(37, VEN, "A VEN on simple HTTP can poll; push is its choice."),
    Rule(
        38,
        VTN,
        "A VTN serves VENs that poll over HTTP, VENs that it pushes to over HTTP, and VENs "
        "on XMPP.",
        later="XMPP. Pull and push over HTTP are here.",
    ),
    Rule(
        40,
        VTN,
        "An oadrDistributeEvent that answers oadrRequestEvent or oadrPoll has an eiResponse.",
    ),
    Rule(
        41,
        VTN,
        "The requestID of an oadrDistributeEvent is never empty; it need not be unique.",
    ),
    Rule(
        42,
        BOTH,
        "The requestID of the oadrDistributeEvent is copied into the eventResponse of each event "
        "that is answered, also when the answer changes later; that of the eiResponse is empty "
        "then. The VTN looks for it in the eventResponse.",
    ),
    Rule(43, VEN, "The VEN does not expect a requestID to be unique."),
    Rule(45, BOTH, "No message has the attribute schemaLocation."),
    Rule(
        46,
        BOTH,
        "Optional elements may be left out and are understood when they are there. An empty one "
        "is the same as none, unless a rule asks for its absence.",
    ),
    Rule(47, BOTH, "An event with duration 0 has no end and is active until it is cancelled."),
    Rule(
        48,
        BOTH,
        "What is valid by the schema and wrong by its sense gets a code of the 400s. For an event "
        "that code is in its eventResponse, with optOut, and eiResponse stays 200: 462 for a "
        "market context or target that is not ours, 460 for a signal that is not supported. A VTN "
        "answers an oadrCreatedEvent for an unknown eventID with 452 and one for another "
        "modificationNumber with 450.",
    ),
    Rule(
        50,
        VTN,
        "Each oadrDistributeEvent has all far, near and active events of the VEN, and the "
        "cancelled ones until they are acknowledged and never after that.",
    ),
    Rule(
        51,
        BOTH,
        "With pull all requests come from the VEN. With push either side sends requests, and no "
        "oadrPoll is among them.",
    ),
    Rule(
        52,
        VTN,
        "A cancelled event that wants an answer is sent until it is answered, until it would have "
        "been over, or until a limit of repetitions is reached.",
    ),
    Rule(
        53,
        BOTH,
        "HTTP messages have Content-Length and Content-Type `application/xml`, requests also Host.",
    ),
    Rule(56, VEN, "An event with an unknown eventID is a new one."),
    Rule(57, VEN, "A higher modificationNumber takes the place of what was known of the event."),
    Rule(
        58,
        VEN,
        "A lower modificationNumber is answered with 450, whatever the state of the event is.",
    ),
    Rule(59, VEN, "An event that is known and comes cancelled is ended and forgotten."),
    Rule(
        60,
        VEN,
        "An event that is not known and comes cancelled is ignored, and answered if it wants that.",
    ),
    Rule(
        61,
        VEN,
        "An event that the VEN knows and that is not in an oadrDistributeEvent is cancelled by "
        "that. One that is active and cannot be stopped may run to its end.",
    ),
    Rule(
        62,
        VEN,
        "Each oadrEvent of a message is processed, however it came, and answered if it says "
        "`always` and only then.",
    ),
    Rule(63, VTN, "The eiTarget of an event has one venID at most."),
    Rule(
        64,
        VEN,
        "A VEN that polls sends all answers that are due before it polls again.",
        note="Asked of VENs of profile 2.0a; ours keeps it for 2.0b too, where the answer may also "
        "come later.",
    ),
    Rule(
        65,
        VEN,
        "An event with startafter that is cancelled, in words or by its absence, ends at a random "
        "moment within startafter.",
    ),
    Rule(
        66,
        BOTH,
        "With startafter the VTN sends the event until dtstart plus duration plus startafter, even "
        "though it is completed, and the VEN does not stop because it reads `completed`.",
    ),
    Rule(
        67,
        BOTH,
        "TLS 1.2 is spoken, with the two default cipher suites: a VEN offers at least one, a VTN "
        "has both and chooses one of them.",
        note="The profile `certification` keeps this to the letter. The default, `compatible`, "
        "also speaks TLS 1.3 and prefers suites with forward secrecy; with a peer that offers only "
        "the default suites it uses those.",
    ),
    Rule(
        68,
        BOTH,
        "Both parties show X.509v3 certificates: RSA of at least 2048 bits, or ECC, also signed by "
        "an RSA authority. A VTN has one of each kind.",
        note="The rule allows ECC from 224 bits, another section from 256; 256 is asked for.",
    ),
    Rule(
        69,
        BOTH,
        "In profile 2.0a the signalType of SIMPLE may be anything.",
        note="What we send to 2.0a VENs is named `simple` and says `level`; our VEN speaks 2.0b, "
        "where R116 holds.",
    ),
    Rule(
        70,
        VTN,
        "A venID is unique in its VTN and an eventID among the events of a VEN.",
    ),
)
