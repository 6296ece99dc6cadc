import asyncio
from typing import Any

import pytest

from oadr.errors import NotRegistered
from runtime.hooks import HandlerError, Hook, HookFailed, Registry, default, describe

DECIDE = Hook(name="on_ask", parameters=("question", "ctx"), returns=(str,), deciding=True)
WATCH = Hook(name="on_tell", parameters=("news", "ctx"))


def registry(limit: float = 5.0) -> Registry:
    return Registry((DECIDE, WATCH), time_limit=limit)


class Base:
    @default
    async def on_ask(self, question: str, ctx: object) -> str:
        return "default"

    @default
    async def on_tell(self, news: str, ctx: object) -> None:
        """Does nothing."""


class Answers(Base):
    async def on_ask(self, question: str, ctx: object) -> str:
        return question.upper()


async def test_without_a_handler_nothing_is_decided() -> None:
    assert await registry().decide("on_ask", "hello", None) is None


async def test_a_handler_object_decides() -> None:
    hooks = registry()
    hooks.add(Answers())
    assert await hooks.decide("on_ask", "hello", None) == "HELLO"


async def test_a_plain_function_decides_too() -> None:
    hooks = registry()
    hooks.add_function("on_ask", lambda question, ctx: question * 2)
    assert await hooks.decide("on_ask", "ab", None) == "abab"


def test_an_inherited_default_does_not_count_as_a_handler() -> None:
    hooks = registry()
    hooks.add(Answers())
    assert hooks.has("on_ask")
    assert not hooks.has("on_tell")


def test_an_object_without_a_hook_is_refused_with_the_names_of_the_hooks() -> None:
    with pytest.raises(HandlerError, match="on_ask, on_tell"):
        registry().add(Base())


def test_a_wrong_signature_is_refused_with_the_right_one() -> None:
    with pytest.raises(HandlerError, match=r"async def on_ask\(question, ctx\)"):
        registry().add_function("on_ask", lambda question: question)


def test_a_second_one_to_decide_is_refused_and_changes_nothing() -> None:
    hooks = registry()
    hooks.add(Answers())

    class Both(Base):
        async def on_ask(self, question: str, ctx: object) -> str:
            return "no"

        async def on_tell(self, news: str, ctx: object) -> None:
            raise AssertionError("must not have been added")

    with pytest.raises(HandlerError, match="decided by"):
        hooks.add(Both())
    assert not hooks.has("on_tell")


def test_an_unknown_hook_is_refused() -> None:
    with pytest.raises(HandlerError, match="there is no hook 'on_nothing'"):
        registry().add_function("on_nothing", print)


async def test_a_handler_that_raises_is_named() -> None:
    def bad(question: str, ctx: object) -> str:
        raise ValueError("out of cheese")

    hooks = registry()
    hooks.add_function("on_ask", bad)
    with pytest.raises(HookFailed, match=r"bad for on_ask: raised ValueError: out of cheese"):
        await hooks.decide("on_ask", "", None)


async def test_a_handler_that_hangs_is_stopped() -> None:
    stopped = asyncio.Event()

    async def slow(question: str, ctx: object) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return ""

    hooks = registry(limit=0.01)
    hooks.add_function("on_ask", slow)
    with pytest.raises(HookFailed, match=r"took longer than 0\.01 s"):
        await hooks.decide("on_ask", "", None)
    assert stopped.is_set()


async def test_a_handler_that_returns_nonsense_is_named() -> None:
    hooks = registry()
    hooks.add_function("on_ask", lambda question, ctx: 42)
    with pytest.raises(HookFailed, match="returned int, expected str"):
        await hooks.decide("on_ask", "", None)


async def test_a_protocol_error_passes_through_as_a_refusal() -> None:
    def refuse(question: str, ctx: object) -> str:
        raise NotRegistered("no")

    hooks = registry()
    hooks.add_function("on_ask", refuse)
    with pytest.raises(NotRegistered):
        await hooks.decide("on_ask", "", None)


async def test_every_watcher_is_called_although_one_fails() -> None:
    seen: list[Any] = []

    def bad(news: str, ctx: object) -> None:
        raise RuntimeError("first")

    hooks = registry()
    hooks.add_function("on_tell", bad)
    hooks.add_function("on_tell", lambda news, ctx: seen.append(news))
    with pytest.raises(HookFailed, match="first"):
        await hooks.observe("on_tell", "x", None)
    await hooks.notify("on_tell", "y", None)
    assert seen == ["x", "y"]


async def test_every_watcher_is_called_although_one_refuses() -> None:
    seen: list[Any] = []

    def refuse(news: str, ctx: object) -> None:
        raise NotRegistered("no")

    hooks = registry()
    hooks.add_function("on_tell", refuse)
    hooks.add_function("on_tell", lambda news, ctx: seen.append(news))
    with pytest.raises(NotRegistered):
        await hooks.observe("on_tell", "x", None)
    assert seen == ["x"]


async def test_a_time_limit_of_the_handlers_own_is_not_taken_for_ours() -> None:
    async def impatient(question: str, ctx: object) -> str:
        raise TimeoutError("the meter does not answer")

    hooks = registry()
    hooks.add_function("on_ask", impatient)
    with pytest.raises(HookFailed, match="raised TimeoutError: the meter does not answer"):
        await hooks.decide("on_ask", "", None)


def test_what_has_no_signature_is_refused() -> None:
    with pytest.raises(HandlerError, match="does not fit its hook"):
        registry().add_function("on_ask", type)


