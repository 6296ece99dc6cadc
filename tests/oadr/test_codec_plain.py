"""Plain messages: without what is optional, for peers that choke on it."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr import codec
from oadr.codec import Dispensable
from oadr.codec.encoder import encoder
from oadr.codec.table import rows
from oadr.messages import MESSAGES, Message, Poll
from oadr.signature import sign
from tests.oadr import strategies
from tests.oadr.signature_cases import identity
from tests.oadr.strategies import plain
from tests.oadr.test_codec import wide

ALL = frozenset(Dispensable)
#: Fields of the messages that hold them.
FIELDS = {
    *("schema_version", "description", "subject", "data_source"),
    *("confidence", "accuracy", "data_quality"),
}


def without(value: Any) -> Any:
    """Returns a message without what a plain one does not say."""
    if isinstance(value, tuple):
        return tuple(without(one) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    optional = _optional(type(value))
    changes = {
        field.name: None if field.name in FIELDS & optional else without(getattr(value, field.name))
        for field in fields(value)
    }
    return replace(value, **changes)


def _optional(cls: type) -> set[str]:
    """Returns the fields of a class that need not be there; none of a class without a table."""
    try:
        return {row.name for row in rows(cls) if row.optional}
    except TypeError:
        return set()


@pytest.mark.parametrize("cls", strategies.BY_CLASS, ids=lambda cls: cls.__name__)
@wide
@given(data=st.data())
def test_a_plain_message_is_valid_and_says_the_same(cls: type, data: st.DataObject) -> None:
    message: Message = data.draw(strategies.BY_CLASS[cls])
    document = codec.encode(message, leave_out=ALL)
    root = codec.parse(document)  # validates
    assert plain(codec.message_of(codec.signed_object_of(root))) == plain(without(message))
    for element in root.iter():
        assert not {name.rpartition("}")[2] for name in element.attrib} & ALL
        assert element.tag.rpartition("}")[2] not in ALL


@pytest.mark.parametrize("one", Dispensable)
def test_each_of_them_is_something_that_we_write(one: Dispensable) -> None:
    names = {"Id"} | {
        path.rpartition("/")[2].rpartition(":")[2].strip("@*?!")
        for cls in _parts()
        for row in rows(cls)
        for _, path in row.options
        if row.optional
    }
    assert one in names


def _parts() -> set[type]:
    """Returns all classes of messages, and of what is in them."""
    found: set[type] = set()
    todo: list[Any] = list(MESSAGES.values())
    while todo:
        cls = todo.pop()
        try:
            table = rows(cls)
        except TypeError:
            continue
        if cls not in found:
            found.add(cls)
            todo += [kind for row in table for kind, _ in row.options if is_dataclass(kind)]
    return found


def test_nothing_is_left_out_unless_it_is_asked_for() -> None:
    poll = Poll(ven_id="v")
    assert b'schemaVersion="2.0b"' in codec.encode(poll)
    assert b'oadr:Id="oadrSignedObject"' in codec.encode(poll)
    only = codec.encode(poll, leave_out=frozenset({Dispensable.ID}))
    assert b'schemaVersion="2.0b"' in only
    assert b"Id=" not in only
    assert encoder(Poll) is encoder(Poll)


def test_r514_a_signature_keeps_the_id_that_it_refers_to() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    key = identity().signing
    document = sign(Poll(ven_id="v"), key, now=now, nonce="n", leave_out=ALL)
    assert b'oadr:Id="oadrSignedObject"' in document
    assert b"schemaVersion" not in document
    codec.parse(document)
