"""Our dicts are those that openleadr reads, but for its faults; and they can be read back."""

import logging
import os
import timeit
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openleadr import messaging

from oadr import codec
from oadr import messages as m
from oadr.dicts import event_from_dict, event_to_dict, from_dict, to_dict
from tests.oadr import strategies
from tests.oadr.openleadr_dicts import (
    DIFFERENCES,
    LOSSES,
    NOTHING,
    Difference,
    Loss,
    at,
    cleared,
    held,
    mended,
)
from tests.oadr.openleadr_faults import NOW, event, rewrite
from tests.oadr.test_openleadr import ordinary

EXAMPLES = int(os.environ.get("OADR_EXAMPLES", "15"))
parse_message: Any = messaging.parse_message
wide = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
each_class = pytest.mark.parametrize("cls", strategies.BY_CLASS, ids=lambda cls: cls.__name__)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("openleadr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def typed(value: Any) -> Any:
    """Returns a value so that equal means of the same types, and NaN is equal to itself."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(one) for one in value]
    return type(value).__name__, "nan" if value != value else value


def no_id() -> str:
    raise AssertionError("the payload has all IDs")


def back(name: str, payload: Any) -> m.Message:
    return from_dict(name, payload, now=NOW, new_id=no_id)


# ---------------------------------------------------------------- out


@each_class
@wide
@given(draw=st.data())
def test_a_message_has_the_dict_that_openleadr_reads(cls: type, draw: st.DataObject) -> None:
    message = codec.decode(codec.encode(cleared(ordinary(draw.draw(strategies.BY_CLASS[cls])))))
    name, theirs = parse_message(codec.encode(message))
    assert (name, typed(mended(name, theirs))) == (name, typed(to_dict(message)[1]))


@each_class
@wide
@given(draw=st.data())
def test_any_message_has_a_dict(cls: type, draw: st.DataObject) -> None:
    name, payload = to_dict(draw.draw(strategies.BY_CLASS[cls]))
    assert name == codec.message_name(cls)
    assert payload


@pytest.mark.parametrize("one", DIFFERENCES, ids=lambda one: one.number)
def test_a_listed_difference_occurs(one: Difference) -> None:
    try:
        name, theirs = parse_message(one.shown)
    except ValueError:
        name, theirs = "", NOTHING
    ours = to_dict(codec.decode(one.shown))[1]
    assert typed(at(theirs, one.path)) == typed(one.theirs)
    assert typed(at(ours, one.path)) == typed(one.ours)
    if one.mend is not None:
        assert typed(mended(name, theirs)) == typed(ours)


def test_each_difference_has_its_number() -> None:
    numbers = [one.number for one in DIFFERENCES]
    assert len(set(numbers)) == len(numbers)


def test_the_dict_of_a_usual_event_takes_less_than_100_microseconds() -> None:
    usual = event().events[0]
    taken = min(timeit.repeat(lambda: event_to_dict(usual), number=100, repeat=5)) / 100
    assert taken < 100e-6


# ---------------------------------------------------------------- and back


@each_class
@wide
@given(draw=st.data())
def test_a_message_comes_back_from_its_dict(cls: type, draw: st.DataObject) -> None:
    message = held(cleared(ordinary(draw.draw(strategies.BY_CLASS[cls]))))
    assert back(*to_dict(message)) == message


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.what)
def test_a_listed_loss_occurs_and_clearing_it_is_enough(loss: Loss) -> None:
    assert rewrite(loss.example, loss.clear) != loss.example
    try:
        found = back(*to_dict(loss.example))
    except (ValueError, AssertionError):
        found = None
    assert found != loss.example
    clean = held(loss.example)
    assert back(*to_dict(clean)) == clean


def test_an_event_comes_back_from_its_dict() -> None:
    made = event_from_dict(event().events[0], now=NOW)
    assert event_from_dict(event_to_dict(made), now=NOW) == made
