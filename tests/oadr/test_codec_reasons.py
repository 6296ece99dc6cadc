"""The reason of a refusal is about the document that was refused."""

import pytest

from oadr.codec import encode, parse
from oadr.errors import XMLError
from oadr.messages import Poll

GOOD = encode(Poll(ven_id="ven1"))


def reason(document: bytes) -> XMLError:
    with pytest.raises(XMLError) as caught:
        parse(document)
    return caught.value


def test_a_reason_names_the_element_of_this_document_and_not_of_an_earlier_one() -> None:
    assert "first" in reason(GOOD.replace(b"ei:venID", b"ei:first")).reason
    second = reason(GOOD.replace(b"ei:venID", b"ei:second")).reason
    assert "second" in second
    assert "first" not in second


def test_what_is_not_well_formed_is_told_in_plain_words_with_its_line_after_a_schema_error() -> (
    None
):
    reason(GOOD.replace(b"ei:venID", b"ei:first"))
    error = reason(GOOD[:-5])
    assert error.reason.startswith("Opening and ending tag mismatch")
    assert error.line == 2
