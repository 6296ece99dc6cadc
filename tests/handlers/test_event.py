"""The bundled handlers for events: opt by local limits, always in, always out."""

import logging
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers.event import AlwaysOptIn, AlwaysOptOut, Limits, OptByLimits
from oadr.enums import EventStatus, OptType, SignalType
from oadr.messages import Event, EventDescriptor, Interval, Period, Signal, SignalPayload
from runtime import plugins
from runtime.clock import FakeClock
from runtime.settings import ConfigError
from ven.hooks import Context, Opt

#: A Friday.
START = datetime(2026, 11, 20, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
OUT = OptType.OPT_OUT


def event(
    *,
    start: datetime = START,
    duration: timedelta = HOUR,
    level: int = 1,
    signal: str = "SIMPLE",
    programme: str = "http://peak.example",
    ramp_up: timedelta | None = None,
) -> Event:
    payload = SignalPayload(value=Decimal(level))
    return Event(
        descriptor=EventDescriptor(
            event_id="e-1",
            market_context=programme,
            created_date_time=START - HOUR,
            event_status=EventStatus.FAR,
        ),
        active_period=Period(dtstart=start, duration=duration, ramp_up=ramp_up),
        signals=(
            Signal(
                intervals=(Interval(duration=duration, uid="0", payloads=(payload,)),),
                signal_name=signal,
                signal_type=SignalType.LEVEL,
                signal_id="s",
            ),
        ),
    )


def context(heard: datetime = START - HOUR) -> Context:
    def later(work: Coroutine[Any, Any, Any]) -> None:
        work.close()

    return Context(
        ven_id="v", vtn_id="n", received_at=heard, clock=FakeClock(moment=heard), after_reply=later
    )


async def decide(
    section: dict[str, Any],
    about: Event | None = None,
    *,
    heard: datetime = START - HOUR,
    update: bool = False,
) -> Opt:
    handler = OptByLimits.from_config(section)
    hook = handler.on_update_event if update else handler.on_event
    return await hook(about or event(), context(heard))


async def test_always_is_always() -> None:
    for handler, expected in ((AlwaysOptIn(), "optIn"), (AlwaysOptOut(), "optOut")):
        assert await handler.on_event(event(), context()) == expected
        assert await handler.on_update_event(event(), context()) == expected


async def test_without_limits_everything_is_left_to_the_default() -> None:
    assert await decide({}, event(duration=timedelta(0), level=3), heard=START + HOUR) is None


async def test_within_the_limits_the_default_of_the_policy_is_the_answer() -> None:
    assert await decide({"max_level": 2, "default": "optIn"}) is OptType.OPT_IN
    assert await decide({"max_level": 2, "default": "optOut"}) is OptType.OPT_OUT
    assert await decide({"max_level": 0, "default": "optIn"}) is OptType.OPT_OUT


async def test_an_event_may_be_as_long_as_the_limit() -> None:
    assert await decide({"max_duration": "1h"}) is None
    assert await decide({"max_duration": "59m"}) == OUT
    assert await decide({"max_duration": "59m"}, update=True) == OUT


async def test_an_event_without_an_end_is_longer_than_any_limit() -> None:
    assert await decide({"max_duration": "365d"}, event(duration=timedelta(0))) == OUT


async def test_notice_is_counted_to_the_ramp_up_or_the_start() -> None:
    assert await decide({"min_notice": "1h"}) is None
    assert await decide({"min_notice": "1h"}, heard=START - 59 * MINUTE) == OUT
    assert await decide({"min_notice": "1h"}, event(ramp_up=5 * MINUTE)) == OUT
    assert await decide({"min_notice": "55m"}, event(ramp_up=5 * MINUTE)) is None
    assert await decide({"min_notice": "1h"}, event(ramp_up=-5 * MINUTE)) is None


async def test_a_running_event_that_is_modified_needs_no_new_notice() -> None:
    during = START + 10 * MINUTE
    assert await decide({"min_notice": "1h"}, heard=during, update=True) is None
    assert await decide({"min_notice": "1h"}, heard=during) == OUT
    assert await decide({"min_notice": "1h"}, heard=START - MINUTE, update=True) == OUT


async def test_the_highest_simple_level_counts() -> None:
    assert await decide({"max_level": 2}, event(level=2)) is None
    assert await decide({"max_level": 2}, event(level=3)) == OUT
    assert await decide({"max_level": 2}, event(level=3, signal="simple")) == OUT
    assert await decide({"max_level": 2}, event(level=9, signal="x-kilowatts")) is None


async def test_programmes_are_compared_as_addresses() -> None:
    section = {"market_contexts": ["HTTP://Peak.example/"]}
    assert await decide(section, event(programme="http://peak.example")) is None
    assert await decide(section, event(programme="http://price.example")) == OUT
    assert await decide({"market_contexts": []}) == OUT


@pytest.mark.parametrize(
    ("start", "until", "expected"),
    [
        ("12:00", "18:00", None),
        ("12:00", "18:01", OUT),
        ("18:59", "20:00", OUT),
        ("19:00", "20:00", None),
        ("18:15", "18:30", OUT),
        ("22:00", "18:01", OUT),
        ("22:00", "06:00", None),
        ("00:00", "00:00", OUT),
    ],
)
async def test_no_event_runs_into_a_blackout(start: str, until: str, expected: Opt) -> None:
    assert await decide({"blackout": [{"from": start, "until": until}]}) == expected


async def test_a_blackout_may_be_on_some_days_only() -> None:
    def section(*days: str) -> dict[str, Any]:
        return {"blackout": [{"from": "18:00", "until": "20:00", "days": list(days)}]}

    assert await decide(section("fri")) == OUT
    assert await decide(section("mon", "sat")) is None
    assert await decide(section("mon"), event(duration=timedelta(days=4))) == OUT
    night = {"blackout": [{"from": "22:00", "until": "19:00", "days": ["thu"]}]}
    assert await decide(night) == OUT


async def test_a_blackout_without_a_zone_knows_no_summer_time_and_one_with_a_zone_does() -> None:
    summer = event(start=datetime(2026, 7, 3, 17, tzinfo=UTC))
    window = {"from": "18:30", "until": "18:45"}
    assert await decide({"blackout": [window]}, summer) is None
    assert await decide({"blackout": [window | {"zone": "Europe/London"}]}, summer) == OUT
    assert await decide({"blackout": [window]}) == OUT
    assert await decide({"blackout": [window | {"zone": "Europe/London"}]}) == OUT


async def warm() -> float:
    return 30.5


def unknown() -> Decimal:
    raise OSError("no sensor")


HERE = "tests.handlers.test_event"


async def test_outside_of_the_comfort_window_nothing_is_shed() -> None:
    warm_here = {"temperature": f"{HERE}:warm"}
    assert await decide(warm_here | {"max_temperature": 31}) is None
    assert await decide(warm_here | {"max_temperature": 30}) == OUT
    assert await decide(warm_here | {"min_temperature": 30}) is None
    assert await decide(warm_here | {"min_temperature": 30.6}) == OUT


async def test_an_unknown_temperature_is_an_uncomfortable_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "openadr")
    assert await decide({"temperature": f"{HERE}:unknown", "max_temperature": 30}) == OUT
    assert "event e-1: optOut, temperature unknown (OSError: no sensor)" in caplog.text


