"""Pieces of the work, each with a seed of its own, and what comes of them.

A piece is one party in one world: it can be run again by its part and seed, on any machine.
"""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Protocol, Self

from lxml import etree

from oadr.enums import ProfileName, ServiceName
from tests.fuzz import vtn_side
from tests.fuzz.judging import Fault, Shot, Tally, memory
from tests.fuzz.seeds import Kind
from tests.fuzz.ven_side import VenSide
from tests.fuzz.ven_walk import VenWalk
from tests.fuzz.vtn_side import VtnSide
from tests.fuzz.vtn_walk import VtnWalk

#: Steps of a walk.
STEPS = 60
#: Documents of a piece, and walks.
PIECE = 2000
WALKS = 5
#: Tries to make a document that shows a fault smaller.
_TRIES = 150


class Side(Protocol):
    """A party under fire."""

    tally: Tally

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *error: object) -> None: ...
    def shot(self, kind: Kind) -> Shot: ...
    async def fire(self, shot: Shot) -> object: ...
    async def between(self) -> None: ...


class Walk(Protocol):
    """A party that hears valid things in any order."""

    tally: Tally

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *error: object) -> None: ...
    async def step(self) -> str: ...
    async def finish(self) -> None: ...


SIDES: dict[str, Callable[[Random], Side]] = {
    "vtn": VtnSide,
    "ven-poll": partial(VenSide, push=False),
    "ven-push": partial(VenSide, push=True),
}
PATHS: dict[str, Callable[[Random], Walk]] = {
    "vtn": VtnWalk,
    "ven-poll": partial(VenWalk, push=False),
    "ven-push": partial(VenWalk, push=True),
}
KINDS = {"made": Kind.MADE, "bytes": Kind.BYTES, "tree": Kind.TREE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of work.

    Attributes:
        side: one of ``SIDES``.
        what: one of ``KINDS``, or ``walk``.
        seed: decides everything.
        count: documents, or walks.
    """

    side: str
    what: str
    seed: int
    count: int

    def __str__(self) -> str:
        return f"{self.side}/{self.what}/{self.seed}"


@dataclass(slots=True, kw_only=True)
class Result:
    """What came of a piece.

    Attributes:
        piece: the work.
        tally: what has happened.
        done: documents, or walks.
        grown: bytes by which the process has grown in the second half.
        fault: what must not happen and has; empty if all is well.
        number: of the document or walk with the fault.
        shot: the document with the fault; None where it takes all those before.
        trail: last steps of a walk with a fault.
    """

    piece: Piece
    tally: Tally
    done: int = 0
    grown: int = 0
    fault: str = ""
    number: int = 0
    shot: Shot | None = None
    trail: tuple[str, ...] = ()


def run(piece: Piece) -> Result:
    """Does a piece of work, and returns what came of it."""
    before = logging.root.manager.disable
    # What is refused is logged as a warning, each time.
    logging.disable(logging.WARNING)
    try:
        return asyncio.run(_walks(piece) if piece.what == "walk" else fired(piece))
    finally:
        logging.disable(before)


async def fired(piece: Piece) -> Result:
    """Fires the documents of a piece, and returns what came of it."""
    result = Result(piece=piece, tally=Tally())
    shot: Shot | None = None
    try:
        async with SIDES[piece.side](Random(piece.seed)) as side:
            result.tally = side.tally
            half = 0
            for number in range(piece.count):
                result.number = number
                shot = side.shot(KINDS[piece.what])
                await side.fire(shot)
                result.done += 1
                if number % vtn_side.ROUND == vtn_side.ROUND - 1:
                    shot = None
                    await side.between()
                if number == piece.count // 2:
                    half = memory()
            shot = None
            await side.between()
            result.grown = memory() - half
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        result.fault = _words(error)
        result.shot = await smallest(piece, shot) if shot is not None else None
    return result


async def _walks(piece: Piece) -> Result:
    result = Result(piece=piece, tally=Tally())
    half = 0
    for number in range(piece.count):
        result.number = number
        trail: list[str] = []
        try:
            async with PATHS[piece.side](Random(f"{piece.seed} {number}")) as walk:
                while len(trail) < STEPS:
                    trail += [await walk.step()]
                await walk.finish()
            result.tally.add(walk.tally)
            result.done += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            result.fault, result.trail = _words(error), tuple(trail[-12:])
            return result
        if number == piece.count // 2:
            half = memory()
    result.grown = memory() - half
    return result


def _words(error: Exception) -> str:
    if isinstance(error, Fault):
        return str(error)
    formatter = logging.Formatter()
    return formatter.formatException((type(error), error, error.__traceback__))


# ------------------------------------------------------------ making a fault small


async def smallest(piece: Piece, shot: Shot) -> Shot | None:
    """Returns the smallest document found that shows a fault by itself; None if it does not."""
    if not await _shows(piece, shot):
        return None
    tries = _TRIES
    for smaller in _smaller(shot.data):
        found = replace(shot, data=smaller)
        if await _shows(piece, found):
            return await _on(piece, found, tries)
        tries -= 1
        if tries <= 0:
            break
    return shot


async def _on(piece: Piece, shot: Shot, tries: int) -> Shot:
    """Goes on from a document that is smaller already."""
    while tries > 0:
        for smaller in _smaller(shot.data):
            tries -= 1
            found = replace(shot, data=smaller)
            if tries <= 0 or await _shows(piece, found):
                shot = found if tries > 0 else shot
                break
        else:
            return shot
    return shot


async def _shows(piece: Piece, shot: Shot) -> bool:
    """Returns whether a document shows a fault in a new world."""
    try:
        async with SIDES[piece.side](Random(piece.seed)) as side:
            await side.fire(replace(shot, made=False))
    except Exception:  # noqa: BLE001 - whatever it is, it is the fault
        return True
    return False


def _smaller(data: bytes) -> Iterator[bytes]:
    """Yields documents with something left out, the largest parts first."""
    try:
        root = etree.fromstring(data)
    except etree.XMLSyntaxError:
        size = len(data) // 2
        while size > 0:
            for start in range(0, len(data), size):
                yield data[:start] + data[start + size :]
            size //= 2
        return
    nodes = sorted(root.iter(), key=lambda node: -len(etree.tostring(node)))
    for node in nodes[1:]:
        parent = node.getparent()
        if parent is not None:
            place = parent.index(node)
            parent.remove(node)
            yield etree.tostring(root)
            parent.insert(place, node)


# ------------------------------------------------------------ keeping a fault


def write(result: Result, folder: Path) -> Path:
    """Writes down what takes a fault to show, and returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    piece, shot = result.piece, result.shot
    file = folder / f"{str(piece).replace('/', '-')}-{result.number}.json"
    kept = {
        "side": piece.side,
        "what": piece.what,
        "seed": piece.seed,
        "number": result.number,
        "fault": result.fault,
        "trail": result.trail,
    }
    if shot is not None:
        file.with_suffix(".xml").write_bytes(shot.data)
        kept |= {
            "data": base64.b64encode(shot.data).decode(),
            "service": shot.service,
            "sender": shot.sender,
            "profile": shot.profile,
            "means": shot.means,
        }
    file.write_text(json.dumps(kept, indent=1))
    return file


@asynccontextmanager
async def again(kept: dict[str, Any]) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Gives what lets a fault show that was written down, as ``write`` put it."""
    if "data" not in kept:
        count = kept["number"] + 1
        piece = Piece(side=kept["side"], what=kept["what"], seed=kept["seed"], count=count)
        yield partial(_once_more, piece)
        return
    shot = Shot(
        name=kept["what"],
        data=base64.b64decode(kept["data"]),
        service=ServiceName(kept["service"]),
        sender=kept["sender"],
        profile=ProfileName(kept["profile"]),
        means=kept["means"],
        made=False,
    )
    async with SIDES[kept["side"]](Random(kept["seed"])) as side:
        yield partial(side.fire, shot)


async def _once_more(piece: Piece) -> None:
    result = await (_walks(piece) if piece.what == "walk" else fired(piece))
    if result.fault:
        raise Fault(result.fault)
