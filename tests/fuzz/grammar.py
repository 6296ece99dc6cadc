"""The schema, made ready to write documents quickly: elements, types, particles."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from math import inf

from lxml.etree import _Element as Element

from tests.fuzz.draft import Draft
from tests.fuzz.schema import XS, XSI, Schema, namespace_of, parts_of, qname
from tests.fuzz.simple import Simple, SimpleTypes

#: Of a wildcard that takes anything: what no schema knows.
_UNKNOWN = '<any xmlns="urn:other" a="&lt;&amp;&gt;">x<b/></any>'


@dataclass(eq=False)
class Attribute:
    """An attribute that an element may have, or must."""

    namespace: str
    local: str
    required: bool
    kind: Simple | None

    def write(self, draft: Draft) -> None:
        if not self.required and not draft.chance(new=draft.is_new((id(self), 1))):
            draft.mark((id(self), 0))
            return
        draft.mark((id(self), 1))
        text = "preserve" if self.kind is None else self.kind.text(draft)
        prefix = draft.qualifiers[self.namespace] if self.namespace else ""
        draft.attribute(prefix + self.local, text)

    def marks(self) -> list[object]:
        own: list[object] = [(id(self), number) for number in ({1} if self.required else {0, 1})]
        return own + (self.kind.marks() if self.kind is not None else [])


@dataclass(eq=False)
class Group:
    """A sequence, or a choice."""

    parts: "list[Part]"
    least: int
    most: int | None
    chooses: bool
    cost: float = inf

    def write(self, draft: Draft) -> None:
        for _ in range(draft.count(self.least, self.most, id(self))):
            if not self.chooses:
                for part in self.parts:
                    part.write(draft)
            elif self.parts:
                self._chosen(draft).write(draft)

    def _chosen(self, draft: Draft) -> "Part":
        # Not in a signature, which may hold anything, another message too.
        if draft.wanted and draft.depth == 2:
            for part in self.parts:
                if isinstance(part, Place) and part.name == draft.wanted:
                    draft.wanted = ""
                    return part
        if draft.tight:
            return min(self.parts, key=lambda part: part.cost)
        return draft.pick((id(self), "part"), self.parts)

    def marks(self) -> list[object]:
        own: list[object] = [(id(self), n) for n in _counts(self.least, self.most)]
        if self.chooses:
            own += [((id(self), "part"), number) for number in range(len(self.parts))]
        return own

    def below(self) -> "Iterator[Part | Node]":
        return iter(self.parts)

    def least_cost(self) -> float:
        costs = [part.cost for part in self.parts]
        if not self.parts or self.least == 0:
            return 0
        return self.least * (min(costs) if self.chooses else sum(costs))


@dataclass(eq=False)
class Place:
    """Where an element of a name may stand, or one that may stand for it."""

    name: str
    nodes: "list[Node]"
    least: int
    most: int | None
    cost: float = inf

    def write(self, draft: Draft) -> None:
        for _ in range(draft.count(self.least, self.most, id(self), self.name)):
            if len(self.nodes) == 1:
                self.nodes[0].write(draft)
            elif draft.tight:
                min(self.nodes, key=lambda node: node.cost).write(draft)
            else:
                draft.pick((id(self), "node"), self.nodes).write(draft)

    def marks(self) -> list[object]:
        own: list[object] = [(id(self), n) for n in _counts(self.least, self.most)]
        if len(self.nodes) > 1:
            own += [((id(self), "node"), number) for number in range(len(self.nodes))]
        return own

    def below(self) -> "Iterator[Part | Node]":
        return iter(self.nodes)

    def least_cost(self) -> float:
        return self.least * min(node.cost for node in self.nodes)


@dataclass(eq=False)
class Wildcard:
    """Where any element may stand, of some namespaces, known to the schema unless it is lax."""

    nodes: "list[Node]"
    lax: bool
    least: int
    most: int | None
    cost: float = 1

    def write(self, draft: Draft) -> None:
        for _ in range(draft.count(self.least, self.most, id(self))):
            if self.lax and (draft.tight or draft.random.random() < 0.3):
                draft.out.append(_UNKNOWN)
            elif draft.tight:
                min(self.nodes, key=lambda node: node.cost).write(draft)
            else:
                draft.pick((id(self), "any"), self.nodes).write(draft)

    def marks(self) -> list[object]:
        return [(id(self), n) for n in _counts(self.least, self.most)]

    def below(self) -> "Iterator[Part | Node]":
        return iter(self.nodes)

    def least_cost(self) -> float:
        return self.least


Part = Group | Place | Wildcard


@dataclass
class Content:
    """What a type lets an element hold."""

    attributes: list[Attribute] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    simple: Simple | None = None
    mixed: bool = False


@dataclass(eq=False)
class Node:
    """An element.

    Attributes:
        name: in Clark's notation.
        contents: what it holds by the name of its type; an empty name needs no ``xsi:type``.
            Empty if it may hold anything.
    """

    name: str
    fixed: str | None
    nillable: bool
    contents: dict[str, Content] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)
    cost: float = inf

    def __post_init__(self) -> None:
        self.namespace, _, self.local = self.name[1:].partition("}")

    def write(self, draft: Draft) -> None:
        draft.budget -= 1
        draft.depth += 1
        draft.gap()
        tag = self._open(draft)
        if self.fixed is not None:
            draft.out.append(">" + draft.random.choice([self.fixed, ""]))
        elif not self.types:
            self._anything(draft)
        else:
            self._typed(draft)
        draft.out.append(f"</{tag}>")
        draft.depth -= 1

    def _open(self, draft: Draft) -> str:
        declarations, draft.declarations = draft.declarations, ""
        if draft.look.alias and draft.random.random() < draft.look.alias:
            draft.aliases += 1
            prefix = f"own{draft.aliases}"
            tag = f"{prefix}:{self.local}"
            declarations += f' xmlns:{prefix}="{self.namespace}"'
        else:
            tag = draft.prefixes[self.namespace] + self.local
        draft.out.append(f"<{tag}{declarations}")
        return tag

    def _typed(self, draft: Draft) -> None:
        if len(self.types) == 1 or draft.tight:
            name = self.types[0]
        else:
            name = draft.pick((id(self), "type"), self.types)
        if name:
            namespace, _, local = name[1:].partition("}")
            kind = f"{draft.qualifiers[namespace]}{local}"
            draft.attribute(draft.qualifiers[XSI] + "type", kind)
        content = self.contents[name]
        for attribute in content.attributes:
            attribute.write(draft)
        draft.out.append(">")
        if content.simple is not None:
            draft.out.append(draft.text(self._text(draft, content.simple)))
        for part in content.parts:
            part.write(draft)
        if content.mixed and draft.chance():
            draft.out.append(draft.text("mixed & text"))
        elif content.parts:
            draft.gap()

    def _text(self, draft: Draft, simple: Simple) -> str:
        known = draft.known.get(self.name)
        if known and draft.random.random() < draft.knowing:
            return draft.random.choice(known)
        return simple.text(draft)

    def _anything(self, draft: Draft) -> None:
        if self.nillable and draft.chance():
            draft.attribute(draft.qualifiers[XSI] + "nil", "true")
            draft.out.append(">")
        elif draft.chance():
            draft.out.append(f' xmlns:o="urn:other" o:attribute="1">text &amp; more{_UNKNOWN}')
        else:
            draft.out.append(">")

    def marks(self) -> list[object]:
        own: list[object] = []
        if len(self.types) > 1:
            own += [((id(self), "type"), number) for number in range(len(self.types))]
        for content in self.contents.values():
            own += chain.from_iterable(one.marks() for one in content.attributes)
            own += content.simple.marks() if content.simple is not None else []
        return own

    def below(self) -> "Iterator[Part | Node]":
        return chain.from_iterable(content.parts for content in self.contents.values())

    def least_cost(self) -> float:
        if not self.types:
            return 1
        return 1 + sum(part.cost for part in self.contents[self.types[0]].parts)


def _counts(least: int, most: int | None) -> set[int]:
    return {min(n, 2) for n in range(least, (least + 3 if most is None else most) + 1)}


class Grammar:
    """All elements of a schema; makes each node once."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._simple = SimpleTypes(schema)
        self._nodes: dict[int, Node] = {}
        self._wanted: list[tuple[Node, Element]] = []

    def root(self, name: str) -> Node:
        """Returns the node of a global element, with all below it ready to be written."""
        node = self._global(name)
        while self._wanted:
            self._fill(*self._wanted.pop())
        reachable = self.reachable(node)
        while True:
            before = [one.cost for one in reachable]
            for one in reachable:
                one.cost = one.least_cost()
            if before == [one.cost for one in reachable]:
                return node

    def reachable(self, root: Node) -> list[Part | Node]:
        """Returns all parts and elements that a document may have."""
        found: dict[int, Part | Node] = {}
        waiting: list[Part | Node] = [root]
        while waiting:
            one = waiting.pop()
            if id(one) not in found:
                found[id(one)] = one
                waiting.extend(one.below())
        return list(found.values())

    def _global(self, name: str) -> Node:
        return self._node(self.schema.find("element", name))

    def _node(self, declaration: Element) -> Node:
        key = self.schema_key(declaration)
        if key not in self._nodes:
            node = Node(
                name=f"{{{namespace_of(declaration)}}}{declaration.get('name')}",
                fixed=declaration.get("fixed"),
                nillable=declaration.get("nillable") == "true",
            )
            self._nodes[key] = node
            self._wanted.append((node, declaration))
        return self._nodes[key]

    def schema_key(self, declaration: Element) -> int:
        """Returns what tells a declaration from all others."""
        # lxml makes the objects of a tree anew; its lines tell declarations apart.
        tree = declaration.getroottree()
        return hash((namespace_of(declaration), tree.getpath(declaration)))

    def _fill(self, node: Node, declaration: Element) -> None:
        name, anonymous = self.schema.type_of(declaration)
        if anonymous is not None:
            node.contents[""] = self._content(anonymous)
        elif name is not None and self.schema.has("complexType", name):
            definition = self.schema.find("complexType", name)
            if definition.get("abstract") != "true":
                node.contents[""] = self._content(definition)
            for one in self.schema.concrete(name):
                node.contents[one] = self._content(self.schema.find("complexType", one))
        elif name is not None:
            node.contents[""] = Content(simple=self._simple.named(name))
        node.types = list(node.contents)
        if len(node.types) == 2 and "" in node.types:
            # To name the type that it has anyway says nothing; now and then it may.
            node.types = ["", "", "", *node.types]

    def _content(self, kind: Element) -> Content:
        content = Content()
        if kind.tag == XS + "simpleType":
            content.simple = self._simple.made(kind)
            return content
        content.mixed = kind.get("mixed") == "true"
        for part in kind:
            self._add(content, part)
        return content

    def _add(self, content: Content, part: Element) -> None:
        if part.tag in (XS + "complexContent", XS + "simpleContent"):
            (derivation,) = (child for child in part if child.tag != XS + "annotation")
            self._derive(content, derivation)
        elif part.tag == XS + "attributeGroup":
            group = self.schema.find("attributeGroup", qname(part, str(part.get("ref"))))
            for child in group.iterchildren(XS + "attribute"):
                content.attributes.append(self._attribute(child))
        elif part.tag == XS + "attribute":
            content.attributes.append(self._attribute(part))
        elif part.tag in (XS + "sequence", XS + "choice"):
            content.parts.append(self._part(part))

    def _derive(self, content: Content, derivation: Element) -> None:
        base = qname(derivation, str(derivation.get("base")))
        if not self.schema.has("complexType", base):
            content.simple = self._simple.named(base)
        elif derivation.tag == XS + "extension":
            inherited = self._content(self.schema.find("complexType", base))
            content.attributes += inherited.attributes
            content.parts += inherited.parts
            content.simple = inherited.simple
        for child in derivation:
            self._add(content, child)

    def _part(self, part: Element) -> Part:
        least, most = int(part.get("minOccurs", "1")), str(part.get("maxOccurs", "1"))
        limit = None if most == "unbounded" else int(most)
        if part.tag == XS + "element":
            return self._place(part, least, limit)
        if part.tag == XS + "any":
            return self._wildcard(part, least, limit)
        parts = [self._part(child) for child in parts_of(part)]
        known = [one for one in parts if not isinstance(one, Wildcard) or one.nodes or one.lax]
        chooses = part.tag == XS + "choice"
        return Group(parts=known, least=least, most=limit, chooses=chooses)

    def _place(self, part: Element, least: int, most: int | None) -> Place:
        if not part.get("ref"):
            node = self._node(part)
            return Place(name=node.name, nodes=[node], least=least, most=most)
        name = qname(part, str(part.get("ref")))
        nodes = [self._global(one) for one in self.schema.instead_of(name)]
        return Place(name=name, nodes=nodes, least=least, most=most)

    def _wildcard(self, part: Element, least: int, most: int | None) -> Wildcard:
        allowed, own = part.get("namespace", "##any"), f"{{{namespace_of(part)}}}"
        names = [
            name
            for name in self.schema.elements
            if allowed == "##any" or (allowed == "##other" and not name.startswith(own))
        ]
        lax = part.get("processContents") == "lax" and allowed in ("##any", "##other")
        return Wildcard(nodes=[*map(self._global, names)], lax=lax, least=least, most=most)

    def _attribute(self, part: Element) -> Attribute:
        declaration, namespace = part, ""
        if part.get("ref"):
            name = qname(part, str(part.get("ref")))
            declaration = self.schema.find("attribute", name)
            namespace = name[1:].partition("}")[0]
        elif part.getroottree().getroot().get("attributeFormDefault") == "qualified":
            namespace = namespace_of(part)
        inner = declaration.find(XS + "simpleType")
        kind: Simple | None = None
        if declaration.get("type"):
            kind = self._simple.named(qname(declaration, str(declaration.get("type"))))
        elif inner is not None:
            kind = self._simple.made(inner)
        return Attribute(
            namespace=namespace,
            local=str(declaration.get("name")),
            required=part.get("use") == "required",
            kind=kind,
        )
