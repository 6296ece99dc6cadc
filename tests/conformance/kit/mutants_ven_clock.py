"""A VEN whose clock is wrong."""

from conformance.checks import Side
from tests.conformance.kit.bent import Mutant, changed

MUTANTS = [
    Mutant(
        side=Side.VEN,
        code="K1_0114",
        demand="R114.clock_roughly_right",
        bend=changed(
            "oadrRegisterReport",
            ("(<ei:createdDateTime>)[^<]*", r"\g<1>2020-01-01T00:00:00Z"),
        ),
    ),
]
