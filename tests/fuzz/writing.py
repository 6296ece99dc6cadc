"""Schema-valid documents of any shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

import openleadr

from oadr import profile_a
from oadr.codec.namespaces import NAMESPACES
from oadr.messages import MESSAGES
from tests.fuzz.draft import PLAIN, Coverage, Draft, Look
from tests.fuzz.grammar import Grammar
from tests.fuzz.nodes import Node
from tests.fuzz.schema import XML, XSI, Schema

_SIGNATURE = f"{{{NAMESPACES['ds']}}}Signature"
#: Signatures made up by a schema are all refused alike, and so is what they stand on.
_RATES = {_SIGNATURE: 0.02, "{http://www.w3.org/2005/Atom}feed": 0.25}
_RICH = [0.0, 0.15, 0.3, 0.5, 0.7, 0.95]
_WILD = [0.0, 0.0, 0.02, 0.1, 0.4, 1.0]
_PREFIXES = ["n{}", "ns{}", "é{}", "_{}", "x-{}.y", "oadr{}", "xsd{}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that the schema allows.

    Attributes:
        name: of the message in it.
        data: as it goes over the wire.
    """

    name: str
    data: bytes


@dataclass(slots=True, kw_only=True)
class Writer:
    """Writes documents, one after the other.

    Attributes:
        known: element, by prefix and name such as ``ei:venID``, to texts that mean something to
            the reader; may be changed between documents.
        messages: names of the messages that it writes.
    """

    random: Random
    known: Mapping[str, Sequence[str]] = field(default_factory=dict)
    messages: Sequence[str] = tuple(sorted(MESSAGES))
    coverage: Coverage | None = field(default_factory=Coverage)
    rates: Mapping[str, float] = field(default_factory=lambda: _RATES)

    def document(self, message: str = "") -> Document:
        """Returns a document with a message of this name; with any if it is empty."""
        name = message or self.random.choice(self.messages)
        grammar, root = payload()
        draft = self._draft(grammar, f"{{{NAMESPACES['oadr']}}}{name}")
        root.write(draft)
        return Document(name=name, data=self._data(draft))

    def document_a(self, message: str = "") -> Document:
        """Returns a document of 2.0a."""
        name = message or self.random.choice(sorted(profile_a.MESSAGES))
        grammar, roots = messages_a()
        draft = self._draft(grammar, "")
        draft.known = {
            name.replace(NAMESPACES["oadr"], profile_a.NAMESPACE): texts
            for name, texts in draft.known.items()
        }
        roots[name].write(draft)
        return Document(name=name, data=self._data(draft))

    def _draft(self, grammar: Grammar, wanted: str) -> Draft:
        random = self.random
        look = PLAIN
        if random.random() < 0.2:
            alias = random.choice([0, 0, 0.05])
            look = Look(gaps=random.choice([0, 0.3]), pieces=random.choice([0, 0.3]), alias=alias)
        draft = Draft(
            random=random,
            rich=random.choice(_RICH),
            wild=random.choice(_WILD),
            known=self._in_clark(),
            knowing=random.choice([0.0, 0.5, 0.9, 0.97, 1.0]),
            rates=self.rates,
            look=look,
            prefixes={},
            qualifiers={XML[1:-1]: "xml:"},
            coverage=self.coverage,
            wanted=wanted,
            budget=random.choice([60, 150, 400, 1000]),
        )
        self._declare(draft, grammar.schema.namespaces)
        return draft

    def _in_clark(self) -> dict[str, Sequence[str]]:
        found: dict[str, Sequence[str]] = {}
        for name, texts in self.known.items():
            prefix, _, local = name.partition(":")
            found[f"{{{NAMESPACES[prefix]}}}{local}"] = texts
        return found

    def _declare(self, draft: Draft, namespaces: Sequence[str]) -> None:
        random, usual = self.random, {uri: prefix for prefix, uri in NAMESPACES.items()}
        shape = random.choice(_PREFIXES) if random.random() < 0.2 else ""
        bare = random.choice(namespaces) if random.random() < 0.1 else ""
        parts = []
        for number, uri in enumerate([XSI, *namespaces]):
            prefix = shape.format(number) if shape else usual.get(uri) or f"n{number}"
            draft.qualifiers[uri] = draft.prefixes[uri] = f"{prefix}:"
            parts.append(f' xmlns:{prefix}="{uri}"')
        if bare:
            draft.prefixes[bare] = ""
            parts.append(f' xmlns="{bare}"')
        if random.random() < 0.05:
            # Declared and not used; the first is no absolute URI.
            odd = random.choice(["odd", "urn:x#y", "http://x.example/?a=b"])
            parts.append(f' xmlns:odd="{odd}"')
        if random.random() < 0.1:
            random.shuffle(parts)
        draft.declarations = "".join(parts)

    def _data(self, draft: Draft) -> bytes:
        heads = ["", "", '<?xml version="1.0" encoding="UTF-8"?>\n', "<?xml version='1.0'?>"]
        head = self.random.choice(heads)
        if not head and self.random.random() < 0.05:
            head = self.random.choice(["\ufeff", "\n", "<!-- -->", "<?x y?>"])
        tail = self.random.choice(["", "", "", "\n", "<!-- x -->"])
        return "".join([head, *draft.out, tail]).encode()


@cache
def payload() -> tuple[Grammar, Node]:
    """Returns the official schema, as the openleadr package ships it, and its document element."""
    grammar = Grammar(Schema(Path(str(openleadr.__file__)).parent / "schema" / "oadr_20b.xsd"))
    return grammar, grammar.root(f"{{{NAMESPACES['oadr']}}}oadrPayload")


@cache
def messages_a() -> tuple[Grammar, dict[str, Node]]:
    """Returns our schema of 2.0a, and its document elements by name."""
    grammar = Grammar(Schema(Path(str(profile_a.__file__)).parent / "schema" / "oadr.xsd"))
    names = sorted(profile_a.MESSAGES)
    return grammar, {name: grammar.root(f"{{{profile_a.NAMESPACE}}}{name}") for name in names}
