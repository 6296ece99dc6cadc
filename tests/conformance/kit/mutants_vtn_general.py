"""VTNs with faults in polls, identifiers, odd messages and HTTP."""

from dataclasses import replace

from conformance.checks import Side
from conformance.peers.http import Reply
from oadr import messages as m
from tests.conformance.kit.bent import Bend, BendReply, Mutant, instead, later
from tests.conformance.kit.mutants_vtn_registration import code


def _mutant(case: str, demand: str, bend: Bend, *also: str) -> Mutant:
    return Mutant(side=Side.VTN, code=case, demand=demand, bend=bend, also=frozenset(also))


def _http(case: str, demand: str, reply: BendReply, *also: str) -> Mutant:
    return Mutant(side=Side.VTN, code=case, demand=demand, reply=reply, also=frozenset(also))


def _status(old: int, new: int) -> BendReply:
    """Returns a bend that puts another HTTP status in the place of one."""
    return lambda reply: replace(reply, status=new) if reply.status == old else reply


def _ended(reply: Reply) -> Reply:
    """Has nothing listen any more in place of refusing something."""
    return reply if reply.status == 200 else Reply(status=None, problem="gone", unreached=True)


def _uncompressed(reply: Reply) -> Reply:
    kept = {name: value for name, value in reply.headers.items() if name != "content-encoding"}
    return replace(reply, headers=kept)


def _broken(name: str, count: int) -> BendReply:
    """Returns a bend that makes an HTTP 500 of the answer of a name that comes after some."""
    seen = 0

    def bend(reply: Reply) -> Reply:
        nonlocal seen
        fits = name.encode() in reply.body
        seen += fits
        return replace(reply, status=500) if fits and seen > count else reply

    return bend


def _nth(number: int, old: int, new: int) -> BendReply:
    """Returns a bend that does the same with one of them, counted from 1."""
    seen = 0

    def bend(reply: Reply) -> Reply:
        nonlocal seen
        seen += reply.status == old
        return replace(reply, status=new) if seen == number else reply

    return bend


_EVENTS = "oadrDistributeEvent"
_NO_EVENTS = m.DistributeEvent(
    response=m.EiResponse(description="OK"), request_id="1", vtn_id="openadr-kit-vtn"
)
MUTANTS = [
    _mutant(
        "K1_0500A",
        "R500.empty_queue",
        later(code("oadrResponse", "200", 450), "oadrResponse", 2),
    ),
    _mutant(
        "K1_0500A",
        "R500.queue_ends",
        later(instead("oadrResponse", _NO_EVENTS), "oadrResponse", 2),
    ),
    _mutant(
        "K1_0500B",
        "R500.wrong_poll_refused",
        code("oadrResponse", r"4\d\d", 200),
        "R21.same_identifiers",
    ),
    _mutant("K1_0512", "R512.inverted_refused", code("oadrCanceledOpt", r"4\d\d", 200)),
    _mutant(
        "K1_0021",
        "R21.unknown_refused",
        code("oadrUpdatedReport", r"4\d\d", 200),
        "R21.same_identifiers",
    ),
    _mutant(
        "K1_0021",
        "R21.still_served",
        later(code(_EVENTS, "200", 463), _EVENTS, 2),
    ),
    _mutant("K1_0508", "R508.nobody_refused", code("oadrUpdatedReport", r"4\d\d", 200)),
    _mutant("K1_0207", "R207.odd_ids_taken", instead("oadrCanceledOpt", None)),
    _http("K1_0331", "HTTP.no_server_error", _broken("oadrUpdatedReport", 1)),
    _mutant("K1_0033", "HTTP.alive_afterwards", later(code(_EVENTS, "200", 463), _EVENTS)),
    _http("K1_0053A", "HTTP.invalid_406", _status(406, 400)),
    _http("K1_0053A", "HTTP.invalid_refused", _nth(1, 406, 500)),
    _http("K1_0053A", "HTTP.no_document", _nth(4, 406, 500)),
    _http("K1_0053A", "HTTP.doctype_refused", _nth(8, 406, 500)),
    _http("K1_0053A", "HTTP.goes_on", _ended),
    _mutant("K1_0053A", "HTTP.doctype_survived", later(code(_EVENTS, "200", 463), _EVENTS)),
    _http("K1_0053B", "HTTP.wrong_request_refused", _status(406, 500), "HTTP.type_406"),
    _http("K1_0053B", "HTTP.type_406", _status(406, 415)),
    _http("K1_0053B", "HTTP.method_501", _status(501, 405)),
    _http("K1_0053B", "HTTP.path_404", _status(404, 406)),
    _http("K1_0053B", "R511.wrong_service", _status(404, 500), "HTTP.wrong_request_refused"),
    _mutant("K1_0053C", "HTTP.any_headers", later(instead(_EVENTS, None), _EVENTS)),
    _http("K1_0053C", "HTTP.compresses", _uncompressed),
    _http("K1_0053D", "HTTP.large_taken", _broken("oadrRegisteredReport", 1)),
]
