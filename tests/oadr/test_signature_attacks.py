"""Documents made from a good one without the key, and ones that nobody should write."""

from collections.abc import Callable
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from oadr.codec import message_of, parse
from oadr.errors import SignatureError, XMLError
from oadr.signature import Fingerprints, PeerKey
from tests.oadr.signature_cases import (
    DS,
    NOW,
    NS,
    POLL,
    TOLERANCE,
    cache_of_nonces,
    check,
    identity,
    reseal,
    signed,
)

DSP = "{http://openadr.org/oadr-2.0b/2012/07/xmldsig-properties}"
OADR_ID = "{http://openadr.org/oadr-2.0b/2012/07}Id"

Attack = Callable[[etree._Element], None]
ATTACKS: dict[str, Attack] = {}


def attack(function: Attack) -> Attack:
    ATTACKS[function.__name__] = function
    return function


def evil(root: etree._Element, identifier: str | None = None) -> etree._Element:
    """Returns a signed object that the peer never signed."""
    forged = deepcopy(root.find("oadr:oadrSignedObject", NS))
    forged[0][0].text = "ven_evil"
    if identifier is None:
        del forged.attrib[OADR_ID]
    else:
        forged.set(OADR_ID, identifier)
    return forged


def swap(root: etree._Element, identifier: str | None, shelter: etree._Element) -> None:
    """Hides the signed object in ``shelter`` and puts a forged one in its place."""
    forged = evil(root, identifier)
    original = root.find("oadr:oadrSignedObject", NS)
    root.replace(original, forged)
    shelter.append(original)


def new_object(root: etree._Element, identifier: str = "shelter") -> etree._Element:
    return etree.SubElement(root.find("ds:Signature", NS), f"{{{DS}}}Object", Id=identifier)


@attack
def the_original_in_a_new_object_and_a_forged_one_with_its_id(root: etree._Element) -> None:
    swap(root, "oadrSignedObject", new_object(root))


@attack
def the_original_in_a_new_object_and_a_forged_one_with_another_id(root: etree._Element) -> None:
    swap(root, "other", new_object(root))


@attack
def the_original_in_a_new_object_and_a_forged_one_without_id(root: etree._Element) -> None:
    swap(root, None, new_object(root))


@attack
def the_original_in_the_signed_object_of_the_properties(root: etree._Element) -> None:
    swap(root, "oadrSignedObject", root.find("ds:Signature/ds:Object", NS))


@attack
def the_original_in_key_info(root: etree._Element) -> None:
    swap(root, "oadrSignedObject", root.find("ds:Signature/ds:KeyInfo", NS))


@attack
def the_original_inside_the_forged_one(root: etree._Element) -> None:
    original = root.find("oadr:oadrSignedObject", NS)
    forged = evil(root, "other")
    root.replace(original, forged)
    forged.append(original)


@attack
def a_forged_one_in_front_of_the_original(root: etree._Element) -> None:
    root.insert(1, evil(root, "oadrSignedObject"))


@attack
def a_forged_one_in_front_of_the_signature(root: etree._Element) -> None:
    root.insert(0, evil(root, "other"))


@attack
def a_forged_one_after_the_original(root: etree._Element) -> None:
    root.append(evil(root, "oadrSignedObject"))


@attack
def a_forged_one_after_the_original_without_id(root: etree._Element) -> None:
    root.append(evil(root))


@attack
def a_second_id_on_an_element_of_the_signature(root: etree._Element) -> None:
    root.find("ds:Signature", NS).set("Id", "oadrSignedObject")


@attack
def a_second_id_that_only_other_readers_take_for_one(root: etree._Element) -> None:
    root.find("ds:Signature/ds:SignatureValue", NS).set("ID", "oadrSignedObject")


@attack
def the_whole_payload_inside_another_one(root: etree._Element) -> None:
    inner = deepcopy(root)
    for child in list(root):
        root.remove(child)
    root.append(evil(inner, "other"))
    root.append(inner)


@attack
def a_payload_inside_an_object_of_the_signature(root: etree._Element) -> None:
    inner = deepcopy(root)
    swap(root, "oadrSignedObject", new_object(root))
    new_object(root, "second").append(inner)


@attack
def two_signatures(root: etree._Element) -> None:
    root.insert(0, deepcopy(root[0]))


@attack
def no_signature(root: etree._Element) -> None:
    root.remove(root[0])


@attack
def the_signature_behind_the_signed_object(root: etree._Element) -> None:
    root.append(root[0])


@attack
def the_signature_inside_the_signed_object(root: etree._Element) -> None:
    root[1].append(root[0])


@attack
def another_document_element(root: etree._Element) -> None:
    root.tag = "oadrPayload"


def fresh_properties(root: etree._Element) -> etree._Element:
    copy = deepcopy(root.find("ds:Signature/ds:Object", NS))
    next(copy.iter(f"{DSP}nonce")).text = "fresh"
    return copy


@attack
def fresh_replay_protection_in_front_of_the_signed_one(root: etree._Element) -> None:
    root.find("ds:Signature/ds:Object", NS).addprevious(fresh_properties(root))


