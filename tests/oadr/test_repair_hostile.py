"""What a repair must never do: let something unrelated pass, hide who speaks, cost too much."""

import random
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.codec import message_of, signed_object_of
from oadr.codec.namespaces import NAMESPACES, qname
from oadr.enums import OptType
from oadr.errors import OpenADRError, XMLError
from oadr.messages import Message
from oadr.repair import MAX_MENDED, REPAIRS, Tolerance, claimed_ven_id, mend_message, parse
from oadr.repair.document import MAX_ELEMENTS
from oadr.replies import request_id_of, ven_id_of
from tests.oadr.mutilations import MUTILATIONS, seen
from tests.oadr.strategies import messages
from tests.oadr.test_repair_property import spoiled

_LOCALS = ["oadrPoll", "venID", "oadrPayload", "oadrSignedObject", "Signature", "requestID", "x"]
_TAGS = [f"{{{uri}}}{local}" for uri in NAMESPACES.values() for local in _LOCALS] + _LOCALS


@st.composite
def trees(draw: st.DrawFn) -> bytes:
    """Any small document, of names that mean something here."""

    def grow(depth: int) -> etree._Element:
        element = etree.Element(draw(st.sampled_from(_TAGS)))
        element.text = draw(st.sampled_from(["", "7", " ", "none", "True"]))
        for name in draw(st.lists(st.sampled_from(_TAGS), max_size=2, unique=True)):
            element.set(name, "x")
        if depth:
            for _ in range(draw(st.integers(0, 3))):
                element.append(grow(depth - 1))
        return element

    return bytes(etree.tostring(grow(draw(st.integers(0, 4)))))


@settings(max_examples=250)
@given(data=trees() | st.binary(max_size=200))
def test_any_document_is_read_or_refused(data: bytes) -> None:
    for tolerance in Tolerance:
        try:
            parsed = parse(data, tolerance)
        except XMLError:
            continue
        message_of(signed_object_of(parsed.root))
    claimed_ven_id(data, max_bytes=1000)


@settings(max_examples=60)
@given(message=messages(), seed=st.integers(0, 2**32))
def test_a_message_with_an_element_too_many_or_too_few_is_read_or_refused(
    message: Message, seed: int
) -> None:
    rng, root = random.Random(seed), etree.fromstring(codec.encode(message))
    one = rng.choice(seen(root)[1:])
    removed = rng.random() < 0.5
    if removed:
        one.getparent().remove(one)
    else:
        rng.choice(seen(root)[1:]).append(deepcopy(one))
    try:
        parsed = parse(etree.tostring(root), Tolerance.LENIENT)
        found = message_of(signed_object_of(parsed.root))
    except OpenADRError:
        return
    assert not removed or ven_id_of(found) in (None, ven_id_of(message))


@settings(max_examples=60)
@given(message=messages(), name=st.sampled_from(sorted(MUTILATIONS)), seed=st.integers(0, 2**32))
def test_no_repair_makes_another_mistake_pass(message: Message, name: str, seed: int) -> None:
    root = etree.fromstring(codec.encode(message))
    for wrong in (_twice, _without_the_message):
        found = spoiled(message, [name], seed)
        root = etree.fromstring(found[0] if found is not None else codec.encode(message))
        if wrong(root):
            with pytest.raises(XMLError):
                parse(etree.tostring(root), Tolerance.LENIENT)


def _twice(root: etree._Element) -> bool:
    """Says of the sender twice who it is; returns whether that was possible."""
    names = [one for one in root.iter() if one.tag == qname("ei:venID")]
    own = [one for one in names if _is_own(one)]
    if not own:
        return False
    other = etree.Element(qname("oadr:venID"))
    other.text = "somebody else"
    own[0].addprevious(other)
    return True


def _is_own(element: etree._Element) -> bool:
    around = element.getparent()
    name = etree.QName(around).localname
    return name in ("oadrPoll", "oadrUpdateReport", "oadrResponse", "oadrCreateOpt")


def _without_the_message(root: etree._Element) -> bool:
    for holder in root.iter(qname("oadr:oadrSignedObject")):
        del holder[:]
        return True
    return False


@settings(max_examples=30)
@given(message=messages(), name=st.sampled_from(sorted(MUTILATIONS)), seed=st.integers(0, 2**32))
def test_a_repair_changes_neither_the_sender_nor_the_request_and_is_always_the_same(
    message: Message, name: str, seed: int
) -> None:
    found = spoiled(message, [name], seed)
    if found is None:
        return
    one, other = (parse(found[0], Tolerance.LENIENT) for _ in range(2))
    assert etree.tostring(one.root) == etree.tostring(other.root)
    assert one.repairs == other.repairs
    read = message_of(signed_object_of(one.root))
    assert (ven_id_of(read), request_id_of(read)) == (ven_id_of(message), request_id_of(message))


@settings(max_examples=30)
@given(message=messages(), seed=st.integers(0, 2**32))
def test_what_came_stays_as_it_came(message: Message, seed: int) -> None:
    found = spoiled(message, ["namespace"], seed)
    if found is not None:
        parsed = parse(found[0], Tolerance.REPAIR)
        assert etree.tostring(parsed.received) == etree.tostring(etree.fromstring(found[0]))
        assert parsed.received is not parsed.root


