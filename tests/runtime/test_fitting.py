from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any

import pytest

import ven.hooks
import vtn.hooks
from runtime.fitting import nearest
from runtime.hooks import HandlerError, Hook, Registry

HOOKS = (
    Hook(name="on_update_report", parameters=("update", "ctx")),
    Hook(name="on_poll", parameters=("ctx",), returns=(str,), deciding=True),
)


def registry() -> Registry:
    return Registry(HOOKS)


class Works:
    async def on_poll(self, ctx: Any) -> str:
        return "x"


async def too_few() -> str:
    return ""


async def too_many(ctx: Any, more: Any) -> str:
    return ""


async def keyword_only(*, ctx: Any) -> str:
    return ""


async def keyword_of_another_name(ctx: Any, *, store: Any) -> str:
    return ""


async def yields(ctx: Any) -> AsyncIterator[str]:
    yield ""


def yields_at_once(ctx: Any) -> Iterator[str]:
    yield ""


@pytest.mark.parametrize(
    "function",
    [too_few, too_many, keyword_only, keyword_of_another_name, yields, yields_at_once, Works],
)
def test_what_does_not_fit_is_refused_with_its_name_and_the_right_signature(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(HandlerError) as caught:
        registry().add_function("on_poll", function)
    assert function.__name__ in str(caught.value)
    assert "expected async def on_poll(ctx)" in str(caught.value)


@pytest.mark.parametrize(
    "function",
    [
        lambda ctx: "",
        lambda context, more=1: "",
        lambda *args: "",
        lambda ctx, *, more=1: "",
        partial(too_many, more=1),
        Works().on_poll,
    ],
)
def test_what_can_be_called_so_is_taken_whatever_its_parameters_are_called(
    function: Callable[..., Any],
) -> None:
    hooks = registry()
    hooks.add_function("on_poll", function)
    assert hooks.has("on_poll")


def test_a_method_that_does_not_fit_is_told_with_self() -> None:
    class Wrong:
        async def on_poll(self) -> str:
            return ""

    with pytest.raises(HandlerError, match=r"Wrong\.on_poll .*async def on_poll\(self, ctx\)"):
        registry().add(Wrong())


def test_a_class_in_place_of_an_instance_is_refused_with_how_to_make_one() -> None:
    with pytest.raises(HandlerError, match=r"Works is a class; expected an instance.*Works\(\)"):
        registry().add(Works)


def test_a_hook_that_is_no_function_is_refused() -> None:
    class Wrong:
        on_poll = "later"

    with pytest.raises(HandlerError, match="on_poll is 'later', which cannot be called"):
        registry().add(Wrong())


def test_a_hook_that_is_none_counts_as_absent() -> None:
    class Mute(Works):
        on_poll = None  # type: ignore[assignment]

        async def on_update_report(self, update: Any, ctx: Any) -> None: ...

    hooks = registry()
    hooks.add(Mute())
    assert not hooks.has("on_poll")
    assert hooks.has("on_update_report")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("on_update_reports", "on_update_report"),
        ("on_updated_report", "on_update_report"),
        ("on_udpate_report", "on_update_report"),
        ("on_report_update", "on_update_report"),
        ("onUpdateReport", "on_update_report"),
        ("On_Poll", "on_poll"),
        ("on_polls", "on_poll"),
    ],
)
def test_a_misspelt_method_is_refused_with_the_one_that_is_meant(name: str, meant: str) -> None:
    async def watch(self: Any, update: Any, ctx: Any) -> None: ...

    handler = type("Misspelt", (Works,), {name: watch})()
    with pytest.raises(HandlerError, match=rf"Misspelt\.{name} is no hook .*did you mean {meant}"):
        registry().add(handler)


@pytest.mark.parametrize(
    "name", ["on_mqtt_message", "on_start", "on_all", "once", "update_report", "poll", "_on_polls"]
)
def test_another_public_method_is_nobodys_business(name: str) -> None:
    handler = type("Busy", (Works,), {name: lambda self: None})()
    registry().add(handler)


def test_properties_of_a_handler_are_not_asked() -> None:
    class Shy(Works):
        @property
        def on_polls(self) -> str:
            raise AssertionError("must not be asked")

    registry().add(Shy())


def test_a_misspelt_name_of_a_function_is_refused_with_the_one_that_is_meant() -> None:
    with pytest.raises(
        HandlerError, match=r"no hook 'on_pol'; hooks are: .*; did you mean on_poll\?"
    ):
        registry().add_function("on_pol", lambda ctx: "")


def test_no_hook_of_one_party_is_taken_for_a_misspelt_one_of_the_other() -> None:
    ours = {hook.name for hook in vtn.hooks.HOOKS}
    theirs = {hook.name for hook in ven.hooks.HOOKS}
    for name in theirs - ours:
        assert nearest(name, ours) == ""
    for name in ours - theirs:
        assert nearest(name, theirs) == ""
