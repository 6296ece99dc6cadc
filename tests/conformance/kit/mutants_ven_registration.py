"""VENs with faults in registration."""

from conformance.checks import Side
from tests.conformance.kit.bent import Mutant, changed, instead, later

_NEW = "oadrCreatePartyRegistration"
_REFUSED = (r"(<ei:responseCode>)200", r"\g<1>459")
_TAKEN = (r"(<ei:responseCode>)45[12]", r"\g<1>200")
ANSWER = (r"(<ei:eventResponse><ei:responseCode>)200(.*?<ei:optType>)optIn", r"\g<1>459\2optOut")

MUTANTS = [
    *(
        Mutant(side=Side.VEN, code="N1_0020", demand=demand, bend=instead(name, None))
        for demand, name in (
            ("R401.registers_on_start", _NEW),
            ("R309.metadata_after_registration", "oadrRegisterReport"),
            ("R405.asks_for_events", "oadrRequestEvent"),
            ("R301.answers_metadata", "oadrRegisteredReport"),
        )
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0010",
        demand="R401.queries",
        bend=instead("oadrQueryRegistration", None),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0010",
        demand="R404.registers_after_query",
        bend=instead(_NEW, None),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0025",
        demand="R402.brings_preconfigured",
        bend=changed(_NEW, ("<ei:venID>.*?</ei:venID>", "")),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0030",
        demand="R401.cancels",
        bend=instead("oadrCancelPartyRegistration", None),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0030",
        demand="R401.registers_again",
        dead=lambda reply: b"oadrCanceledPartyRegistration" in reply.body,
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0030",
        demand="R407.introduces_itself_again",
        bend=later(instead("oadrRegisterReport", None), "oadrRegisterReport"),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0040",
        demand="R407.confirms_cancellation",
        bend=changed("oadrCanceledPartyRegistration", _REFUSED),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0050",
        demand="R402.answers_request",
        bend=changed("oadrResponse", _REFUSED),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0050",
        demand="R402.registers_as_asked",
        bend=changed(_NEW, ("<ei:registrationID>.*?</ei:registrationID>", "")),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0060",
        demand="R406.registers_anew",
        bend=changed(_NEW, ("(</pyld:requestID>)", r"\1<ei:registrationID>x</ei:registrationID>")),
        also=frozenset({"R402.both_ids_again", "R402.own_registration_id"}),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0070",
        demand="R400.refuses_wrong_cancellation",
        bend=changed("oadrCanceledPartyRegistration", _TAKEN),
        also=frozenset({"R405.registers_first"}),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0070",
        demand="R400.stays_registered",
        bend=changed("oadrCreatedEvent", ANSWER),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0080",
        demand="R405.ignores_while_unregistered",
        bend=changed("oadrResponse", ("463", "200")),
        also=frozenset({"R508.ven_id_of_ven"}),
        push=True,
    ),
]
