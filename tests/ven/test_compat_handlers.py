"""Handlers of OpenLEADR's kind: dicts in, ``"optIn"`` or ``"optOut"`` out."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr.enums import EventStatus, OptType, ResponseRequired
from oadr.messages import CreatedEvent, Event, EventResponse
from runtime.hooks import HandlerError
from tests.ven.compat_world import Street
from tests.ven.scripted import NOW, event
from ven import VEN
from ven.hooks import Context, EventHandler
from ven.options import Options

MINUTE = timedelta(minutes=1)


def answers(street: Street) -> list[EventResponse]:
    return [one for message in street.vtn.got(CreatedEvent) for one in message.responses]


async def given(street: Street, ven: VEN, *events: Event) -> list[EventResponse]:
    """Lets the VTN distribute events and returns the first new answer to each."""
    before = len(answers(street))
    street.vtn.distribute(*events)
    await (street.pass_time(MINUTE) if ven._machine.running else ven.run())
    if len(answers(street)) == before:
        await street.pass_time(MINUTE)
    return list({one.event_id: one for one in reversed(answers(street)[before:])}.values())[::-1]


async def test_a_function_gets_a_dict_and_its_answer_counts(street: Street) -> None:
    ven, seen = street.openleadr(), []

    def on_event(event: dict[str, Any]) -> str:
        seen.append(event)
        return "optIn"

    ven.add_handler("on_event", on_event)
    (answer,) = await given(street, ven, event("e1"))
    assert (answer.opt_type, answer.code) == (OptType.OPT_IN, 200)
    (found,) = seen
    assert found["event_descriptor"]["event_id"] == "e1"
    assert found["active_period"]["dtstart"] == NOW + 30 * MINUTE
    assert found["event_signals"][0]["signal_name"] == "SIMPLE"


async def test_a_coroutine_function_does_as_well_and_openleadrs_keyword(street: Street) -> None:
    ven = street.openleadr()

    async def on_event(event: dict[str, Any]) -> str:
        return "optIn"

    ven.add_handler(handler="on_event", callback=on_event)
    (answer,) = await given(street, ven, event("e1"))
    assert answer.opt_type is OptType.OPT_IN


@pytest.mark.parametrize("wrong", [None, "maybe", True, ("optIn",)])
async def test_a_wrong_answer_is_opt_out_and_an_error_that_names_the_handler(
    street: Street, caplog: pytest.LogCaptureFixture, wrong: object
) -> None:
    ven = street.openleadr()

    def peculiar(event: dict[str, Any]) -> object:
        return wrong

    ven.add_handler("on_event", peculiar)
    (answer,) = await given(street, ven, event("e1"))
    assert (answer.opt_type, answer.code) == (OptType.OPT_OUT, 469)
    (error,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert "peculiar" in error.getMessage()
    assert repr(wrong) in error.getMessage()
    assert "'optIn' or 'optOut'" in error.getMessage()


async def test_an_event_that_wants_no_answer_needs_no_decision(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    ven = street.openleadr()
    ven.add_handler("on_event", lambda event: None)
    street.vtn.events = [event("e1", required=ResponseRequired.NEVER)]
    await ven.run()
    assert [one["event_descriptor"]["event_id"] for one in ven.received_events] == ["e1"]
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


async def test_one_that_raises_costs_its_own_event_only(street: Street) -> None:
    ven = street.openleadr()

    def on_event(event: dict[str, Any]) -> str:
        if event["event_descriptor"]["event_id"] == "e1":
            raise RuntimeError("no")
        return "optIn"

    ven.add_handler("on_event", on_event)
    found = await given(street, ven, event("e1"), event("e2", start=NOW + 500 * MINUTE))
    assert [(one.event_id, one.opt_type.value) for one in found] == [
        ("e1", "optOut"),
        ("e2", "optIn"),
    ]


async def test_without_on_event_events_are_opted_out_of_and_the_log_says_why(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    (answer,) = await given(street, street.openleadr(), event("e1"))
    assert answer.opt_type is OptType.OPT_OUT
    assert any("You should implement your own on_event handler" in one for one in caplog.messages)


@pytest.mark.parametrize(
    "arguments", [{"default_opt": "optIn"}, {"options": Options(ven_name="school-7")}]
)
async def test_default_opt_and_options_say_what_is_answered_without_on_event(
    street: Street, arguments: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    (answer,) = await given(street, street.openleadr(**arguments), event("e1"))
    assert answer.opt_type is OptType.OPT_IN
    assert not any("on_event" in one for one in caplog.messages)


async def test_without_on_update_event_the_earlier_answer_stands(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    ven, asked = street.openleadr(), []

    def on_event(event: dict[str, Any]) -> str:
        asked.append(event)
        return "optIn"

    ven.add_handler("on_event", on_event)
    await given(street, ven, event("e1"))
    (answer,) = await given(street, ven, event("e1", modification=1, levels=((3, 30),)))
    assert (answer.opt_type, answer.modification_number) == (OptType.OPT_IN, 1)
    assert len(asked) == 1
    assert any("on_update_event" in one for one in caplog.messages)


async def test_on_update_event_decides_about_changes_and_hears_of_cancellations(
    street: Street,
) -> None:
    ven, asked = street.openleadr(), []

    def on_update_event(event: dict[str, Any]) -> str:
        asked.append(event["event_descriptor"])
        return "optOut"

    ven.add_handler("on_event", lambda event: "optIn")
    ven.add_handler("on_update_event", on_update_event)
    await given(street, ven, event("e1"))
    (answer,) = await given(street, ven, event("e1", modification=1))
    assert answer.opt_type is OptType.OPT_OUT
    assert ven.responded_events == {"e1": "optOut"}
    gone = event("e1", modification=2, status=EventStatus.CANCELLED)
    (answer,) = await given(street, ven, gone)
    assert (answer.opt_type, answer.code) == (OptType.OPT_IN, 200)
    assert [one["event_status"] for one in asked] == ["far", "cancelled"]
    assert ven.responded_events == {}


async def test_a_typed_handler_is_known_by_its_last_parameter(street: Street) -> None:
    ven, seen = street.openleadr(), []

    async def on_event(event: Event, ctx: Context) -> str:
        seen.append((event.event_id, ctx.ven_id))
        return "optIn"

    ven.add_handler("on_event", on_event)
    ven.add_handler("on_registered", lambda registration_id, ctx: seen.append(registration_id))
    await given(street, ven, event("e1"))
    (answer,) = await given(street, ven, event("e1", modification=1))
    assert answer.opt_type is OptType.OPT_IN
    assert seen == ["reg-1", ("e1", "ven-1"), ("e1", "ven-1")]


async def test_adding_again_replaces_and_so_does_assigning(street: Street) -> None:
    ven = street.openleadr()
    ven.add_handler("on_event", lambda event: "optOut")
    ven.add_handler("on_event", lambda event, ctx: "optOut")
    ven.on_event = lambda event: "optIn"  # type: ignore[assignment,method-assign]
    (answer,) = await given(street, ven, event("e1"))
    assert answer.opt_type is OptType.OPT_IN
    ven.on_update_event = lambda event: "optOut"  # type: ignore[assignment,method-assign]
    (answer,) = await given(street, ven, event("e1", modification=1))
    assert answer.opt_type is OptType.OPT_OUT


async def test_a_handler_may_come_while_the_ven_runs(street: Street) -> None:
    ven = street.openleadr()
    await ven.run()
    ven.add_handler("on_event", lambda event: "optIn")
    (answer,) = await given(street, ven, event("e1"))
    assert answer.opt_type is OptType.OPT_IN


class Overriding(VEN):
    """An application that inherits, as some of OpenLEADR's do."""

    async def on_event(  # type: ignore[override]
        self, event: dict[str, Any]
    ) -> str:
        return "optIn" if self.ven_name == "school-7" else "optOut"

    def on_update_event(self, event: dict[str, Any]) -> str:
        return "optOut"


