"""VENs with faults in what they offer, in reports that are wanted once, and in refusals."""

import re
from dataclasses import replace

from conformance.checks import Side
from oadr import codec
from oadr import messages as m
from tests.conformance.kit.bent import Bend, Mutant, changed, instead
from tests.conformance.kit.report_bends import (
    CREATED,
    REGISTER,
    UPDATE,
    apart,
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


def _both(first: Bend, second: Bend) -> Bend:
    def bend(name: str, data: bytes) -> bytes | None:
        once = first(name, data)
        return None if once is None else second(name, once)

    return bend


def _refused(data: bytes) -> str:
    """Returns the reportRequestID of what was refused for its reportSpecifierID."""
    # The kit has made up the reportSpecifierID right after the reportRequestID.
    (stem, number) = re.findall(r"no-such-report-(\w+)-(\d+)", data.decode())[0]
    return f"report-{stem}-{int(number) - 1}"


def _lists_refused(name: str, data: bytes) -> bytes:
    if name != CREATED or b"no-such-report" not in data:
        return data
    listed = f"<oadr:oadrPendingReports><ei:reportRequestID>{_refused(data)}</ei:reportRequestID>"
    return re.sub(
        rb"<oadr:oadrPendingReports ?/>|<oadr:oadrPendingReports></oadr:oadrPendingReports>",
        f"{listed}</oadr:oadrPendingReports>".encode(),
        data,
    )


def _early_data() -> Bend:
    """Returns a bend that has a report before the oadrCreatedReport that announces it."""
    held: list[bytes] = []

    def bend(name: str, data: bytes) -> bytes:
        if name == CREATED and not held:
            held.append(data)
            (ven_id,) = re.findall("<ei:venID>([^<]*)<", data.decode())
            early = data_for(ids_in(data)[0], "TELEMETRY_USAGE", "power")
            return _encoded(early, ven_id)
        return held.pop() if name == UPDATE and held and held[0] else data

    return bend


def _encoded(message: m.UpdateReport, ven_id: str) -> bytes:
    return codec.encode(replace(message, ven_id=ven_id))


def _shorter() -> Bend:
    """Returns a bend that leaves reports out of all metadata but the first."""
    seen = [0]

    def bend(name: str, data: bytes) -> bytes:
        seen[0] += name == REGISTER
        if name != REGISTER or seen[0] == 1:
            return data
        return re.sub(rb"(</oadr:oadrReport>).*</oadr:oadrReport>", rb"\1", data, flags=re.DOTALL)

    return bend


_OFFERED = changed(REGISTER, ("METADATA_HISTORY_USAGE", "x-history"))
_REPORT_ONLY = changed(
    "oadrCreatePartyRegistration", ("oadrReportOnly>false<", "oadrReportOnly>true<")
)
_SILENT = instead(UPDATE, None)
_OK = (r"<ei:responseCode>200<", "<ei:responseCode>461<")
_MISTAKEN = (r"<ei:responseCode>4\d\d<", "<ei:responseCode>200<")

MUTANTS = [
    # What is offered
    _mutant(
        "K1_0510",
        "R510.offers_status",
        changed(REGISTER, ("METADATA_TELEMETRY_STATUS", "x-status")),
    ),
    _mutant(
        "K1_0510",
        "R510.offers_usage",
        changed(REGISTER, ("METADATA_TELEMETRY_USAGE", "x-usage")),
    ),
    _mutant(
        "K1_0510",
        "R510.status_of_resource",
        changed(REGISTER, ("<ei:reportDataSource>.*?</ei:reportDataSource>", "")),
    ),
    _mutant("K1_0510", "R510.report_only_history", _both(_OFFERED, _REPORT_ONLY)),
    _mutant("R1_3080", "R327.metadata_created", changed(CREATED, _OK)),
    _mutant("R1_3080", "R301.metadata_on_demand", first_only(REGISTER)),
    _mutant(
        "R1_3080",
        "R311.ven_names_request",
        changed(REGISTER, ("<ei:reportRequestID>report-[^<]*</ei:reportRequestID>", "")),
    ),
    _mutant("R1_3080", "R306.complete", _shorter()),
    _mutant("R1_3090", "R327.metadata_repeated", first_only(REGISTER)),
    _mutant(
        "R1_3100",
        "R336.metadata_end",
        in_place_of_poll(
            "oadrCanceledReport", lambda names, data: m.RegisterReport(request_id="bent"), skip=3
        ),
        "R511.right_service",
    ),
    _mutant("K1_0301", "R301.takes_metadata", changed("oadrRegisteredReport", (">200<", ">452<"))),
    _mutant("R1_3060", "R344.answers_piggyback", instead(CREATED, None)),
    _mutant("R1_3060", "R344.serves_piggyback", _SILENT),
    # Once
    _mutant("R1_3010", "R329.answers_request", instead(CREATED, None)),
    _mutant("K1_0303", "R303.echoes_of_request", changed(CREATED, (">0042<", ">42<"))),
    _mutant("R1_3010", "R300.takes_what_it_offers", changed(CREATED, _OK)),
    _mutant("R1_3010", "R324.once_comes", _SILENT),
    _mutant("R1_3150", "R324.only_once", reports(twice)),
    _mutant("R1_3150", "R324.in_one_interval", reports(apart)),
    _mutant("K1_0324C", "R324.others_again", first_of_each()),
    _mutant("R1_3180", "R324.created_before_data", _early_data(), "R324.only_once"),
    _mutant("R1_3130", "R325.history_comes", _SILENT),
    _mutant("R1_3140", "R341.history_of_the_time", changed(UPDATE, (r">20\d\d-", ">2020-"))),
    # Refusals
    _mutant("R1_3190", "R304.unknown_specifier", changed(CREATED, _MISTAKEN)),
    _mutant("K1_0304A", "R304.unknown_point", changed(CREATED, _MISTAKEN)),
    _mutant("K1_0340", "R340.too_fast", changed(CREATED, (">454<", ">452<"))),
    _mutant("R1_3190", "R329.refused_is_not_pending", _lists_refused),
    _mutant(
        "R1_3190",
        "R304.refused_is_not_sent",
        in_place_of_poll(
            CREATED,
            lambda names, data: data_for(_refused(data), "TELEMETRY_USAGE", "power", "energy"),
        ),
        "R511.right_service",
        "R304.data_of_specifier",
    ),
    _mutant(
        "K1_0303",
        "R304.any_request_id",
        changed(UPDATE, (r">00(\d+)<", r">\1<")),
        "R304.data_were_asked",
    ),
    _mutant(
        "K1_0304B",
        "R304.strange_data_answered",
        changed("oadrUpdatedReport", _MISTAKEN),
    ),
]
