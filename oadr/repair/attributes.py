"""Repairs of attributes."""

from lxml import etree

from oadr.codec.namespaces import NAMESPACES, qname
from oadr.enums import ProfileName
from oadr.repair.mending import Mending
from oadr.repair.shape import Place, local_name

_VERSION = qname("ei:schemaVersion")
_SCHEMA = f"{{{NAMESPACES['xsi']}}}"
_VERSIONS = frozenset(ProfileName)


def mend_attributes(element: etree._Element, place: Place, mending: Mending) -> None:
    """Gives the attributes of an element the names and values that the schema knows (R509)."""
    for name in list(element.attrib):
        if name not in place.attributes and not name.startswith(_SCHEMA):
            _mend_name(element, name, place, mending)
    version = element.get(_VERSION)
    if version is not None and _VERSION in place.attributes:
        _mend_version(element, version, mending)


def _mend_name(element: etree._Element, name: str, place: Place, mending: Mending) -> None:
    folded = local_name(name).lower()
    known = [one for one in place.attributes if local_name(one).lower() == folded]
    if known and known[0] not in element.attrib:
        element.set(known[0], element.attrib.pop(name))
        mending.note("qualify-attributes")
    elif mending.allows("drop-unknown-attribute"):
        del element.attrib[name]
        mending.note("drop-unknown-attribute")


def _mend_version(element: etree._Element, version: str, mending: Mending) -> None:
    given = version.strip()
    if given in _VERSIONS or given.startswith("x-"):
        return
    if given.lower() in _VERSIONS:
        element.set(_VERSION, given.lower())
        mending.note("value-case")
    elif mending.allows("drop-unknown-attribute"):
        del element.attrib[_VERSION]
        mending.note("drop-unknown-attribute")
