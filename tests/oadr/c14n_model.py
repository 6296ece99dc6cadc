"""Inclusive canonicalisation in plain Python on another parser, to compare with.

Written from the W3C recommendation "Canonical XML" 1.0, without comments, processing
instructions and ``xml:`` attributes.
"""

from itertools import pairwise
from xml.dom import minidom

from lxml import etree

Scope = dict[str, str]


def canonical_model(element: etree._Element) -> bytes:
    """Returns the canonical form of an element as it stands in its document."""
    root = element.getroottree().getroot()
    node = minidom.parseString(etree.tostring(root)).documentElement
    assert node is not None
    scope: Scope = {"": ""}
    chain = [*reversed(list(element.iterancestors())), element]
    for parent, child in pairwise(chain):
        scope = _scope_of(node, scope)
        inner = [n for n in node.childNodes if isinstance(n, minidom.Element)]
        node = inner[[each for each in parent if isinstance(each.tag, str)].index(child)]
    return _write(node, scope, {"": ""}).encode()


def _scope_of(node: minidom.Element, outer: Scope) -> Scope:
    declared = {
        name.partition(":")[2]: value or ""
        for name, value in node.attributes.items()
        if name == "xmlns" or name.startswith("xmlns:")
    }
    return outer | declared


def _write(node: minidom.Element, outer: Scope, rendered: Scope) -> str:
    scope = _scope_of(node, outer)
    shown = {prefix: uri for prefix, uri in scope.items() if rendered.get(prefix) != uri}
    text = f"<{node.nodeName}"
    for prefix in sorted(shown):
        text += f' xmlns{":" if prefix else ""}{prefix}="{_attribute(shown[prefix])}"'
    plain = [a for a in node.attributes.values() if not a.name.startswith("xmlns")]
    for one in sorted(plain, key=lambda a: (a.namespaceURI or "", a.localName or a.name)):
        text += f' {one.name}="{_attribute(one.value)}"'
    text += ">"
    for child in node.childNodes:
        if isinstance(child, minidom.Element):
            text += _write(child, scope, rendered | shown)
        elif isinstance(child, minidom.Text):
            text += _text(child.data)
    return f"{text}</{node.nodeName}>"


def _text(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#xD;")


def _attribute(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("\t", "&#x9;").replace("\n", "&#xA;").replace("\r", "&#xD;")
