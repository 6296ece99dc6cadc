"""Whatever a repair mends: the valid message, spoiled by its inverse, comes back."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from oadr import codec
from oadr.codec import message_of, signed_object_of
from oadr.errors import XMLError
from oadr.messages import Message
from oadr.repair import REPAIRS, Tolerance, parse
from tests.oadr.mutilations import MUTILATIONS
from tests.oadr.strategies import messages, plain

NAMES = sorted(MUTILATIONS)


def meaning(value: Any) -> Any:
    """Returns a message as nested tuples, with markup that is carried regardless of prefixes."""
    if isinstance(value, tuple):
        if len(value) == 2 and value[0] == "RawXml":
            return _tree(etree.fromstring(value[1]))
        return tuple(map(meaning, value))
    return value


def _tree(element: etree._Element) -> Any:
    attributes = sorted(element.attrib.items())
    return element.tag, element.text, element.tail, attributes, [_tree(one) for one in element]


def same(one: Message, other: Message) -> bool:
    """Returns whether two messages say the same."""
    return bool(meaning(plain(one)) == meaning(plain(other)))


def spoiled(message: Message, names: list[str], seed: int) -> tuple[bytes, list[str]] | None:
    """Returns a message as a peer writes it that makes these mistakes, and those it made."""
    rng, root, made = random.Random(seed), etree.fromstring(codec.encode(message)), []
    for name in names:
        before = etree.tostring(root)
        changed = MUTILATIONS[name](root, rng)
        root = changed if changed is not None else etree.fromstring(before)
        made += [name] if changed is not None else []
    data = etree.tostring(root)
    try:
        codec.parse(data)
    except XMLError:
        return data, made
    return None


def read(data: bytes, tolerance: Tolerance) -> tuple[Message, tuple[str, ...]]:
    parsed = parse(data, tolerance)
    return message_of(signed_object_of(parsed.root)), parsed.repairs


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=12)
@given(message=messages(), seed=st.integers(0, 2**32))
def test_a_message_that_is_spoiled_in_one_way_comes_back(
    name: str, message: Message, seed: int
) -> None:
    found = spoiled(message, [name], seed)
    if found is None:
        return
    tolerance = REPAIRS[name].tolerance
    read_, repairs = read(found[0], tolerance)
    assert same(read_, message)
    assert name in repairs
    assert all(tolerance.allows(REPAIRS[one].tolerance) for one in repairs)
    if tolerance is Tolerance.LENIENT:
        with pytest.raises(XMLError):
            parse(found[0], Tolerance.REPAIR)


@settings(max_examples=80)
@given(
    message=messages(),
    names=st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True),
    seed=st.integers(0, 2**32),
)
def test_a_message_that_is_spoiled_in_several_ways_comes_back(
    message: Message, names: list[str], seed: int
) -> None:
    found = spoiled(message, names, seed)
    if found is not None:
        assert same(read(found[0], Tolerance.LENIENT)[0], message)


@settings(max_examples=25)
@given(message=messages())
def test_a_valid_message_is_never_touched(message: Message) -> None:
    for tolerance in Tolerance:
        parsed = parse(codec.encode(message), tolerance)
        assert parsed.received is parsed.root
        assert parsed.repairs == ()
