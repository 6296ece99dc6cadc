"""Reports of peers, whatever the schema allows."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from oadr.errors import InvalidData
from oadr.messages import (
    GreenButtonPayload,
    Interval,
    RawXml,
    Report,
    ReportPayload,
    SignalPayload,
)
from oadr.report import Reading, green_button, unpack
from oadr.times import ZERO, CalendarDuration
from tests.oadr.report_samples import (
    HOUR,
    MINUTE,
    ONLINE,
    STATUS,
    USAGE,
    T,
    amount,
    over_the_wire,
    point,
)

FEED = GreenButtonPayload(feed=RawXml(xml='<feed xmlns="http://www.w3.org/2005/Atom"></feed>'))


def value(r_id: str = "power", number: int | str = 1) -> ReportPayload:
    return ReportPayload(r_id=r_id, value=Decimal(number))


def step(
    number: int = 1,
    *,
    at: datetime | None = None,
    lasts: timedelta | None = None,
    uid: str | None = None,
    r_id: str = "power",
) -> Interval:
    return Interval(dtstart=at, duration=lasts, uid=uid, payloads=(value(r_id, number),))


def report(
    *intervals: Interval, start: datetime | None = T, duration: timedelta | None = None
) -> Report:
    """Returns what a peer sent; all of it passed the schema."""
    return over_the_wire(
        Report(
            dtstart=start,
            duration=duration,
            intervals=intervals,
            report_request_id="R1",
            report_specifier_id="usage",
            report_name="TELEMETRY_USAGE",
            created_date_time=T,
        )
    )


def test_intervals_with_their_own_start_stand_there() -> None:
    later = T + HOUR
    got = unpack(report(step(1, at=later, lasts=MINUTE), step(2, at=T), start=None))
    assert got == (amount("power", later, MINUTE, 1), point("power", T, 2))


def test_r315_an_interval_without_a_duration_is_point_data() -> None:
    assert unpack(report(step(at=T))) == (point("power", T),)
    assert unpack(report(step(at=T), duration=HOUR)) == (point("power", T),)


def test_r316_a_single_interval_begins_with_its_report() -> None:
    assert unpack(report(step(uid="0"))) == (point("power", T),)
    assert unpack(report(step(uid="0"), duration=HOUR)) == (point("power", T),)


def test_r315_intervals_without_a_start_follow_each_other() -> None:
    got = unpack(report(*(step(i, uid=str(i), lasts=MINUTE) for i in range(3))))
    assert got == tuple(amount("power", T + i * MINUTE, MINUTE, i) for i in range(3))


def test_r315_intervals_of_different_length_follow_each_other() -> None:
    got = unpack(report(step(lasts=MINUTE), step(lasts=HOUR), step(lasts=MINUTE)))
    assert [one.start for one in got] == [T, T + MINUTE, T + MINUTE + HOUR]


def test_r315_months_are_whole_months() -> None:
    got = unpack(report(step(lasts=CalendarDuration(months=1)), step(lasts=MINUTE)))
    assert got[1].start == T.replace(month=8)
    assert got[0].duration == timedelta(days=31)


def test_r315_a_report_of_months_is_shared_by_their_real_length() -> None:
    got = unpack(report(step(1), step(2), duration=CalendarDuration(months=2)))
    assert got[1].start == T + timedelta(days=31)


def test_r315_the_duration_of_the_report_is_shared_among_its_intervals() -> None:
    got = unpack(report(step(1), step(2), step(3), step(4), duration=HOUR))
    assert got == tuple(point("power", T + i * 15 * MINUTE, i + 1) for i in range(4))


def test_r315_energy_gets_its_share_of_the_duration_of_the_report() -> None:
    energy = [step(i, r_id="energy") for i in (1, 2)]
    got = unpack(report(*energy, duration=HOUR), points=USAGE.by_id())
    assert got == tuple(amount("energy", T + i * 30 * MINUTE, 30 * MINUTE, i + 1) for i in range(2))


def test_r315_energy_in_intervals_with_a_duration_keeps_it() -> None:
    energy = step(1, r_id="energy", lasts=MINUTE)
    got = unpack(report(energy, duration=HOUR), points=USAGE.by_id())
    assert got == (amount("energy", T, MINUTE, 1),)


def test_r316_uids_give_the_order() -> None:
    got = unpack(report(*(step(i, uid=str(i), lasts=MINUTE) for i in (10, 9, 11))))
    assert [one.value for one in got] == [9, 10, 11]
    assert [one.start for one in got] == [T, T + MINUTE, T + 2 * MINUTE]


@pytest.mark.parametrize("uids", [("b", "a"), ("1", None), ("2", "x"), ("9" * 5000, "1")])
def test_r316_uids_that_do_not_count_leave_the_order_alone(
    uids: tuple[str, str | None],
) -> None:
    got = unpack(report(*(step(i, uid=uid, lasts=MINUTE) for i, uid in enumerate(uids))))
    assert [one.value for one in got] == [0, 1]


def test_r316_an_interval_with_a_start_takes_the_uids_out_of_the_order() -> None:
    got = unpack(report(step(1, uid="1", lasts=MINUTE), step(0, uid="0", at=T + HOUR)))
    assert [one.value for one in got] == [1, 0]


def test_r314_an_interval_without_a_start_follows_one_with_a_start() -> None:
    got = unpack(report(step(at=T + HOUR, lasts=MINUTE), step(), start=None))
    assert [one.start for one in got] == [T + HOUR, T + HOUR + MINUTE]


def test_r314_no_start_anywhere_cannot_be_placed() -> None:
    with pytest.raises(InvalidData, match=r"interval '0' cannot be placed.*R314") as caught:
        unpack(report(step(uid="0"), start=None))
    assert caught.value.code == 454


@pytest.mark.parametrize("duration", [None, ZERO])
def test_r315_several_intervals_without_start_and_duration_cannot_be_placed(
    duration: timedelta | None,
) -> None:
    with pytest.raises(InvalidData, match=r"interval '1' cannot be placed.*R315"):
        unpack(report(step(), step(), duration=duration))


@pytest.mark.parametrize("at", [T, None])
def test_r315_a_negative_duration_is_invalid(at: datetime | None) -> None:
    with pytest.raises(InvalidData, match=r"negative duration.*R315"):
        unpack(report(step(at=at, lasts=-MINUTE)))


def test_several_data_points_share_an_interval() -> None:
    both = Interval(dtstart=T, payloads=(value("power", 1), value("energy", 2)))
    assert unpack(report(both)) == (point("power", T, 1), point("energy", T, 2))


MIXED = report(
    Interval(dtstart=T, duration=MINUTE, payloads=(value("power", 1), value("energy", 2)))
)


def test_r342_in_a_mixed_report_power_is_point_data() -> None:
    assert unpack(MIXED, points=USAGE.by_id()) == (
        point("power", T, 1),
        amount("energy", T, MINUTE, 2),
    )


def test_r342_without_knowing_the_data_points_durations_stay() -> None:
    assert [one.duration for one in unpack(MIXED)] == [MINUTE, MINUTE]
    assert [one.duration for one in unpack(MIXED, points={})] == [MINUTE, MINUTE]


def test_power_alone_keeps_the_duration_that_it_was_averaged_over() -> None:
    got = unpack(report(step(at=T, lasts=MINUTE)), points=USAGE.by_id())
    assert got == (amount("power", T, MINUTE),)


def test_a_data_point_that_nobody_knows_keeps_what_it_came_with() -> None:
    strange = Interval(dtstart=T, duration=MINUTE, payloads=(value("x"), value("energy")))
    got = unpack(report(strange), points=USAGE.by_id())
    assert [one.duration for one in got] == [MINUTE, MINUTE]


def test_status_quality_accuracy_and_confidence_come_along() -> None:
    state = ReportPayload(
        r_id="pump", value=ONLINE, data_quality="Quality Good - Non Specific", confidence=7
    )
    number = ReportPayload(r_id="power", value=Decimal("1.50"), accuracy=Decimal("0.5"))
    got = unpack(report(Interval(dtstart=T, payloads=(state, number))), points=STATUS.by_id())
    assert got == (
        Reading(
            r_id="pump",
            start=T,
            value=ONLINE,
            quality="Quality Good - Non Specific",
            confidence=7,
        ),
        Reading(r_id="power", start=T, value=Decimal("1.50"), accuracy=Decimal("0.5")),
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_r318_a_number_that_is_none_is_a_bad_zero(number: str) -> None:
    payload = replace(value("power", number), accuracy=Decimal("NaN"))
    (got,) = unpack(report(Interval(dtstart=T, payloads=(payload,))))
    assert got == point("power", T, 0, "Quality Bad - Non Specific")


def test_an_accuracy_that_is_no_number_is_dropped() -> None:
    payload = replace(value("power", 3), accuracy=Decimal("Infinity"))
    assert unpack(report(Interval(dtstart=T, payloads=(payload,)))) == (point("power", T, 3),)


def test_r318_a_number_that_is_none_needs_no_accuracy_to_be_found() -> None:
    (got,) = unpack(report(step(at=T), Interval(dtstart=T, payloads=(value("a", "NaN"),))))[1:]
    assert got.value == 0


def test_green_button_needs_no_time_and_is_found_apart() -> None:
    feeds = report(Interval(payloads=(FEED,)), Interval(payloads=(FEED,)), start=None)
    assert unpack(feeds) == ()
    assert len(green_button(feeds)) == 2
    assert green_button(report(step(at=T))) == ()


def test_green_button_does_not_push_readings_away() -> None:
    got = unpack(report(Interval(payloads=(FEED,)), step(uid="0")))
    assert got == (point("power", T),)


def test_green_button_beside_a_reading_does_not_hide_it() -> None:
    assert unpack(report(Interval(payloads=(FEED, value())))) == (point("power", T),)


def test_a_signal_payload_is_no_reading() -> None:
    odd = Interval(dtstart=T, payloads=(SignalPayload(value=Decimal(1)), value()))
    assert unpack(report(odd)) == (point("power", T),)
    assert unpack(report(odd), points=USAGE.by_id()) == (point("power", T),)


def test_a_report_without_intervals_has_no_readings() -> None:
    assert unpack(report()) == ()
    assert unpack(report(start=None), points=USAGE.by_id()) == ()


def test_the_same_reading_twice_comes_twice() -> None:
    assert len(unpack(report(step(1, at=T), step(2, at=T)))) == 2
