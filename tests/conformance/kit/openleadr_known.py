"""What is known of openleadr 0.5.36, and which findings of the kit prove it.

The numbers are those of our own study of it: V for its VTN, C for its VEN, X for what both
share, Y for security, M for what is missing altogether.
"""

from tests.conformance.kit.openleadr_fault import shared_fault, ven_fault, vtn_fault

KNOWN = (
    vtn_fault(
        "V1",
        "R13, R30, R31, R47",
        "the active period is rebuilt from the intervals: tolerance, ramp-up, recovery and "
        "notification that were given are lost",
        "R30.startafter_kept",
        "R13.ramp_up_kept",
        "R31.recovery_kept",
        "R105.notification_kept",
    ),
    vtn_fault(
        "V2",
        "R15",
        "active events are in the order of their start, not of their priority",
        "R15.active_by_priority @K1_0015A",
    ),
    vtn_fault("V3", "R27", "replyLimit is ignored", "R27.reply_limit"),
    vtn_fault(
        "V4",
        "R40, R61",
        "without events oadrRequestEvent is answered with oadrResponse",
        "R61.empty_snapshot @E1_1010",
    ),
    vtn_fault("V5", "R16, R17", "a later optOut is lost", "R17.later_opt_shown"),
    vtn_fault(
        "V6",
        "R25, R35",
        "an error without eventResponses, or a late answer: HTTP 500",
        "R25.error_answered",
        "R35.missing_answers_answered",
        "R17.late_answer_answered",
    ),
    vtn_fault(
        "V7", "R48", "452 for a wrong modificationNumber, where 450 is due", "R48.wrong_number_450"
    ),
    vtn_fault(
        "V8",
        "R50, R52",
        "a cancellation that nobody has confirmed is not sent again",
        "R52.cancellation_comes_again",
    ),
    vtn_fault(
        "V9",
        "R50, R52",
        "a cancelled event that wants no answer is sent for ever",
        "R50.cancelled_not_for_ever",
    ),
    vtn_fault(
        "V10",
        "R115",
        "createdDateTime differs within a message, and is not renewed by a change",
        "R115.renewed_on_change",
        "R115.same_created",
    ),
    vtn_fault(
        "V12",
        "R21, R500, R517",
        "whatever an unknown venID says is answered with oadrRequestReregistration",
        "R21.unknown_refused",
        "R500.wrong_poll_refused",
        "R517.unregistered_463",
    ),
    vtn_fault(
        "V13",
        "R48, R514, R517",
        "whatever is to be refused with an oadrRequestEvent comes to HTTP 500",
        "R514.stale_refused %signed",
        "R514.replay_refused %signed",
    ),
    vtn_fault(
        "V15",
        "R402, R517",
        "a registration is refused with 200 and empty identifiers",
        "R402.wrong_ven_id_refused",
        "R517.refuses_registration",
        "R403.gives_identifiers",
    ),
    vtn_fault(
        "V16",
        "R400, R407",
        "oadrCancelPartyRegistration is answered with oadrResponse 200, whatever it names",
        "R400.wrong_id_refused",
        "XSD.fitting_reply @N1_0030",
    ),
    vtn_fault(
        "V17",
        "R404",
        "registrationID and venID are empty elements in the answer to a query",
        "R404.query_without_empty_ids @N1_0010",
    ),
    vtn_fault(
        "V18",
        "R324, R338",
        "requests have no reportInterval, and copy readingType out of the metadata",
        "R324.periodic_interval",
        "R338.reading_type",
    ),
    vtn_fault(
        "V19",
        "R314, R331",
        "HTTP 500 for a report with a status, several points in an interval, no start of an "
        "interval, or no report at all",
        "R314.interval_without_start_taken",
        "R334.load_control_taken",
        "R342.points_together_taken",
        "XSD.empty_update_answered",
    ),
    vtn_fault(
        "V20",
        "R304",
        "reports that nobody has asked for are taken with 200",
        "R304.unasked_is_refused",
        "R304.unknown_r_id_refused",
    ),
    vtn_fault(
        "V21",
        "R329",
        "HTTP 500 for an oadrCreatedReport that it does not wait for",
        "R329.stray_answers_answered",
    ),
    vtn_fault(
        "V22",
        "section 9.1.5",
        "500, 400 and 405 where 406 and 501 are due",
        "HTTP.wrong_request_refused",
        "HTTP.type_406",
        "HTTP.invalid_406",
        "HTTP.method_501",
    ),
    vtn_fault(
        "V24",
        "section 9.1.9",
        "no compression, and no messages of more than 1 MiB",
        "HTTP.compresses",
        "HTTP.large_taken",
        probed=False,
    ),
    ven_fault(
        "C1",
        "R21, R512",
        "a vtnID without capitals is refused with 452; the one that it is registered with is "
        "not looked at",
        "R56.new_is_taken %myvtn",
        "R512.vtn_id_case",
        "R21.takes_own_vtn",
    ),
    ven_fault(
        "C2",
        "R61",
        "events that are no longer in a snapshot are not dropped",
        "R61.missing_is_gone",
        "R61.empty_drops_all",
    ),
    ven_fault("C3", "R58", "a lower modificationNumber is taken for a change", "R58.refuses_lower"),
    ven_fault(
        "C4",
        "R19, R36, R60",
        "a cancellation that comes again opts out of all events of the message",
        "R36.confirms_again @K1_0059A",
    ),
    ven_fault(
        "C6",
        "R22, R48, R109, R112",
        "460 goes with optIn; type and unit of a signal and the target are not looked at",
        "R48.error_opts_out",
        "R109.refuses_kind",
        "R48.refuses_target",
    ),
    ven_fault(
        "C7", "R12, R62", "events whose time has passed are not answered", "R62.answers_passed"
    ),
    ven_fault(
        "C8",
        "R500",
        "it polls once in an interval, and leaves the rest for the next",
        "R500.fetches_all",
    ),
    ven_fault(
        "C9",
        "R401, section 9.1.7",
        "it gives up if the VTN cannot be reached, cannot introduce itself after a "
        "cancellation, and keeps its first poll interval",
        "HTTP.registers_after_503",
        "R407.introduces_itself_again",
        "R500.takes_new_interval",
    ),
    ven_fault(
        "C10",
        "R304",
        "an unknown report or data point is accepted with 200",
        "R304.unknown_specifier",
        "R304.unknown_point",
        "R329.refused_is_not_pending",
    ),
    ven_fault(
        "C11",
        "R324, R325",
        "the interval of a periodic request is ignored, and a report of a past start never sent",
        "R325.ends",
        "R324.once_comes",
    ),
    ven_fault(
        "C12",
        "R317, R324",
        "data points, and that a report is wanted once, leak into the next request of a message",
        "R304.data_points_were_asked @R1_3180",
        "R324.others_again",
    ),
    ven_fault(
        "C13",
        "R329",
        "oadrPendingReports has the reports of the last message alone",
        "R329.lists_all",
        probed=False,
    ),
    ven_fault(
        "C14",
        "R317, R325",
        "granularities are rounded to what cron can do",
        "R317.samples_honestly",
    ),
    ven_fault("C15", "R306", "new metadata end no reports", "R306.ended_by_metadata"),
    ven_fault(
        "C16",
        "R329, R336, R345",
        "a cancellation of several reports, or of an unknown one, is not answered; a last report "
        "comes whether it is wanted or not",
        "R336.cancels_several",
        "R336.unknown_refused",
        "R345.no_last_report",
    ),
    ven_fault(
        "C17",
        "R328",
        "a cancellation within oadrUpdatedReport is not heard",
        "R345.ended_by_cancellation @K1_0328",
    ),
    ven_fault(
        "C18", "R304", "oadrUpdateReport of a VTN is not answered", "R304.strange_data_answered"
    ),
    ven_fault(
        "C19",
        "section 9.1.7",
        "what the VTN could not take is not sent again",
        "HTTP.report_again",
        "HTTP.answers_after_503",
        probed=False,
    ),
    ven_fault("C22", "section 9.1.9", "Accept: */*", "HTTP.accept"),
    shared_fault(
        "X1", "XSD", "nothing is escaped in XML", "XSD.valid @K1_0207", "XSD.valid @K1_0042A"
    ),
    shared_fault(
        "X2",
        "R42, R303, R512",
        "identifiers that look like numbers are altered",
        "R48.echoed_request_id",
        "R42.request_id_of_event",
    ),
    shared_fault(
        "X3",
        "R1, R47, R210",
        "a duration of zero is written as P",
        "R1.durations_in_whole @K1_0047",
        "R1.durations_in_whole @P1_2015",
    ),
    vtn_fault("X5", "R103", "intervals of events have a start", "R103.intervals_have_no_start"),
    ven_fault(
        "X8", "XSD", "an opt for several resources has several targets", "XSD.valid @K1_0202"
    ),
    vtn_fault(
        "X11", "R104", "currencyPerKW becomes a custom unit", "R104.standard_units @K1_0104C"
    ),
    vtn_fault("X15", "R14, R29", "currentValue is 0 all the time", "R29.current_value"),
    vtn_fault(
        "Y1",
        "R508, R517",
        "whoever leaves out the venID is let in",
        "R508.nobody_refused",
        "R517.nameless_stranger_refused",
    ),
    vtn_fault(
        "Y4",
        "R514",
        "a message without a signature: HTTP 500, as it comes",
        "R405.metadata_first @N1_0020 %verifying",
    ),
    vtn_fault(
        "Y5",
        "R67",
        "TLS 1.3 is chosen, and AES128-SHA256 not known",
        "R67.selects_suite",
        "R67.accepts_suites",
    ),
    vtn_fault("Y6", "R514", "a signature of the future is accepted", "R514.ahead_refused %signed"),
    vtn_fault(
        "Y9",
        "R517",
        "a strange certificate with oadrRequestEvent: HTTP 500",
        "R517.stranger_refused @K1_0517B",
    ),
    vtn_fault("M1", "R203 to R211, R510", "there is no EiOpt", "R203.schedule_taken"),
    vtn_fault(
        "M6",
        "R301, R309, R405",
        "it never sends its metadata",
        "R405.metadata_first @N1_0020 %VTN over HTTP",
    ),
    vtn_fault(
        "M7",
        "R301, R336",
        "oadrCreateReport and oadrCancelReport are answered with oadrResponse 459",
        "R301.metadata_promised",
        "R336.unknown_cancellation_answered",
    ),
    ven_fault(
        "M8",
        "R331, R334",
        "the status of a resource is sent as a number",
        "R331.payload_of_report @R1_3010",
    ),
    ven_fault(
        "M9",
        "R301, R308, R311, R327",
        "metadata do not come when they are asked for",
        "R301.metadata_on_demand",
        "R327.metadata_repeated",
    ),
    vtn_fault("M11", "R111", "the target of a signal is lost", "R111.device_classes_kept"),
)
