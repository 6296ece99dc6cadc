"""Work in a short-lived child process, which gives all that it took back to the machine.

To check a configuration takes pydantic, a sixth of the memory that an idle VEN may use,
and for a moment only. A program that wants to stay small says ``with working_apart()``
while it reads its configuration; the checked sections come back by a pipe.
"""

import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

_WANTED: ContextVar[bool] = ContextVar("runtime.apart", default=False)


@contextmanager
def working_apart() -> Iterator[None]:
    """Lets ``apart`` use a child process inside of the block."""
    token = _WANTED.set(True)
    try:
        yield
    finally:
        _WANTED.reset(token)


def apart(work: Callable[[], T], *, sparing: str) -> T:
    """Returns what ``work`` returns, or raises what it raises.

    A child does it if that is wanted, possible and of use. Where a child cannot be made,
    or dies, it is done here.

    Args:
        work: its result, or its error, can be pickled.
        sparing: module that ``work`` imports; nothing is spared if it is there already.
    """
    if not _WANTED.get() or sparing in sys.modules or not _can_fork():
        return work()
    answer = _answer_of_child(work)
    if answer is None:
        return work()
    result, error = answer
    if error is not None:
        raise error
    return result


def _can_fork() -> bool:
    """Whether a child would be a whole program: a fork copies one thread only."""
    return hasattr(os, "fork") and threading.active_count() == 1


def _answer_of_child(work: Callable[[], T]) -> tuple[T, Exception | None] | None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever happens, no second copy of the program may go on from here.
        try:
            os.close(reader)
            _reply(work, writer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    return pickle.loads(data) if data else None  # noqa: S301 - our own child wrote it


def _reply(work: Callable[[], object], writer: int) -> None:
    """Writes the result or the error of ``work``; nothing if it cannot be pickled."""
    try:
        answer: tuple[object, Exception | None] = (work(), None)
    except Exception as error:  # noqa: BLE001 - the parent raises it
        answer = (None, error)
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(pickle.dumps(answer))
