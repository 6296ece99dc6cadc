"""``eiTarget`` as openleadr's lists and dicts, and back.

A target goes out as a list of dicts with one entry each, and once more grouped by kind.
It may come in as either, as a single dict, or as openleadr's ``Target`` objects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oadr import messages as m
from oadr.dicts.node import TEXT, Node, plain
from oadr.words import quoted


@dataclass(frozen=True, slots=True)
class _Sort:
    """One kind of target.

    Attributes:
        field: of ``Target``.
        key: openleadr's name.
        alias: the name that openleadr's ``Target`` object has for it, if another.
        write: from our value to openleadr's.
        read: from openleadr's value, as it stands in a dict, to ours.
    """

    field: str
    key: str
    write: Callable[[Any], Any]
    read: Callable[[Node], Any]
    alias: str = ""


def _name(field: str, key: str) -> _Sort:
    return _Sort(field, key, lambda value: value or None, lambda node: node.need(TEXT, key))


def _wrapped(field: str, key: str, inner: str, alias: str = "") -> _Sort:
    """A kind whose value stands in a dict of its own, or alone."""

    def read(node: Node) -> str:
        if isinstance(node.raw[key], Mapping):
            node, name = Node(node.raw[key], node.at(key)), inner
        else:
            name = key
        return node.need(TEXT, name)

    return _Sort(field, key, lambda value: {inner: value or None}, read, alias)


def _area(field: str, key: str) -> _Sort:
    """A kind that is mark-up; what openleadr has for it cannot be written (M11)."""
    wrapped = _wrapped(field, key, "feature_collection")

    def read(node: Node) -> m.RawXml:
        xml = wrapped.read(node)
        if not xml.lstrip().startswith("<"):
            text = f"{node.at(key)} is {quoted(xml)}; expected GML mark-up under feature_collection"
            raise ValueError(text)
        return m.RawXml(xml=xml)

    return _Sort(field, key, lambda value: {"feature_collection": value.xml}, read)


def _write_interface(value: m.TransportInterface) -> dict[str, Any]:
    return {
        "point_of_receipt": value.point_of_receipt or None,
        "point_of_delivery": value.point_of_delivery or None,
    }


def _read_interface(node: Node) -> m.TransportInterface:
    ends = Node(node.raw["transport_interface"], node.at("transport_interface"))
    return m.TransportInterface(
        point_of_receipt=ends.need(TEXT, "point_of_receipt"),
        point_of_delivery=ends.need(TEXT, "point_of_delivery"),
    )


#: In the order of the schema.
_SORTS = (
    _wrapped("aggregated_pnodes", "aggregated_pnode", "node", alias="aggregated_p_node"),
    _wrapped("end_device_assets", "end_device_asset", "mrid"),
    _wrapped("meter_assets", "meter_asset", "mrid"),
    _wrapped("pnodes", "pnode", "node", alias="p_node"),
    _area("service_areas", "service_area"),
    _wrapped("service_delivery_points", "service_delivery_point", "node"),
    _area("service_locations", "service_location"),
    _Sort("transport_interfaces", "transport_interface", _write_interface, _read_interface),
    _name("group_ids", "group_id"),
    _name("group_names", "group_name"),
    _name("resource_ids", "resource_id"),
    _name("ven_ids", "ven_id"),
    _name("party_ids", "party_id"),
)
_BY_KEY = {key: sort for sort in _SORTS for key in (sort.key, sort.alias) if key}


def targets_to_list(target: m.Target) -> list[dict[str, Any]]:
    """Returns a dict with one entry for each thing that a target names."""
    return [
        {sort.key: sort.write(value)} for sort in _SORTS for value in getattr(target, sort.field)
    ]


def with_targets(target: m.Target) -> dict[str, Any]:
    """Returns ``targets`` and ``targets_by_type``, as openleadr has both."""
    targets = targets_to_list(target)
    grouped: dict[str, list[Any]] = {}
    for one in targets:
        for key, value in one.items():
            if value is not None:
                grouped.setdefault(key, []).append(value)
    return {"targets": targets, "targets_by_type": grouped}


def target_to_dict(target: m.Target | None) -> dict[str, Any] | None:
    """Returns one dict for a target; under a kind its value, or a list of several.

    That is how openleadr has the subject and the source of a data point.
    """
    if not target:
        return None
    found: dict[str, Any] = {}
    for sort in _SORTS:
        values = [sort.write(value) for value in getattr(target, sort.field)]
        if values:
            found[sort.key] = values if len(values) > 1 else values[0]
    return found


def target_from(target: Any = None, targets: Any = None, targets_by_type: Any = None) -> m.Target:
    """Returns the eiTarget for openleadr's three ways to name it.

    Args:
        target: a dict or object, or several in a list.
        targets: the same.
        targets_by_type: a dict of lists; if ``targets`` are given as well, they must agree.

    Raises:
        ValueError: a kind of target is not known, a value is not understood, or
            ``targets`` and ``targets_by_type`` disagree.
    """
    return _target_from(target, targets, targets_by_type, "")


def target_of(node: Node, *names: str) -> m.Target:
    """Returns the eiTarget that a dict names in any of the three ways.

    Args:
        node: the dict.
        names: further keys that hold a dict of targets, such as ``device_class``.

    Raises:
        ValueError: see ``target_from``.
    """
    raw = node.raw
    further = [raw[name] for name in ("target", *names) if raw.get(name) is not None]
    flat = [one for entry in further for one in (entry if isinstance(entry, list) else [entry])]
    return _target_from(
        flat or None, raw.get("targets"), raw.get("targets_by_type"), f"{node.path}."
    )


def target_under(node: Node, name: str) -> m.Target | None:
    """Returns the eiTarget under one key, or None.

    Raises:
        ValueError: see ``target_from``.
    """
    found = node.raw.get(name)
    return _collected(_entries(found, node.at(name))) or None if found is not None else None


def _target_from(target: Any, targets: Any, grouped: Any, before: str) -> m.Target:
    single = _entries(plain(target), f"{before}target")
    several = _entries(plain(targets), f"{before}targets")
    by_type = [] if not grouped else [Node(plain(grouped), f"{before}targets_by_type")]
    if several and by_type and not _same(_collected(several), _collected(by_type)):
        raise ValueError(
            f"{before}targets and {before}targets_by_type name different targets; "
            "expected the same, or one of them only"
        )
    return _collected(single + (several or by_type))


def _entries(given: Any, path: str) -> list[Node]:
    if given is None:
        return []
    if not isinstance(given, list):
        return [Node(given, path)]
    return [Node(one, f"{path}[{n}]") for n, one in enumerate(given)]


def _collected(entries: list[Node]) -> m.Target:
    values: dict[str, list[Any]] = {}
    for entry in entries:
        for key, content in entry.raw.items():
            for one in content if isinstance(content, list) else [content]:
                if one is not None:
                    _collect(values, key, one, entry.path)
    return m.Target(**{field: tuple(found) for field, found in values.items()})


def _collect(values: dict[str, list[Any]], key: str, content: Any, path: str) -> None:
    sort = _BY_KEY.get(key)
    if sort is None:
        known = ", ".join(one.alias or one.key for one in _SORTS)
        raise ValueError(f"{path}: target {quoted(str(key))} is not known; expected one of {known}")
    if isinstance(content, Mapping) and all(inner is None for inner in content.values()):
        return
    values.setdefault(sort.field, []).append(sort.read(Node({sort.key: content}, path)))


def _same(one: m.Target, other: m.Target) -> bool:
    return all(set(getattr(one, s.field)) == set(getattr(other, s.field)) for s in _SORTS)
