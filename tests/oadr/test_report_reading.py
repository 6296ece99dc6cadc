"""What a reading says about itself."""

from dataclasses import replace
from decimal import Decimal

import pytest

from oadr.enums import DataQuality
from oadr.messages import ResourceStatus
from oadr.report.reading import finite, missing, worst_quality
from tests.oadr.report_samples import MINUTE, ONLINE, T, point


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_r318_a_value_that_is_no_number_becomes_a_bad_zero(number: str) -> None:
    made = finite(point("a", T, number))
    assert (made.value, made.quality) == (Decimal(0), "Quality Bad - Non Specific")


def test_a_value_that_was_bad_already_keeps_its_reason() -> None:
    assert finite(point("a", T, "NaN", "Quality Bad - Sensor Failure")).quality == (
        "Quality Bad - Sensor Failure"
    )


def test_an_accuracy_that_is_no_number_is_dropped() -> None:
    given = replace(point("a", T, 7), accuracy=Decimal("Infinity"))
    assert finite(given) == point("a", T, 7)


def test_numbers_and_states_stay_as_they_are() -> None:
    number = replace(point("a", T, 7), accuracy=Decimal(1))
    state = replace(number, value=ONLINE, accuracy=None)
    assert finite(number) is number
    assert finite(state) is state


def test_r318_a_placeholder_is_zero_and_bad() -> None:
    made = missing("a", T, MINUTE)
    assert (made.value, made.duration) == (Decimal(0), MINUTE)
    assert made.quality == DataQuality.BAD_NOT_CONNECTED
    assert not made.usable


def test_r318_a_placeholder_for_a_status_is_offline() -> None:
    assert missing("a", T, status=True).value == ResourceStatus(online=False, manual_override=False)


@pytest.mark.parametrize(
    ("quality", "usable"),
    [
        (None, True),
        ("Quality Good - Non Specific", True),
        ("Quality Uncertain - Non Specific", True),
        ("No New Value - Previous Value Used", True),
        ("x-own", True),
        ("No Quality - No Value", False),
        ("Quality Bad - Comm Failure", False),
    ],
)
def test_r318_only_bad_values_mean_nothing(quality: str | None, usable: bool) -> None:
    assert point("a", T, 1, quality).usable is usable


@pytest.mark.parametrize(
    ("qualities", "worst"),
    [
        ([], None),
        ([None, None], None),
        (["Quality Good - Non Specific"] * 2, "Quality Good - Non Specific"),
        (["Quality Good - Non Specific", None], None),
        (
            ["Quality Uncertain - Sub Normal", "Quality Bad - Device Failure"],
            "Quality Bad - Device Failure",
        ),
        ([None, "No New Value - Previous Value Used"], "No New Value - Previous Value Used"),
    ],
)
def test_a_value_is_as_good_as_the_worst_it_was_made_from(
    qualities: list[str | None], worst: str | None
) -> None:
    assert worst_quality(qualities) == worst
