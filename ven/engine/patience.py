"""How often to try what the VTN is there for and still cannot digest.

A VTN that cannot be reached is waited for as long as it takes. One that answers the
same message with an internal error, or with something that is no answer, would stop
everything behind that message for ever; it gets a few chances.
"""

from oadr.errors import DeploymentError
from ven.errors import BadReply, Refused, TransportError, Unreachable

LIMIT = 5
#: Things that are counted at a time; of more the oldest start over.
_REMEMBERED = 1000
#: HTTP status of a VTN that is overloaded or being updated: no fault of the message.
_BUSY = frozenset({408, 425, 429, 502, 503, 504})


class Patience:
    """Counts attempts by what they are for."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._attempts: dict[str, int] = {}

    def exhausted(self, what: str, error: TransportError | Refused) -> bool:
        """Counts a failed attempt and returns whether it was the last to make.

        Args:
            what: name of the thing, the same at each attempt.
            error: what happened.
        """
        if not _counts(error):
            return False
        attempts = self._attempts.pop(what, 0) + 1
        if attempts >= self._limit or _hopeless(error):
            return True
        self._attempts[what] = attempts
        if len(self._attempts) > _REMEMBERED:
            del self._attempts[next(iter(self._attempts))]
        return False

    def forget(self, what: str) -> None:
        """Forgets a thing that has succeeded."""
        self._attempts.pop(what, None)


def _hopeless(error: TransportError | Refused) -> bool:
    if isinstance(error, Refused):
        # 469 is what a VTN says whose own handler failed; every other code is about us.
        return error.code != DeploymentError.code
    return not error.resend


def _counts(error: TransportError | Refused) -> bool:
    if isinstance(error, Unreachable):
        return error.status is not None and error.status not in _BUSY
    return isinstance(error, BadReply | Refused) or _hopeless(error)
