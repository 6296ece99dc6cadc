"""VENs with faults in events as they should be, and in when they answer them."""

import itertools
import re

from conformance.checks import Side
from oadr import codec
from oadr import messages as m
from tests.conformance.kit.bent import Bend, Mutant, changed, instead, later
from tests.conformance.kit.event_bends import (
    CREATED,
    FORGETS_FIRST,
    REFUSES,
    event_mutant,
    refuses,
)


def _answers_nothing() -> Bend:
    """Returns a bend by which every other poll is an oadrCreatedEvent."""
    number = itertools.count()

    def bend(name: str, data: bytes) -> bytes:
        if name != "oadrPoll" or next(number) % 2:
            return data
        ven_id = re.search(rb"<ei:venID>(.*?)</ei:venID>", data)
        error = m.EiResponse(code=459, description="nothing to answer")
        return codec.encode(
            m.CreatedEvent(response=error, ven_id=ven_id[1].decode() if ven_id else "")
        )

    return bend


MUTANTS = [
    event_mutant("E1_1010", "R12.nothing_to_answer", _answers_nothing(), "R511.right_service"),
    event_mutant("E1_1020", "R56.new_is_taken", REFUSES),
    event_mutant("E1_1040", "R12.each_is_answered", FORGETS_FIRST),
    event_mutant("K1_0036B", "R36.answers_as_decided", changed(CREATED, ("optOut", "optIn"))),
    event_mutant("K1_0510A", "R510.minimum_signals", REFUSES),
    event_mutant("K1_0012C", "R12.answers_new", REFUSES),
    event_mutant("K1_0012A", "R12.answers_unchanged", later(REFUSES, CREATED)),
    event_mutant("K1_0012A", "R12.answers_changed", refuses(1)),
    event_mutant("K1_0012A", "R12.answers_cancelled", refuses(2)),
    event_mutant("K1_0043A", "R43.same_request_id", later(REFUSES, CREATED)),
    event_mutant("K1_0042B", "R17.tells_change", later(instead(CREATED, None), CREATED)),
    *(
        Mutant(
            side=Side.VEN,
            code="K1_0062B",
            demand=demand,
            dead=lambda reply, status=status: reply.status == status,  # type: ignore[misc]
        )
        for demand, status in (
            ("HTTP.answers_after_503", 503),
            ("HTTP.answers_after_faults", 500),
        )
    ),
]
