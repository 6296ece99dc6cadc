"""What may stand where in a message, in the order of the schema.

It is derived from the tables of the message classes, as encoder and decoder are; only the
inside of a unit, which those write by hand, is written by hand here too.
"""

from dataclasses import dataclass, field, is_dataclass
from functools import cache, cached_property
from typing import Any

from oadr.codec.namespaces import qname
from oadr.codec.table import Row, rows
from oadr.codec.unit import TAGS as UNIT_TAGS
from oadr.enums import Scale
from oadr.messages import MESSAGES, PowerAttributes, RawXml, Unit
from oadr.units import POWER

__all__ = ["PAYLOAD", "SIGNATURE", "SIGNED_OBJECT", "Place", "Slot", "envelope", "local_name"]

PAYLOAD = qname("oadr:oadrPayload")
SIGNED_OBJECT = qname("oadr:oadrSignedObject")
SIGNATURE = qname("ds:Signature")
_GREEN_BUTTON = qname("oadr:oadrGBDataDescription")
#: Names of types that are not made of the name of their element.
_ALIASES = {"baseunit": "customunit"}


@dataclass(slots=True, kw_only=True, eq=False)
class Slot:
    """A position among the children of an element.

    Attributes:
        places: what may stand there, by tag; more than one for a choice.
        required: the element around it must have it.
        many: it may be there more than once.
    """

    places: "dict[str, Place]"
    required: bool = False
    many: bool = False


@dataclass(kw_only=True, eq=False)
class Place:
    """An element at its place.

    Attributes:
        tag: of the element.
        kind: Python type of its value; ``RawXml`` for what is carried as it is; None for an
            element that holds others.
        cls: class of the object in it; None if it is only a wrapper.
        slots: what it holds, in order.
        attributes: that it may have.
    """

    tag: str
    kind: Any = None
    cls: type | None = None
    slots: list[Slot] = field(default_factory=list)
    attributes: tuple[str, ...] = ()

    @cached_property
    def known(self) -> "dict[str, tuple[int, Slot, Place]]":
        """Tag of a child -> where it stands."""
        return {
            tag: (number, slot, place)
            for number, slot in enumerate(self.slots)
            for tag, place in slot.places.items()
        }

    @cached_property
    def by_local(self) -> dict[str, str]:
        """Local name of a child -> its tag, where that is unambiguous."""
        return _unambiguous([(local_name(tag), tag) for tag in self.known])

    @cached_property
    def by_folded(self) -> dict[str, str]:
        """Local name of a child in small letters -> its tag, where that is unambiguous."""
        return _unambiguous([(local_name(tag).lower(), tag) for tag in self.known])

    def by_type(self, name: str) -> str | None:
        """Returns the tag of the child whose type has this local name, if one has."""
        folded = name.lower()
        if not folded.endswith("type"):
            return None
        folded = folded.removesuffix("type")
        # One type serves for four units of money.
        if folded == "currency":
            return None
        return self.by_folded.get(_ALIASES.get(folded, folded))


def local_name(tag: str) -> str:
    """Returns the name without its namespace."""
    return tag.rpartition("}")[2]


@cache
def envelope() -> Place:
    """Returns the place of the whole document."""
    messages = {
        qname(f"oadr:{name}"): _object(qname(f"oadr:{name}"), cls) for name, cls in MESSAGES.items()
    }
    signed_object = Place(
        tag=SIGNED_OBJECT,
        slots=[Slot(places=messages, required=True)],
        attributes=(qname("oadr:Id"),),
    )
    signature = Place(tag=SIGNATURE, kind=RawXml)
    return Place(
        tag=PAYLOAD,
        slots=[
            Slot(places={SIGNATURE: signature}),
            Slot(places={SIGNED_OBJECT: signed_object}, required=True),
        ],
    )


def _unambiguous(pairs: list[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in pairs]
    return {name: tag for name, tag in pairs if names.count(name) == 1}


def _object(tag: str, cls: type) -> Place:
    attributes = tuple(qname(row.attribute) for row in rows(cls) if row.attribute)
    return Place(tag=tag, cls=cls, slots=_slots(cls), attributes=attributes)


@cache
def _slots(cls: type) -> list[Slot]:
    slots: list[Slot] = []
    for row in rows(cls):
        if row.options[0][0] is Unit:
            slots.append(Slot(places=_units(), required=not row.optional))
        elif len(row.options) > 1:
            slots.append(_choice(row))
        elif not row.attribute:
            _insert(slots, row)
    return slots


def _choice(row: Row) -> Slot:
    places = {}
    for kind, path in row.options:
        inner: list[Slot] = []
        _insert(inner, Row(row.name, ((kind, path),), row.optional, many=False))
        places.update(inner[0].places)
    # A tuple that is a choice is never empty by the schema.
    return Slot(places=places, required=not row.optional, many=row.many)


def _insert(slots: list[Slot], row: Row) -> None:
    """Puts the elements around a field, and the one that holds it, into their places."""
    kind, path = row.options[0]
    steps = path.split("/")
    repeated = next((n for n, step in enumerate(steps) if step.endswith("*")), len(steps) - 1)
    required = not (row.optional or row.many or path.endswith("?")) or "!" in path
    for number, step in enumerate(steps):
        tag = qname(step.strip("*!?"))
        slot = next((one for one in slots if tag in one.places), None)
        if slot is None:
            slot = Slot(places={tag: Place(tag=tag)})
            slots.append(slot)
        slot.many = slot.many or (row.many and number == repeated)
        slot.required = slot.required or (required and (number == 0 or "!" not in path))
        place = slot.places[tag]
        if number == len(steps) - 1:
            slot.places[tag] = _leaf(tag, kind)
        else:
            slots = place.slots
    if row.then:
        tag = qname(row.then.strip("</>"))
        slots.append(Slot(places={tag: Place(tag=tag, kind=RawXml)}, required=True))


def _leaf(tag: str, kind: Any) -> Place:
    if kind is not RawXml and isinstance(kind, type) and is_dataclass(kind):
        return _object(tag, kind)
    return Place(tag=tag, kind=kind)


@cache
def _units() -> dict[str, Place]:
    """Returns the places of all units."""
    return {tag: _unit(tag) for tag in sorted(UNIT_TAGS)}


def _unit(tag: str) -> Place:
    if tag == _GREEN_BUTTON:
        return Place(tag=tag, kind=RawXml)
    namespace = tag.rpartition("}")[0] + "}"
    name = local_name(tag)
    slots = [_one(f"{namespace}itemDescription", str), _one(f"{namespace}itemUnits", str)]
    if name == "pulseCount":
        slots.append(_one(qname("oadr:pulseFactor"), str))
    else:
        slots.append(_one(qname("scale:siScaleCode"), Scale))
    if name in POWER or name == "powerItem":
        slots.append(_one(qname("power:powerAttributes"), PowerAttributes))
    return Place(tag=tag, cls=Unit, slots=slots)


def _one(tag: str, kind: Any) -> Slot:
    return Slot(places={tag: _leaf(tag, kind)}, required=True)
