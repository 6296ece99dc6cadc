"""A document while it is written: who decides, how much may still be added, how it looks."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar
from xml.sax.saxutils import escape, quoteattr

T = TypeVar("T")
#: Deeper than this nothing is added that may be left out, or documents would never end.
MAX_DEPTH = 22
_GAPS = ["\n", "\r\n\t", "  ", "<!-- -->", "<!-- </x> & -->", "<?pi x?>", ""]


@dataclass(slots=True)
class Coverage:
    """What of a schema has been written so far; also lets what is rare come up in turn.

    Attributes:
        marks: each particle, alternative, attribute and enumerated value that was taken.
        turns: how often each choice was made.
    """

    marks: set[Hashable] = field(default_factory=set)
    turns: Counter[Hashable] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a document is written down: all of it means the same to a reader of XML.

    Attributes:
        gaps: share of places between elements at which there is a gap.
        pieces: share of texts in sections, references and comments.
        alias: share of elements that declare a prefix of their own.
    """

    gaps: float = 0.0
    pieces: float = 0.0
    alias: float = 0.0


PLAIN = Look()


@dataclass(slots=True, kw_only=True)
class Draft:
    """One document.

    Attributes:
        random: decides.
        rich: 0 leaves out all that may be left out, 1 leaves out nothing.
        wild: share of values that hardly anybody means.
        known: element, in Clark's notation, to texts that mean something to the reader.
        knowing: share of such elements that get one of them.
        rates: element that may be left out to the share that is not; ``rich`` for others.
        look: how it is written down.
        prefixes: of elements by namespace, with the colon; one may be empty.
        marks: the same for attributes and types, where none is empty.
        coverage: shared between documents, so that what is rare comes up in turn.
        wanted: name of an element that the next choice that can must take.
        budget: elements that may still be added.
    """

    random: Random
    rich: float
    wild: float
    known: Mapping[str, Sequence[str]]
    knowing: float
    rates: Mapping[str, float]
    look: Look
    prefixes: dict[str, str]
    qualifiers: dict[str, str]
    coverage: Coverage | None
    wanted: str
    budget: int
    out: list[str] = field(default_factory=list)
    declarations: str = ""
    ids: int = 0
    depth: int = 0
    vast: bool = False
    aliases: int = 0

    @property
    def tight(self) -> bool:
        """Whether nothing more may be added."""
        return self.depth >= MAX_DEPTH or self.budget <= 0

    def is_wild(self) -> bool:
        """Returns whether the next value is one that hardly anybody means."""
        return self.wild > 0 and self.random.random() < self.wild

    def chance(self, name: str = "", *, new: bool = False) -> bool:
        """Returns whether something is added that may be left out.

        Args:
            name: of the element, if it is one.
            new: whether it has never been added before.
        """
        if self.depth >= MAX_DEPTH or self.budget <= 0:
            return False
        rate = self.rates.get(name, self.rich)
        return self.random.random() < (max(rate, 0.4) if new and self.rich else rate)

    def mark(self, key: Hashable) -> None:
        """Notes that something was taken."""
        if self.coverage is not None:
            self.coverage.marks.add(key)

    def is_new(self, key: Hashable) -> bool:
        """Returns whether something has not been taken by any document so far."""
        return self.coverage is not None and key not in self.coverage.marks

    def pick(self, key: Hashable, options: Sequence[T]) -> T:
        """Returns one of several, half the time the next in turn, and notes which."""
        number = self.random.randrange(len(options))
        if self.coverage is not None:
            if self.random.random() < 0.7:
                number = self.coverage.turns[key] % len(options)
                self.coverage.turns[key] += 1
            self.coverage.marks.add((key, number))
        return options[number]

    def count(self, least: int, most: int | None, key: Hashable, name: str = "") -> int:
        """Returns how often something comes.

        Args:
            least: that the schema wants.
            most: that the schema wants; None for no limit.
            key: what to note it under.
            name: of the element, if it is one.
        """
        count = least
        limit = least + 3 if most is None else most
        if most is None and least < 2 and self.budget > 60 and self.random.random() < 0.01:
            count = self.random.randint(20, 50)
        while (
            count < limit
            and not self._may_end(key, count)
            and self.chance(name, new=self.is_new((key, min(count + 1, 2))))
        ):
            count += 1
        self.mark((key, min(count, 2)))
        return count

    def _may_end(self, key: Hashable, count: int) -> bool:
        """Returns whether so few have never been enough before, and are now."""
        return self.is_new((key, min(count, 2))) and self.random.random() < 0.3

    def gap(self) -> None:
        """Writes what may stand between elements and means nothing."""
        if self.look.gaps and self.random.random() < self.look.gaps:
            self.out.append(self.random.choice(_GAPS))

    def text(self, text: str) -> str:
        """Returns a text as mark-up."""
        if self.look.pieces and self.random.random() < self.look.pieces and len(text) < 500:
            return self._in_pieces(text)
        return escape(text, {"\r": "&#13;"})

    def _in_pieces(self, text: str) -> str:
        cut = self.random.randint(0, len(text))
        pieces = []
        for part in (text[:cut], text[cut:]):
            kind = self.random.randrange(3)
            if kind == 0 and "]]>" not in part and "\r" not in part:
                pieces.append(f"<![CDATA[{part}]]>")
            elif kind == 1:
                pieces.append("".join(f"&#x{ord(char):X};" for char in part))
            else:
                pieces.append(escape(part, {"\r": "&#13;"}))
        # libxml2 takes white space and text apart by a comment for two texts.
        return "".join(pieces)

    def attribute(self, name: str, text: str) -> None:
        """Writes an attribute."""
        quoted = quoteattr(text, {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})
        self.out.append(f" {name}={quoted}")
