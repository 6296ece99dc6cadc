"""VENs with faults in identifiers and transport."""

from dataclasses import replace

from conformance.checks import Side
from tests.conformance.kit.bent import Mutant, changed
from tests.conformance.kit.mutants_ven_registration import ANSWER

_EVENT = "oadrCreatedEvent"
_OTHER = ("(<ei:responseCode>)452", r"\g<1>459")

MUTANTS = [
    Mutant(
        side=Side.VEN, code="K1_0042A", demand="R42.odd_request_ids", bend=changed(_EVENT, ANSWER)
    ),
    Mutant(
        side=Side.VEN, code="K1_0021A", demand="R21.refuses_other_vtn", bend=changed(_EVENT, _OTHER)
    ),
    Mutant(side=Side.VEN, code="K1_0512C", demand="R512.vtn_id_case", bend=changed(_EVENT, _OTHER)),
    Mutant(
        side=Side.VEN, code="K1_0512A", demand="R21.takes_own_vtn", bend=changed(_EVENT, ANSWER)
    ),
    *(
        Mutant(
            side=Side.VEN,
            code="K1_0021B",
            demand=demand,
            bend=changed("oadrResponse", _OTHER),
            also=frozenset({"R400.refuses_other_ven", "R512.ven_id_case"}),
        )
        for demand in ("R400.refuses_other_ven", "R512.ven_id_case")
    ),
    Mutant(
        side=Side.VEN,
        code="K1_0053A",
        demand="HTTP.accept",
        request=lambda heard: replace(heard, headers={**heard.headers, "accept": "*/*"}),
    ),
    Mutant(
        side=Side.VEN, code="K1_0512D", demand="R512.odd_identifiers", bend=changed(_EVENT, ANSWER)
    ),
    *(
        Mutant(
            side=Side.VEN,
            code="K1_0053B",
            demand=demand,
            reply=lambda reply, usual=usual: (  # type: ignore[misc]
                replace(reply, status=500) if reply.status == usual else reply
            ),
            also=frozenset({"HTTP.refuses_invalid", "HTTP.refuses_type"} if usual == 406 else ()),
            push=True,
        )
        for demand, usual in (
            ("HTTP.refuses_invalid", 406),
            ("HTTP.refuses_type", 406),
            ("HTTP.refuses_method", 501),
        )
    ),
]
