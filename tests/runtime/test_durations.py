from datetime import timedelta

import pytest

from runtime.durations import as_typed, duration_from, in_words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("2d", 172800),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("0", 0),
        ("PT", 0),
        ("PT5M", 300),
        ("1w", 604800),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert duration_from(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "10", "ten", "5 parsecs", "-5s", "99999999999999d", "P5X", 10, None]
)
def test_what_is_no_duration_is_refused_with_examples(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration_from(text)


@pytest.mark.parametrize(
    ("seconds", "words", "typed"),
    [
        (0, "0 s", "0s"),
        (0.25, "250 ms", "0s"),
        (0.9999, "1 s", "1s"),
        (7.25, "7.2 s", "7s"),
        (9.96, "10 s", "10s"),
        (10, "10 s", "10s"),
        (59.7, "1 min", "1m"),
        (300, "5 min", "5m"),
        (3600, "1 h", "1h"),
        (5430, "1 h 30 min 30 s", "1h30m30s"),
        (172800, "2 d", "2d"),
        (-300, "-5 min", "-5m"),
        (-0.001, "-1 ms", "0s"),
    ],
)
def test_a_duration_is_told_in_words_and_as_it_is_typed(
    seconds: float, words: str, typed: str
) -> None:
    assert in_words(timedelta(seconds=seconds)) == words
    assert as_typed(timedelta(seconds=seconds)) == typed


@pytest.mark.parametrize("seconds", [0, 1, 59, 61, 3599, 86399, 90061, 31536000])
def test_what_is_typed_is_read_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert duration_from(as_typed(duration)) == duration