@attack
def fresh_replay_protection_with_another_id(root: etree._Element) -> None:
    fresh = fresh_properties(root)
    fresh.set("Id", "fresh")
    root.find("ds:Signature/ds:Object", NS).addprevious(fresh)


@attack
def fresh_replay_protection_and_the_signed_one_out_of_its_place(root: etree._Element) -> None:
    original = root.find("ds:Signature/ds:Object", NS)
    fresh = fresh_properties(root)
    fresh.set("Id", "fresh")
    original.addprevious(fresh)
    fresh.append(original)


@attack
def replay_protection_taken_away(root: etree._Element) -> None:
    found = next(root.iter(f"{DSP}ReplayProtect"))
    found.getparent().remove(found)


@attack
def no_object_at_all(root: etree._Element) -> None:
    root[0].remove(root.find("ds:Signature/ds:Object", NS))


@attack
def two_signed_infos(root: etree._Element) -> None:
    root[0].insert(0, deepcopy(root[0][0]))


@attack
def two_signature_values(root: etree._Element) -> None:
    root[0].insert(1, deepcopy(root[0][1]))


def test_printing_and_parsing_again_is_no_attack() -> None:
    check(parse(etree.tostring(parse(signed()))))


@pytest.mark.parametrize("name", ATTACKS)
def test_y8_what_was_signed_cannot_be_moved(name: str) -> None:
    root = parse(signed())
    ATTACKS[name](root)
    # Printed and parsed again, as it would arrive.
    arrived = parse(etree.tostring(root), validate=False) if root.tag != "oadrPayload" else root
    for trusted in (Fingerprints(identity().fingerprint), PeerKey.of(identity().certificate)):
        replay = cache_of_nonces()
        with pytest.raises(SignatureError):
            check(arrived, trusted=trusted, liberal=True, replay=replay)
        with pytest.raises(SignatureError):
            check(arrived, trusted=trusted, replay=replay)
        assert replay.size == 0


def references(*uris: str | None) -> etree._Element:
    """Returns a document whose peer signed these references and no others."""
    root = parse(signed())
    info = root[0][0]
    pattern = deepcopy(info[2])
    for old in info[2:]:
        info.remove(old)
    for uri in uris:
        reference = deepcopy(pattern)
        reference.set("URI", uri or "")
        info.append(reference)
    reseal(root)
    for reference, uri in zip(info[2:], uris, strict=True):
        if uri is None:
            del reference.attrib["URI"]
    return reseal(root) if None not in uris else root


SIGNED = "#oadrSignedObject"
PROTECT = "#oadrReplayProtect"


@pytest.mark.parametrize(
    "uris",
    [
        (),
        (SIGNED,),
        (PROTECT,),
        (SIGNED, SIGNED),
        (PROTECT, PROTECT),
        (SIGNED, PROTECT, PROTECT),
        (SIGNED, SIGNED, PROTECT),
        (SIGNED, ""),
        ("", PROTECT),
        (SIGNED, "#oadrSignature"),
        (SIGNED, "#missing"),
        (SIGNED, "#"),
        (SIGNED, "http://example.com/x"),
        (SIGNED, "#xpointer(/)"),
        (SIGNED, "#xpointer(id('oadrReplayProtect'))"),
    ],
)
def test_r514_only_the_signed_object_and_the_properties_may_be_referred_to(
    uris: tuple[str, ...],
) -> None:
    with pytest.raises(SignatureError):
        check(references(*uris))


def test_the_order_of_the_references_does_not_matter() -> None:
    assert message_of(check(references(PROTECT, SIGNED))) == POLL


def test_an_id_on_a_part_of_the_message_does_not_stand_for_the_message() -> None:
    root = parse(signed())
    root[1][0].set("Id", "part")
    root[0][0][2].set("URI", "#part")
    with pytest.raises(SignatureError, match="names neither"):
        check(reseal(root))


def test_an_id_in_no_namespace_is_not_the_one_of_the_signed_object() -> None:
    root = parse(signed())
    root[1].set("Id", root[1].attrib.pop(OADR_ID))
    with pytest.raises(SignatureError, match="names neither"):
        check(reseal(root))


@pytest.mark.parametrize("tag", ["SignatureProperties", "SignatureProperty"])
def test_the_reference_may_name_a_part_of_the_object_that_holds_replay_protect(tag: str) -> None:
    root = parse(signed())
    next(root.iter(f"{{{DS}}}{tag}")).set("Id", "part")
    root[0][0][3].set("URI", "#part")
    check(reseal(root))


def test_a_signed_property_beside_replay_protect_does_not_cover_it() -> None:
    root = parse(signed())
    other = etree.SubElement(root[0][3][0], f"{{{DS}}}SignatureProperty", Id="other", Target="")
    etree.SubElement(other, "{urn:x}policy")
    root[0][0][3].set("URI", "#other")
    with pytest.raises(SignatureError, match="exactly one ReplayProtect"):
        check(reseal(root))


