"""The schema, made ready to write documents quickly."""

from lxml.etree import _Element as Element

from tests.fuzz.nodes import Attribute, Content, Group, Node, Part, Place, Wildcard
from tests.fuzz.schema import XS, Schema, namespace_of, parts_of, qname
from tests.fuzz.simple import Simple, SimpleTypes


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
