"""EiReport: the rules (R300 to R346).

Either party can be the source of reports, which has the data, or the requester.
"""

from oadr.rules.rule import BOTH, VEN, Rule

RULES = (
    Rule(
        300,
        BOTH,
        "Metadata offers nothing that its well-known report does not have, a request asks for "
        "nothing that was not offered, and a report that is delivered has all that was requested.",
    ),
    Rule(
        301,
        BOTH,
        "Also who has no data says so: with oadrRegisterReport after a new registration, and with "
        "oadrCreatedReport and oadrRegisterReport when its metadata is asked for. There is no "
        "oadrReport in it then. A VEN that polls gets the metadata of the VTN at its first poll.",
        note="This rule also names re-registration, which R405 exempts. Metadata is not sent then, "
        "because it would cancel the scheduled reports (R306), unless it has changed.",
    ),
    Rule(
        302,
        BOTH,
        "A report is the sum over its reportDataSources, one of several criteria being enough, as "
        "far as they are in its marketContext.",
    ),
    Rule(303, BOTH, "The requestID may be empty; if it is not, the reply has it too."),
    Rule(
        304,
        BOTH,
        "venID, vtnID, rID, reportRequestID and reportSpecifierID are checked; one that does not "
        "fit is answered with 452.",
    ),
    Rule(
        305,
        BOTH,
        "Metadata has a description for each data point, with its unit (R331), and has no "
        "intervals and no dtstart.",
        note="The text breaks off in a third element that is not allowed; it is taken to be "
        "eiReportID, which we never send (R339).",
    ),
    Rule(
        306,
        BOTH,
        "Metadata is always complete. It takes the place of what was known and cancels all "
        "scheduled reports but periodic metadata, so what is still wanted is asked for again.",
    ),
    Rule(
        307,
        BOTH,
        "reportSubject names device classes of the list of R111 and nothing else, or is left out. "
        "It narrows what data source and market context say.",
    ),
    Rule(
        308,
        BOTH,
        "A reportSpecifierID is unique in the metadata and an rID within it. Who asks for METADATA "
        "says rID 0, and the receiver does not look at it.",
    ),
    Rule(
        309,
        BOTH,
        "After a new registration metadata comes first; only oadrRequestEvent may come earlier.",
    ),
    Rule(
        311,
        BOTH,
        "The reportRequestID in each metadata report is 0. That of the message is there only if it "
        "answers an oadrCreateReport, and then is that of the request.",
    ),
    Rule(
        312,
        BOTH,
        "The duration of a metadata report says for how long data at the fastest sampling is kept; "
        "it is required, and no oadrMaxPeriod is longer.",
    ),
    Rule(
        313,
        BOTH,
        "A report with data has dtstart, intervals and a reportName without `METADATA_`, and has "
        "no oadrReportDescription.",
    ),
    Rule(
        314,
        BOTH,
        "The dtstart of a report is that of its first interval. All intervals have a dtstart or "
        "none has, and the oldest comes first.",
    ),
    Rule(
        315,
        BOTH,
        "The duration of a report, if it is said, reaches from the first interval to the last. An "
        "interval without duration is a value at a moment, one with it a value over that time; all "
        "are of one kind. Several intervals without dtstart need the duration of the report.",
        note="Without starts each interval begins where the one before it ends; one without a "
        "duration has an equal share of the report's.",
    ),
    Rule(
        316,
        BOTH,
        "Intervals without dtstart have a uid that counts 0, 1, 2 and so on. Green Button data "
        "needs none.",
    ),
    Rule(
        317,
        BOTH,
        "granularity is the time between two values, no less than oadrMinPeriod and no more than "
        "reportBackDuration. 0 means on change, and history asks for 0.",
    ),
    Rule(
        318,
        BOTH,
        "Where there is no valid value, a placeholder is sent with a data quality that is bad.",
    ),
    Rule(319, BOTH, "accuracy is in the unit of the value."),
    Rule(
        321,
        BOTH,
        "A report request has no tolerance, notification, ramp-up or recovery in its "
        "reportInterval, and no itemBase in a specifierPayload.",
    ),
    Rule(322, BOTH, "A reportRequestID is unique among the requests of who asks."),
    Rule(
        324,
        BOTH,
        "reportBackDuration 0 means once and now, and history asks for 0. Telemetry then has one "
        "interval per data point, and granularity and reportInterval mean nothing. Periodic "
        "requests and history have dtstart and duration in reportInterval.",
    ),
    Rule(
        325,
        BOTH,
        "For telemetry the dtstart of reportInterval is when the first report starts and its "
        "duration how long reports go on, 0 for ever. For history it is a time in the past, and 0 "
        "means all since dtstart.",
        note="Report n covers the n-th reportBackDuration after dtstart and is due when that time "
        "is over (R341).",
    ),
    Rule(327, BOTH, "`METADATA` is the reportSpecifierID that asks for metadata."),
    Rule(
        328,
        BOTH,
        "An oadrUpdatedReport may carry an oadrCancelReport, which the receiver obeys. It names "
        "only reports of the update that it answers.",
    ),
    Rule(
        329,
        BOTH,
        "oadrPendingReports names every report that is still to come.",
        note="A report of the moment is one of them until it has arrived, a final one too (R345). "
        "The VTN asks again for what a VEN has dropped once its report is late as well.",
    ),
    Rule(
        330,
        BOTH,
        "An rID is a text.",
        note="Energy Interoperation would have it in three digits at most; that is not asked for.",
    ),
    Rule(
        331,
        BOTH,
        "Well-known reports have the types, units and readings of the profile's table, and their "
        "names begin with `METADATA_` in an oadrRegisterReport.",
    ),
    Rule(333, VEN, "The data points of TELEMETRY reports have an oadrSamplingRate."),
    Rule(
        334,
        VEN,
        "TELEMETRY_STATUS says capacity, level, percentage and set point where they exist, the "
        "same ones in all intervals.",
    ),
    Rule(
        335,
        BOTH,
        "If reports go on after a cancellation in an oadrUpdatedReport, oadrCancelReport follows.",
    ),
    Rule(
        336,
        BOTH,
        "An oadrCancelReport may name several reports; if one of them is unknown or cannot be "
        "cancelled, the answer is a code of the 400s.",
        note="None is cancelled then.",
    ),
    Rule(
        337,
        BOTH,
        "TELEMETRY_USAGE over intervals is sampled all the time, so that a report that is wanted "
        "now can be sent now. If a range of rates was offered, its interval says its duration.",
    ),
    Rule(338, BOTH, "The readingType in a request is x-notApplicable."),
    Rule(339, BOTH, "eiReportID is neither sent nor looked at."),
    Rule(
        340,
        BOTH,
        "Nobody asks for more than was offered. The source answers that with 454 in its "
        "oadrCreatedReport.",
    ),
    Rule(
        341,
        BOTH,
        "The dtstart of a request is the oldest moment that is wanted. The first interval starts "
        "within one granularity of it, and the last periodic report may reach beyond the end.",
    ),
    Rule(
        342,
        BOTH,
        "Values over a time never have a dtstart alone, and values at a moment never a duration. "
        "Where a report mixes them, both may be there.",
    ),
    Rule(
        343,
        BOTH,
        "A data point without source, subject and context is about all resources of the sender.",
    ),
    Rule(
        344,
        BOTH,
        "Requests may ride on an oadrRegisteredReport. Nobody has to send them so, and everybody "
        "has to understand them.",
    ),
    Rule(345, BOTH, "With reportToFollow one last report comes after the cancellation."),
    Rule(
        346,
        VEN,
        "Periodic reports come regularly and with the same number of intervals. A corrected report "
        "takes the place of the one before it, and the same report twice is no error.",
    ),
)
