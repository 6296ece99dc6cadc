"""VTNs with faults in registration."""

from conformance.checks import Side
from oadr import messages as m
from tests.conformance.kit.bent import Bend, Mutant, changed, instead, later

_OK = m.Response(response=m.EiResponse(description="OK"))
_CREATED = "oadrCreatedPartyRegistration"
_CANCELED = "oadrCanceledPartyRegistration"
_FITTING = frozenset({"XSD.fitting_reply"})


def code(name: str, old: str, new: int) -> Bend:
    """Returns a bend that puts another responseCode in the place of some."""
    change = (f"<ei:responseCode>{old}<", f"<ei:responseCode>{new}<")
    return changed(name, change)


def _mutant(case: str, demand: str, bend: Bend, *also: str, push: bool = False) -> Mutant:
    return Mutant(
        side=Side.VTN, code=case, demand=demand, bend=bend, also=frozenset(also), push=push
    )


MUTANTS = [
    _mutant("N1_0010", "R401.query_answered", instead(_CREATED, _OK), *_FITTING),
    _mutant(
        "N1_0015",
        "R403.poll_interval",
        changed(_CREATED, ("<xcal:duration>PT[^<]*<", "<xcal:duration>PT0S<")),
    ),
    _mutant("N1_0020", "R403.registers", instead(_CREATED, None)),
    _mutant("N1_0020", "R405.metadata_first", instead("oadrRegisterReport", _OK)),
    _mutant(
        "N1_0025",
        "R402.wrong_ven_id_refused",
        changed(_CREATED, ("<ei:responseCode>452<", "<ei:responseCode>200<")),
        # It registers the VEN that it should have refused, and says so without identifiers.
        "R403.gives_identifiers",
        "R403.gives_poll_frequency",
    ),
    _mutant(
        "N1_0025",
        "R402.keeps_ven_id",
        changed(_CREATED, ("<ei:venID>[^<]*<", "<ei:venID>another<")),
    ),
    _mutant(
        "K1_0402",
        "R402.serves_ven_id",
        code("oadrDistributeEvent", "200", 452),
    ),
    _mutant("K1_0517A", "R517.refuses_registration", code(_CREATED, "463", 459)),
    _mutant(
        "K1_0517A",
        "R517.refuses_without_ids",
        changed(_CREATED, ("<ei:vtnID>", "<ei:venID>some</ei:venID><ei:vtnID>")),
    ),
    _mutant("N1_0030", "R407.cancels", code(_CANCELED, "200", 459)),
    _mutant(
        "N1_0030",
        "R407.forgets",
        code("oadrDistributeEvent", r"4\d\d", 200),
        "R517.unregistered_is_refused",
    ),
    _mutant("N1_0030", "R401.comes_back", later(instead(_CREATED, None), _CREATED)),
    _mutant(
        "N1_0040",
        "R407.sends_cancellation",
        instead("oadrCancelPartyRegistration", None),
        push=True,
    ),
    _mutant(
        "N1_0040",
        "R407.cancels_right_one",
        changed(
            "oadrCancelPartyRegistration",
            ("<ei:registrationID>[^<]*<", "<ei:registrationID>another<"),
        ),
    ),
    _mutant("N1_0040", "R407.takes_confirmation", code("oadrResponse", "200", 459)),
    _mutant("N1_0050", "R401.asks_again", instead("oadrRequestReregistration", None), push=True),
    _mutant(
        "N1_0050",
        "R403.reregisters",
        later(code(_CREATED, "200", 452), _CREATED),
        "R403.refusal_gives_nothing",
    ),
    _mutant("N1_0060", "R406.starts_afresh", instead("oadrRegisterReport", _OK)),
    _mutant("N1_0070", "R400.wrong_id_refused", code(_CANCELED, "452", 459)),
    _mutant(
        "N1_0070",
        "R400.nothing_erased",
        later(code("oadrDistributeEvent", "200", 463), "oadrDistributeEvent"),
    ),
    _mutant("N1_0080", "R517.unregistered_463", code("oadrUpdatedReport", "463", 459)),
]
