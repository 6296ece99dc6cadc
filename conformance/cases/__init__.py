"""The cases, by the device under test and the service; importing this registers all.

``conformance.case`` says how one is written.
"""

from conformance.case import CASES
from conformance.cases import (
    ven_opt,
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
)

__all__ = ["CASES", "MODULES"]

MODULES = (
    vtn_registration,
    vtn_admission,
    vtn_general,
    vtn_odd,
    vtn_http,
    ven_registration,
    ven_report,
    ven_report_cancel,
    ven_report_delivery,
    ven_report_offers,
    ven_report_periodic,
    ven_report_refusal,
    vtn_event,
    vtn_event_signal,
    vtn_event_status,
    vtn_event_order,
    vtn_event_change,
    vtn_event_cancel,
    vtn_event_answer,
    ven_opt,
    vtn_opt,
    vtn_opt_event,
    vtn_report,
    vtn_report_data,
    vtn_report_ending,
    vtn_report_ids,
    vtn_report_metadata,
    vtn_report_source,
)
