"""What holds of what a VEN said about one event."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import OptType
from oadr.messages.common import EVERYTHING, Target
from oadr.messages.event import EventResponse
from oadr.opt import EventOpt, event_answer, event_opt, qualify
from tests.oadr.event_samples import MINUTE, event, with_descriptor
from tests.oadr.opt_samples import EVSE, IN, NOW, OUT, PUMP, qualifying


def answered(opt_type: OptType, minute: int = 0) -> EventOpt:
    response = EventResponse(
        request_id="r", event_id="e1", modification_number=0, opt_type=opt_type
    )
    return event_answer(response, NOW + minute * MINUTE)


def qualified(opt_type: OptType, target: Target = EVERYTHING, **changes: Any) -> EventOpt:
    return event_opt(qualifying(opt_type=opt_type, target=target, **changes), event(), NOW)


def test_r16_r17_the_latest_answer_holds() -> None:
    assert qualify([]) is None
    found = qualify([answered(IN), answered(OUT, 5)])
    assert found is not None
    assert (found.opt_type, found.explicit, found.created) == (OUT, False, NOW + 5 * MINUTE)


def test_r206_a_qualification_overrides_a_later_answer() -> None:
    explicit = qualified(OUT)
    assert qualify([answered(IN), explicit, answered(IN, 5)]) is explicit
    assert qualify([explicit, answered(IN, 5)], resource="pump") is explicit


def test_r206_a_later_qualification_replaces_an_earlier_one() -> None:
    last = qualified(IN)
    assert qualify([qualified(OUT), last]) is last


def test_r206_a_qualification_of_a_resource_speaks_for_it_alone() -> None:
    pump, whole = qualified(OUT, PUMP), answered(IN)
    assert qualify([whole, pump], resource="pump") is pump
    assert qualify([pump, whole], resource="hvac") is whole
    assert qualify([pump, whole]) is whole
    assert qualify([pump], resource="hvac") is None


def test_r209_a_qualification_of_devices_speaks_for_them_alone() -> None:
    cars = qualified(OUT, device_class=EVSE)
    assert cars.device_classes == {"EVSE"}
    assert qualified(OUT, EVSE).device_classes == {"EVSE"}
    assert qualify([cars]) is None
    assert qualify([cars], device_class="EVSE") is cars
    assert qualify([cars], device_class="Sauna") is None


def test_r206_an_opt_keeps_the_modification_that_it_was_given_for() -> None:
    newer = with_descriptor(event(), modification_number=3)
    found = event_opt(qualifying(modification_number=1), newer, NOW)
    assert (found.event_id, found.modification_number, found.explicit) == ("e1", 1, True)
    unsaid = event_opt(qualifying(modification_number=None), newer, NOW)
    assert unsaid.modification_number == 3


@given(kinds=st.lists(st.tuples(st.sampled_from(OptType), st.booleans()), min_size=1, max_size=6))
def test_r206_one_opt_of_the_strongest_kind_holds(kinds: list[tuple[OptType, bool]]) -> None:
    said = [qualified(kind) if explicit else answered(kind) for kind, explicit in kinds]
    found = qualify(said)
    assert found is [one for one in said if one.explicit == any(e for _, e in kinds)][-1]
