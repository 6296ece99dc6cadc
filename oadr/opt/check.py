"""What a VEN may ask for by oadrCreateOpt.

Spec: rules 46, 200 to 210.
"""

from oadr.enums import ResponseRequired
from oadr.errors import (
    ComplianceError,
    DeploymentError,
    InvalidData,
    InvalidId,
    NotAllowed,
    OutOfSequence,
    TargetMismatch,
)
from oadr.event.target import (
    SUB_ELEMENTS,
    Receiver,
    in_market,
    is_whole,
    names_whole,
    only_device_classes,
)
from oadr.messages.common import Target
from oadr.messages.event import Event
from oadr.messages.opt import CreateOpt
from oadr.opt.scope import parts_of
from oadr.times import ZERO
from oadr.words import quoted

#: More names in a target, or periods in a schedule, than any VEN has use for.
MOST = 1000


def check_create_opt(opt: CreateOpt, event: Event | None, receiver: Receiver) -> None:
    """Checks what a VEN asks for by oadrCreateOpt.

    Args:
        opt: the message.
        event: the event that it qualifies as last sent to this VEN; None if it
            qualifies none, or one that this VEN was never sent.
        receiver: the VEN that sent it, by its certificate.

    Raises:
        InvalidId: venID, optID or eventID is not one that is known (R208, R21).
        ComplianceError: parts that do not go together (R200, R206, R209).
        NotAllowed: the event was sent with ``never`` (R206).
        OutOfSequence: the modification of the event does not exist.
        TargetMismatch: target or market context reaches beyond the event or the VEN.
        InvalidData: a period that ends before it starts.
        DeploymentError: more names or periods than anybody has use for.
    """
    if opt.ven_id != receiver.ven_id:
        raise InvalidId(f"venID {quoted(opt.ven_id)} is not the sender's", rule="R208")
    if not opt.opt_id.strip():
        raise InvalidId("optID is empty", rule="R208")
    if set(opt.target.ven_ids) - {receiver.ven_id}:
        raise TargetMismatch("the target names another VEN", rule="R206")
    if opt.device_class and not only_device_classes(opt.device_class):
        text = "oadrDeviceClass holds something else than standard or x- device classes"
        raise ComplianceError(text, rule="R209")
    if max(len(parts_of(opt.target)), len(opt.availability)) > MOST:
        raise DeploymentError(f"at most {MOST} names in a target, and {MOST} periods", rule="R202")
    if opt.event_id is None:
        _check_schedule(opt, receiver)
    else:
        _check_qualification(opt, event)


def _check_schedule(opt: CreateOpt, receiver: Receiver) -> None:
    if not opt.availability:
        text = "there is neither a vavailability nor an eventID; expected one of them"
        raise ComplianceError(text, rule="R206")
    for period in opt.availability:
        extras = (period.start_after, period.notification, period.ramp_up, period.recovery)
        if any(extra is not None for extra in extras):
            text = "vavailability has a tolerance, notification, ramp-up or recovery"
            raise ComplianceError(text, rule="R200")
        if period.duration < ZERO:
            text = f"vavailability lasts {period.duration}; expected 0 or more"
            raise InvalidData(text, rule="R210")
    if opt.market_context and not in_market(opt.market_context, receiver):
        text = f"market context {quoted(opt.market_context)} is none of this VEN's"
        raise TargetMismatch(text, rule="R205")


def _check_qualification(opt: CreateOpt, event: Event | None) -> None:
    if opt.availability or opt.market_context:
        text = "an eventID goes with neither vavailability nor marketContext"
        raise ComplianceError(text, rule="R206")
    if event is None or event.event_id != opt.event_id:
        raise InvalidId(
            f"eventID {quoted(opt.event_id or '')} was not sent to this VEN", rule="R21"
        )
    if event.response_required is ResponseRequired.NEVER:
        text = f"event {quoted(event.event_id)} was sent with oadrResponseRequired=never"
        raise NotAllowed(text, rule="R206")
    number = event.descriptor.modification_number
    # An older number is no error: the VEN need not have been told of the newer one yet.
    if (opt.modification_number or 0) > number:
        text = f"event {quoted(event.event_id)} is at modification {number}"
        raise OutOfSequence(f"{text}, not {opt.modification_number}", rule="R48")
    for field in SUB_ELEMENTS:
        beyond = set(getattr(opt.target, field)) - set(getattr(event.target, field))
        if beyond and not _reaches_whole(event.target, field):
            what = field.replace("_ids", " IDs").replace("_", " ")
            raise TargetMismatch(f"the target has {what} that the event has not", rule="R206")


def _reaches_whole(target: Target, field: str) -> bool:
    """Whether an event target includes whatever ``field`` can name of a VEN.

    An event for a VEN as a whole includes all its parts, one for a group all resources.
    """
    return is_whole(target) or (field == "resource_ids" and names_whole(target))
