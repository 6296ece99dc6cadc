"""Messages of EiOpt as openleadr's dicts, and back."""

from typing import Any

from oadr import messages as m
from oadr.dicts.defaults import Defaults
from oadr.dicts.node import MOMENT, TEXT, WHOLE, Node, one_of
from oadr.dicts.period import period_of, period_to_dict
from oadr.dicts.response import response_of, response_to_dict
from oadr.dicts.target import target_of, target_to_dict, target_under, with_targets
from oadr.enums import OptType

OPT_TYPE = one_of(OptType)


def create_opt_to(message: m.CreateOpt) -> dict[str, Any]:
    """Returns the payload; a schedule as a list of components, as openleadr writes it (X13)."""
    found: dict[str, Any] = {
        "opt_id": message.opt_id or None,
        "opt_type": str(message.opt_type),
        "opt_reason": str(message.opt_reason),
        "ven_id": message.ven_id or None,
        "created_date_time": message.created_date_time,
        "request_id": message.request_id or None,
        **with_targets(message.target),
    }
    if message.market_context is not None:
        found["market_context"] = str(message.market_context)
    if message.availability:
        found["vavailability"] = {"components": [period_to_dict(p) for p in message.availability]}
    if message.event_id is not None:
        found["event_id"] = message.event_id or None
        found["modification_number"] = message.modification_number
    if message.device_class is not None:
        found["device_class"] = target_to_dict(message.device_class)
    return found


def create_opt_of(node: Node, defaults: Defaults) -> m.CreateOpt:
    """Returns the message in a payload.

    Raises:
        ValueError: something is missing or not understood.
    """
    event_id = node.maybe(TEXT, "event_id")
    number = node.maybe(WHOLE, "modification_number") or 0
    return m.CreateOpt(
        opt_id=node.maybe(TEXT, "opt_id") or defaults.new_id(),
        opt_type=node.need(OPT_TYPE, "opt_type"),
        opt_reason=node.need(TEXT, "opt_reason"),
        market_context=node.maybe(TEXT, "market_context") or None,
        ven_id=defaults.sure_ven_of(node),
        availability=tuple(period_of(one) for one in _components(node)),
        created_date_time=node.maybe(MOMENT, "created_date_time") or defaults.now,
        request_id=defaults.request_id(node),
        event_id=event_id,
        modification_number=None if event_id is None else number,
        target=target_of(node),
        device_class=_device_class(node),
    )


def _components(node: Node) -> list[Node]:
    schedule = node.child("vavailability")
    if schedule is None:
        return []
    inner = schedule.raw.get("components")
    if isinstance(inner, dict) and "available" in inner:
        return Node(inner, schedule.at("components")).children("available")
    return schedule.children("components")


def _device_class(node: Node) -> m.Target | None:
    device = node.maybe(TEXT, "signal_target_mrid")
    if device is not None:
        return m.Target(end_device_assets=(device,))
    return target_under(node, "device_class")


def created_opt_to(message: m.CreatedOpt | m.CanceledOpt) -> dict[str, Any]:
    """Returns the payload."""
    found: dict[str, Any] = {"response": response_to_dict(message.response)}
    if message.opt_id is not None:
        found["opt_id"] = message.opt_id or None
    return found


def created_opt_of(node: Node, defaults: Defaults) -> m.CreatedOpt:
    """Returns the message in a payload.

    Raises:
        ValueError: the optID is missing.
    """
    return m.CreatedOpt(response=response_of(node), opt_id=node.need(TEXT, "opt_id"))


def cancel_opt_to(message: m.CancelOpt) -> dict[str, Any]:
    """Returns the payload."""
    return {
        "request_id": message.request_id or None,
        "opt_id": message.opt_id or None,
        "ven_id": message.ven_id or None,
    }


def cancel_opt_of(node: Node, defaults: Defaults) -> m.CancelOpt:
    """Returns the message in a payload.

    Raises:
        ValueError: the optID is missing, or nobody knows the venID.
    """
    return m.CancelOpt(
        request_id=defaults.request_id(node),
        opt_id=node.need(TEXT, "opt_id"),
        ven_id=defaults.sure_ven_of(node),
    )


def canceled_opt_of(node: Node, defaults: Defaults) -> m.CanceledOpt:
    """Returns the message in a payload.

    Raises:
        ValueError: something is not understood.
    """
    return m.CanceledOpt(response=response_of(node), opt_id=node.maybe(TEXT, "opt_id") or None)
