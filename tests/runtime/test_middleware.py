import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from oadr.errors import DeploymentError, NotRegistered, ProtocolError
from runtime.hooks import HandlerError
from runtime.middleware import Call, Chain


def is_text(reply: Any) -> str:
    """What is wrong with a reply: here every reply is a text."""
    return "" if isinstance(reply, str) else f"{reply!r}; expected a text"


async def echo(message: str) -> str:
    return f"<{message}>"


async def run(*middleware: Any, handle: Call = echo, limit: float = 5.0) -> Any:
    chain = Chain(time_limit=limit)
    for one in middleware:
        chain.add(one)
    return await chain.run("hello", "ctx", handle, is_text)


def marks(letter: str) -> Callable[[str, Any, Call], Any]:
    async def mark(message: str, ctx: Any, call_next: Call) -> str:
        reply: str = await call_next(f"{message}{letter}")
        return f"{reply}{letter}"

    return mark


async def test_the_first_that_was_added_is_outermost() -> None:
    assert await run(marks("a"), marks("b")) == "<helloab>ba"


async def test_it_is_told_the_message_and_the_context() -> None:
    seen = []

    async def look(message: str, ctx: Any, call_next: Call) -> Any:
        seen.append((message, ctx))
        return await call_next(message)

    assert await run(look) == "<hello>"
    assert seen == [("hello", "ctx")]


async def test_it_may_answer_itself() -> None:
    async def answer(message: str, ctx: Any, call_next: Call) -> str:
        return "mine"

    async def never(message: str) -> str:
        raise AssertionError("must not be called")

    assert await run(marks("a"), answer, handle=never) == "minea"


async def test_a_plain_function_and_an_object_will_do() -> None:
    class Counts:
        calls = 0

        async def __call__(self, message: str, ctx: Any, call_next: Call) -> Any:
            self.calls += 1
            return await call_next(message)

    counts = Counts()
    assert await run(counts, lambda message, ctx, call_next: call_next(message)) == "<hello>"
    assert counts.calls == 1


async def test_it_refuses_by_a_protocol_error() -> None:
    async def refuse(message: str, ctx: Any, call_next: Call) -> str:
        raise NotRegistered("not here")

    with pytest.raises(NotRegistered, match="not here"):
        await run(marks("a"), refuse)


async def test_it_sees_a_refusal_from_inside_and_may_answer_in_its_place() -> None:
    async def forgive(message: str, ctx: Any, call_next: Call) -> Any:
        try:
            return await call_next(message)
        except ProtocolError as error:
            return str(error)

    async def refuse(message: str) -> str:
        raise NotRegistered("not here")

    assert await run(forgive, handle=refuse) == "not here"


async def raises(message: str, ctx: Any, call_next: Call) -> Any:
    await call_next(message)
    raise KeyError("oops")


async def hangs(message: str, ctx: Any, call_next: Call) -> Any:
    await asyncio.Event().wait()


async def forgets_to_return(message: str, ctx: Any, call_next: Call) -> Any:
    await call_next(message)


async def returns_a_number(message: str, ctx: Any, call_next: Call) -> Any:
    return 42


async def changes_the_kind(message: str, ctx: Any, call_next: Call) -> Any:
    return await call_next(b"bytes")


async def is_cancelled(message: str, ctx: Any, call_next: Call) -> Any:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    ("middleware", "reason"),
    [
        (raises, "raised KeyError: 'oops'"),
        (hangs, "took longer than 0.01 s and was stopped"),
        (forgets_to_return, "returned None; expected a text"),
        (returns_a_number, "returned 42; expected a text"),
        (changes_the_kind, "call_next was given bytes; expected str"),
        (is_cancelled, "was cancelled by what it waited for"),
    ],
)
async def test_one_that_fails_is_a_469_that_says_nothing_and_a_log_line_with_its_name(
    middleware: Any, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(DeploymentError) as caught:
        await run(marks("a"), middleware, limit=0.01)
    assert caught.value.code == 469
    assert middleware.__name__ not in str(caught.value)
    (record,) = caplog.records
    assert f"middleware {__name__}.{middleware.__name__}: " in record.getMessage()
    assert reason in record.getMessage()


async def test_what_the_handling_raises_is_nobodys_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def breaks(message: str) -> str:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await run(marks("a"), marks("b"), handle=breaks)
    assert not caplog.records


async def test_the_handling_takes_as_long_as_it_takes() -> None:
    async def slow(message: str) -> str:
        await asyncio.sleep(0.05)
        return "slow"

    assert await run(marks(""), marks(""), handle=slow, limit=0.03) == "slow"


async def test_time_before_and_after_the_handling_counts_together(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def dawdles(message: str, ctx: Any, call_next: Call) -> Any:
        await asyncio.sleep(0.02)
        reply = await call_next(message)
        await asyncio.sleep(0.02)
        return reply

    with pytest.raises(DeploymentError):
        await run(dawdles, limit=0.03)
    assert "took longer" in caplog.text


async def test_it_may_try_again() -> None:
    tries = []

    async def retry(message: str, ctx: Any, call_next: Call) -> Any:
        try:
            return await call_next(message)
        except OSError:
            return await call_next(message)

    async def breaks_once(message: str) -> str:
        tries.append(message)
        if len(tries) == 1:
            raise OSError
        return "at last"

    assert await run(retry, handle=breaks_once) == "at last"


async def test_call_next_is_of_no_use_when_the_reply_is_out() -> None:
    kept: list[Call] = []

    async def keeps(message: str, ctx: Any, call_next: Call) -> Any:
        kept.append(call_next)
        return await call_next(message)

    await run(keeps)
    with pytest.raises(RuntimeError, match="too late"):
        await kept[0]("hello")


async def test_a_cancellation_of_the_exchange_goes_through() -> None:
    task = asyncio.create_task(run(hangs))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda message, call_next: "", r"async def middleware\(message, ctx, call_next\)"),
        (Chain, r"Chain is a class; expected an instance .*__call__\(self, message, ctx"),
        ("no", "which cannot be called"),
    ],
)
def test_what_cannot_be_one_is_refused_with_the_signature(wrong: Any, words: str) -> None:
    chain = Chain()
    with pytest.raises(HandlerError, match=words):
        chain.add(wrong)
    assert not chain


async def test_a_middleware_for_some_messages_is_not_asked_about_others() -> None:
    asked: list[object] = []

    async def note(message: Any, ctx: Any, call_next: Any) -> Any:
        asked.append(message)
        return await call_next(message)

    async def handle(message: Any) -> str:
        return "reply"

    chain = Chain()
    chain.add(note, messages=(int,))
    assert chain.concerned(str) == ()
    for message in (1, "one", 2):
        assert await chain.run(message, None, handle, lambda reply: "") == "reply"
    assert asked == [1, 2]
    chain.add(note)
    assert chain.concerned(str) == (note,)
