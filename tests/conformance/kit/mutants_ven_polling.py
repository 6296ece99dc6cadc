"""VENs that poll wrongly, or do not get over what a VTN should not say."""

import itertools
from datetime import timedelta

from conformance.checks import Side
from tests.conformance.kit.bent import Bend, Mutant, changed, instead, later
from tests.conformance.kit.mutants_ven_registration import ANSWER

_POLL = "oadrPoll"
_EVENT = "oadrCreatedEvent"


def _every(name: str, count: int) -> Bend:
    """Returns a bend that keeps only some messages of a name: one in so many."""
    number = itertools.count()
    return lambda given, data: None if given == name and next(number) % count else data


MUTANTS = [
    Mutant(side=Side.VEN, code="N1_0015", demand="R37.polls", bend=instead(_POLL, None)),
    Mutant(side=Side.VEN, code="N1_0015", demand="R500.polls_in_time", bend=_every(_POLL, 6)),
    Mutant(
        side=Side.VEN,
        code="N1_0015",
        demand="R500.polls_not_faster",
        options={"poll_interval": timedelta(seconds=6)},
        also=frozenset({"R500.takes_new_interval"}),
    ),
    Mutant(
        side=Side.VEN,
        code="N1_0015",
        demand="R500.takes_new_interval",
        options={"poll_interval": timedelta(seconds=15)},
    ),
    Mutant(side=Side.VEN, code="K1_0500A", demand="R500.fetches_all", bend=_every(_POLL, 6)),
    Mutant(
        side=Side.VEN,
        code="K1_0500B",
        demand="R500.goes_on_polling",
        dead=lambda reply: reply.status == 503,
    ),
    Mutant(
        side=Side.VEN,
        code="K1_0500B",
        demand="R500.works_after_faults",
        bend=changed(_EVENT, ANSWER),
    ),
    Mutant(
        side=Side.VEN,
        code="K1_0401A",
        demand="R401.tries_after_refusal",
        dead=lambda reply: b">463<" in reply.body,
    ),
    Mutant(
        side=Side.VEN,
        code="K1_0401B",
        demand="HTTP.registers_after_503",
        dead=lambda reply: reply.status == 503,
    ),
    Mutant(
        side=Side.VEN,
        code="K1_0401B",
        demand="HTTP.registers_after_faults",
        dead=lambda reply: reply.status == 500,
    ),
    Mutant(
        side=Side.VEN,
        code="K1_0401C",
        demand="R401.lives_after_restart",
        # To its answer to the event; the ones before are no oadrResponse.
        dead=lambda reply: b"oadrResponse" in reply.body,
        push=True,
    ),
    Mutant(
        side=Side.VEN,
        code="K1_0401C",
        demand="R56.answers_after_restart",
        bend=later(changed(_EVENT, ANSWER), _EVENT),
    ),
]
