"""Whom a target means, and when two market contexts are the same.

Spec: rules 22, 111, 205, 209 and 512; RFC 3986, sections 5.2.4 and 6.2.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from oadr.messages.common import RawXml, Target, TransportInterface

_NONE: frozenset[str] = frozenset()

#: Device classes that a signal, an opt or a report may name, beside ``x-`` ones (R111).
DEVICE_CLASSES = frozenset(
    {
        "Thermostat",
        "Strip_Heater",
        "Baseboard_Heater",
        "Water_Heater",
        "Pool_Pump",
        "Sauna",
        "Hot_tub",
        "Smart_Appliance",
        "Irrigation_Pump",
        "Managed_Commercial_and_Industrial_Loads",
        "Simple_Residential_On_Off_Loads",
        "Exterior_Lighting",
        "Interior_Lighting",
        "Electric_Vehicle",
        "Generation_Systems",
        "Load_Control_Switch",
        "Smart_Inverter",
        "EVSE",
        "RESU",
        "Energy_Management_System",
        "Smart_Energy_Module",
        "Storage",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """What a target can name of a VEN.

    Where ``None`` is allowed it means that the receiver does not know and so takes any.

    Attributes:
        ven_id: compared with its case (R512).
        resource_ids: its resources; empty if it has none of its own.
        group_ids: groups that it is in.
        group_names: names of groups that it is in.
        party_ids: parties that it is.
        market_contexts: programmes that it takes part in.
        end_device_assets: device classes behind it.
    """

    ven_id: str
    resource_ids: frozenset[str] = _NONE
    group_ids: frozenset[str] | None = _NONE
    group_names: frozenset[str] | None = _NONE
    party_ids: frozenset[str] | None = _NONE
    market_contexts: frozenset[str] | None = None
    end_device_assets: frozenset[str] | None = None
    aggregated_pnodes: frozenset[str] = _NONE
    pnodes: frozenset[str] = _NONE
    meter_assets: frozenset[str] = _NONE
    service_areas: frozenset[RawXml] = frozenset()
    service_delivery_points: frozenset[str] = _NONE
    service_locations: frozenset[RawXml] = frozenset()
    transport_interfaces: frozenset[TransportInterface] = frozenset()


#: Fields of a target that name something of a VEN as a whole, alike in ``Receiver``.
_WHOLE = (
    "group_ids",
    "group_names",
    "party_ids",
    "aggregated_pnodes",
    "pnodes",
    "meter_assets",
    "service_areas",
    "service_delivery_points",
    "service_locations",
    "transport_interfaces",
)
#: Fields of a target that narrow it within a VEN (R203, R206).
SUB_ELEMENTS = ("resource_ids", "end_device_assets", *_WHOLE)


def _meets(target: Target, receiver: Receiver, field: str) -> bool:
    wanted = getattr(target, field)
    own = getattr(receiver, field)
    return bool(wanted) and (own is None or not own.isdisjoint(wanted))


def is_whole(target: Target) -> bool:
    """Whether the target has no sub-elements: it is empty or names VENs only (R203)."""
    return not any(getattr(target, field) for field in SUB_ELEMENTS)


def names_whole(target: Target) -> bool:
    """Whether the target has something, such as a group, that names VENs as a whole."""
    return any(getattr(target, field) for field in _WHOLE)


def names_ven(target: Target, receiver: Receiver) -> bool:
    """Whether the target names the receiver's venID."""
    return receiver.ven_id in target.ven_ids


def matches(target: Target, receiver: Receiver) -> bool:
    """Whether the target means the receiver: any criterion suffices, none means it (R22)."""
    if not target or names_ven(target, receiver):
        return True
    return any(_meets(target, receiver, field) for field in SUB_ELEMENTS)


def resources_of(target: Target, receiver: Receiver) -> frozenset[str]:
    """Returns which of the receiver's resources are meant; the empty set means all.

    Interpretation: a venID beside resourceIDs says whose resources they are and does not
    widen the target to the whole VEN (R202, R206); a group or a place does widen it.
    """
    if any(_meets(target, receiver, field) for field in _WHOLE):
        return _NONE
    return receiver.resource_ids & frozenset(target.resource_ids)


def knows_resources(target: Target, receiver: Receiver) -> bool:
    """Whether the receiver finds what a target that matches it means (R112).

    It does not if the target names it by venID with resourceIDs, none of which is one of
    its own. A receiver without resources of its own stands for all of them.
    """
    if not target.resource_ids or not receiver.resource_ids:
        return True
    if not receiver.resource_ids.isdisjoint(target.resource_ids):
        return True
    return any(_meets(target, receiver, field) for field in (*_WHOLE, "end_device_assets"))


def is_device_class(name: str) -> bool:
    """Whether a device class is a standard or an ``x-`` one (R111)."""
    return name in DEVICE_CLASSES or name.startswith("x-")


def only_device_classes(target: Target) -> bool:
    """Whether nothing but known device classes stands in the target (R111, R209)."""
    if target != Target(end_device_assets=target.end_device_assets):
        return False
    return all(is_device_class(name) for name in target.end_device_assets)


_URI = re.compile(
    r"(?:(?P<scheme>[^:/?#]+):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)"
    r"(?P<query>\?[^#]*)?(?P<fragment>#.*)?",
    re.DOTALL,
)
_AUTHORITY = re.compile(r"(?P<user>.*@)?(?P<host>.*?)(?::(?P<port>[0-9]*))?", re.DOTALL)
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = re.compile(rb"[A-Za-z0-9._~-]")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def normalize_uri(uri: str) -> str:
    """Returns the URI in its normal form; never fails, whatever the text is (R512).

    Scheme and host become lower case; default ports, dot segments and percent-encoding
    that means nothing go away. The case of the path stays.
    """
    match = _URI.fullmatch(uri.strip())
    if match is None:  # pragma: no cover - the pattern takes every text
        return uri
    scheme = (match["scheme"] or "").lower()
    path = _decoded(match["path"])
    if path.startswith("/"):
        path = _without_dots(path)
    if match["authority"] is not None:
        path = f"//{_authority(match['authority'], scheme)}{path or '/'}"
    elif path.startswith("//"):
        # Two slashes left over by dot segments would read as an authority.
        path = "/." + path
    result = f"{scheme}:" if scheme else ""
    return result + path + _decoded(match["query"] or "") + _decoded(match["fragment"] or "")


def _authority(text: str, scheme: str) -> str:
    match = _AUTHORITY.fullmatch(text)
    if match is None:  # pragma: no cover - the pattern takes every text
        return text
    # Lower case before decoding would also lower the hex digits of what stays encoded.
    host = _PERCENT.sub(lambda part: part[0].upper(), _decoded(match["host"]).lower())
    port = match["port"] or ""
    suffix = f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else ""
    return _decoded(match["user"] or "") + host + suffix


def _decoded(text: str) -> str:
    def one(part: re.Match[str]) -> str:
        octet = unquote_to_bytes(part[0])
        return octet.decode() if _UNRESERVED.fullmatch(octet) else part[0].upper()

    return _PERCENT.sub(one, text)


def _without_dots(path: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    # A path that ends in a dot segment names the folder: the slash stays.
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def same_market_context(a: str, b: str) -> bool:
    """Whether two market contexts are one, compared as URIs (R512)."""
    return a == b or normalize_uri(a) == normalize_uri(b)


def in_market(market_context: str, receiver: Receiver) -> bool:
    """Whether the receiver takes part in a programme (R48)."""
    if receiver.market_contexts is None:
        return True
    return any(same_market_context(market_context, own) for own in receiver.market_contexts)
