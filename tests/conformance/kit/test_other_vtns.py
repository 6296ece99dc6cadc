"""VTNs that do otherwise than ours, and as well, are told nothing that is not so."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from conformance.actions import Action, CancelEvent
from conformance.adapters.our_vtn import our_vtn
from conformance.cases import CASES
from conformance.checks import Severity, Side
from conformance.peers import ven_sending
from conformance.peers.http import Reply
from conformance.results import Verdict
from conformance.run import run_vtn_cases
from tests.conformance.kit.bent import Bend, Mutant, changed, run
from tests.conformance.kit.mutants_vtn_event_answer import keeps_opt_out

PASS, SKIP = Verdict.PASS, Verdict.SKIP
EVENTS = "oadrDistributeEvent"


def other(code: str, bend: Bend = lambda name, data: data, **more: object) -> Mutant:
    """Returns a VTN that is right in its own way."""
    return Mutant(side=Side.VTN, code=code, demand="none", bend=bend, **more)  # type: ignore[arg-type]


def coded(name: str, old: str, new: int) -> Bend:
    """Returns a bend that chooses another response code."""
    return changed(name, (f">{old}<", f">{new}<"))


def by_http(status: int, code: str, new: int) -> Callable[[Reply], Reply]:
    """Returns a bend that says by the status of HTTP alone what a message with a code says."""

    def bend(reply: Reply) -> Reply:
        fits = f"responseCode>{code}<".encode() in reply.body and reply.status == status
        return Reply(status=new) if fits else reply

    return bend


def status(old: int | None, new: int) -> Callable[[Reply], Reply]:
    """Returns a bend that chooses another status of HTTP."""
    return lambda reply: replace(reply, status=new) if reply.status == old else reply


def takes_everything(name: str, data: bytes) -> bytes | None:
    """Looks at no signature."""
    return coded(EVENTS, "463", 200)(name, data)


OTHERS = {
    "what is missing is 459": (other("K1_0508", coded("oadrUpdatedReport", "463", 459)), PASS),
    "a forgotten venID is an unknown one": (
        other("N1_0080", changed("oadrUpdatedReport", (">463<", ">452<"))),
        PASS,
    ),
    "strangers are not answered": (
        other("K1_0021", lambda name, data: None if b">463<" in data else data),
        PASS,
    ),
    "cancelled VENs are not answered": (
        other("N1_0030", lambda name, data: None if b">463<" in data else data),
        PASS,
    ),
    "strangers hear HTTP 403": (other("K1_0208B", reply=by_http(200, "463", 403)), PASS),
    "strangers' data are refused by HTTP 403": (
        other("K1_0304E", reply=by_http(200, "463", 403)),
        PASS,
    ),
    "wrong venIDs over TLS are 452": (other("K1_0208B", tls=True), PASS),
    "another Content-Type is 415": (other("K1_0053B", reply=status(406, 415)), PASS),
    "another method is 405": (other("K1_0053B", reply=status(501, 405)), PASS),
    "no document is 400": (other("K1_0053A", reply=status(406, 400)), PASS),
    "a proxy says 400 without certificate": (
        other("K1_0068", tls=True, reply=status(None, 400)),
        PASS,
    ),
    "no signature is looked at": (other("K1_0514A", takes_everything, tls=True), SKIP),
    "no replay is looked at": (other("K1_0514B", takes_everything, tls=True), SKIP),
    "venIDs without letters": (
        other(
            "K1_0512",
            changed("oadrCreatedPartyRegistration", ("<ei:venID>[^<]*<", "<ei:venID>17<")),
        ),
        SKIP,
    ),
    "simple in small letters": (
        other("A_E3_0430", changed(EVENTS, ("signalName>SIMPLE<", "signalName>simple<"))),
        PASS,
    ),
    "a market context written otherwise": (
        other("A_E3_0430", changed(EVENTS, (">http://openadr.", ">HTTP://OpenADR."))),
        PASS,
    ),
    "resources that nobody has set up": (
        other("P1_2010", coded("oadrCreatedOpt", "200", 462)),
        SKIP,
    ),
    "an optOut that cannot be taken back": (
        keeps_opt_out("none", 451),
        PASS,
    ),
}


@pytest.mark.parametrize("name", OTHERS)
async def test_a_vtn_that_is_right_in_its_own_way_is_not_blamed(name: str) -> None:
    vtn, verdict = OTHERS[name]
    result = await run(vtn)
    blamed = [one for one in result.faults if one.severity is Severity.VIOLATION]
    assert not blamed, [(one.id, one.seen) for one in blamed]
    assert result.verdict is verdict, result.reason


async def test_a_vtn_with_too_much_to_do_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ven_sending, "BACK_OFF", (0.01, 0.01))
    count = 0

    def busy(reply: Reply) -> Reply:
        nonlocal count
        count += 1
        return Reply(status=503, headers={"retry-after": "0"}) if count % 2 else reply

    result = await run(other("N1_0010", reply=busy))
    assert result.verdict is PASS, [(one.id, one.seen) for one in result.faults]


async def test_an_event_that_is_over_before_it_is_cancelled_is_held_against_nobody() -> None:
    async with our_vtn() as vtn:
        does = vtn.do

        async def slowly(action: Action) -> object:
            if not isinstance(action, CancelEvent):
                return await does(action)
            await vtn.clock.sleep(vtn.unit * 3)
            return None

        vtn.do = slowly  # type: ignore[method-assign]
        (result,) = (await run_vtn_cases([CASES[Side.VTN, "A_E3_0498"]], vtn)).results
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "--unit" in result.reason
