"""What a poll gets when the VTN itself has nothing to say: ``outbox`` and ``queue``.

Both are named in ``handlers`` of the configuration; only one of them can be used. What
they give out goes out once: whoever needs repetition until an answer comes creates
events and requests reports through the VTN.
"""

import asyncio
import os
import re
from collections import defaultdict, deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from oadr import codec
from oadr import messages as m
from oadr.errors import OpenADRError
from runtime.settings import ConfigError, Section, check
from vtn.hooks import Context, PollHandler
from vtn.services.poll import ALLOWED

#: Larger than any message that a poll is answered with.
MAX_BYTES = 1024 * 1024


class OutboxPoll(PollHandler):
    """Messages that your own program puts in, in the order in which it does.

    They are kept in memory: what has not been fetched is gone when the program ends.

    Args:
        at_most: how many messages may wait for one VEN.
    """

    def __init__(self, *, at_most: int = 1000) -> None:
        self._at_most = at_most
        self._waiting: defaultdict[str, deque[m.Message]] = defaultdict(deque)

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "OutboxPoll":
        """Returns the handler that a section describes; ``at_most`` is its only key.

        Raises:
            ConfigError: a key is wrong.
        """
        return cls(at_most=check(dict(section), _OutboxSettings).at_most)

    def put(self, ven_id: str, message: m.Message) -> None:
        """Adds a message for a VEN.

        Raises:
            ValueError: a poll cannot be answered with it, it is for another VEN, or too
                many wait already.
            oadr.errors.OpenADRError: it does not make a valid document.
        """
        if problem := _problem(message, ven_id):
            raise ValueError(problem)
        codec.decode(codec.encode(message))
        if len(self._waiting[ven_id]) >= self._at_most:
            raise ValueError(f"{self._at_most} messages wait for VEN {ven_id!r} already")
        self._waiting[ven_id].append(message)

    def waiting(self, ven_id: str) -> int:
        """Returns how many messages wait for a VEN."""
        return len(self._waiting.get(ven_id, ()))

    async def on_poll(self, ctx: Context) -> m.Message | None:
        """Gives out the oldest message for this VEN."""
        waiting = self._waiting.get(ctx.ven_id)
        return waiting.popleft() if waiting else None


class _OutboxSettings(Section):
    at_most: int = 1000


class QueueSettings(Section):
    """What ``queue`` can be told.

    Attributes:
        folder: where other programs put messages.
    """

    folder: Path


class QueuePoll(PollHandler):
    """Messages that other programs put into a folder: ``<folder>/<venID>/<number>.xml``.

    The lowest number goes first. A file is a complete ``oadrPayload``; write it under
    another name and rename it, so that nobody reads half of it. What was given out is
    moved to ``sent/`` beside it; what is no message for this VEN is moved to ``refused/``,
    with the reason in a ``.txt``. A venID with characters that a file name should not
    have is percent-encoded, as in a URL.

    Args:
        folder: made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "QueuePoll":
        """Returns the handler that a section describes, see ``QueueSettings``.

        Raises:
            ConfigError: a key is wrong, or the folder cannot be made.
        """
        folder = check(dict(section), QueueSettings).folder
        try:
            return cls(folder)
        except OSError as error:
            raise ConfigError(str(error), key="folder") from None

    def place(self, ven_id: str) -> Path:
        """Returns the folder of a VEN; always one directly below that of the queue."""
        # Dots are left alone by percent-encoding, and "." and ".." mean other folders.
        name = quote(ven_id, safe="")
        if not name.strip("."):
            name = name.replace(".", "%2E") or "%"
        return self._folder / name

    async def on_poll(self, ctx: Context) -> m.Message | None:
        """Gives out the oldest message for this VEN."""
        return await asyncio.to_thread(self._take, ctx)

    def _take(self, ctx: Context) -> m.Message | None:
        place = self.place(ctx.ven_id)
        for path in _oldest_first(place):
            try:
                message = _message(path, ctx.ven_id)
            except (OSError, ValueError, OpenADRError) as error:
                ctx.log.warning("refused %s from the queue: %s", path.name, error)
                _move(path, place / "refused", reason=str(error))
                continue
            if _move(path, place / "sent"):
                return message
        return None


def _oldest_first(place: Path) -> list[Path]:
    try:
        with os.scandir(place) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.name.endswith(".xml") and entry.is_file(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    return [place / name for name in sorted(names, key=_by_number)]


def _by_number(name: str) -> tuple[int, str]:
    """Returns what to sort by: the number that a name starts with, so that 9 is before 10."""
    digits = re.match(r"\d{0,18}", name)
    return (int(digits[0]) if digits and digits[0] else 0, name)


def _message(path: Path, ven_id: str) -> m.Message:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    message = codec.decode(content)
    if problem := _problem(message, ven_id):
        raise ValueError(problem)
    return message


def _problem(message: m.Message, ven_id: str) -> str:
    """Returns why a VEN cannot get this message; empty if it can."""
    if not isinstance(message, ALLOWED):
        return f"a poll cannot be answered with {type(message).__name__}"
    addressed = getattr(message, "ven_id", None)
    if addressed not in (None, ven_id):
        return f"it is for VEN {addressed!r}, not for {ven_id!r}"
    return ""


def _move(path: Path, folder: Path, *, reason: str = "") -> bool:
    """Moves a file; returns whether it was still there. An earlier one is not overwritten."""
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    number = 1
    while target.exists():
        target = folder / f"{path.stem}-{number}{path.suffix}"
        number += 1
    try:
        path.rename(target)
    except FileNotFoundError:
        return False
    if reason:
        target.with_suffix(".txt").write_text(reason + "\n", encoding="utf-8")
    return True
