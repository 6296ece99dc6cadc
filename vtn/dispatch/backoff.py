"""How long a VEN that cannot be reached is left alone (section 2.12)."""

from datetime import timedelta
from random import Random

#: The first pause; the profile wants about a second, give or take a tenth.
FIRST = timedelta(seconds=1)
JITTER = 0.1
#: Longest wish of a VEN that is granted, seconds.
LONGEST_WISH = 3600.0


def pause(
    failures: int, longest: timedelta, random: Random, *, wish: float | None = None
) -> timedelta:
    """Returns how long to wait: from a second on, doubled with each failure.

    Args:
        failures: in a row so far, 1 or more.
        longest: where doubling ends.
        random: makes VENs that failed together come again apart.
        wish: seconds that the VEN asked for with Retry-After; never less than that.
    """
    doubled: timedelta = FIRST * 2 ** min(failures - 1, 20)
    usual = min(doubled, max(longest, FIRST)) * random.uniform(1 - JITTER, 1 + JITTER)
    if wish is None:
        return usual
    return max(usual, timedelta(seconds=min(max(wish, 0.0), LONGEST_WISH)))
