"""What a program may plug into a VEN."""

from decimal import Decimal
from typing import Any

import pytest

from oadr.messages import Event
from runtime.hooks import HandlerError
from tests.ven.scripted import NOW, World
from ven.hooks import (
    HOOKS,
    Context,
    EventHandler,
    IntervalCall,
    Moment,
    Opt,
    OptHandler,
    RegistrationHandler,
    ReportHandler,
    RequesterHandler,
    opt_of,
)


class Decides(EventHandler):
    async def on_event(self, event: Event, ctx: Context) -> Opt:
        return "optIn"


def test_every_hook_is_a_method_of_one_handler_class_with_a_documented_default() -> None:
    classes = (EventHandler, ReportHandler, RequesterHandler, OptHandler, RegistrationHandler)
    for hook in HOOKS:
        (owner,) = [cls for cls in classes if hook.name in vars(cls)]
        method = getattr(owner, hook.name)
        assert "Default" in (method.__doc__ or ""), hook.name
        assert getattr(method, "__is_default__", False), hook.name


def test_a_second_handler_that_decides_is_refused(world: World) -> None:
    ven = world.ven()
    ven.add_handler(Decides())
    with pytest.raises(HandlerError, match=r"on_event is decided by .*Decides\.on_event already"):
        ven.add_handler(Decides())


def test_several_handlers_may_watch(world: World) -> None:
    ven = world.ven()

    async def watch(event: Event, interval: IntervalCall, ctx: Context) -> None: ...

    ven.on_interval(watch)
    ven.on_interval(watch)


def test_a_handler_with_another_signature_is_refused_with_the_expected_one(world: World) -> None:
    ven = world.ven()

    def decide(event: Event) -> str:
        return "optIn"

    with pytest.raises(HandlerError, match=r"expected async def on_event\(event, ctx\)"):
        ven.on_event(decide)


def test_a_hook_that_is_misspelt_is_refused_with_those_that_exist(world: World) -> None:
    with pytest.raises(HandlerError, match=r"no hook 'on_evnt'; hooks are: .*on_event"):
        world.ven().add_handler("on_evnt", lambda event, ctx: "optIn")


def test_handlers_of_one_client_are_not_those_of_another(world: World) -> None:
    first, second = world.ven(), world.ven()
    first.add_handler(Decides())
    second.add_handler(Decides())


def test_a_decorated_function_stays_a_function(world: World) -> None:
    ven = world.ven()

    @ven.on_event
    def decide(event: Event, ctx: Any) -> str:
        return "optOut"

    assert decide.__name__ == "decide"


@pytest.mark.parametrize(
    ("moment", "value", "level"),
    [
        (Moment.START, "2", 2),
        (Moment.START, "2.0", 2),
        (Moment.START, "0.25", 0.25),
        (Moment.END, "2", 0),
    ],
)
def test_the_level_of_an_interval_is_what_to_act_on(
    moment: Moment, value: str, level: float
) -> None:
    call = IntervalCall(
        moment=moment,
        index=0,
        signal_name="SIMPLE",
        signal_id="s1",
        value=Decimal(value),
        start=NOW,
        duration=NOW - NOW,
    )
    assert call.level == level


def test_only_opt_in_and_opt_out_are_decisions() -> None:
    assert opt_of("optIn") == "optIn"
    assert opt_of(None) is None
    with pytest.raises(ValueError, match="maybe"):
        opt_of("maybe")
