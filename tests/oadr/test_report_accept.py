"""Requests as their source sees them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oadr.errors import InvalidData, InvalidId, ProtocolError, ReportNotSupported
from oadr.messages import ReportRequest
from oadr.report import (
    Offer,
    RequestKind,
    build_metadata_request,
    cancel_requests,
    check_request,
    kind_of,
    outlive_metadata,
    pending_ids,
)
from oadr.times import ZERO, CalendarDuration
from tests.oadr.report_samples import (
    DAY,
    HISTORY,
    HOUR,
    MINUTE,
    SECOND,
    STATUS,
    USAGE,
    T,
    asked,
)

OFFERS = (USAGE, STATUS, HISTORY)
GREEN = replace(HISTORY, specifier_id="green", report_name="HISTORY_GREENBUTTON")


def unlimited(offer: Offer) -> Offer:
    """An offer of a peer that said nothing of durations and periods."""
    points = tuple(replace(p, min_period=ZERO, max_period=ZERO) for p in offer.points)
    return replace(offer, duration=ZERO, points=points)


@pytest.mark.parametrize(
    ("granularity", "back", "offer", "kind"),
    [
        (ZERO, ZERO, USAGE, RequestKind.ONE_SHOT),
        (MINUTE, ZERO, STATUS, RequestKind.ONE_SHOT),
        (MINUTE, MINUTE, STATUS, RequestKind.PERIODIC),
        (ZERO, MINUTE, STATUS, RequestKind.ON_CHANGE),
        (ZERO, ZERO, HISTORY, RequestKind.HISTORY),
        (ZERO, ZERO, GREEN, RequestKind.HISTORY),
        (MINUTE, -MINUTE, USAGE, RequestKind.ONE_SHOT),
    ],
)
def test_r317_r324_the_durations_say_how_a_request_is_answered(
    granularity: timedelta, back: timedelta, offer: Offer, kind: RequestKind
) -> None:
    assert kind_of(asked(offer, "a", granularity=granularity, back=back), offer) is kind


def test_r327_metadata_is_known_without_an_offer() -> None:
    assert kind_of(build_metadata_request("R"), None) is RequestKind.METADATA
    assert check_request(build_metadata_request("R"), ()) is RequestKind.METADATA


def test_a_request_for_an_unknown_report_has_a_kind_too() -> None:
    assert kind_of(asked(USAGE, "power"), None) is RequestKind.ONE_SHOT


def refused(request: ReportRequest, *pending: str) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        check_request(request, (*OFFERS, GREEN), pending, now=T)
    return caught.value


def test_r304_an_unknown_report_is_an_invalid_id() -> None:
    error = refused(replace(asked(USAGE, "power"), report_specifier_id="INVALID"))
    assert (error.code, error.rule) == (452, "R304")
    assert isinstance(error, InvalidId)


def test_r304_an_unknown_data_point_is_an_invalid_id() -> None:
    error = refused(asked(USAGE, "power", "gas", "water"))
    assert (error.code, error.rule) == (452, "R304")
    assert "'gas', 'water'" in error.description


def test_r304_a_long_list_of_known_data_points_is_cut_short() -> None:
    many = replace(USAGE, points=tuple(replace(USAGE.points[0], r_id=f"p{i}") for i in range(8)))
    with pytest.raises(InvalidId, match=r"'p4' and 3 more"):
        check_request(asked(many, "x"), (many,))


def test_r300_a_request_for_nothing_is_invalid() -> None:
    assert refused(asked(USAGE)).code == 454


def test_a_data_point_that_is_named_twice_does_no_harm() -> None:
    assert check_request(asked(USAGE, "power", "power"), OFFERS) is RequestKind.ONE_SHOT


def test_r331_green_button_is_not_supported() -> None:
    error = refused(asked(GREEN, "power"))
    assert isinstance(error, ReportNotSupported)
    assert error.code == 461


@pytest.mark.parametrize(
    "broken",
    [
        asked(USAGE, "power", granularity=-MINUTE, back=MINUTE),
        asked(USAGE, "power", granularity=MINUTE, back=-MINUTE),
        asked(USAGE, "power", granularity=MINUTE, back=MINUTE, duration=-MINUTE),
        replace(build_metadata_request("R"), report_back_duration=-MINUTE),
    ],
)
def test_negative_durations_are_invalid(broken: ReportRequest) -> None:
    assert refused(broken).code == 454


def test_r324_granularity_and_interval_of_a_one_shot_are_ignored() -> None:
    odd = asked(USAGE, "power", granularity=SECOND, start=T - DAY, duration=HOUR)
    assert check_request(odd, OFFERS, now=T) is RequestKind.ONE_SHOT


@pytest.mark.parametrize("granularity", [SECOND, 2 * HOUR])
def test_r340_sampling_outside_of_the_offer_is_refused(granularity: timedelta) -> None:
    error = refused(asked(USAGE, "power", granularity=granularity, back=3 * HOUR))
    assert (error.code, error.rule) == (454, "R340")
    assert "PT10S to PT1H" in error.description


def test_r340_more_data_than_the_source_keeps_is_refused() -> None:
    short = replace(USAGE, duration=HOUR)
    request = asked(USAGE, "power", granularity=10 * SECOND, back=HOUR)
    assert check_request(request, (short,)) is RequestKind.PERIODIC
    with pytest.raises(InvalidData, match=r"at most PT1H of values.*R340"):
        check_request(replace(request, report_back_duration=HOUR + MINUTE), (short,))


def test_r312_slower_sampling_makes_the_same_amount_of_data_last_longer() -> None:
    short = replace(USAGE, duration=HOUR)
    request = asked(USAGE, "power", granularity=MINUTE, back=6 * HOUR)
    assert check_request(request, (short,)) is RequestKind.PERIODIC
    with pytest.raises(InvalidData, match="at most PT6H of values"):
        check_request(replace(request, report_back_duration=7 * HOUR), (short,))


def test_an_offer_without_limits_limits_nothing() -> None:
    request = asked(USAGE, "power", granularity=SECOND, back=365 * DAY)
    assert check_request(request, (unlimited(USAGE),)) is RequestKind.PERIODIC


def test_the_range_of_an_offer_without_an_upper_end_is_named() -> None:
    points = (replace(USAGE.points[0], max_period=ZERO),)
    with pytest.raises(InvalidData, match="expected PT10S or more"):
        check_request(
            asked(USAGE, "power", granularity=SECOND, back=MINUTE),
            (replace(USAGE, points=points),),
        )


def test_r317_granularity_beyond_the_report_back_duration_is_refused() -> None:
    error = refused(asked(USAGE, "power", granularity=HOUR, back=MINUTE))
    assert (error.code, error.rule) == (454, "R317")


def test_r340_changes_can_be_asked_for_only_where_they_are_offered() -> None:
    fixed = replace(USAGE, points=tuple(replace(p, on_change=False) for p in USAGE.points))
    request = asked(USAGE, "power", back=MINUTE)
    assert check_request(request, (USAGE,)) is RequestKind.ON_CHANGE
    with pytest.raises(InvalidData, match=r"changes of rID 'power' are not offered.*R340"):
        check_request(request, (fixed,))


@pytest.mark.parametrize(("granularity", "back"), [(HOUR, ZERO), (ZERO, HOUR)])
def test_r317_r324_history_is_given_once_and_as_stored(
    granularity: timedelta, back: timedelta
) -> None:
    error = refused(asked(HISTORY, "power", granularity=granularity, back=back, start=T - DAY))
    assert (error.code, error.rule) == (454, "R317")


def test_r340_a_longer_history_than_offered_is_refused() -> None:
    error = refused(asked(HISTORY, "power", start=T - 60 * DAY, duration=31 * DAY))
    assert (error.code, error.rule) == (454, "R340")


def test_r340_months_count_thirty_days_against_an_offer() -> None:
    month = CalendarDuration(months=1)
    request = asked(HISTORY, "power", start=T - 60 * DAY, duration=month)
    assert check_request(request, OFFERS, now=T) is RequestKind.HISTORY


def test_a_history_without_an_interval_is_all_of_it() -> None:
    assert check_request(asked(HISTORY, "power", start=None), OFFERS) is RequestKind.HISTORY


def test_r325_history_lies_in_the_past() -> None:
    request = asked(HISTORY, "power", start=T + SECOND)
    error = refused(request)
    assert (error.code, error.rule) == (454, "R325")
    assert check_request(request, OFFERS) is RequestKind.HISTORY


def test_r325_a_periodic_request_that_is_over_is_refused() -> None:
    over = asked(USAGE, "power", granularity=MINUTE, back=MINUTE, start=T - HOUR, duration=HOUR)
    assert refused(over).rule == "R325"
    assert check_request(over, OFFERS, now=T - SECOND) is RequestKind.PERIODIC


def test_r325_a_request_without_an_interval_is_accepted() -> None:
    request = asked(USAGE, "power", granularity=MINUTE, back=MINUTE, start=None)
    assert check_request(request, OFFERS, now=T) is RequestKind.PERIODIC


def test_r322_a_request_with_a_pending_id_takes_its_place() -> None:
    assert check_request(asked(USAGE, "power"), OFFERS, {"R1"}) is RequestKind.ONE_SHOT


def test_r322_a_refused_request_leaves_the_pending_one_alone() -> None:
    error = refused(asked(USAGE, "gas"), "R1")
    assert (error.code, error.rule) == (452, "R304")
    assert "under this ID goes on" in error.description
    assert "goes on" not in refused(asked(USAGE, "gas"), "R2").description


def test_r329_everything_that_is_scheduled_is_pending_once() -> None:
    requests = [asked(USAGE, "power", request_id=name) for name in ("b", "a", "b")]
    assert pending_ids(requests) == ("b", "a")
    assert pending_ids(()) == ()


def test_r306_only_requests_for_metadata_outlive_new_metadata() -> None:
    metadata = build_metadata_request("M")
    assert outlive_metadata([asked(USAGE, "power"), metadata]) == (metadata,)


def test_r336_cancelled_requests_are_gone_and_the_rest_remain() -> None:
    assert cancel_requests(("a", "b", "c"), ("c", "a", "c")) == ("b",)
    assert cancel_requests(("a",), ("a",)) == ()


def test_r336_one_unknown_id_refuses_the_whole_batch() -> None:
    with pytest.raises(InvalidId, match=r"'x' is not scheduled; nothing was cancelled \(R336\)"):
        cancel_requests(("a", "b"), ("a", "x"))
