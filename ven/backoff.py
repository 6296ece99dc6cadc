"""How long to wait after a failure.

Spec: transport failure behaviour, sections 9.1.4 to 9.1.8: about one second with 10 %
jitter, doubled at each failure, up to a cap.
"""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

FIRST = timedelta(seconds=1)
CAP = timedelta(minutes=5)
JITTER = 0.1


@dataclass(slots=True, kw_only=True)
class BackOff:
    """Counts failures in a row and says how long to wait.

    Attributes:
        random: source of the jitter.
        first: wait after the first failure, more than 0.
        cap: longest wait, before jitter.
        jitter: part of the wait, 0 to 1, by which it varies in both directions.
        failures: failures since the last success.
    """

    random: Random
    first: timedelta = FIRST
    cap: timedelta = CAP
    jitter: float = JITTER
    failures: int = 0

    def failed(self) -> timedelta:
        """Counts a failure and returns how long to wait now."""
        # 2 ** 32 seconds is longer than any cap; the exponent must not grow for years.
        wait = min(self.first * 2 ** min(self.failures, 32), self.cap)
        self.failures += 1
        return spread(wait, self.jitter, self.random)

    def succeeded(self) -> None:
        """Starts over."""
        self.failures = 0


def spread(duration: timedelta, jitter: float, random: Random) -> timedelta:
    """Returns the duration, varied by up to ``jitter`` of it in both directions."""
    return duration * random.uniform(1 - jitter, 1 + jitter)
