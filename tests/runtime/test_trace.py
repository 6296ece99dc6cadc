import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.hooks import HandlerError
from runtime.trace import Traces, Traffic

SOME = Traffic(
    direction="in",
    service="OadrPoll",
    peer="school-7",
    fingerprint="",
    at=datetime(2026, 1, 1, tzinfo=UTC),
    body=b"<secret/>",
)


async def test_functions_and_coroutine_functions_see_everything_in_turn() -> None:
    seen: list[tuple[str, Traffic]] = []
    traces = Traces()

    async def later(traffic: Traffic) -> None:
        await asyncio.sleep(0)
        seen.append(("later", traffic))

    traces.add(later)
    traces.add(lambda traffic: seen.append(("at once", traffic)))
    await traces.show(SOME)
    assert seen == [("later", SOME), ("at once", SOME)]


async def test_one_that_raises_is_logged_once_until_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    works = [False, False, True, False]
    seen: list[Traffic] = []

    def look(traffic: Traffic) -> None:
        if not works.pop(0):
            raise OSError("disk full")

    traces = Traces()
    traces.add(look)
    traces.add(seen.append)
    caplog.set_level(logging.ERROR, "openadr.trace")
    for _ in range(4):
        await traces.show(SOME)
    assert len(seen) == 4
    texts = [record.getMessage() for record in caplog.records]
    assert len(texts) == 2
    assert "look: raised OSError: disk full" in texts[0]


async def test_one_that_hangs_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    traces = Traces(time_limit=0.01)

    async def hangs(traffic: Traffic) -> None:
        await asyncio.Event().wait()

    traces.add(hangs)
    async with asyncio.timeout(1):
        await traces.show(SOME)
    assert "hangs: took longer than 0.01 s" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: None, r"async def trace\(traffic\)"),
        (lambda traffic, more: None, r"async def trace\(traffic\)"),
        (Traces, "is a class; expected a function"),
        (None, "cannot be called"),
    ],
)
def test_what_cannot_look_is_refused_with_the_signature(wrong: Any, words: str) -> None:
    traces = Traces()
    with pytest.raises(HandlerError, match=words):
        traces.add(wrong)
    assert not traces


def test_the_body_is_not_shown_by_accident() -> None:
    assert "secret" not in repr(SOME)
