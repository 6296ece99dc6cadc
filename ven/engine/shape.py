"""How reports are written for a VTN that cannot read them as they should be.

openleadr's VTN has no answer but an internal error to an interval with more than one
value. Many certified VTNs want the values of one time in one interval (test R1_3150), so
the other way is tried only after such an error, and kept while it works.
"""

from dataclasses import replace

from oadr.messages import RegisterReport, UpdateReport
from oadr.report import apart
from ven.engine.core import log
from ven.errors import Refused, TransportError, Unreachable

_INTERNAL_ERROR = 500


class Shape:
    """Knows which way of writing reports works."""

    def __init__(self) -> None:
        self._apart = False

    def of(self, message: UpdateReport) -> UpdateReport:
        """Returns a message as it is to be sent."""
        return _apart(message) if self._apart else message

    def failed(
        self, message: UpdateReport | RegisterReport, error: TransportError | Refused
    ) -> None:
        """Changes the way if that might be why a message has failed."""
        internal = isinstance(error, Unreachable) and error.status == _INTERNAL_ERROR
        if not internal or not isinstance(message, UpdateReport) or _apart(message) == message:
            return
        self._apart = not self._apart
        log.debug("reports now have %s an interval", "one value" if self._apart else "all values")


def _apart(message: UpdateReport) -> UpdateReport:
    return replace(message, reports=tuple(apart(report) for report in message.reports))
