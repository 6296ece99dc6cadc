"""The logic of events that both parties share, as pure functions.

A VTN makes an event with ``build``, proves it with ``check``, changes it with
``modify``, and sends it in its ``order`` with its ``status``. A VEN decides what an
event is to it with ``assess`` and when to do what with ``plan``. ``target`` says whom an
event means, ``signals`` which signals the profile knows.
"""

from oadr.event.assess import Assessment, Change, Supported, assess, implied_cancels, supports
from oadr.event.build import build_event, default_type, parse_levels
from oadr.event.check import check_event, normalize
from oadr.event.modify import cancel, modify
from oadr.event.order import order
from oadr.event.plan import (
    Step,
    StepKind,
    end_after_cancel,
    keep_offset,
    pick_offset,
    plan,
    steps_between,
)
from oadr.event.signals import (
    DEFAULT_SIGNALS,
    MINIMUM_SIGNALS,
    SIGNALS,
    SignalKinds,
    SignalRule,
)
from oadr.event.status import (
    effective_end,
    is_cancelled,
    next_change,
    overlaps,
    retire_at,
    running_interval,
    status_at,
    with_status,
)
from oadr.event.target import (
    DEVICE_CLASSES,
    Receiver,
    in_market,
    matches,
    normalize_uri,
    resources_of,
    same_market_context,
)

__all__ = [
    "DEFAULT_SIGNALS",
    "DEVICE_CLASSES",
    "MINIMUM_SIGNALS",
    "SIGNALS",
    "Assessment",
    "Change",
    "Receiver",
    "SignalKinds",
    "SignalRule",
    "Step",
    "StepKind",
    "Supported",
    "assess",
    "build_event",
    "cancel",
    "check_event",
    "default_type",
    "effective_end",
    "end_after_cancel",
    "implied_cancels",
    "in_market",
    "is_cancelled",
    "keep_offset",
    "matches",
    "modify",
    "next_change",
    "normalize",
    "normalize_uri",
    "order",
    "overlaps",
    "parse_levels",
    "pick_offset",
    "plan",
    "resources_of",
    "retire_at",
    "running_interval",
    "same_market_context",
    "status_at",
    "steps_between",
    "supports",
    "with_status",
]
