"""Simple types, ready to write texts of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from lxml.etree import _Element as Element

from tests.fuzz import values
from tests.fuzz.draft import Draft
from tests.fuzz.schema import XS, Schema, kind_of, qname

#: Types whose white space does not collapse.
_AS_IT_STANDS = {f"{XS}string", f"{XS}normalizedString"}
#: Characters of the longest texts.
VAST = 100_000


class Simple(Protocol):
    """A simple type."""

    def text(self, draft: Draft) -> str:
        """Returns a text of this type."""

    def marks(self) -> list[object]:
        """Returns what can be noted of it."""


@dataclass
class Builtin:
    """A type of the schema language, with or without limits."""

    name: str
    longest: int | None = None
    limits: tuple[int, int] | None = None

    def text(self, draft: Draft) -> str:
        random = draft.random
        if self.name == "ID":
            draft.ids += 1
            return f"id-{draft.ids}"
        wild = draft.is_wild()
        if self.limits is not None:
            low, high = self.limits
            some = random.choice([low, high, random.randint(low, high)])
            return values.padded(random, str(some)) if wild else str(some)
        if wild and self.longest is None and self.name == "string" and not draft.vast:
            draft.vast = random.random() < 0.002
            if draft.vast:
                return random.choice(["x", "é", "& ", "🔌"]) * (VAST // 2)
        text = values.builtin(random, self.name, wild=wild)
        return text if self.longest is None else text.strip()[: self.longest // 2 * 2]

    def marks(self) -> list[object]:
        return []


@dataclass
class Pattern:
    """Texts that match a pattern."""

    pattern: str
    collapses: bool

    def text(self, draft: Draft) -> str:
        wild = draft.is_wild()
        text = values.matching(draft.random, self.pattern, wild=wild)
        return values.padded(draft.random, text) if wild and self.collapses else text

    def marks(self) -> list[object]:
        return []


@dataclass
class Enumerated:
    """One of a list of words."""

    words: list[str]
    collapses: bool

    def text(self, draft: Draft) -> str:
        text = draft.pick(id(self), self.words)
        return values.padded(draft.random, text) if self.collapses and draft.is_wild() else text

    def marks(self) -> list[object]:
        return [(id(self), number) for number in range(len(self.words))]


@dataclass
class Union:
    """One of several types."""

    members: list[Simple]

    def text(self, draft: Draft) -> str:
        if draft.wild == 0:
            # The first is the list of the usual words.
            return self.members[0].text(draft)
        return draft.pick(id(self), self.members).text(draft)

    def marks(self) -> list[object]:
        own: list[object] = [(id(self), number) for number in range(len(self.members))]
        return own + [mark for member in self.members for mark in member.marks()]


@dataclass
class Several:
    """A list of words with spaces between them."""

    item: Simple

    def text(self, draft: Draft) -> str:
        texts = [self.item.text(draft).strip() for _ in range(draft.random.randint(0, 3))]
        return " ".join(texts)

    def marks(self) -> list[object]:
        return self.item.marks()


@dataclass
class SimpleTypes:
    """Makes simple types of a schema, each once."""

    schema: Schema
    _made: dict[str, Simple] = field(default_factory=dict)

    def named(self, name: str) -> Simple:
        """Returns the type of a name."""
        if name not in self._made:
            if name.startswith(XS):
                self._made[name] = Builtin(name.removeprefix(XS))
            else:
                self._made[name] = self.made(self.schema.find("simpleType", name))
        return self._made[name]

    def made(self, kind: Element) -> Simple:
        """Returns a type by its definition."""
        (part,) = (child for child in kind if child.tag != XS + "annotation")
        makers: dict[str, Callable[[Element], Simple]] = {
            "union": self._union,
            "list": lambda part: Several(self.named(qname(part, str(part.get("itemType"))))),
            "restriction": self._restriction,
        }
        return makers[kind_of(part)](part)

    def _union(self, part: Element) -> Simple:
        names = [qname(part, name) for name in str(part.get("memberTypes", "")).split()]
        inline = part.iterchildren(XS + "simpleType")
        return Union([*map(self.named, names), *map(self.made, inline)])

    def _restriction(self, part: Element) -> Simple:
        base = qname(part, str(part.get("base")))
        collapses = base not in _AS_IT_STANDS
        words = [str(node.get("value")) for node in part.iterchildren(XS + "enumeration")]
        if words:
            return Enumerated(words, collapses)
        for node in part.iterchildren(XS + "pattern"):
            return Pattern(str(node.get("value")), collapses)
        facets = {kind_of(node): str(node.get("value")) for node in part if node.get("value")}
        if base.startswith(XS):
            name = base.removeprefix(XS)
            if "maxInclusive" in facets:
                limits = int(facets.get("minInclusive", 0)), int(facets["maxInclusive"])
                return Builtin(name, limits=limits)
            if "maxLength" in facets:
                return Builtin(name, longest=int(facets["maxLength"]))
        return self.named(base)
