"""Holds what was recorded against the checks."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from conformance.checks import CHECKS, Document, Severity, Side
from conformance.judge import Judge
from conformance.passive.sources import Source
from conformance.peers.tape import Recorded
from conformance.results import Result, Run, Verdict, fault_of, said
from runtime.capture.record import Exchange

#: Exchanges of one source that a result shows; those with findings are always among them.
MOST_SHOWN = 500


class Ears:
    """Judges exchanges as they come, those of both sides or of one.

    Args:
        judged: whose messages.
        alone: whether all is said between one VEN and one VTN.
    """

    def __init__(self, judged: Iterable[Side] = tuple(Side), *, alone: bool = False) -> None:
        self._judge = Judge(frozenset(judged), alone=alone)
        self.count = 0

    @property
    def checks(self) -> frozenset[str]:
        """The identifiers of the checks that have looked at something."""
        return self._judge.ran

    @property
    def broken(self) -> frozenset[str]:
        """The identifiers of the checks that have failed themselves."""
        return frozenset(self._judge.broken)

    def hear(
        self,
        exchange: Exchange,
        *,
        path: str = "",
        request_headers: Mapping[str, str] | None = None,
        reply_headers: Mapping[str, str] | None = None,
    ) -> Recorded:
        """Returns an exchange with what is wrong with it.

        Args:
            exchange: what was said.
            path: of the URL; empty if it is not known.
            request_headers: of HTTP, names in lower case; None if they are not known.
            reply_headers: the same.
        """
        self.count += 1
        recorded = Recorded(
            number=self.count,
            at=exchange.at,
            asked_by=Side(exchange.asked_by),
            service=exchange.service,
            path=path,
            request=exchange.request,
            reply=exchange.response,
            status=exchange.status,
            request_headers=request_headers or {},
            reply_headers=reply_headers or {},
            problem=exchange.problem,
        )
        # A part of a document says nothing about the whole.
        if not exchange.cut:
            recorded.findings = self._judge.see(
                exchange.request,
                exchange.response if exchange.status == 200 else b"",
                asked_by=Side(exchange.asked_by),
                identity=exchange.ven_id or exchange.fingerprint,
                status=exchange.status,
                service=exchange.service,
                path=path,
                at=exchange.at,
                request_headers=request_headers,
                reply_headers=reply_headers,
            )
        return recorded


def judge(found: Iterable[Source], judged: Iterable[Side] = tuple(Side)) -> Run:
    """Returns what the checks make of sources, a result for each.

    Args:
        found: what was recorded.
        judged: whose messages are judged.
    """
    began, start = datetime.now(UTC), time.monotonic()
    sides = frozenset(judged)
    results = tuple(result_of(one, sides) for one in found)
    return Run(
        device="recorded messages",
        side=next(iter(sides)) if len(sides) == 1 else Side.VTN,
        push=False,
        began=began,
        took=time.monotonic() - start,
        results=results,
    )


def result_of(source: Source, judged: frozenset[Side]) -> Result:
    """Returns what the checks make of one source."""
    start = time.monotonic()
    ears = Ears(judged, alone=source.alone)
    heard = [ears.hear(one) for one in source.exchanges]
    return result(source.name, heard, ears.checks, time.monotonic() - start, broken=ears.broken)


def result(
    name: str,
    heard: Iterable[Recorded],
    checks: Iterable[str],
    took: float = 0.0,
    *,
    broken: Iterable[str] = (),
) -> Result:
    """Returns what has come of exchanges.

    Args:
        name: of where they are from.
        heard: the exchanges, judged.
        checks: identifiers of the checks that have looked at something.
        took: real seconds.
        broken: identifiers of the checks that have failed themselves.
    """
    exchanges, ran = list(heard), sorted(checks)
    faults = tuple(fault_of(one, each.number) for each in exchanges for one in each.findings)
    if any(one.severity is Severity.VIOLATION for one in faults):
        verdict, reason = Verdict.FAIL, ""
    elif failed := sorted(broken):
        verdict, reason = Verdict.INCONCLUSIVE, f"checks failed themselves: {', '.join(failed)}"
    elif not ran:
        verdict, reason = Verdict.INCONCLUSIVE, "there is nothing that a check could look at"
    else:
        verdict, reason = Verdict.PASS, ""
    shown = [one for one in exchanges if one.findings]
    shown += [one for one in exchanges if not one.findings][: max(MOST_SHOWN - len(shown), 0)]
    return Result(
        id=name,
        title=f"{len(exchanges)} exchanges",
        suite="recorded",
        purpose="What was recorded is held against all checks that need no case.",
        steps=(),
        needs=(),
        rules=tuple(sorted({CHECKS[one].label for one in ran if one in CHECKS})),
        verdict=verdict,
        reason=reason,
        faults=faults,
        checks=tuple(ran),
        said=tuple(said(one) for one in sorted(shown, key=lambda one: one.number)),
        took=took,
    )


def names_in(exchange: Exchange) -> tuple[str, str]:
    """Returns the names of both messages of an exchange; empty where there is none."""
    asked = Document(exchange.request, Side(exchange.asked_by)).name
    if exchange.status != 200 or not exchange.response.strip():
        return asked, ""
    other = Side.VEN if exchange.asked_by == "VTN" else Side.VTN
    return asked, Document(exchange.response, other).name
