"""VTNs with faults in TLS, certificates and signatures."""

from dataclasses import replace

from conformance.checks import Side
from conformance.peers.http import Reply
from conformance.peers.tls import Handshake
from tests.conformance.kit.bent import Bend, BendHandshake, BendReply, Mutant, instead, later
from tests.conformance.kit.mutants_vtn_registration import code

_EVENTS = "oadrDistributeEvent"


def _shaken(case: str, demand: str, shake: BendHandshake) -> Mutant:
    return Mutant(side=Side.VTN, code=case, demand=demand, shake=shake, tls=True)


def _http(case: str, demand: str, reply: BendReply, *also: str) -> Mutant:
    return Mutant(
        side=Side.VTN, code=case, demand=demand, reply=reply, also=frozenset(also), tls=True
    )


def _mutant(case: str, demand: str, bend: Bend, *also: str) -> Mutant:
    return Mutant(
        side=Side.VTN, code=case, demand=demand, bend=bend, also=frozenset(also), tls=True
    )


def _lets_in(number: int, status: int = 200) -> BendReply:
    """Returns a bend that answers somebody who was kept out, counted from 1, by HTTP."""
    seen = 0

    def bend(reply: Reply) -> Reply:
        nonlocal seen
        seen += reply.status is None
        # Whatever it says: it does not matter what a stranger has asked.
        return Reply(status=status) if reply.status is None and seen == number else reply

    return bend


def _without_rsa(found: Handshake) -> Handshake:
    return Handshake(problem="no shared cipher") if found.suite == "AES128-SHA256" else found


def _modern(found: Handshake) -> Handshake:
    """Selects what is newer where that was on offer: the third time."""
    return replace(found, suite="ECDHE-ECDSA-AES128-GCM-SHA256")


def _third(bend: BendHandshake) -> BendHandshake:
    count = 0

    def wait(found: Handshake) -> Handshake:
        nonlocal count
        count += 1
        return bend(found) if count == 3 else found

    return wait


def _accepts_one(number: int) -> Bend:
    """Returns a bend that makes success of one refused request for events, counted from 1."""
    seen = 0
    accept = code(_EVENTS, "463", 200)

    def bend(name: str, data: bytes) -> bytes | None:
        nonlocal seen
        seen += name == _EVENTS
        return accept(name, data) if seen == number else data

    return bend


def _accepts(name: str, old: str, count: int) -> Bend:
    """Returns a bend that makes success of refusals, after some answers of that name."""
    return later(code(name, old, 200), name, count)


MUTANTS = [
    _shaken("K1_0067A", "R67.accepts_suites", _without_rsa),
    _shaken("K1_0067A", "R67.selects_suite", _third(_modern)),
    _shaken(
        "K1_0067B",
        "R67.refuses_old",
        lambda found: Handshake(version="TLSv1.1", suite="ECDHE-ECDSA-AES128-SHA"),
    ),
    _http("K1_0068", "R517.needs_certificate", _lets_in(1)),
    _http("K1_0068", "R517.kept_out_by_403", _lets_in(1, 400)),
    _http("K1_0068", "R68.trusts_authority", _lets_in(2)),
    _http("K1_0068", "R516.refuses_expired", _lets_in(3)),
    _mutant("K1_0517B", "R517.stranger_refused", code("oadrCanceledOpt", "463", 200)),
    _mutant("K1_0517B", "R517.nameless_stranger_refused", _accepts("oadrUpdatedReport", "463", 1)),
    _mutant("K1_0508", "R508.not_named_refused", code("oadrUpdatedReport", "452", 200)),
    _mutant("K1_0514A", "R514.signed_taken", later(instead(_EVENTS, None), _EVENTS, 2)),
    _mutant("K1_0514A", "R514.changed_refused", _accepts_one(3)),
    _mutant("K1_0514A", "R514.other_key_refused", _accepts_one(4)),
    _mutant("K1_0514B", "R514.replay_refused", _accepts_one(4)),
    _mutant("K1_0514B", "R514.stale_refused", _accepts_one(5)),
    _mutant("K1_0514B", "R514.ahead_refused", _accepts_one(6)),
    _mutant("K1_0514C", "R514.unsigned_taken", later(instead(_EVENTS, None), _EVENTS)),
]
