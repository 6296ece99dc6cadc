"""Events as handlers of OpenLEADR's kind see them, whatever the VTN leaves out."""

from datetime import timedelta
from typing import Any

from oadr.enums import EventStatus
from tests.ven.compat_world import Street
from tests.ven.scripted import event

MINUTE = timedelta(minutes=1)


async def test_r103_a_handler_finds_when_each_interval_starts_although_no_message_says_it(
    street: Street,
) -> None:
    ven = street.openleadr()
    seen: list[dict[str, Any]] = []

    def on_event(event: dict[str, Any]) -> str:
        seen.append(event)
        return "optIn"

    ven.add_handler("on_event", on_event)
    coming = event("e1", levels=((1, 10), (2, 20)))
    assert [one.dtstart for one in coming.signals[0].intervals] == [None, None]
    street.vtn.distribute(coming)
    await ven.run()
    for found in (seen[0], ven.received_events[0]):
        first, second = found["event_signals"][0]["intervals"]
        assert (first["dtstart"], first["uid"]) == (found["active_period"]["dtstart"], 0)
        assert (second["dtstart"], second["uid"]) == (first["dtstart"] + 10 * MINUTE, 1)
        assert found["event_descriptor"]["priority"] == 0
        assert found["event_descriptor"]["test_event"] is False


async def test_a_handler_of_changes_is_told_the_number_of_a_cancellation(street: Street) -> None:
    ven = street.openleadr()
    seen: list[tuple[str, int]] = []

    def on_update_event(event: dict[str, Any]) -> str:
        descriptor = event["event_descriptor"]
        seen.append((descriptor["event_status"], descriptor["modification_number"]))
        return "optOut"

    ven.add_handler("on_event", lambda event: "optIn")
    ven.add_handler("on_update_event", on_update_event)
    street.vtn.distribute(event("e1"))
    await ven.run()
    street.vtn.distribute(event("e1", modification=1, status=EventStatus.CANCELLED))
    await street.pass_time(MINUTE)
    assert seen == [("cancelled", 1)]