async def test_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "openadr")
    limits: list[tuple[dict[str, Any], str]] = [
        ({"max_duration": "30m"}, "it lasts 1 h; at most 30 min"),
        ({"min_notice": "2h"}, "notice of 1 h; at least 2 h"),
        ({"max_level": 0}, "level 1; at most 0"),
        ({"market_contexts": ["http://a"]}, "programme http://peak.example is none of http://a"),
        ({"blackout": [{"from": "18:00", "until": "19:00"}]}, "blackout from 18:00 to 19:00 UTC"),
        ({"temperature": f"{HERE}:warm", "max_temperature": 30}, "temperature 30.5; at most 30"),
    ]
    for section, reason in limits:
        await decide(section)
        assert caplog.messages[-1] == f"event e-1: optOut, {reason}"


@pytest.mark.parametrize(
    ("section", "key", "problem"),
    [
        ({"max_duraton": "1h"}, "max_duraton", "not known"),
        ({"max_duration": "long"}, "max_duration", "is not a duration"),
        ({"max_duration": "0"}, "max_duration", "greater than"),
        ({"blackout": [{"from": "25:00", "until": "01:00"}]}, "blackout.0.from", "time"),
        ({"max_temperature": 30}, "", "needs 'temperature'"),
        ({"temperature": "a:b"}, "", "needs max_temperature or min_temperature"),
        ({"temperature": "no_such:f", "max_temperature": 30}, "temperature", "cannot import"),
    ],
)
def test_a_limit_that_cannot_be_is_named_with_its_key(
    section: dict[str, Any], key: str, problem: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        OptByLimits.from_config(section)
    assert caught.value.key.startswith(key)
    assert problem in caught.value.problem


def test_a_zone_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="'Mars' is no time zone"):
        OptByLimits.from_config({"blackout": [{"from": "01:00", "until": "02:00", "zone": "Mars"}]})


def test_the_handlers_are_built_by_module_and_attribute() -> None:
    built = plugins.build(
        "handlers.event:OptByLimits", {"max_level": 2}, key="policy.handler", settings="policy"
    )
    assert isinstance(built, OptByLimits)
    assert built.limits == Limits(max_level=Decimal(2))
    assert isinstance(
        plugins.build("handlers.event:AlwaysOptIn", {}, key="h", settings="s"), AlwaysOptIn
    )
