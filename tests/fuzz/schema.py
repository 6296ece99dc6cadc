"""The XSD files as data: components by kind and name, and what may stand for what."""

from functools import cached_property
from pathlib import Path

from lxml import etree
from lxml.etree import _Element as Element

XS = "{http://www.w3.org/2001/XMLSchema}"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "{http://www.w3.org/XML/1998/namespace}"


class Schema:
    """The components of an XSD file and of all that it imports.

    Attributes:
        components: global declarations and definitions, by kind and name.
        namespaces: all that something is declared in.
    """

    def __init__(self, file: Path) -> None:
        self.components: dict[tuple[str, str], Element] = {}
        self._substitutes: dict[str, list[str]] = {}
        self._derived: dict[str, list[str]] = {}
        waiting, done = [file], set[Path]()
        while waiting:
            path = waiting.pop()
            if path not in done:
                done.add(path)
                waiting += [path.with_name(name) for name in self._read(path)]
        names = {key[1].partition("}")[0][1:] for key in self.components}
        self.namespaces = sorted(names - {XML[1:-1]})

    def _read(self, path: Path) -> list[str]:
        """Takes in a file, and returns the names of those that it imports."""
        root = etree.parse(str(path)).getroot()
        for node in root.iterchildren(tag=etree.Element):
            self._add(node, root.get("targetNamespace", ""))
        imports = root.iterchildren(XS + "import", XS + "include")
        return sorted(filter(None, (str(node.get("schemaLocation", "")) for node in imports)))

    def _add(self, node: Element, namespace: str) -> None:
        if node.get("name") is None:
            return
        name = f"{{{namespace}}}{node.get('name')}"
        self.components[kind_of(node), name] = node
        if node.get("substitutionGroup"):
            head = qname(node, str(node.get("substitutionGroup")))
            self._substitutes.setdefault(head, []).append(name)
        if kind_of(node) == "complexType":
            for base in node.iter(XS + "extension", XS + "restriction"):
                parent = qname(base, str(base.get("base")))
                self._derived.setdefault(parent, []).append(name)

    def find(self, kind: str, name: str) -> Element:
        """Returns a component."""
        return self.components[kind, name]

    def has(self, kind: str, name: str) -> bool:
        """Returns whether there is such a component."""
        return (kind, name) in self.components

    def instead_of(self, name: str) -> list[str]:
        """Returns the elements that may stand for one, itself included, none abstract."""
        found = [] if self.find("element", name).get("abstract") == "true" else [name]
        for other in self._substitutes.get(name, []):
            found += self.instead_of(other)
        return found

    def concrete(self, name: str) -> list[str]:
        """Returns the types that may stand for a complex type, itself included."""
        found = [] if self.find("complexType", name).get("abstract") == "true" else [name]
        for other in self._derived.get(name, []):
            found += self.concrete(other)
        return found

    @cached_property
    def elements(self) -> list[str]:
        """The global elements that may appear in a document."""
        return sorted(
            name
            for (kind, name), node in self.components.items()
            if kind == "element" and node.get("abstract") != "true"
        )

    def type_of(self, declaration: Element) -> tuple[str | None, Element | None]:
        """Returns the name of an element's type, or the type; neither for any type."""
        if declaration.get("type"):
            return qname(declaration, str(declaration.get("type"))), None
        for child in declaration:
            if child.tag in (XS + "complexType", XS + "simpleType"):
                return None, child
        if declaration.get("substitutionGroup"):
            head = qname(declaration, str(declaration.get("substitutionGroup")))
            return self.type_of(self.find("element", head))
        return None, None


def kind_of(node: Element) -> str:
    """Returns the local name of a schema component's element."""
    return str(etree.QName(node).localname)


def namespace_of(node: Element) -> str:
    """Returns the target namespace of the file that a component is in."""
    return str(node.getroottree().getroot().get("targetNamespace", ""))


def qname(node: Element, text: str) -> str:
    """Returns the name that a ``prefix:local`` in a schema means; ``xml:`` needs no prefix."""
    prefix, _, local = text.rpartition(":")
    if prefix == "xml":
        return XML + local
    return f"{{{node.nsmap[prefix or None]}}}{local}"


def parts_of(node: Element) -> list[Element]:
    """Returns the particles in a sequence or choice."""
    tags = [XS + name for name in ("element", "sequence", "choice", "any")]
    return [child for child in node if child.tag in tags]
