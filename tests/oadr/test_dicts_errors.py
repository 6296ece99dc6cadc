"""Whatever an application hands back, it is a message or a ValueError that names the key."""

import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr import codec
from oadr.dicts import from_dict, report_from_dict, to_dict
from oadr.messages import MESSAGES, Message
from oadr.times import EVER, FOREVER
from tests.oadr import strategies
from tests.oadr.openleadr_faults import NOW
from tests.oadr.test_dicts import each_class, wide

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=3)
    | st.datetimes()
    | st.timedeltas()
    | st.sampled_from([object, Decimal("sNaN"), Decimal("1E+999999"), timedelta.max])
    | st.sampled_from([EVER, FOREVER, EVER.replace(tzinfo=None), FOREVER.replace(tzinfo=None)]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def spoiled(payload: Any, draw: st.DataObject) -> Any:
    """Returns a payload with one thing in it replaced by anything, or taken out."""
    if isinstance(payload, dict) and payload:
        key = draw.draw(st.sampled_from(list(payload)))
        rest = {name: value for name, value in payload.items() if name != key}
        if draw.draw(st.integers(0, 5)) == 0:
            return rest
        return {**rest, key: spoiled(payload[key], draw)}
    if isinstance(payload, list) and payload:
        return [spoiled(payload[0], draw), *payload[1:]]
    return draw.draw(ANYTHING)


@each_class
@wide
@given(draw=st.data())
def test_a_spoiled_payload_is_a_message_or_a_value_error(
    cls: type[Message], draw: st.DataObject
) -> None:
    name, payload = to_dict(draw.draw(strategies.BY_CLASS[cls]))
    text = name
    try:
        found = from_dict(name, spoiled(payload, draw), now=NOW, new_id=lambda: "new")
        assert type(found) is cls
    except ValueError as error:
        text = str(error)
    assert name in text


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_every_type_of_message_can_be_handed_back(name: str) -> None:
    for payload in ("text", 7, ["x"]):
        with pytest.raises(ValueError, match=f"{name} is .*; expected a dict or an object"):
            from_dict(name, payload, now=NOW, new_id=lambda: "new")


@pytest.mark.parametrize("name", ["", "Poll", "oadrPol", "x" * 1000])
def test_an_unknown_type_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(ValueError, match="is not known; expected oadrCancelOpt, ") as raised:
        from_dict(name, {}, now=NOW, new_id=lambda: "new")
    assert "oadrUpdatedReport" in str(raised.value)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize(
    ("name", "payload", "text"),
    [
        ("oadrPoll", {}, "oadrPoll.ven_id is missing; expected a text"),
        ("oadrDistributeEvent", {}, "oadrDistributeEvent.vtn_id is missing; expected a text"),
        (
            "oadrDistributeEvent",
            {"vtn_id": "t", "events": [{}]},
            "oadrDistributeEvent.events[0].event_descriptor is missing; expected a dict",
        ),
        (
            "oadrResponse",
            {"response": {"response_code": "OK"}},
            "oadrResponse.response.response_code is 'OK'; expected a whole number",
        ),
        (
            "oadrCreateReport",
            {"report_requests": []},
            "oadrCreateReport.report_requests is missing; expected a list of requests",
        ),
        (
            "oadrCreateReport",
            {"report_requests": [{"report_request_id": "q"}]},
            "oadrCreateReport.report_requests[0].report_specifier is missing; expected a dict",
        ),
        (
            "oadrRegisteredReport",
            {"report_requests": [{"report_specifier": {"report_specifier_id": "s"}}]},
            "oadrRegisteredReport.report_requests[0].report_specifier.specifier_payloads is mis",
        ),
        (
            "oadrCancelReport",
            {"report_request_id": []},
            "oadrCancelReport.report_request_id is missing; expected one or a list",
        ),
        (
            "oadrCreatedReport",
            {"pending_reports": [["p"]]},
            "oadrCreatedReport.pending_reports[0] is ['p']; expected a text",
        ),
        (
            "oadrCreatedReport",
            {"pending_reports": b"x"},
            "oadrCreatedReport.pending_reports[0] is b'x'; expected a text",
        ),
        (
            "oadrUpdateReport",
            {"reports": [{"report_request_id": "q", "report_specifier_id": "s", "dtstart": 7}]},
            "oadrUpdateReport.reports[0].dtstart is 7; expected a datetime",
        ),
        (
            "oadrUpdateReport",
            {"reports": [{"report_specifier_id": "s"}]},
            "oadrUpdateReport.reports[0].report_request_id is missing; expected a text",
        ),
        (
            "oadrCreatedPartyRegistration",
            {"profiles": [{"profile_name": "3.0"}], "vtn_id": "t"},
            "oadrCreatedPartyRegistration.profiles[0].profile_name is '3.0'; "
            "expected one of 2.0a, 2.0b",
        ),
        (
            "oadrCreateOpt",
            {"opt_type": "opt_in"},
            "oadrCreateOpt.opt_type is 'opt_in'; expected one of optIn, optOut",
        ),
        (
            "oadrCancelReport",
            {"report_request_id": "q", "report_to_follow": "perhaps"},
            "oadrCancelReport.report_to_follow is 'perhaps'; expected True or False",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_message_is_named_with_its_key(
    name: str, payload: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is compared
        from_dict(name, payload, now=NOW, new_id=lambda: "new")
    assert str(raised.value).startswith(text)


def test_a_report_interval_without_a_reading_is_refused() -> None:
    report = {
        "report_request_id": "q",
        "report_specifier_id": "s",
        "intervals": [{"duration": timedelta(1)}],
    }
    text = r"report.intervals\[0\].report_payload is missing; expected r_id and value"
    with pytest.raises(ValueError, match=text):
        report_from_dict(report, now=NOW)


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (42, "42"),
        (True, "true"),
        (Colour.RED, "red"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ("0042", "0042"),
    ],
)
def test_an_id_can_be_anything_that_has_a_text(value: Any, expected: str) -> None:
    found = from_dict("oadrPoll", {"ven_id": value}, now=NOW, new_id=lambda: "new")
    assert to_dict(found) == ("oadrPoll", {"ven_id": expected})
    assert codec.decode(codec.encode(found)) == found


@pytest.mark.parametrize("value", [3, 3.0, "3", Decimal(3), " 3 "])
def test_a_whole_number_can_be_written_in_many_ways(value: Any) -> None:
    found = from_dict(
        "oadrRequestEvent", {"ven_id": "v", "reply_limit": value}, now=NOW, new_id=lambda: "new"
    )
    assert to_dict(found)[1]["reply_limit"] == 3


@pytest.mark.parametrize("value", [True, 3.5, "3.5", "1_0", "٣", "9" * 5000, float("nan")])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"reply_limit is .*; expected a whole number"):
        from_dict(
            "oadrRequestEvent", {"ven_id": "v", "reply_limit": value}, now=NOW, new_id=lambda: "new"
        )


def test_dicts_need_neither_openleadr_nor_lxml() -> None:
    names = "{name.partition('.')[0] for name in sys.modules}"
    code = f"import sys, oadr.dicts; sys.exit(bool({{'openleadr', 'lxml'}} & {names}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
