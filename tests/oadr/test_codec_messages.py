"""What messages and errors tell about themselves."""

from dataclasses import replace

import pytest

from oadr import errors
from oadr.messages import EVERYTHING, EiResponse, Target
from tests.oadr.openleadr_faults import event


@pytest.mark.parametrize(("code", "ok"), [(200, True), (299, True), (199, False), (452, False)])
def test_a_response_is_good_when_its_code_says_so(code: int, ok: bool) -> None:
    assert EiResponse(code=code).ok is ok


@pytest.mark.parametrize(
    ("text", "test"), [(None, False), ("", False), ("false", False), ("true", True), ("no", True)]
)
def test_r6_anything_but_false_marks_a_test_event(text: str | None, test: bool) -> None:
    made = event().events[0]
    assert replace(made.descriptor, test_event=text).is_test is test
    assert made.event_id == made.descriptor.event_id == "e"


def test_r22_a_target_without_entries_is_empty() -> None:
    assert not EVERYTHING
    assert not Target()
    assert Target(ven_ids=("v",))


def test_every_error_says_what_happened_and_which_rule_it_breaks() -> None:
    texts = {
        errors.InvalidId("venID is not yours", rule="R21"): "venID is not yours (R21)",
        errors.InvalidId("venID is not yours"): "venID is not yours",
        errors.XMLError("no venID", line=3): "line 3: no venID",
        errors.XMLError("no venID"): "no venID",
        errors.SignatureError("replayed"): "replayed (R514)",
    }
    for error, text in texts.items():
        assert str(error) == text
        assert isinstance(error, errors.OpenADRError)


def test_each_response_code_has_its_error() -> None:
    codes = [450, 451, 452, 453, 454, 459, 460, 461, 462, 463, 469]
    assert [errors.error_for_code(code).code for code in codes] == codes
    assert errors.error_for_code(499) is errors.ComplianceError
