"""What a VEN may ask for by oadrCreateOpt."""

from dataclasses import replace
from typing import Any

import pytest

from oadr.enums import ResponseRequired
from oadr.errors import ProtocolError
from oadr.event import Receiver
from oadr.messages.common import EVERYTHING, Target
from oadr.messages.event import Event
from oadr.messages.opt import CreateOpt
from oadr.opt import check_create_opt
from tests.oadr.event_samples import (
    MINUTE,
    PROGRAMME,
    VEN,
    ZERO,
    event,
    period,
    with_descriptor,
)
from tests.oadr.opt_samples import BOTH, EVSE, OTHER, PUMP, opt, qualifying


def error(message: CreateOpt, about: Event | None = None, ven: Receiver = VEN) -> tuple[int, str]:
    with pytest.raises(ProtocolError) as caught:
        check_create_opt(message, about, ven)
    assert caught.value.description
    return caught.value.code, caught.value.rule


def test_a_schedule_and_a_qualification_pass() -> None:
    check_create_opt(opt(market_context=PROGRAMME, target=PUMP, device_class=EVSE), None, VEN)
    check_create_opt(qualifying(), event(), VEN)
    check_create_opt(qualifying(modification_number=None), event(), VEN)


@pytest.mark.parametrize(
    "extra",
    [{"start_after": ZERO}, {"notification": ZERO}, {"ramp_up": MINUTE}, {"recovery": MINUTE}],
)
def test_r200_a_schedule_has_no_tolerance_ramp_up_recovery_or_notification(
    extra: dict[str, Any],
) -> None:
    assert error(opt(availability=(period(), period(**extra)))) == (459, "R200")


def test_r206_without_an_event_a_schedule_is_required() -> None:
    assert error(opt(availability=())) == (459, "R206")


@pytest.mark.parametrize("extra", [{"availability": (period(),)}, {"market_context": PROGRAMME}])
def test_r206_an_event_goes_with_neither_schedule_nor_market_context(
    extra: dict[str, Any],
) -> None:
    assert error(qualifying(**extra), event()) == (459, "R206")


def test_r206_an_event_sent_with_never_cannot_be_qualified() -> None:
    never = event(response_required=ResponseRequired.NEVER)
    assert error(qualifying(), never) == (451, "R206")


@pytest.mark.parametrize("about", [None, event("e2")])
def test_r21_the_event_must_be_known(about: Event | None) -> None:
    assert error(qualifying(), about) == (452, "R21")


def test_r206_an_opt_outlives_modifications_but_not_ahead_of_them() -> None:
    newer = with_descriptor(event(), modification_number=3)
    check_create_opt(qualifying(modification_number=1), newer, VEN)
    assert error(qualifying(modification_number=4), newer) == (450, "R48")


THIRD = Target(resource_ids=("pump", "boiler"))


@pytest.mark.parametrize(
    ("asked", "of", "allowed"),
    [
        (EVERYTHING, BOTH, True),
        (Target(ven_ids=("ven-1",)), BOTH, True),
        (PUMP, BOTH, True),
        (BOTH, BOTH, True),
        (THIRD, BOTH, False),
        (BOTH, PUMP, False),
        (PUMP, EVERYTHING, True),
        (PUMP, Target(ven_ids=("ven-1",)), True),
        (PUMP, Target(group_ids=("schools",)), True),
        (Target(group_ids=("schools",)), Target(group_ids=("schools", "x")), True),
        (Target(group_ids=("schools",)), Target(group_ids=("x",)), False),
        (Target(group_ids=("schools",)), PUMP, False),
        (EVSE, EVSE, True),
        (EVSE, PUMP, False),
    ],
)
def test_r206_sub_targets_are_a_subset_of_those_of_the_event(
    asked: Target, of: Target, allowed: bool
) -> None:
    about = event(target=of)
    if allowed:
        check_create_opt(qualifying(target=asked), about, VEN)
    else:
        assert error(qualifying(target=asked), about) == (462, "R206")


def test_r208_the_ven_and_the_opt_are_identified() -> None:
    assert error(opt(ven_id="VEN-1")) == (452, "R208")
    assert error(opt(opt_id=" ")) == (452, "R208")
    assert error(opt(target=Target(ven_ids=("ven-1", "ven-2")))) == (462, "R206")


def test_r209_the_device_class_holds_device_classes_alone() -> None:
    assert error(opt(device_class=PUMP)) == (459, "R209")
    assert error(opt(device_class=Target(end_device_assets=("Toaster",)))) == (459, "R209")
    check_create_opt(opt(device_class=EVERYTHING), None, VEN)


def test_r205_the_market_context_is_one_of_the_ven() -> None:
    assert error(opt(market_context=OTHER)) == (462, "R205")
    check_create_opt(opt(market_context=OTHER), None, replace(VEN, market_contexts=None))


def test_r210_a_schedule_may_be_open_ended_but_not_negative() -> None:
    check_create_opt(opt(availability=(period(0),)), None, VEN)
    assert error(opt(availability=(period(-1),))) == (454, "R210")


def test_r207_the_request_id_may_be_empty() -> None:
    check_create_opt(opt(request_id=""), None, VEN)
    check_create_opt(qualifying(request_id=""), event(), VEN)


def test_r202_more_names_and_periods_than_anybody_needs_are_refused() -> None:
    many = tuple(f"r{number}" for number in range(1001))
    assert error(opt(target=Target(resource_ids=many))) == (469, "R202")
    assert error(opt(availability=(period(),) * 1001)) == (469, "R202")
    check_create_opt(opt(target=Target(resource_ids=many[1:])), None, VEN)


@pytest.mark.parametrize(
    "message",
    [
        opt(ven_id="v" * 100_000),
        opt(market_context="http://" + "m" * 100_000),
        qualifying(event_id="e" * 100_000),
    ],
)
def test_what_a_peer_chose_takes_little_room_in_an_error(message: CreateOpt) -> None:
    with pytest.raises(ProtocolError) as caught:
        check_create_opt(message, None, replace(VEN, market_contexts=frozenset({PROGRAMME})))
    assert len(str(caught.value)) < 500
