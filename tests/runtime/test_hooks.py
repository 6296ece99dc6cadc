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
