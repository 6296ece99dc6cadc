"""What can be judged: files with messages, exported traces, folders of either.

* ``NAME.xml``: one message. ``NAME.request.xml`` and ``NAME.reply.xml`` are an exchange.
* ``NAME.oadr-trace.json``: an exported trace, of ``vtn trace``, ``ven trace`` or a proxy.
* A folder that a VTN, a VEN or a proxy writes its trace to, also while it does.
"""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from conformance.checks import Document, Side
from oadr.errors import OpenADRError
from runtime.capture.bundle import SUFFIX, load_bundle
from runtime.capture.reader import Reader
from runtime.capture.record import Exchange, Party
from runtime.capture.segments import segment_paths

#: Messages that only a VTN sends, in answer to a request or of its own accord (section 1.2).
FROM_VTN = frozenset(
    {
        "oadrCanceledOpt",
        "oadrCreatedOpt",
        "oadrCreatedPartyRegistration",
        "oadrDistributeEvent",
        "oadrRequestReregistration",
    }
)
#: Files of a folder, bytes of a message, of an exported trace, and of one that is written.
MOST_FILES = 10_000
MOST_OF_MESSAGE = 64 * 1024 * 1024
MOST_OF_TRACE = 1024 * 1024 * 1024
MOST_OF_FOLDER = 8 * 1024 * 1024 * 1024
_DAMAGED = (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
_REQUEST, _REPLY = ".request.xml", ".reply.xml"


class SourceError(OpenADRError):
    """A file that holds nothing which can be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something that was recorded.

    Attributes:
        name: of the file or folder, for people.
        exchanges: in their order.
        alone: whether it is the traffic of one VEN with one VTN.
    """

    name: str
    exchanges: tuple[Exchange, ...]
    alone: bool = False


def sources(paths: Iterable[Path], *, sender: Side | None = None) -> Iterator[Source]:
    """Yields what there is to judge.

    Args:
        paths: files and folders; folders are searched for the files that are known.
        sender: who sent single messages; None tells it by the message.

    Raises:
        SourceError: a file holds nothing that can be judged, or is not there.
    """
    for path in paths:
        if path.is_dir() and any(True for _ in segment_paths(path)):
            yield Source(name=str(path), exchanges=tuple(_captured(path)))
        elif path.is_dir():
            inner = _inside(path)
            if not inner:
                raise SourceError(f"{path}: nothing to judge; expected *.xml, *{SUFFIX} or a trace")
            yield from sources(sorted(inner), sender=sender)
        elif path.name.endswith(_REPLY) and path.with_name(_asking(path)).exists():
            continue
        else:
            yield _file(path, sender)


def _inside(folder: Path) -> list[Path]:
    """Returns the files of a folder that can be judged.

    Raises:
        SourceError: they are too many, or one leads out of the folder.
    """
    found: list[Path] = []
    for pattern in ("*.xml", f"*{SUFFIX}"):
        for path in islice(folder.rglob(pattern), MOST_FILES + 1):
            if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                raise SourceError(f"{path}: leads out of {folder}")
            found.append(path)
    if len(found) > MOST_FILES:
        raise SourceError(f"{folder}: holds more than {MOST_FILES} files")
    return found


def _check_file(path: Path, most: int) -> None:
    """Finds what is no file, or too long a one, before it is read.

    Raises:
        SourceError: it is one of these.
        OSError: it is not there.
    """
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise SourceError(f"{path}: is no file")
    if about.st_size > most:
        raise SourceError(f"{path}: has {about.st_size:,} bytes; at most {most:,} are read")


def _asking(path: Path) -> str:
    return path.name.removesuffix(_REPLY) + _REQUEST


def _captured(folder: Path) -> Iterator[Exchange]:
    try:
        size = 0
        for path in segment_paths(folder):
            _check_file(path, MOST_OF_TRACE)
            size += path.stat().st_size
        if size > MOST_OF_FOLDER:
            raise SourceError(f"{folder}: has {size:,} bytes; at most {MOST_OF_FOLDER:,} are read")
        unpacked = 0
        for entry in Reader(folder).new():
            record = entry.whole
            if isinstance(record, Exchange):
                unpacked += len(record.request) + len(record.response)
                if unpacked > MOST_OF_TRACE:
                    raise SourceError(f"{folder}: unpacks to more than {MOST_OF_TRACE:,} bytes")
                _check_exchange(record)
                yield record
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror or error}") from None
    except _DAMAGED as error:
        raise SourceError(f"{folder}: is no trace that can be read: {error}") from None


def _check_exchange(one: Exchange) -> None:
    """Finds what is no exchange although it is written like one.

    Raises:
        ValueError: it is none.
    """
    texts = (one.service, one.peer, one.ven_id, one.fingerprint, one.problem, one.target)
    if one.asked_by not in ("VTN", "VEN") or not all(isinstance(each, str) for each in texts):
        raise ValueError("an exchange of nobody")
    if one.at.tzinfo is None or not isinstance(one.status, int | None):
        raise ValueError("an exchange without time zone, or with a status that is none")


def _file(path: Path, sender: Side | None) -> Source:
    try:
        if path.name.endswith(".json"):
            _check_file(path, MOST_OF_TRACE)
            exchanges = load_bundle(path).exchanges
            for one in exchanges:
                _check_exchange(one)
            return Source(name=str(path), exchanges=exchanges)
        _check_file(path, MOST_OF_MESSAGE)
        data = path.read_bytes()
        answer = path.with_name(path.name.removesuffix(_REQUEST) + _REPLY)
        paired = path.name.endswith(_REQUEST) and answer.exists()
        if paired:
            _check_file(answer, MOST_OF_MESSAGE)
        reply = answer.read_bytes() if paired else b""
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from None
    except SourceError:
        raise
    except OpenADRError as error:
        raise SourceError(str(error)) from None
    except _DAMAGED as error:
        raise SourceError(f"{path}: is no exported trace: {error}") from None
    return Source(name=str(path), exchanges=(_message(path, data, reply, sender),), alone=True)


def _message(path: Path, data: bytes, reply: bytes, sender: Side | None) -> Exchange:
    document = Document(data, Side.VEN)
    if document.root is None and (path.suffix != ".xml" or not data.strip()):
        # A broken document is a message with a fault; what has another name may be anything.
        raise SourceError(f"{path}: is no XML: {document.invalid}")
    asked_by: Party = "VTN" if (sender or sender_of(document.name)) is Side.VTN else "VEN"
    moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Exchange(
        at=moment,
        began=moment.timestamp(),
        took=timedelta(0),
        asked_by=asked_by,
        service="",
        peer="",
        message=document.name,
        status=200,
        request=data,
        response=reply,
    )


def sender_of(name: str) -> Side:
    """Returns who sends messages of a name; the VEN where both do."""
    return Side.VTN if name in FROM_VTN else Side.VEN
