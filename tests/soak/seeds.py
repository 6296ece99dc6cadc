"""Which days are lived: ``SOAK_SEEDS`` of them, from ``SOAK_FIRST`` on."""

import os

#: How many days ``make test`` lives.
USUAL = 50


def seeds() -> range:
    """Returns the seeds of this run."""
    first = int(os.environ.get("SOAK_FIRST", "1"))
    return range(first, first + int(os.environ.get("SOAK_SEEDS", str(USUAL))))
