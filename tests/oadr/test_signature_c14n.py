"""Canonical form of a part of a document, against an independent model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from oadr.codec import parse
from oadr.errors import SignatureError
from oadr.signature.xmldsig import canonical
from tests.oadr.c14n_model import canonical_model
from tests.oadr.signature_cases import check, reseal, signed

URIS = ["urn:a", "urn:b"]
#: Prefix -> URI as an element may declare them; "" undeclares the default namespace.
DECLARATIONS = st.dictionaries(
    st.sampled_from(["", "p", "q"]), st.sampled_from(URIS), max_size=3
) | st.just({"": ""})
TEXT = st.sampled_from(["", "x", " \n", "&amp;&#13;&gt;", "<![CDATA[<&]]>", "é"])


@st.composite
def elements(draw: st.DrawFn, scope: tuple[str, ...] = ("",), depth: int = 4) -> str:
    """Returns an element with whatever declarations, below elements that declared ``scope``."""
    declared = draw(DECLARATIONS)
    known = tuple({*scope, *declared})
    prefix = draw(st.sampled_from(known))
    name = f"{prefix}:e" if prefix else "e"
    attributes = "".join(
        f' xmlns{":" if each else ""}{each}="{uri}"' for each, uri in declared.items()
    )
    if draw(st.booleans()):
        other = draw(st.sampled_from(known))
        attributes += f" {other + ':' if other else ''}k='a\"&#9;&#10;&lt;&amp;'"
    inner = st.lists(elements(known, depth - 1), max_size=2) if depth else st.just([])
    content = draw(TEXT) + draw(TEXT).join(draw(inner))
    return f"<{name}{attributes}>{content}</{name}>{draw(TEXT) if depth < 4 else ''}"


@given(document=elements())
def test_every_part_of_every_document_has_the_canonical_form_of_the_model(document: str) -> None:
    root = etree.fromstring(document)
    for element in root.iter():
        assert canonical(element) == canonical_model(element), document


def test_canonical_form_takes_in_the_namespaces_around_the_element() -> None:
    root = etree.fromstring(
        '<p:a xmlns:p="urn:p" xmlns="urn:d" xmlns:unused="urn:u"><b xmlns="" xmlns:p="urn:q">'
        '<p:c xmlns:z="urn:z" z:k="1" a="2"><d/>&#13;</p:c> tail</b></p:a>'
    )
    assert canonical(root[0][0]) == (
        b'<p:c xmlns:p="urn:q" xmlns:unused="urn:u" xmlns:z="urn:z" a="2" z:k="1">'
        b"<d></d>&#xD;</p:c>"
    )


def test_a_default_namespace_of_an_outer_element_reaches_every_depth() -> None:
    root = etree.fromstring('<a xmlns="urn:a"><b><c><d><e/></d></c></b></a>')
    assert canonical(root[0]) == b'<b xmlns="urn:a"><c><d><e></e></d></c></b>'
    assert canonical(root[0], exclusive=True) == b'<b xmlns="urn:a"><c><d><e></e></d></c></b>'


def test_a_default_namespace_of_the_element_itself_reaches_every_depth() -> None:
    root = etree.fromstring('<a><b xmlns="urn:a" xmlns:p="urn:a"><c><d><e/></d></c></b></a>')
    assert canonical(root[0]) == b'<b xmlns="urn:a" xmlns:p="urn:a"><c><d><e></e></d></c></b>'


def test_a_prefix_that_is_declared_again_is_not_written_again() -> None:
    root = etree.fromstring(
        '<a xmlns:p="urn:p"><p:b><p:c><d><p:e xmlns:p="urn:p"/></d></p:c></p:b></a>'
    )
    assert canonical(root[0]) == b'<p:b xmlns:p="urn:p"><p:c><d><p:e></p:e></d></p:c></p:b>'


def test_comments_are_kept_on_demand_only() -> None:
    for scope in ("", ' xmlns="urn:a"'):
        root = etree.fromstring(f"<a{scope}><b>1<!-- 2 -->3</b></a>")
        assert canonical(root[0]) == f"<b{scope}>13</b>".encode()
        assert canonical(root[0], with_comments=True) == f"<b{scope}>1<!-- 2 -->3</b>".encode()


@pytest.mark.parametrize("attribute", ["lang", "space", "base", "id"])
@pytest.mark.parametrize("path", [".", "{*}Signature"])
def test_an_xml_attribute_around_a_signed_element_is_refused(attribute: str, path: str) -> None:
    root = parse(signed())
    root.find(path).set(f"{{http://www.w3.org/XML/1998/namespace}}{attribute}", "de")
    with pytest.raises(SignatureError, match="xml: attribute"):
        check(root)


@pytest.mark.parametrize("default", ["", ' xmlns="urn:a"'])
def test_a_namespace_that_is_not_absolute_is_refused(default: str) -> None:
    root = etree.fromstring(f'<a{default}><b xmlns:x="relative"/></a>')
    with pytest.raises(SignatureError, match="no canonical form"):
        canonical(root[0])


def test_a_document_with_default_namespaces_around_everything_verifies() -> None:
    root = parse(signed().replace(b"<oadr:oadrPayload ", b'<oadr:oadrPayload xmlns="urn:any" '))
    check(reseal(root))