async def test_a_subclass_that_overrides_the_handlers_works(street: Street) -> None:
    ven = street.made(Overriding)
    (answer,) = await given(street, ven, event("e1"))
    assert answer.opt_type is OptType.OPT_IN
    (answer,) = await given(street, ven, event("e1", modification=1))
    assert answer.opt_type is OptType.OPT_OUT


async def test_as_a_decorator_it_adds_and_called_with_an_event_it_asks(street: Street) -> None:
    ven = street.openleadr()
    assert ven.on_event({"event_descriptor": {}}) == "optOut"

    @ven.on_event
    def decide(event: dict[str, Any]) -> str:
        return "optIn"

    @ven.on_update_event
    def again(event: dict[str, Any]) -> str:
        return "optOut"

    assert ven.on_event({"event_descriptor": {}}) == "optIn"
    assert ven.on_update_event({"event_descriptor": {}}) == "optOut"
    (answer,) = await given(street, ven, event("e1"))
    assert answer.opt_type is OptType.OPT_IN


async def test_a_handler_object_decides_as_ever(street: Street) -> None:
    class Never(EventHandler):
        async def on_event(self, event: Event, ctx: Context) -> str:
            return "optOut"

    ven = street.openleadr(handlers=[Never()])
    (answer,) = await given(street, ven, event("e1"))
    assert (answer.opt_type, answer.code) == (OptType.OPT_OUT, 200)
    with pytest.raises(HandlerError, match=r"is decided by .*Never\.on_event already"):
        ven.add_handler("on_event", lambda event: "optIn")


