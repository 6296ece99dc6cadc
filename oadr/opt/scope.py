"""What of a VEN something is about: parts of it, device classes, a programme.

Spec: rules 111, 202, 203, 205, 206 and 209.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from oadr.event.target import SUB_ELEMENTS, normalize_uri
from oadr.messages.common import RawXml, Target, TransportInterface

#: A sub-element of a target: the field of ``Target`` and one entry of it.
Part = tuple[str, str | RawXml | TransportInterface]
_RESOURCES, _DEVICES = "resource_ids", "end_device_assets"


def parts_of(target: Target) -> frozenset[Part]:
    """Returns the sub-elements of a target; none means the VEN as a whole (R202, R203)."""
    return frozenset((field, one) for field in SUB_ELEMENTS for one in getattr(target, field))


def resource(name: str) -> Part:
    """Returns the part of a VEN that is one of its resources."""
    return (_RESOURCES, name)


def resources_in(parts: Iterable[Part]) -> frozenset[str]:
    """Returns the resource IDs among parts."""
    return frozenset(str(name) for field, name in parts if field == _RESOURCES)


def devices_in(parts: Iterable[Part]) -> frozenset[str]:
    """Returns the device classes among parts."""
    return frozenset(str(name) for field, name in parts if field == _DEVICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The smallest thing that can be asked about.

    Attributes:
        parts: what it is: a resource; what the event names, such as a group. Empty is the
            VEN apart from all that is named.
        device: its device class; None is whatever has no name.
        market: the programme, in its normal form; None asks about no programme.
    """

    parts: frozenset[Part] = frozenset()
    device: str | None = None
    market: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a schedule is about. What it does not limit it is about altogether.

    Attributes:
        parts: alternatives (R202); empty is the whole VEN.
        devices: device classes, which narrow the parts (R209); empty is all.
        market: the programme, which narrows both (R205); None is all.
    """

    parts: frozenset[Part] = frozenset()
    devices: frozenset[str] = frozenset()
    market: str | None = None

    def covers(self, point: Point) -> bool:
        """Whether the point is part of this."""
        if self.market is not None and self.market != point.market:
            return False
        if self.devices and point.device not in self.devices:
            return False
        if not self.parts or not self.parts.isdisjoint(point.parts):
            return True
        return point.device is not None and (_DEVICES, point.device) in self.parts


def scope_of(target: Target, device_class: Target | None, market_context: str | None) -> Scope:
    """Returns the scope of a schedule."""
    return Scope(
        parts=parts_of(target),
        devices=frozenset(device_class.end_device_assets if device_class else ()),
        market=normalize_uri(market_context) if market_context else None,
    )


def point(
    name: Part | None = None, *, device: str | None = None, market_context: str | None = None
) -> Point:
    """Returns the point of one part of a VEN; of the rest of it for None."""
    return Point(
        parts=frozenset() if name is None else frozenset({name}),
        device=device,
        market=normalize_uri(market_context) if market_context else None,
    )
