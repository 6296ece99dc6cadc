"""EiRegisterParty: the rules (R400 to R407)."""

from oadr.rules.rule import BOTH, VEN, VTN, Rule

RULES = (
    Rule(
        400,
        BOTH,
        "venID, vtnID and registrationID are checked; a wrong one is answered with 452 and changes "
        "nothing.",
    ),
    Rule(
        401,
        BOTH,
        "Each message of EiRegisterParty goes in its own direction. A VEN that is not registered "
        "tries to register when it starts, and one whose registration was cancelled may register "
        "again.",
    ),
    Rule(
        402,
        VEN,
        "A new registration has no registrationID, and a venID only if it was agreed beforehand; a "
        "registration that is renewed has both. oadrHttpPullModel is always there on simple HTTP, "
        "and a VEN that does not poll says its oadrTransportAddress.",
    ),
    Rule(
        403,
        VTN,
        "The answer to a registration names all profiles and transports of the VTN, the "
        "registrationID and the venID, the poll frequency for a VEN that polls, and whatever else "
        "the service needs.",
    ),
    Rule(
        404,
        VTN,
        "The answer to a query names profiles and transports, and no registrationID or venID if "
        "the VEN is not registered.",
        note="The elements are left out then, not sent empty.",
    ),
    Rule(
        405,
        BOTH,
        "Registration comes before all else. A VEN that is not registered ignores what a VTN "
        "sends. After a new registration metadata goes both ways, then the VEN asks for its "
        "events, whether it polls or not.",
    ),
    Rule(
        406,
        BOTH,
        "A registration without IDs by a VEN that is registered wipes the old one, with all that "
        "was reported or asked for, and starts afresh.",
    ),
    Rule(
        407,
        BOTH,
        "When a registration is cancelled, both forget all that they knew of the other: metadata, "
        "report requests, the registration.",
        note="What becomes of events is not said. The VEN ends those that are on and forgets them; "
        "the VTN sends none until the VEN registers anew, and then those that are open, as if for "
        "the first time.",
    ),
)
