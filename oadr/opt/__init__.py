"""When a VEN or a resource takes part: schedules, and the opt for one event.

``check`` says what a VEN may ask for, ``schedule`` which schedule holds where and when,
``qualification`` what was said of one event, ``effect`` what all that makes of an event,
``words`` puts it for people. Both parties keep what was said, in the order in which it was
said, and compute the rest: all functions return new values and change nothing.

Spec: rules 16, 17, 46, 200 to 211.
"""

from oadr.opt.check import check_create_opt
from oadr.opt.effect import (
    Extent,
    Participation,
    PartVerdict,
    Policy,
    Precedence,
    Source,
    Verdict,
    participation,
    without,
)
from oadr.opt.qualification import (
    EventOpt,
    device_classes_of,
    event_answer,
    event_opt,
    qualify,
)
from oadr.opt.schedule import (
    Schedule,
    Span,
    apply,
    cancel,
    opted_out,
    schedule_of,
    spans,
    spent,
    within,
)
from oadr.opt.scope import Part, Point, Scope, point, resource, scope_of
from oadr.opt.words import (
    because,
    name_of,
    periods_in_words,
    reasons,
    schedule_in_words,
    scope_in_words,
    when,
)

__all__ = [
    "EventOpt",
    "Extent",
    "Part",
    "PartVerdict",
    "Participation",
    "Point",
    "Policy",
    "Precedence",
    "Schedule",
    "Scope",
    "Source",
    "Span",
    "Verdict",
    "apply",
    "because",
    "cancel",
    "check_create_opt",
    "device_classes_of",
    "event_answer",
    "event_opt",
    "name_of",
    "opted_out",
    "participation",
    "periods_in_words",
    "point",
    "qualify",
    "reasons",
    "resource",
    "schedule_in_words",
    "schedule_of",
    "scope_in_words",
    "scope_of",
    "spans",
    "spent",
    "when",
    "within",
    "without",
]