def test_two_elements_of_which_one_must_be_meant_are_not_chosen_between() -> None:
    poll = etree.fromstring(codec.encode(m.Poll(ven_id="7")))
    for name in ("oadr:venID", "ei:venID", "ei:VenID", "ei:venIDType"):
        root = etree.fromstring(etree.tostring(poll))
        etree.SubElement(root[0][0], qname(name)).text = "8"
        with pytest.raises(XMLError):
            parse(etree.tostring(root), Tolerance.LENIENT)


_SIGNED = etree.fromstring(
    codec.wrap(
        m.Poll(ven_id="7"),
        _SIGNATURE := ('<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'),
    )
)


@pytest.mark.parametrize(
    "place",
    ["behind", "in the message", "in the signed object", "alone", "in a bare message"],
)
def test_r514_nothing_is_mended_around_a_signature_that_is_not_in_its_place(place: str) -> None:
    root = etree.fromstring(etree.tostring(_SIGNED))
    signature, holder = root
    if place == "behind":
        root.append(signature)
    elif place == "in the message":
        holder[0].append(signature)
    elif place == "in the signed object":
        holder.append(signature)
    elif place == "alone":
        root.remove(holder)
    else:
        holder[0].append(signature)
        root = holder[0]
    with pytest.raises(XMLError):
        parse(etree.tostring(root), Tolerance.LENIENT)


def test_a_document_that_is_too_long_to_be_mended_is_refused_as_it_is() -> None:
    poll = codec.encode(m.Poll(ven_id="7")).replace(b" ei:schemaVersion", b" schemaVersion")
    assert parse(poll, Tolerance.REPAIR).repairs == ("qualify-attributes",)
    space = b" " * (MAX_MENDED - len(poll))
    parse(poll.replace(b"</ei:venID>", b"</ei:venID>" + space), Tolerance.REPAIR)
    for long in (space + b" ", b"<x/>" * MAX_ELEMENTS):
        with pytest.raises(XMLError, match="schemaVersion"):
            parse(poll.replace(b"</ei:venID>", b"</ei:venID>" + long), Tolerance.LENIENT)
    with pytest.raises(XMLError, match="at most 100"):
        parse(poll, Tolerance.LENIENT, max_bytes=100)


@pytest.mark.parametrize(
    "trick",
    [
        b'<!DOCTYPE x [<!ENTITY a "7">]>',
        b"<?xml version='1.0'?><!DOCTYPE x SYSTEM 'file:///etc/passwd'>",
        b"".join(b"<x%d xmlns:n%d='urn:%d'>" % (n, n, n) for n in range(40)),
    ],
)
def test_what_no_document_may_hold_is_not_mended(trick: bytes) -> None:
    poll = codec.encode(m.Poll(ven_id="7")).partition(b"\n")[2]
    with pytest.raises(XMLError):
        parse(trick + poll.replace(b" ei:schemaVersion", b" schemaVersion"), Tolerance.LENIENT)


def test_each_tolerance_allows_what_those_before_it_allow() -> None:
    strict, repair, lenient = Tolerance
    assert [repair.allows(one) for one in (strict, repair, lenient)] == [True, True, False]
    assert all(lenient.allows(one) for one in Tolerance)
    assert not any(strict.allows(one.tolerance) for one in REPAIRS.values())
    assert all(name == one.name and one.words.endswith(".") for name, one in REPAIRS.items())


def test_r508_only_what_proves_the_sender_fills_in_who_it_is() -> None:
    message = m.UpdateReport(request_id="1")
    filled, repairs = mend_message(message, Tolerance.LENIENT, ven_id="7")
    assert (ven_id_of(filled), repairs) == ("7", ("fill-ven-id",))
    assert mend_message(message, Tolerance.LENIENT) == (message, ())
    assert mend_message(message, Tolerance.REPAIR, ven_id="7") == (message, ())
    named = m.UpdateReport(request_id="1", ven_id="8")
    assert mend_message(named, Tolerance.LENIENT, ven_id="7") == (named, ())
    query = m.CreatePartyRegistration(request_id="1", ven_name="mill")
    assert mend_message(query, Tolerance.LENIENT, ven_id="7") == (query, ())


def test_r512_identifiers_lose_the_space_around_them_and_nothing_else() -> None:
    answer = m.EventResponse(
        request_id=" 1 ", event_id="\n e1 ", modification_number=0, opt_type=OptType.OPT_IN
    )
    padded = m.CreatedEvent(response=m.EiResponse(), responses=(answer,), ven_id=" Mill 7\t")
    found, repairs = mend_message(padded, Tolerance.REPAIR)
    assert isinstance(found, m.CreatedEvent)
    assert (found.ven_id, found.responses[0].event_id) == ("Mill 7", "e1")
    assert (found.responses[0].request_id, repairs) == (" 1 ", ("trim-ids",))
    assert mend_message(padded, Tolerance.STRICT) == (padded, ())
    assert mend_message(found, Tolerance.REPAIR) == (found, ())
