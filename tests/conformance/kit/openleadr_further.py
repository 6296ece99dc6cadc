"""What the kit finds in openleadr 0.5.36 beyond the known faults, and why it is true.

By who does it and the identifier of the check or demand; verified in openleadr's source. Some
are further effects of a known fault, which is named then.
"""

from conformance.checks import Side

_EI_OPT = "M1: the address of EiOpt is not there, so that the answer is HTTP 404."
_UNKNOWN = (
    "V12: VTNService.handler answers any message with an unknown venID by "
    "oadrRequestReregistration."
)
_REBUILT = "V1: add_raw_event replaces the active period by one made of the intervals."

_OF_VTN = {
    "HTTP.doctype_refused": "VTNService.handler parses with a schema and does not forbid a "
    "DOCTYPE; lxml then ends the whole process with a segmentation fault.",
    "HTTP.goes_on": "As above: a DOCTYPE ends the process, and nothing listens any more.",
    "HTTP.no_server_error": "V6, V18, V19: handlers look up keys that the schema leaves out.",
    "R104.signal_kept": "X11: _MEASUREMENT_NAMESPACES has currencyPerWK for currencyPerKW.",
    "R105.notification": "add_event writes no x-eiNotification unless one is given, and V1 "
    "drops the one that is given.",
    "R13.becomes_near": _REBUILT,
    "R32.intervals_kept": "X3: the duration 0 is written as P, which says nothing.",
    "R47.open_end_kept": "X3: the duration 0 is written as P, which says nothing.",
    "R66.sent_in_window": "V11: determine_event_status looks at no tolerance, and a completed "
    "event is taken off the list.",
    "R202.empty_target_taken": _EI_OPT,
    "R205.context_taken": _EI_OPT,
    "R206.change_taken": _EI_OPT,
    "R206.qualification_taken": _EI_OPT,
    "R207.empty_request_id_taken": _EI_OPT,
    "R207.odd_ids_taken": "M1 and V19: EiOpt is not there, and an oadrUpdateReport without a "
    "report comes to HTTP 500, whatever the identifiers are.",
    "R209.device_class_taken": _EI_OPT,
    "R210.open_ended_taken": _EI_OPT,
    "R21.same_identifiers": "V12: oadrRequestReregistration repeats the wrong venID.",
    "R304.other_specifier_refused": "V20: update_report does not look at reportSpecifierID.",
    "R304.wrong_ven_id_refused": _UNKNOWN,
    "R316.numbered_taken": "V19: update_report wants a dtstart in each interval.",
    "R406.starts_afresh": "M6: metadata of the VTN never come.",
    "R407.forgets": _UNKNOWN,
    "R48.unknown_event_452": "V6: created_event looks up events of a VEN that has none.",
    "R502.new_event_comes": "X1: a comment with & is written as it is, so that no VEN can read "
    "the event.",
    "R512.inverted_refused": _UNKNOWN,
    "R510.opt_service": _EI_OPT,
    "R300.asked_is_offered": "X2: reportSpecifierID 1.10 comes back as 1.1.",
    "R514.other_key_refused": "V13: the refusal of an oadrRequestEvent comes to HTTP 500.",
}
_OF_VEN = {
    "R112.unknown_resource": "C6: _on_event does not look at eiTarget.",
    "R206.event_wanted_answer": "create_opt does not look at oadrResponseRequired.",
    "R21.same_identifiers": "X2: a venID such as 0042 comes back as 42.",
    "R512.odd_identifiers": "X2: an eventID or a venID that looks like a number is altered.",
    "R400.refuses_other_ven": "oadrRequestReregistration is obeyed whatever its venID.",
    "R300.data_are_complete": "C10: an unknown data point is left out, and the rest is sent.",
    "R303.echoes_of_request": "X2: normalize_dict turns requestIDs into numbers.",
    "R304.any_request_id": "X2: the report comes under an altered reportRequestID.",
    "R304.data_were_asked": "X2: the report comes under an altered reportRequestID.",
    "R304.refused_is_not_sent": "C10: what cannot be had is reported all the same.",
    "R313.has_data": "C10: a report without a known data point is sent, and is empty.",
    "R329.answers_request": "X1: the identifier is written as it is, so that the answer is no XML.",
    "R329.pending_was_asked": "X2: a reportRequestID is altered.",
    "R329.remaining": "C16: oadrCanceledReport lists nothing but the report that follows.",
    "R33.refuses_illogical": "C6: _on_event does not look at intervals.",
    "R345.last_report": "C16: with sampling shorter than reporting the last report is held until "
    "it is complete, which it never is.",
    "R400.refuses_wrong_cancellation": "on_cancel_party_registration does not look at the venID.",
    "R405.registers_first": "run goes on to set up polling after a cancellation that came with "
    "its first poll.",
    "R42.odd_request_ids": "X1, X2: requestIDs are altered, or written as they are.",
    "R512.ven_id_case": "oadrRequestReregistration is obeyed whatever its venID.",
}
FURTHER: dict[tuple[Side, str], str] = {
    **{(Side.VTN, name): words for name, words in _OF_VTN.items()},
    **{(Side.VEN, name): words for name, words in _OF_VEN.items()},
}
#: What does not show each time: a case is inconclusive on a busy machine, or openleadr's timers
#: decide what comes first.
SOMETIMES = {(Side.VTN, "R66.sent_in_window"), (Side.VEN, "R405.registers_first")}