def test_two_replay_protects_are_refused_even_if_signed() -> None:
    root = parse(signed())
    found = next(root.iter(f"{DSP}ReplayProtect"))
    found.addnext(deepcopy(found))
    with pytest.raises(SignatureError, match="exactly one ReplayProtect"):
        check(reseal(root))


@pytest.mark.parametrize("tag", ["timestamp", "nonce"])
def test_replay_protect_must_be_complete(tag: str) -> None:
    for missing in (True, False):
        root = parse(signed())
        element = next(root.iter(f"{DSP}{tag}"))
        if missing:
            element.getparent().remove(element)
        else:
            element.append(etree.Element("x"))
        with pytest.raises(SignatureError):
            check(reseal(root))


def test_a_comment_in_a_tree_of_another_parser_cannot_cut_the_nonce() -> None:
    root = etree.fromstring(signed())
    nonce = next(root.iter(f"{DSP}nonce"))
    nonce.text = "n"
    nonce.append(etree.Comment("x"))
    nonce[0].tail = "-1"
    with pytest.raises(SignatureError, match="more than text"):
        check(root)


@pytest.mark.parametrize("liberal", [False, True])
@pytest.mark.parametrize("position", [0, 1])
def test_ids_without_number_cost_no_more_than_one_pass(position: int, liberal: bool) -> None:
    root = parse(signed())
    properties = next(root.iter(f"{{{DS}}}SignatureProperties"))
    pattern = properties[0]
    for n in range(2000):
        copy = deepcopy(pattern)
        copy.set("Id", f"p{n}")
        properties.insert(position, copy)
    with pytest.raises(SignatureError):
        check(reseal(root), liberal=liberal)


GOOD = signed()
MUTATION = st.tuples(
    st.sampled_from(["flip", "cut", "repeat", "insert"]),
    st.integers(0, len(GOOD) - 1),
    st.integers(1, 40),
    st.binary(min_size=1, max_size=6) | st.sampled_from([b"<", b"/>", b"&#0;", b'"', b"<!---->"]),
)


def mutate(data: bytes, kind: str, at: int, size: int, extra: bytes) -> bytes:
    at = min(at, len(data))
    if kind == "flip":
        return data[:at] + extra + data[at + len(extra) :]
    if kind == "cut":
        return data[:at] + data[at + size :]
    if kind == "repeat":
        return data[: at + size] + data[at:]
    return data[:at] + extra + data[at:]


def accept_only_the_original(root: etree._Element) -> None:
    """A change may be without effect; it may never change what is accepted."""
    for trusted in (Fingerprints(identity().fingerprint), PeerKey.of(identity().certificate)):
        for liberal in (False, True):
            replay = cache_of_nonces()
            try:
                accepted = check(root, trusted=trusted, replay=replay, liberal=liberal)
            except SignatureError:
                assert replay.size == 0
                continue
            assert message_of(accepted) == POLL
            with pytest.raises(SignatureError, match="received before"):
                check(GOOD, replay=replay)


@given(mutations=st.lists(MUTATION, min_size=1, max_size=4))
def test_bytes_changed_at_random_give_a_signature_error_or_the_original(
    mutations: list[tuple[str, int, int, bytes]],
) -> None:
    data = GOOD
    for mutation in mutations:
        data = mutate(data, *mutation)
    try:
        root = parse(data, validate=False)
    except XMLError:
        return
    accept_only_the_original(root)


def act(root: etree._Element, what: str, one: int, two: int) -> None:
    elements = list(root.iter())
    element, other = elements[one % len(elements)], elements[two % len(elements)]
    if what == "text":
        element.text = (other.text or "") + "x"
    elif what == "tag":
        element.tag = other.tag
    elif what == "attributes":
        element.attrib.update(other.attrib)
    elif what == "clear":
        element.attrib.clear()
    elif element is not root and element.getparent() is not None:
        copy = deepcopy(element)
        if what in ("move", "remove"):
            element.getparent().remove(element)
        if what in ("copy", "move"):
            other.insert(two % (len(other) + 1), copy)


ACTIONS = ["text", "tag", "attributes", "clear", "move", "remove", "copy"]


@given(
    actions=st.lists(
        st.tuples(st.sampled_from(ACTIONS), st.integers(0, 40), st.integers(0, 40)),
        min_size=1,
        max_size=5,
    ),
    again=st.booleans(),
)
def test_elements_moved_at_random_give_a_signature_error_or_the_original(
    actions: list[tuple[str, int, int]], again: bool
) -> None:
    root = parse(GOOD)
    for what, one, two in actions:
        act(root, what, one, two)
    if again:
        try:
            root = parse(etree.tostring(root), validate=False)
        except XMLError:
            return
    accept_only_the_original(root)


def test_a_message_that_passed_does_not_pass_again_at_any_time() -> None:
    replay = cache_of_nonces()
    check(GOOD, replay=replay)
    for seconds in range(-120, 121, 7):
        with pytest.raises(SignatureError):
            check(GOOD, replay=replay, now=NOW + seconds * TOLERANCE / 60)
