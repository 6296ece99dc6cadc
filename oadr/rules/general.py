"""Rules for all services (R500 to R517)."""

from oadr.rules.rule import BOTH, VEN, VTN, Rule

RULES = (
    Rule(
        500,
        BOTH,
        "A VEN on pull sends oadrPoll at the interval that the VTN asked for. The reply is one "
        "operation of the VTN, or oadrResponse if none waits; after an operation the VEN polls "
        "again at once. A logical reply goes to its own endpoint, before the next poll or later.",
    ),
    Rule(501, BOTH, "Every VTN, and every VEN on simple HTTP, can do oadrPoll."),
    Rule(
        502,
        VTN,
        "A poll is answered with events when something about them is new. That time has passed, so "
        "that far becomes near, need not be said. The list is always complete.",
    ),
    Rule(
        506,
        VTN,
        "A VTN of 2.0b serves VENs of 2.0a at the same time. Which profile a VEN speaks can be "
        "known from configuration, from the namespace of its messages, or from the address.",
        note="A VEN that is registered for 2.0b may use the address of 2.0a as it likes. One that "
        "is enrolled for 2.0a gets 463 at the addresses of 2.0b until it registers there.",
    ),
    Rule(
        507,
        VTN,
        "A VTN speaks simple HTTP and XMPP. XMPP is push: oadrPoll does not exist there.",
        later="XMPP. Until it is there, a VTN offers simple HTTP alone and refuses a "
        "registration for XMPP with the list of what it offers.",
    ),
    Rule(
        508,
        VEN,
        "Each message of a VEN has its venID, except for a query and the first registration.",
    ),
    Rule(509, BOTH, "Each message says its schemaVersion."),
    Rule(
        510,
        BOTH,
        "What every product can do. Both: the signals SIMPLE, ELECTRICITY_PRICE with `price` and "
        "LOAD_DISPATCH with `setpoint`. VEN: metadata; TELEMETRY_STATUS of a resource, with "
        "oadrOnline and oadrManualOverride; TELEMETRY_USAGE; at least 100 stored values; opts that "
        "name an event. VTN: registration of reports, targets by venID and resourceID. A Report "
        "Only VEN: TELEMETRY_USAGE, TELEMETRY_STATUS and HISTORY_USAGE.",
        note="A VEN without a meter offers no usage: it makes no numbers up. Its status is that of "
        "each resource that is configured, or of the building as a whole.",
    ),
    Rule(
        511,
        BOTH,
        "Addresses have the form `https://host[:port]/[prefix/]OpenADR2/Simple/2.0b/service`, and "
        "other spellings of the same address (RFC 3986) are understood. OadrPoll exists on the VTN "
        "only.",
    ),
    Rule(
        512,
        BOTH,
        "venID and vtnID are compared with regard to case, market contexts after normalisation "
        "(RFC 3986).",
    ),
    Rule(
        514,
        BOTH,
        "XML signatures are a choice. A party that demands them ignores what has no valid one.",
        note="Ignored means: refused with 463 where a reply has to be given, and nothing is done. "
        "SHA-1, which the rule still lists, is never produced; another section allows SHA-256 "
        "only.",
    ),
    Rule(
        515,
        BOTH,
        "How OpenADR is spoken over XMPP: one full JID per VEN, services found by XEP-0030, IQ "
        "stanzas, presence, certificates for authentication.",
        later="XMPP. Nothing here hinders it: the codec knows its transport and its addresses, and "
        "what answers a message does not know how the message came.",
    ),
    Rule(516, BOTH, "No application message travels with a certificate that has expired."),
    Rule(
        517,
        VTN,
        "Who fails TLS gets HTTP status 403. Who passes it and is not registered gets 463 in the "
        "reply that fits its message, and who is registered and uses a wrong ID gets 452.",
        note="A handshake that fails leaves no way to send a status. 403 is what a request gets "
        "that comes without a proven certificate, as behind a proxy.",
    ),
)
