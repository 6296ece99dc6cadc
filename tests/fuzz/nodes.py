"""Elements, types and particles that write themselves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from math import inf

from tests.fuzz.draft import Draft
from tests.fuzz.schema import XSI
from tests.fuzz.simple import Simple

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
