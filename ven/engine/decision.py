"""What the handlers of a program decide about events, made safe.

Spec: rules 19, 36, 48, 201.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from oadr.enums import OptType
from oadr.errors import DeploymentError, ProtocolError
from oadr.event.assess import Change
from oadr.messages import Event
from oadr.opt import Participation
from runtime.hooks import HookFailed
from ven.availability import stance_of
from ven.engine.core import Core, log
from ven.hooks import Context

_HOOKS = {
    Change.NEW: ("on_event",),
    Change.MODIFIED: ("on_update_event", "on_event"),
    Change.CANCELLED: ("on_cancel_event",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is answered for one event.

    Attributes:
        opt: whether the VEN takes part; for a cancellation, whether it obeys.
        code: for the answer.
        description: for the answer, empty for 200.
    """

    opt: OptType
    code: int = 200
    description: str = ""


async def decide(
    core: Core,
    change: Change,
    event: Event,
    received_at: datetime,
    default: OptType,
    participation: Participation | None = None,
) -> Decision:
    """Returns what is decided about an event; a handler that fails means optOut.

    Args:
        core: what the engines share.
        change: what the event is to the VEN; picks the hook.
        event: the event.
        received_at: when it came.
        default: the answer where no handler decides.
        participation: what the VEN's own schedules and opts make of the event. They count
            before what handlers answer; a handler that fails or refuses counts all the same.
    """
    context = replace(core.context(received_at), participation=participation)
    decision = await _asked(core, change, event, context, default)
    stance = stance_of(participation) if participation is not None else None
    if stance is None or decision.code != 200 or stance.opt is decision.opt:
        return decision
    return Decision(opt=stance.opt, description=stance.words)


async def _asked(
    core: Core, change: Change, event: Event, context: Context, default: OptType
) -> Decision:
    """Returns what the handlers decide."""
    name = next((name for name in _HOOKS[change] if core.hooks.has(name)), None)
    if name is None:
        return Decision(opt=default)
    where = {**core.extra, "event": event.event_id}
    try:
        opt: OptType | None = await core.hooks.decide(name, event, context)
    except ProtocolError as error:
        log.info("event %s refused by its handler: %s", event.event_id, error, extra=where)
        return Decision(opt=OptType.OPT_OUT, code=error.code, description=error.description)
    except HookFailed as error:
        log.error("event %s: %s", event.event_id, error, extra=where)
    else:
        return Decision(opt=opt or default)
    failed = "the event could not be decided on"
    return Decision(opt=OptType.OPT_OUT, code=DeploymentError.code, description=failed)