def test_a_handler_with_a_wrong_signature_is_refused_when_it_is_added() -> None:
    ven = VEN("a", "http://x")
    with pytest.raises(HandlerError, match=r"expected async def on_event\(event\), which gets a"):
        ven.add_handler("on_event", lambda: "optIn")
    with pytest.raises(HandlerError, match=r"expected async def on_update_event\(event\)"):
        ven.add_handler("on_update_event", lambda event, more: "optIn")
    with pytest.raises(HandlerError, match=r"expected async def on_event\(event, ctx\)"):
        ven.add_handler("on_event", lambda ctx: "optIn")
    with pytest.raises(HandlerError, match="without a callback"):
        ven.add_handler("on_event")


def test_an_unknown_name_is_logged_and_ignored(caplog: pytest.LogCaptureFixture) -> None:
    ven = VEN("a", "http://x")
    ven.add_handler("on_evnt", lambda event: "optIn")
    (line,) = caplog.messages
    assert line.startswith("'handler' must be either on_event or on_update_event")
    assert not ven._machine.core.hooks.has("on_event")


async def test_a_typed_handler_of_changes_takes_the_place_of_one_of_dicts(street: Street) -> None:
    told: list[object] = []
    ven = street.openleadr()
    ven.add_handler("on_event", lambda event: "optIn")
    ven.add_handler("on_update_event", told.append)
    ven.add_handler("on_update_event", lambda event, ctx: "optOut")
    await given(street, ven, event("e1"))
    await given(street, ven, replace(event("e1", modification=1)))
    await given(street, ven, event("e1", modification=2, status=EventStatus.CANCELLED))
    assert not told


async def test_an_error_of_openleadrs_opts_out_with_its_code(street: Street) -> None:
    from openleadr import errors

    refusal: Any = errors.NotAllowedError
    ven = street.openleadr()

    async def on_event(event: dict[str, Any]) -> str:
        raise refusal("not today")

    ven.add_handler("on_event", on_event)
    (answer,) = await given(street, ven, event("e1"))
    assert (answer.opt_type, answer.code, answer.description) == (
        OptType.OPT_OUT,
        451,
        "not today",
    )
