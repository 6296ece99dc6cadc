"""The bucket of each peer."""

import pytest

from vtn import limits
from vtn.limits import RateLimit


def test_a_burst_is_let_through_and_then_the_rate() -> None:
    limit = RateLimit(rate=2, burst=3)
    assert [limit.wait("ven", 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert limit.wait("ven", 0.25) == 0.25
    assert limit.wait("ven", 0.5) == 0
    assert limit.wait("ven", 0.5) == 0.5
    assert [limit.wait("ven", 100) for _ in range(4)] == [0, 0, 0, 0.5]


def test_peers_are_counted_apart() -> None:
    limit = RateLimit(rate=1, burst=1)
    assert limit.wait("one", 0) == 0
    assert limit.wait("other", 0) == 0
    assert limit.wait("one", 0) == 1


def test_refusals_in_a_row_are_counted() -> None:
    limit = RateLimit(rate=1, burst=1)
    counts = []
    for at in (0, 0, 0, 2, 2):
        limit.wait("ven", at)
        counts.append(limit.refusals("ven"))
    assert counts == [0, 1, 2, 0, 1]
    assert limit.refusals("nobody") == 0


def test_a_message_that_costs_more_is_paid_for_by_those_after_it() -> None:
    limit = RateLimit(rate=2, burst=4)
    assert limit.wait("ven", 0) == 0
    limit.charge("ven", 9)
    assert limit.wait("ven", 0) == 3.5
    assert limit.wait("ven", 3.5) == 0


def test_peers_without_end_take_no_room_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PEERS", 3)
    limit = RateLimit(rate=0.001, burst=1)
    limit.wait("flood", 0)
    for n in range(10):
        limit.wait(f"peer-{n}", 0)
        # Who keeps sending is not forgotten, and so gets no new bucket.
        assert limit.wait("flood", 0) > 0
    assert len(limit._buckets) == 3
