"""VENs with faults in reports that come again and again, and in ending them."""

import re

from conformance.checks import Side
from oadr import messages as m
from tests.conformance.kit.bent import Bend, Mutant, changed, instead
from tests.conformance.kit.report_bends import (
    CANCELED,
    CREATED,
    PENDING,
    REGISTER,
    UPDATE,
    beside,
    cut,
    data_for,
    first_of_each,
    first_only,
    ids_in,
    in_place_of_poll,
    reports,
    twice,
)


def _mutant(code: str, demand: str, bend: Bend, *also: str) -> Mutant:
    return Mutant(side=Side.VEN, code=code, demand=demand, bend=bend, also=frozenset(also))


def _pending_forever(name: str) -> Bend:
    """Returns a bend after which messages of a name list all that was ever pending."""
    known: dict[str, None] = {}

    def bend(given: str, data: bytes) -> bytes:
        if given not in {CREATED, CANCELED}:
            return data
        known.update(dict.fromkeys(ids_in(data)))
        if given != name:
            return data
        listed = "".join(f"<ei:reportRequestID>{one}</ei:reportRequestID>" for one in known)
        text = re.sub(r"<oadr:oadrPendingReports ?/>", "<P></P>", data.decode())
        text = text.replace("<P></P>", "<oadr:oadrPendingReports></oadr:oadrPendingReports>")
        return re.sub(PENDING, rf"\1{listed}\2", text).encode()

    return bend


def _silent_after_metadata() -> Bend:
    """Returns a bend that swallows all reports once metadata have come twice."""
    seen = [0]

    def bend(name: str, data: bytes) -> bytes | None:
        seen[0] += name == REGISTER
        return None if name == UPDATE and seen[0] > 1 else data

    return bend


def _gives_up_batch(name: str, data: bytes) -> bytes:
    if name != CANCELED or b">200<" in data:
        return data
    return re.sub(PENDING.encode(), rb"\1\2", data)


def _third_is_short(number: int, report: m.Report) -> tuple[m.Report, ...]:
    return (cut(report) if number == 3 else report,)


def _data(names: list[str], data: bytes) -> m.UpdateReport:
    return data_for(names[0], "TELEMETRY_USAGE", "power")


_SILENT = instead(UPDATE, None)
_FORGETS = changed(CANCELED, (PENDING, r"\1\2"))
_LONG_AGO = changed(UPDATE, (r">20\d\d-", ">2020-"))

MUTANTS = [
    # Again and again
    _mutant(
        "R1_3030",
        "R329.lists_all",
        changed(CREATED, (PENDING, r"\1\2")),
    ),
    _mutant(
        "R1_3020",
        "R325.not_early",
        in_place_of_poll(CREATED, lambda n, d: data_for(n[0], "TELEMETRY_STATUS", "status")),
        "R511.right_service",
    ),
    _mutant("R1_3020", "R325.comes_each_time", _SILENT),
    _mutant("R1_3020", "R325.ends", reports(beside)),
    _mutant("R1_3020", "R341.first_interval", _LONG_AGO),
    _mutant("R1_3027", "R325.for_ever", first_only(UPDATE)),
    _mutant("K1_0325", "R325.has_begun", first_only(UPDATE)),
    _mutant("R1_3160", "R317.samples_honestly", reports(lambda number, one: (cut(one),))),
    _mutant("R1_3160", "R346.same_number", reports(_third_is_short)),
    _mutant("K1_0317B", "R317.changes_reported", first_only(UPDATE)),
    # Cancellation
    _mutant("R1_3040", "R336.cancels", changed(CANCELED, (">200<", ">452<"))),
    _mutant("K1_0336", "R336.cancels_several", changed(CANCELED, (">200<", ">452<"))),
    _mutant("R1_3040", "R336.unknown_refused", changed(CANCELED, (r">4\d\d<", ">200<"))),
    _mutant("R1_3040", "R336.all_or_none", _gives_up_batch),
    _mutant("K1_0336", "R329.remaining", _FORGETS),
    _mutant(
        "K1_0336",
        "R329.cancelled_is_gone",
        _pending_forever(CANCELED),
    ),
    _mutant("R1_3045", "R345.last_report", _SILENT),
    _mutant("R1_3045", "R345.one_last_report", reports(twice)),
    _mutant("R1_3045", "R345.last_is_pending", _FORGETS),
    _mutant(
        "K1_0345",
        "R345.no_last_report",
        in_place_of_poll(CANCELED, _data, CREATED),
        "R511.right_service",
    ),
    _mutant("K1_0328", "R328.others_go_on", first_of_each()),
    _mutant(
        "K1_0328",
        "R328.obeys_piggyback",
        _pending_forever(CREATED),
        "R329.cancelled_is_not_pending",
    ),
    _mutant("R1_3170", "R306.offers_again", first_only(REGISTER)),
    _mutant("R1_3170", "R306.asked_again", _silent_after_metadata()),
    # Delivery
    _mutant("K1_0346A", "HTTP.report_again", first_only(UPDATE)),
    _mutant("K1_0346B", "R325.reports_go_on", first_only(UPDATE)),
]
