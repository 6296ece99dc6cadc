"""The rules for those who look at a trace: ``vtn trace``, ``ven trace``.

They find it by the entry point ``openadr_kit.judges``, and need nothing of this package
themselves.
"""

from conformance.checks import Finding, Side
from conformance.judge import Judge
from runtime.capture import verdict
from runtime.capture.record import Exchange, Party

__all__ = ["Verdicts", "make"]


class Verdicts:
    """Holds the exchanges of a trace against all checks; a ``runtime.capture.verdict.Judge``.

    Checks of a session know only what they have seen, and are silent about the rest: a
    trace may begin anywhere.

    Args:
        alone: whether the trace is that of one VEN and one VTN.
    """

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        self._judge = Judge(alone=alone)

    def see(self, exchange: Exchange) -> list[verdict.Finding]:
        """Returns what is wrong with an exchange."""
        found = self._judge.see(
            exchange.request,
            exchange.response if exchange.status == 200 else b"",
            asked_by=Side(exchange.asked_by),
            identity=exchange.ven_id or exchange.fingerprint,
            status=exchange.status,
            service=exchange.service,
            at=exchange.at,
        )
        return [_finding(one) for one in found]

    def forget(self) -> None:
        """Forgets what was said before."""
        self._judge = Judge(alone=self._alone)


def make(alone: bool) -> Verdicts:
    """Returns a judge, as the entry point wants it."""
    return Verdicts(alone=alone)


def _finding(one: Finding) -> verdict.Finding:
    sender: Party = "VTN" if one.sender is Side.VTN else "VEN"
    return verdict.Finding(
        rule=one.check.label,
        severity=str(one.check.severity),
        sender=sender,
        message=one.message,
        expected=one.check.expected,
        seen=one.seen,
        path=one.path,
        line=one.line,
    )
