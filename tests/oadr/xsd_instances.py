"""Makes schema-valid documents out of the official XSD files, whatever these allow.

The files are read as data: sequences, choices, occurrences, substitution groups,
abstract types with ``xsi:type``, unions, lists, patterns, enumerations, fixed values,
wildcards, mixed content, optional attributes and content of any type. Nothing in here
knows a message, so it does not share the codec's idea of the schema.
"""

import random
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import openleadr
from hypothesis import strategies as st
from lxml import etree
from lxml.etree import _Element as Element

XS = "{http://www.w3.org/2001/XMLSchema}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
OADR = "{http://openadr.org/oadr-2.0b/2012/07}"
#: Types whose white space does not collapse.
_AS_IT_STANDS = {f"{XS}string", f"{XS}normalizedString"}
_SPACES = ["", "", "", " ", "\n\t", "\r\n  "]
_STRINGS = [
    "", "x", "0042", "true", "Tom & Co", "</ei:venID>", "]]>", " padded ", "a\r\nb", "\t", "é漢🔌",
    "\xa0", "\u2028", "&#0;", "{{ x }}", "None", "a" * 300,
]  # fmt: skip
_URIS = ["", "urn:x", "http://x.example/a?b=1&c=2#d", " a b ", "../x", "http://é.example/", "x%20y"]
_FLOATS = [
    "0", "-0", "+1", "1.", " .5 ", "1.10", "1e5", "1E+400", "1E-400", "1E-99999999999",
    "-1e9999999999999999999999", "9" * 50, "0" * 5000 + "7",
]  # fmt: skip
_DURATIONS = [
    "P", "PT", "PT0S", "P1H", "P1M1M", "+P1Y", "3W", "-P1Y2M3DT4H5M6S", "PT15M", "P999999999D",
    "P1000000000D", "-P999999999D", "-P999999999DT1S", "P2739726Y", "P9999999Y", "P\u0663D",
    "P" + "0" * 5000 + "5D", "P" + "9" * 5000 + "D", "99999999999W",
]  # fmt: skip
_CHARS = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters=["\ufffe", "\uffff", "\u2028", "\u2029"]
)


class Schema:
    """The components of a folder of XSD files by kind and name."""

    def __init__(self, folder: Path) -> None:
        self.components: dict[tuple[str, str], Element] = {}
        self.substitutes: dict[str, list[str]] = {}
        self.derived: dict[str, list[str]] = {}
        #: Prefixes that documents declare.
        self.namespaces: dict[str, str] = {}
        for path in sorted(folder.glob("*.xsd")):
            root = etree.parse(str(path)).getroot()
            for node in root.iterchildren(tag=etree.Element):
                self._add(node, root.get("targetNamespace", ""))
        for n, name in enumerate(sorted({key[1].partition("}")[0][1:] for key in self.components})):
            if name != "http://www.w3.org/XML/1998/namespace":
                self.namespaces[f"n{n}"] = name

    def _add(self, node: Element, namespace: str) -> None:
        if node.get("name") is None:
            return
        name = f"{{{namespace}}}{node.get('name')}"
        self.components[_kind(node), name] = node
        if node.get("substitutionGroup"):
            head = qname(node, str(node.get("substitutionGroup")))
            self.substitutes.setdefault(head, []).append(name)
        if _kind(node) == "complexType":
            for base in node.iter(XS + "extension", XS + "restriction"):
                parent = qname(base, str(base.get("base")))
                self.derived.setdefault(parent, []).append(name)

    def nsmap(self) -> dict[str | None, str]:
        """Returns the declarations that a document starts with."""
        names: dict[str | None, str] = {"xsi": XSI[1:-1]}
        names.update(self.namespaces)
        return names

    def find(self, kind: str, name: str) -> Element:
        return self.components[kind, name]

    def instead_of(self, name: str) -> list[str]:
        """Returns the elements that may stand for one, itself included, none abstract."""
        found = [] if self.find("element", name).get("abstract") == "true" else [name]
        for other in self.substitutes.get(name, []):
            found += self.instead_of(other)
        return found

    def concrete(self, name: str) -> list[str]:
        """Returns the types that may stand for a complex type, itself included."""
        found = [] if self.find("complexType", name).get("abstract") == "true" else [name]
        for other in self.derived.get(name, []):
            found += self.concrete(other)
        return found

    @cached_property
    def foreign(self) -> list[str]:
        """Elements for a strict wildcard: plain texts, so that the tree does not grow by them."""
        return [
            name
            for (kind, name), node in self.components.items()
            if kind == "element" and node.get("type") in ("xs:string", "string")
        ]


