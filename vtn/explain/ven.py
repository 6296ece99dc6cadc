"""What bears on all events of a VEN: enrolment, certificate, registration, polling, errors."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from runtime.durations import in_words
from runtime.policy import SignaturePolicy
from vtn.expiry import how_to_renew
from vtn.explain.facts import Facts
from vtn.explain.finding import Finding, Grade
from vtn.explain.refusals import lines
from vtn.explain.words import ago, at, command, counted, rough
from vtn.store.certificate import Certificate
from vtn.store.refusal import Refusal

_SOON = timedelta(days=30)
_DAY = timedelta(days=1)


def of_ven(facts: Facts) -> list[Finding]:
    """Returns what bears on a VEN as a whole, before its events."""
    found = [_enrolled(facts), _registered(facts)]
    found.append(_polling(facts) if facts.ven.pull else _pushed(facts))
    return [*found, *_report_only(facts), *_signatures(facts)]


def errors(facts: Facts, *, but: Sequence[Refusal] = ()) -> list[Finding]:
    """Returns what went wrong with a VEN lately, latest first.

    Args:
        facts: of the VEN.
        but: those that have been spoken about already, or are over.
    """
    left = [one for one in facts.refusals if one not in but]
    return [
        Finding(name="last error" if n == 0 else "", grade=Grade.WARN, words=words, todo=todo)
        for n, (words, todo) in enumerate(lines(facts, left))
    ]


def _enrolled(facts: Facts) -> Finding:
    if facts.settings.http.plain or facts.settings.http.force_plain:
        return Finding(name="enrolled", words="yes; this VTN asks for no certificates")
    valid = facts.valid
    if not valid:
        words = f"yes, but {_lost(facts)}"
        return Finding(name="enrolled", grade=Grade.FAIL, words=words, todo=_renew(facts))
    best = max(valid, key=_end)
    end = _end(best)
    if end == datetime.max.replace(tzinfo=end.tzinfo):
        return Finding(name="enrolled", words="yes, with a certificate whose end is not known")
    words = f"yes, certificate valid for {_days(end - facts.now)}{_beside(facts, best)}"
    if end - facts.now < _SOON:
        return Finding(name="enrolled", grade=Grade.WARN, words=words, todo=_renew(facts))
    return Finding(name="enrolled", words=words)


def _renew(facts: Facts) -> str:
    return how_to_renew(facts.settings, facts.name)


def _end(proof: Certificate) -> datetime:
    ends = [end for end in (proof.not_after, proof.valid_until) if end is not None]
    return min(ends, default=datetime.max.replace(tzinfo=proof.added_at.tzinfo))


def _days(left: timedelta) -> str:
    return counted(left // _DAY, "day") if left >= _DAY else rough(left)


def _beside(facts: Facts, best: Certificate) -> str:
    """Says of the others that count as well, while a new one takes the place of an old one."""
    others = [one for one in facts.valid if one.pk != best.pk]
    if not others:
        return ""
    until = at(max(_end(one) for one in others), facts.now)
    return f"; {counted(len(others), 'other')} accepted until {until}"


def _lost(facts: Facts) -> str:
    """Says what became of the certificates of a VEN, none of which counts."""
    if not facts.certificates:
        return "this VTN knows no certificate of it"
    last = facts.certificates[-1]
    if last.revoked_at is not None:
        return f"its certificate was revoked at {at(last.revoked_at, facts.now)}"
    if last.not_after is not None and last.not_after <= facts.now:
        return f"its certificate has expired since {at(last.not_after, facts.now)}"
    until = last.valid_until or facts.now
    return f"its certificate was replaced, and accepted until {at(until, facts.now)}"


def _registered(facts: Facts) -> Finding:
    ven = facts.ven
    if facts.older:
        if facts.registered:
            return Finding(
                name="registered", words="not needed: it speaks 2.0a, which knows levels only"
            )
        return Finding(name="registered", grade=Grade.FAIL, words="no; it is locked out")
    if facts.registered and ven.registered_at is not None:
        since = at(ven.registered_at, facts.now)
        words = f"since {since}, registrationID {ven.registration_id}, profile {ven.profile}"
        return Finding(name="registered", words=words)
    wait = "it has to send oadrCreatePartyRegistration: start it, or look into its log"
    if ven.state == "cancelled":
        return Finding(
            name="registered", grade=Grade.FAIL, words="its registration has ended", todo=wait
        )
    return Finding(name="registered", grade=Grade.FAIL, words="it never has", todo=wait)


def _polling(facts: Facts) -> Finding:
    every, seen = f"every {in_words(facts.interval)}", facts.ven.last_seen
    if not facts.registered:
        return Finding(name="polling", grade=Grade.WARN, words="nothing before it has registered")
    if seen is None:
        return Finding(
            name="polling",
            grade=Grade.FAIL,
            words=f"{every}, but nothing has come from it",
            todo=_look(facts),
        )
    words = f"{every}, last {ago(seen, facts.now)}"
    if facts.online:
        return Finding(name="polling", words=words)
    return Finding(
        name="polling", grade=Grade.FAIL, words=f"{words}: it is late", todo=_look(facts)
    )


def _look(facts: Facts) -> str:
    return f"is {facts.name} running, and does it reach this VTN? On its side: ven status"


def _pushed(facts: Facts) -> Finding:
    pushed, where = facts.pushed, f"to {facts.ven.transport_address}"
    if not facts.registered:
        return Finding(name="push", grade=Grade.WARN, words="nothing before it has registered")
    if pushed is None:
        return Finding(name="push", words=f"{where}; nothing has been pushed yet")
    if not pushed.failing or pushed.failed_at is None:
        reached = at(pushed.reached_at or facts.now, facts.now)
        return Finding(name="push", words=f"{where}, last at {reached}")
    since = f", reached last at {at(pushed.reached_at, facts.now)}" if pushed.reached_at else ""
    longest = facts.settings.push.longest_pause or facts.interval
    words = (
        f"{where} fails{since or ', never reached'}; tried at {at(pushed.failed_at, facts.now)}: "
    )
    again = f"it is tried again after a second, then ever later, up to {in_words(longest)} apart"
    return Finding(
        name="push", grade=Grade.FAIL, words=words + f"{pushed.failure}; {again}", todo=_look(facts)
    )


def _report_only(facts: Facts) -> list[Finding]:
    if not (facts.ven.report_only and facts.registered):
        return []
    words = "it has registered with oadrReportOnly: it takes reports, and no events"
    todo = "let it register again without oadrReportOnly"
    return [Finding(name="report only", grade=Grade.FAIL, words=words, todo=todo)]


def _signatures(facts: Facts) -> list[Finding]:
    """Says whether its messages must be signed, where that is so."""
    own = facts.ven.signature_policy
    policy = SignaturePolicy(own) if own else facts.settings.signatures.policy
    if policy is not SignaturePolicy.REQUIRED:
        return []
    wrong = [one for one in facts.refusals if one.rule == "R514"]
    if not wrong:
        return [Finding(name="signatures", words="its messages must be signed (R514)")]
    words = f"its messages must be signed, and were refused: {wrong[0].words} (R514)"
    todo = command("vtn", "ven", "set", facts.name, "--signatures", "accepted")
    return [Finding(name="signatures", grade=Grade.FAIL, words=words, todo=todo)]
