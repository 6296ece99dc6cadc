"""A document as lines for people, with the places marked that something is wrong with."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from lxml import etree

from conformance.results import Fault
from oadr.codec.namespaces import NAMESPACES

#: Lines that are shown of a document, beside those around findings; JSON has all.
MOST_LINES = 250
#: Lines before and after a finding that are always shown.
AROUND = 3
#: Longest text of one line, characters.
LONGEST = 600
#: Attributes of one element that are shown.
MOST_ATTRIBUTES = 30
#: Longest document that is laid out, characters.
LONGEST_DOCUMENT = 2_000_000
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}


@dataclass(slots=True)
class Line:
    """A line.

    Attributes:
        text: as HTML.
        path: of the element that begins here, as ``Fault.path`` has it; empty if none does.
        faults: what is wrong here.
    """

    text: str
    path: str = ""
    faults: tuple[Fault, ...] = ()


def laid_out(text: str, faults: Iterable[Fault]) -> str:
    """Returns a document as HTML for a ``<pre>``, findings marked and told below their line.

    XML is indented anew; what is none stands as it came. Nothing of the document is markup.
    """
    if not text.strip():
        lines = [Line("<i>empty</i>")]
    else:
        lines = _of_tree(text) or [Line(escape(cut(one))) for one in text.splitlines()]
    places: dict[str, int] = {}
    for index, line in enumerate(lines):
        places.setdefault(line.path, index)
    for one in faults:
        lines[_place(lines, places, one)].faults += (one,)
    # A note is a block, after which a line begins anyway.
    return "\n".join(_shown(lines)).replace("</span>\n", "</span>")


def _place(lines: list[Line], places: Mapping[str, int], fault: Fault) -> int:
    """Returns the index of the line that a fault is at; 0 if it has no place."""
    if fault.path in places and fault.path:
        return places[fault.path]
    if not any(places) and 0 < fault.line <= len(lines):
        return fault.line - 1
    return 0


def _shown(lines: list[Line]) -> list[str]:
    marked = [index for index, line in enumerate(lines) if line.faults]
    kept = set(range(min(len(lines), MOST_LINES)))
    for index in marked[:MOST_LINES]:
        kept |= set(range(max(0, index - AROUND), min(len(lines), index + AROUND + 1)))
    shown: list[str] = []
    last = -1
    for index in sorted(kept):
        shown += _gap(index - last - 1)
        shown.append(_written(lines[index]))
        last = index
    return shown + _gap(len(lines) - last - 1)


def _gap(count: int) -> list[str]:
    return [f"<i>... {count:,} lines left out ...</i>"] if count else []


def _written(line: Line) -> str:
    if not line.faults:
        return line.text
    notes = "".join(
        f'<span class="note {escape(one.severity)}">{escape(one.severity)} '
        f"{escape(one.id)}: {escape(cut(one.seen))}</span>"
        for one in line.faults
    )
    return f"<mark>{line.text}</mark>{notes}"


def _of_tree(text: str) -> list[Line]:
    """Returns the lines of an XML document; none if it is not one."""
    if len(text) > LONGEST_DOCUMENT:
        return []
    try:
        root = etree.fromstring(text.encode(), _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return []
    lines: list[Line] = []
    _element(root, etree.QName(root).localname, "", lines)
    return lines


def _element(element: etree._Element, path: str, indent: str, lines: list[Line]) -> None:
    if not isinstance(element.tag, str):
        lines.append(Line(f"{indent}<i>{escape(cut(etree.tostring(element).decode()))}</i>"))
        return
    name = escape(_name(element))
    opened = f"{indent}&lt;{name}{_attributes(element)}"
    inner = (element.text or "").strip()
    if not len(element):
        closed = f"&gt;<b>{escape(cut(inner))}</b>&lt;/{name}&gt;" if inner else "/&gt;"
        lines.append(Line(opened + closed, path))
        return
    lines.append(Line(f"{opened}&gt;", path))
    if inner:
        lines.append(Line(f"{indent}  <b>{escape(cut(inner))}</b>"))
    for child, place in zip(element, _paths(element, path), strict=True):
        _element(child, place, indent + "  ", lines)
        tail = (child.tail or "").strip()
        if tail:
            lines.append(Line(f"{indent}  <b>{escape(cut(tail))}</b>"))
    lines.append(Line(f"{indent}&lt;/{name}&gt;"))


def _paths(element: etree._Element, path: str) -> list[str]:
    """Returns the paths of the children, as ``conformance.checks.xml.path_of`` has them."""
    # Below oadrSignedObject a path begins anew; the document element is in none.
    parent = element.getparent() is None or etree.QName(element).localname == "oadrSignedObject"
    base = "" if parent else f"{path}/"
    many = Counter(child.tag for child in element)
    seen: Counter[object] = Counter()
    paths = []
    for child in element:
        seen[child.tag] += 1
        if not isinstance(child.tag, str):
            paths.append("")
            continue
        place = f"[{seen[child.tag]}]" if many[child.tag] > 1 else ""
        paths.append(f"{base}{etree.QName(child).localname}{place}")
    return paths


def _name(element: etree._Element) -> str:
    name = etree.QName(element).localname
    return f"{element.prefix}:{name}" if element.prefix else name


def _attributes(element: etree._Element) -> str:
    parent = element.getparent()
    known = {} if parent is None else parent.nsmap
    spaces = {
        f"xmlns:{prefix}" if prefix else "xmlns": uri
        for prefix, uri in element.nsmap.items()
        if known.get(prefix) != uri
    }
    # Each is looked for among all.
    names = element.keys()[:MOST_ATTRIBUTES]
    own = {_attribute(str(name), element): str(element.get(name)) for name in names}
    written = [f' {escape(name)}="{escape(cut(value))}"' for name, value in own.items()]
    # Declarations say little, and are in the way of what does.
    unusual = [
        f' {escape(name)}="{escape(cut(uri))}"'
        for name, uri in spaces.items()
        if uri not in _PREFIXES
    ]
    left = len(element.keys()) - len(names) + max(len(unusual) - MOST_ATTRIBUTES, 0)
    more = [f" ... {left:,} attributes left out ..."] if left else []
    return "".join(written + unusual[:MOST_ATTRIBUTES] + more)


def _attribute(name: str, element: etree._Element) -> str:
    qualified = etree.QName(name)
    if qualified.namespace is None:
        return name
    prefixes = [prefix for prefix, uri in element.nsmap.items() if uri == qualified.namespace]
    return f"{prefixes[0] if prefixes and prefixes[0] else 'xml'}:{qualified.localname}"


def cut(text: str) -> str:
    """Returns a text, shortened if it is longer than a reader wants."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"