def test_a_handler_is_described_by_module_and_name() -> None:
    assert describe(Answers().on_ask).endswith("test_hooks.Answers.on_ask")
    assert describe(Answers()).endswith("test_hooks.Answers")


async def test_a_handler_that_awaits_something_cancelled_is_named_and_ends_alone() -> None:
    async def tired(question: str, ctx: object) -> str:
        raise asyncio.CancelledError

    hooks = registry()
    hooks.add_function("on_ask", tired)
    with pytest.raises(HookFailed, match=r"tired for on_ask: was cancelled"):
        await hooks.decide("on_ask", "", None)


async def test_a_hook_may_have_a_time_limit_of_its_own() -> None:
    async def slow(news: str, ctx: object) -> None:
        await asyncio.Event().wait()

    hooks = Registry((DECIDE, WATCH), time_limit=60, time_limits={"on_tell": 0.01})
    hooks.add_function("on_tell", slow)
    with pytest.raises(HookFailed, match=r"took longer than 0\.01 s"):
        await hooks.observe("on_tell", "", None)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"on_tel": 1.0}, r"no hook 'on_tel'; hooks are: on_ask, on_tell; did you mean on_tell"),
        ({"on_ask": 0.0}, r"time limit of on_ask is 0 s; expected more than 0"),
        ({"on_ask": float("nan")}, r"expected more than 0"),
    ],
)
def test_a_time_limit_that_cannot_be_is_refused(limits: dict[str, float], words: str) -> None:
    with pytest.raises(HandlerError, match=words):
        Registry((DECIDE, WATCH), time_limits=limits)


async def test_a_legacy_function_replaces_the_one_before_it() -> None:
    hooks = registry()
    hooks.add_function("on_ask", lambda question, ctx: "first", replace=True)
    hooks.add_function("on_ask", lambda question, ctx: "second", replace=True)
    assert await hooks.decide("on_ask", "", None) == "second"


async def test_a_legacy_function_that_watches_replaces_its_predecessor_and_nobody_else() -> None:
    seen: list[str] = []
    hooks = registry()

    class Watches(Base):
        async def on_tell(self, news: str, ctx: object) -> None:
            seen.append("typed")

    hooks.add(Watches())
    hooks.add_function("on_tell", lambda news, ctx: seen.append("first"), replace=True)
    hooks.add_function("on_tell", lambda news, ctx: seen.append("second"), replace=True)
    await hooks.observe("on_tell", "", None)
    assert seen == ["typed", "second"]


async def test_a_legacy_function_cannot_take_the_place_of_a_typed_handler() -> None:
    hooks = registry()
    hooks.add(Answers())
    with pytest.raises(HandlerError, match=r"decided by .*Answers\.on_ask already"):
        hooks.add_function("on_ask", lambda question, ctx: "mine", replace=True)
    assert await hooks.decide("on_ask", "a", None) == "A"


async def test_a_legacy_function_that_does_not_fit_leaves_the_one_before_it_in_place() -> None:
    hooks = registry()
    hooks.add_function("on_ask", lambda question, ctx: "first", replace=True)
    with pytest.raises(HandlerError, match="does not fit"):
        hooks.add_function("on_ask", lambda question: "second", replace=True)
    assert await hooks.decide("on_ask", "", None) == "first"


async def test_a_typed_handler_cannot_take_the_place_of_a_legacy_function() -> None:
    hooks = registry()
    hooks.add_function("on_ask", lambda question, ctx: "first", replace=True)
    with pytest.raises(HandlerError, match="decided by"):
        hooks.add(Answers())


LISTS = Hook(
    name="on_list", parameters=("ctx",), returns=(list, type(None)), items=(str,), deciding=True
)
READS = Hook(name="on_read", parameters=("ctx",), returns=(str,), read=int, deciding=True)


@pytest.mark.parametrize(
    ("hook", "result", "words"),
    [
        (LISTS, ["a", 1], "returned int in a list, expected str"),
        (LISTS, "a", "returned str, expected list or NoneType"),
        (READS, "many", "returned what makes no sense: invalid literal"),
        (READS, 5, "returned int, expected str"),
    ],
)
async def test_an_answer_that_the_hook_does_not_allow_is_told_with_the_name(
    hook: Hook, result: object, words: str
) -> None:
    def decider(ctx: object) -> object:
        return result

    hooks = Registry((hook,))
    hooks.add_function(hook.name, decider)
    with pytest.raises(HookFailed, match=rf"decider for {hook.name}: {words}"):
        await hooks.decide(hook.name, None)


@pytest.mark.parametrize(
    ("hook", "result", "meaning"), [(LISTS, ["a"], ["a"]), (LISTS, None, None), (READS, "7", 7)]
)
async def test_an_answer_is_read_as_the_hook_says(
    hook: Hook, result: object, meaning: object
) -> None:
    hooks = Registry((hook,))
    hooks.add_function(hook.name, lambda ctx: result)
    assert await hooks.decide(hook.name, None) == meaning


async def test_every_watcher_that_fails_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def first(news: str, ctx: object) -> None:
        raise RuntimeError

    def second(news: str, ctx: object) -> None:
        raise RuntimeError

    hooks = registry()
    hooks.add_function("on_tell", first)
    hooks.add_function("on_tell", second)
    await hooks.notify("on_tell", "", None)
    assert ".first for on_tell" in caplog.text
    assert ".second for on_tell" in caplog.text


def test_the_names_of_the_handlers_of_a_hook_can_be_had() -> None:
    hooks = registry()
    hooks.add(Answers())
    assert hooks.handlers("on_ask") == (describe(Answers().on_ask),)
    assert hooks.handlers("on_tell") == ()
