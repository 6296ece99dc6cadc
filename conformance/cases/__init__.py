"""The cases, by the device under test and the service; importing this registers all.

``conformance.case`` says how one is written. Here they are put in the order in which they
are listed and run.
"""

from conformance.case import CASES, Case, Suite
from conformance.cases import (
    ven_clock,
    ven_event,
    ven_event_answers,
    ven_event_changes,
    ven_event_refusals,
    ven_event_times,
    ven_general,
    ven_opt,
    ven_polling,
    ven_registration,
    ven_report,
    ven_report_cancel,
    ven_report_delivery,
    ven_report_offers,
    ven_report_periodic,
    ven_report_refusal,
    vtn_admission,
    vtn_event,
    vtn_event_answer,
    vtn_event_cancel,
    vtn_event_change,
    vtn_event_order,
    vtn_event_signal,
    vtn_event_status,
    vtn_general,
    vtn_http,
    vtn_odd,
    vtn_opt,
    vtn_opt_event,
    vtn_registration,
    vtn_report,
    vtn_report_data,
    vtn_report_ending,
    vtn_report_ids,
    vtn_report_metadata,
    vtn_report_source,
    vtn_security,
    vtn_signature,
)

__all__ = ["CASES", "MODULES"]

MODULES = (
    vtn_registration,
    vtn_admission,
    vtn_general,
    vtn_odd,
    vtn_http,
    vtn_security,
    vtn_signature,
    ven_registration,
    vtn_event,
    vtn_event_signal,
    vtn_event_status,
    vtn_event_order,
    vtn_event_change,
    vtn_event_cancel,
    vtn_event_answer,
    vtn_report,
    vtn_report_ending,
    vtn_report_metadata,
    vtn_report_data,
    vtn_report_ids,
    vtn_report_source,
    ven_general,
    ven_polling,
    ven_report,
    ven_report_cancel,
    ven_report_delivery,
    ven_report_offers,
    ven_report_periodic,
    ven_report_refusal,
    vtn_opt,
    vtn_opt_event,
    ven_opt,
    ven_clock,
    ven_event,
    ven_event_answers,
    ven_event_changes,
    ven_event_refusals,
    ven_event_times,
)

#: First the cases that certification has too, then our own.
_LETTERS = "NEAPRGSK"


def _place(case: Case) -> tuple[str, int, int, str]:
    return case.side, list(Suite).index(case.suite), _LETTERS.index(case.code[0]), case.code


for _case in sorted(CASES.values(), key=_place):
    CASES[_case.side, _case.code] = CASES.pop((_case.side, _case.code))