def _kind(node: Element) -> str:
    return str(etree.QName(node).localname)


def qname(node: Element, text: str) -> str:
    """Returns the name that a ``prefix:local`` in a schema means."""
    prefix, _, local = text.rpartition(":")
    return f"{{{node.nsmap[prefix or None]}}}{local}"


def _namespace(node: Element) -> str:
    return str(node.getroottree().getroot().get("targetNamespace", ""))


@dataclass
class Writer:
    """Writes one document.

    Attributes:
        schema: the components.
        random: decides.
        richness: 0 leaves out all that may be left out, 1 leaves out nothing.
        pools: pattern -> texts that match it.
    """

    schema: Schema
    random: random.Random
    richness: float
    pools: dict[str, list[str]]
    ids: int = 0
    depth: int = 0

    def chance(self) -> bool:
        # Deep down nothing more is added, or documents would never end.
        return self.depth < 14 and self.random.random() < self.richness

    # ------------------------------------------------------------ elements

    def element(self, parent: Element, declaration: Element) -> None:
        if declaration.get("ref"):
            name = qname(declaration, str(declaration.get("ref")))
            names = self.schema.instead_of(name)
            name = self.random.choice(names)
            declaration = self.schema.find("element", name)
        else:
            local = declaration.get("name")
            name = f"{{{_namespace(declaration)}}}{local}"
        self.depth += 1
        self._fill(etree.SubElement(parent, name), declaration)
        self.depth -= 1

    def _fill(self, node: Element, declaration: Element) -> None:
        fixed = declaration.get("fixed")
        if fixed is not None:
            node.text = self.random.choice([fixed, fixed, ""])
            return
        type_name, anonymous = self._type_of(declaration)
        if anonymous is not None:
            self.content(node, anonymous)
        elif type_name is None:
            self._anything(node, nillable=declaration.get("nillable") == "true")
        elif ("complexType", type_name) in self.schema.components:
            chosen = self.random.choice(self.schema.concrete(type_name))
            if chosen != type_name or self.random.random() < 0.1:
                node.set(f"{XSI}type", self._prefixed(chosen))
            self.content(node, self.schema.find("complexType", chosen))
        else:
            node.text = self.simple_named(type_name)

    def _type_of(self, declaration: Element) -> tuple[str | None, Element | None]:
        """Returns the name of an element's type, or the type; neither for any type."""
        if declaration.get("type"):
            return qname(declaration, str(declaration.get("type"))), None
        for child in declaration:
            if child.tag in (XS + "complexType", XS + "simpleType"):
                return None, child
        if declaration.get("substitutionGroup"):
            head = qname(declaration, str(declaration.get("substitutionGroup")))
            return self._type_of(self.schema.find("element", head))
        return None, None

    def _prefixed(self, name: str) -> str:
        namespace, _, local = name[1:].partition("}")
        prefix = next(p for p, uri in self.schema.namespaces.items() if uri == namespace)
        return f"{prefix}:{local}"

    def _anything(self, node: Element, *, nillable: bool) -> None:
        if nillable and self.chance():
            node.set(f"{XSI}nil", "true")
            return
        if self.chance():
            node.text = self.random.choice(["text & more", " "])
            other = etree.SubElement(node, "{urn:other}any", nsmap={None: "urn:other"}, a="<&>")
            other.text = "x"
            node.set("{urn:other}attribute", "1")

    # ------------------------------------------------------------ complex types

    def content(self, node: Element, kind: Element) -> None:
        """Fills an element with what its (complex or anonymous simple) type says."""
        if kind.tag == XS + "simpleType":
            node.text = self.simple(kind)
            return
        for part in kind:
            self._part(node, part)
        if kind.get("mixed") == "true" and self.chance():
            node.text = self.random.choice(["mixed & text", "]]>"])

    def _part(self, node: Element, part: Element) -> None:
        if part.tag in (XS + "complexContent", XS + "simpleContent"):
            (derivation,) = (child for child in part if child.tag != XS + "annotation")
            base = qname(derivation, str(derivation.get("base")))
            if ("complexType", base) not in self.schema.components:
                node.text = self.simple_named(base)
            elif derivation.tag == XS + "extension":
                self.content(node, self.schema.find("complexType", base))
            for child in derivation:
                self._part(node, child)
        elif part.tag in (XS + "attribute", XS + "attributeGroup"):
            self._attribute(node, part)
        elif part.tag in (XS + "sequence", XS + "choice"):
            self._particle(node, part)

    def _particle(self, node: Element, particle: Element) -> None:
        for _ in range(self._count(particle)):
            if particle.tag == XS + "element":
                self.element(node, particle)
            elif particle.tag == XS + "any":
                self._wildcard(node, particle)
            else:
                parts = [p for p in particle.iterchildren(tag=etree.Element) if _particles(p)]
                if particle.tag == XS + "choice":
                    parts = [self._choose(parts)]
                for part in parts:
                    self._particle(node, part)

    def _choose(self, parts: list[Element]) -> Element:
        known = [part for part in parts if part.tag != XS + "any"]
        if self.depth >= 14:
            plain = [p for p in known if p.get("name") in ("id", "title", "name", "updated")]
            known = plain or known
        return self.random.choice(known if known and self.random.random() < 0.8 else parts)

    def _count(self, particle: Element) -> int:
        least, most = particle.get("minOccurs", "1"), particle.get("maxOccurs", "1")
        count = int(least)
        limit = count + 2 if most == "unbounded" else int(most)
        while count < limit and self.chance():
            count += 1
        return count

    def _wildcard(self, node: Element, particle: Element) -> None:
        namespace = particle.get("namespace", "##any")
        if namespace == "##other" and self.depth < 12:
            own = f"{{{_namespace(particle)}}}"
            names = [name for name in self.schema.foreign if not name.startswith(own)]
            self.element(node, self.schema.find("element", self.random.choice(names)))

    def _attribute(self, node: Element, part: Element) -> None:
        if part.tag == XS + "attributeGroup":
            group = self.schema.find("attributeGroup", qname(part, str(part.get("ref"))))
            for child in group.iterchildren(XS + "attribute"):
                self._attribute(node, child)
            return
        if part.get("use") != "required" and not self.chance():
            return
        name, declaration = self._attribute_name(part)
        kind = declaration.find(XS + "simpleType")
        if declaration.get("type"):
            text = self.simple_named(qname(declaration, str(declaration.get("type"))))
        else:
            text = "preserve" if kind is None else self.simple(kind)
        node.set(name, text)

    def _attribute_name(self, part: Element) -> tuple[str, Element]:
        if part.get("ref"):
            name = qname_of_attribute(part)
            return name, self.schema.find("attribute", name)
        root = part.getroottree().getroot()
        qualified = root.get("attributeFormDefault") == "qualified"
        local = str(part.get("name"))
        return (f"{{{_namespace(part)}}}{local}" if qualified else local), part

    # ------------------------------------------------------------ simple types

    def simple_named(self, name: str) -> str:
        if name.startswith(XS):
            return self._builtin(name.removeprefix(XS))
        return self.simple(self.schema.find("simpleType", name))

    def simple(self, kind: Element) -> str:
        """Returns a text of a simple type, with white space around it where that collapses."""
        (part,) = (child for child in kind if child.tag != XS + "annotation")
        if part.tag == XS + "union":
            members = [qname(part, name) for name in str(part.get("memberTypes", "")).split()]
            inline = list(part.iterchildren(XS + "simpleType"))
            chosen: Any = self.random.choice([*members, *inline])
            return self.simple_named(chosen) if isinstance(chosen, str) else self.simple(chosen)
        if part.tag == XS + "list":
            item = qname(part, str(part.get("itemType")))
            texts = [self.simple_named(item).strip() for _ in range(self.random.randint(0, 3))]
            return " ".join(texts)
        return self._restricted(part)

    def _restricted(self, part: Element) -> str:
        base = qname(part, str(part.get("base")))
        values = [str(node.get("value")) for node in part.iterchildren(XS + "enumeration")]
        patterns = [str(node.get("value")) for node in part.iterchildren(XS + "pattern")]
        if values:
            text = self.random.choice(values)
            return text if base in _AS_IT_STANDS else self._padded(text)
        if patterns and base == XS + "dateTime":
            return self._padded(self._date_time(zones=False))
        if patterns:
            text = self.random.choice(self.pools[patterns[0]])
            return text if base in _AS_IT_STANDS else self._padded(text)
        limits = {_kind(node): node.get("value") for node in part.iterchildren(tag=etree.Element)}
        if "maxInclusive" in limits:
            text = str(
                self.random.randint(int(limits["minInclusive"]), int(limits["maxInclusive"]))
            )
            return self._padded(text)
        text = self.simple_named(base)
        return text[: int(limits["maxLength"]) // 2 * 2] if "maxLength" in limits else text

    def _padded(self, text: str) -> str:
        return self.random.choice(_SPACES) + text + self.random.choice(_SPACES)

    def _date_time(self, *, zones: bool) -> str:
        pick = self.random.choice
        year = pick(["2024", "2024", "2024", "1970", "0001", "9999", "-0001", "-9999"])
        moment = pick(["T00:00:00", "T23:59:59", "T24:00:00", "T12:34:56.789", "T00:00:00.0"])
        day = pick(["01-01", "12-31", "02-28", "06-15"])
        return f"{year}-{day}{moment}{pick(['Z', '', '+02:00'] if zones else ['Z', 'Z', ''])}"

    def _builtin(self, name: str) -> str:
        pick = self.random.choice
        if name in ("string", "anyType"):
            return pick(_STRINGS)
        if name in ("token", "normalizedString"):
            return pick(["x", "  x  y ", "a & b", "é"])
        if name == "ID":
            self.ids += 1
            return f"id-{self.ids}"
        if name == "dateTime":
            return self._date_time(zones=True)
        if name in ("float", "double"):
            # libxml2 takes no white space around INF and NaN.
            return pick([*map(self._padded, _FLOATS), "INF", "-INF", "NaN"])
        if name == "base64Binary":
            return pick(["", "AAAA", "q83v\nAA=="])
        texts = {
            "anyURI": _URIS,
            "boolean": ["true", "false", "1", "0"],
            "decimal": ["50", "-1.50", "+.5", "1.", "0" * 50 + "1", "1" * 30],
            "hexBinary": ["", "AB", "00ff"],
            "language": ["en", "de-CH"],
            "NMTOKEN": ["en", "x-1"],
        }
        if name in texts:
            return self._padded(pick(texts[name]))
        top = {"unsignedInt": "4294967295", "unsignedShort": "65535", "unsignedByte": "255"}
        return self._padded(pick(["0" * 5000 + "7", "+1", "100", top.get(name, "127"), "1"]))


def _particles(node: Element) -> bool:
    return node.tag in (XS + "element", XS + "sequence", XS + "choice", XS + "any")


def qname_of_attribute(part: Element) -> str:
    """Returns the name that a reference to an attribute means; ``xml:`` needs no prefix."""
    text = str(part.get("ref"))
    if text.startswith("xml:"):
        return "{http://www.w3.org/XML/1998/namespace}" + text[4:]
    return qname(part, text)


@cache
def official() -> Schema:
    """Returns the schema that the openleadr package ships."""
    return Schema(Path(str(openleadr.__file__)).parent / "schema")


def _pools(schema: Schema) -> st.SearchStrategy[dict[str, list[str]]]:
    patterns = {
        str(node.get("value"))
        for component in schema.components.values()
        for node in component.iter(XS + "pattern")
    }
    return st.fixed_dictionaries(
        {
            pattern: st.lists(_matching(pattern), min_size=2, max_size=4)
            for pattern in sorted(patterns)
            if "T\\d{2}" not in pattern
        }
    )


def _matching(pattern: str) -> st.SearchStrategy[str]:
    if "\\w" in pattern:
        return st.sampled_from(["a@b.example"])
    if "P(" in pattern:
        # Digits of other scripts are valid, but libxml2 knows only those of older Unicode.
        texts = st.from_regex(pattern, fullmatch=True, alphabet="PYMDTHSW+-0123456789\u0663")
        return st.sampled_from(_DURATIONS) | texts
    return st.from_regex(pattern, fullmatch=True, alphabet=_CHARS)


@st.composite
def documents(draw: st.DrawFn, message: str) -> bytes:
    """Draws a document that holds the message of this element name."""
    schema = official()
    writer = Writer(
        schema=schema,
        random=random.Random(draw(st.integers(0, 2**32))),
        richness=draw(st.sampled_from([0.0, 0.3, 0.5, 0.7])),
        pools=draw(_pools(schema)),
    )
    root = etree.Element(f"{OADR}oadrPayload", nsmap=schema.nsmap())
    holder = etree.SubElement(root, f"{OADR}oadrSignedObject")
    writer.element(holder, schema.find("element", f"{OADR}{message}"))
    return bytes(etree.tostring(root))
