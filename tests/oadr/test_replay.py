"""The nonce cache: what it lets pass, what it remembers and for how long."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.errors import SignatureError
from oadr.signature import MAX_NONCE, ReplayCache

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
INSTANT = timedelta(microseconds=1)


def cache(seconds: int = 60, most: int = 10_000) -> ReplayCache:
    return ReplayCache(tolerance=seconds * SECOND, max_per_peer=most)


def refused(replay: ReplayCache, nonce: str, timestamp: datetime, now: datetime = NOW) -> str:
    with pytest.raises(SignatureError) as caught:
        replay.admit("ven1", nonce, timestamp, now)
    return caught.value.reason


def test_a_nonce_passes_once() -> None:
    replay = cache()
    replay.admit("ven1", "a", NOW, NOW)
    assert "received before" in refused(replay, "a", NOW)
    assert "received before" in refused(replay, "a", NOW + SECOND, NOW + SECOND)
    replay.admit("ven1", "b", NOW, NOW)


def test_two_peers_may_use_the_same_nonce() -> None:
    replay = cache()
    replay.admit("ven1", "a", NOW, NOW)
    replay.admit("ven2", "a", NOW, NOW)
    assert replay.size == 2


@pytest.mark.parametrize("sign", [-1, 1])
def test_r514_a_timestamp_is_bounded_in_both_directions_and_the_bound_itself_passes(
    sign: int,
) -> None:
    replay = cache()
    replay.admit("ven1", "a", NOW + sign * 60 * SECOND, NOW)
    reason = refused(replay, "b", NOW + sign * (60 * SECOND + INSTANT))
    assert ("future" if sign > 0 else "too long ago") in reason
    assert replay.size == 1


def test_a_message_from_the_future_is_remembered_until_it_is_too_old() -> None:
    replay = cache()
    ahead = NOW + 60 * SECOND
    replay.admit("ven1", "a", ahead, NOW)
    assert "received before" in refused(replay, "a", ahead, ahead + 60 * SECOND)
    assert "too long ago" in refused(replay, "a", ahead, ahead + 60 * SECOND + INSTANT)


def test_the_tolerance_can_be_told_to_people() -> None:
    assert cache(seconds=7).tolerance == 7 * SECOND


def test_memory_is_bounded_by_time() -> None:
    replay = cache()
    for n in range(1000):
        now = NOW + n * SECOND
        replay.admit("ven1", str(n), now, now)
        assert replay.size <= 121
    later = NOW + timedelta(hours=1)
    replay.admit("ven2", "x", later, later)
    assert replay.size == 1


def test_a_full_peer_is_refused_until_entries_expire_and_others_are_not() -> None:
    replay = cache(most=3)
    for nonce in "abc":
        replay.admit("ven1", nonce, NOW, NOW)
    assert "too many" in refused(replay, "d", NOW)
    assert "received before" in refused(replay, "a", NOW)
    replay.admit("ven2", "a", NOW, NOW)
    later = NOW + 121 * SECOND
    replay.admit("ven1", "d", later, later)


@pytest.mark.parametrize("nonce", ["", "x" * (MAX_NONCE + 1)])
def test_a_nonce_must_have_a_sensible_length(nonce: str) -> None:
    assert "characters" in refused(cache(), nonce, NOW)
    cache().admit("ven1", "x" * MAX_NONCE, NOW, NOW)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_the_ends_of_the_calendar_are_refused_like_any_other_moment(moment: str) -> None:
    assert "check both clocks" in refused(cache(), "a", datetime.fromisoformat(moment))


def test_a_clock_that_steps_back_makes_nothing_be_forgotten_early() -> None:
    replay = cache()
    replay.admit("ven1", "a", NOW, NOW)
    back = NOW - 50 * SECOND
    replay.admit("ven1", "b", back, back)
    assert "received before" in refused(replay, "a", NOW, back)
    assert "received before" in refused(replay, "b", back, back + 60 * SECOND)


@pytest.mark.parametrize(("seconds", "most"), [(0, 1), (-1, 1), (1, 0)])
def test_settings_that_make_no_sense_are_refused(seconds: int, most: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        cache(seconds, most)


def test_the_cost_of_a_message_does_not_grow_with_traffic() -> None:
    def cost(traffic: int) -> float:
        replay = cache(most=10**9)
        for n in range(traffic):
            replay.admit(f"ven{n % 50}", str(n), NOW, NOW)
        best = 1.0
        for attempt in range(5):
            start = time.perf_counter()
            for n in range(200):
                replay.admit("ven1", f"{attempt}-{n}", NOW, NOW)
            best = min(best, time.perf_counter() - start)
        return best

    assert cost(50_000) < 5 * cost(500) + 0.001


@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from("ab"), st.integers(0, 3), st.integers(-12, 12)
        ),
        max_size=60,
    )
)
def test_no_message_ever_passes_twice_whatever_the_traffic(
    steps: list[tuple[int, str, int, int]],
) -> None:
    replay = cache(10, most=4)
    passed: set[tuple[str, str, datetime]] = set()
    now = NOW
    for ahead, who, nonce, offset in steps:
        now += ahead * SECOND / 4
        for timestamp in {now + offset * SECOND, *(t for w, n, t in passed if w == who)}:
            try:
                replay.admit(who, str(nonce), timestamp, now)
            except SignatureError:
                continue
            assert (who, str(nonce), timestamp) not in passed
            passed.add((who, str(nonce), timestamp))
