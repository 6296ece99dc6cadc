"""What must hold for every answer of either side, and what is counted."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from oadr import codec, profile_a
from oadr.codec.namespaces import NAMESPACES
from oadr.enums import ProfileName, ServiceName
from oadr.errors import OpenADRError, ProtocolError, XMLError

_CODE = f"{{{NAMESPACES['ei']}}}responseCode"
#: What our sides may answer with (docs/reference/errors.md): success, or one of the errors.
CODES = {"200"} | {str(cls.code) for cls in ProtocolError.__subclasses__()}
#: Longest answer to something that is refused by HTTP alone.
SHORT = 1000
_LIMITS = ("namespaces are declared around", "characters is not accepted", "bytes; at most")


class Fault(Exception):
    """Something that must not happen has happened; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A document that is fired at a party.

    Attributes:
        name: of the message in it; of the damage, where there is none.
        data: the document.
        service: that it goes to.
        sender: who sends it, or in which way; the party knows what that means.
        profile: whose address it goes to.
        means: by what, for parties that one can reach in several ways.
        made: whether it was made by the schema, and not spoilt since.
    """

    name: str
    data: bytes
    service: ServiceName
    sender: str = ""
    profile: ProfileName = ProfileName.B
    means: str = ""
    made: bool = True

    def __str__(self) -> str:
        by = f" by {self.means}" if self.means else ""
        return f"{self.name} from {self.sender} to {self.service} of {self.profile}{by}"


@dataclass(slots=True)
class Tally:
    """What has happened.

    Attributes:
        shots: documents fired.
        valid: of these, those that the schema allows.
        seconds: that answering took.
        worst: the longest that one took, and which.
        outcomes: statuses of HTTP, and codes in answers.
    """

    shots: int = 0
    valid: int = 0
    seconds: float = 0.0
    worst: tuple[float, str] = (0.0, "")
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Takes in what happened elsewhere."""
        self.shots += other.shots
        self.valid += other.valid
        self.seconds += other.seconds
        self.worst = max(self.worst, other.worst)
        self.outcomes.update(other.outcomes)

    @contextmanager
    def timed(self, shot: Shot) -> Iterator[None]:
        """Counts a shot and the time that it takes."""
        began = time.perf_counter()
        yield
        took = time.perf_counter() - began
        self.shots += 1
        self.seconds += took
        if took > self.worst[0]:
            self.worst = took, f"{shot}, {len(shot.data)} bytes"


class Ears(logging.Handler):
    """Hears what is logged as an error, by anybody: a fault of ours, whoever caused it."""

    def __init__(self, excused: Callable[[logging.LogRecord], bool] = lambda record: False) -> None:
        super().__init__(logging.ERROR)
        self._excused = excused
        self._heard: list[str] = []
        self._formatter = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a record."""
        if not self._excused(record) and len(self._heard) < 20:
            self._heard.append(self._formatter.format(record))

    def check(self) -> None:
        """Checks that nothing was heard since the last time.

        Raises:
            Fault: something was.
        """
        heard, self._heard = self._heard, []
        if heard:
            raise Fault("logged as an error: " + "\n".join(heard))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listens while inside, also to a programme that keeps its log to itself."""
        logger, ours = logging.getLogger(), logging.getLogger("openadr")
        former, ours.propagate = ours.propagate, True
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
            ours.propagate = former


def reason_of_406(shot: Shot) -> str:
    """Returns why a document is no message; empty if it is one.

    Raises:
        Fault: it was made by the schema, and is within the limits that are documented.
    """
    try:
        if shot.profile is ProfileName.A:
            profile_a.message_of(profile_a.parse(shot.data))
        else:
            codec.signed_object_of(codec.parse(shot.data))
    except XMLError as error:
        reason = str(error)
        if shot.made and not any(limit in reason for limit in _LIMITS):
            raise Fault(f"what the schema allows is refused: {reason}") from None
        return reason
    except OpenADRError as error:
        # 2.0a has no room for a value that cannot be used.
        return str(error)
    return ""


def check_status(
    status: int,
    body: bytes,
    shot: Shot,
    allowed: set[int],
    tally: Tally,
    *,
    mended: bool = False,
) -> None:
    """Checks the status of HTTP, and what comes with it.

    Args:
        status: as it was answered.
        body: the same.
        shot: what was answered.
        allowed: statuses for what the schema allows.
        tally: counts it.
        mended: whether what the schema forbids may be mended, and taken.

    Raises:
        Fault: it is none of those that the documents allow.
    """
    reason = reason_of_406(shot)
    tally.valid += not reason
    tally.outcomes[f"HTTP {status}"] += 1
    expected = {406} if reason else allowed
    if reason and mended:
        expected = {200, 404, 406}
    if status not in expected:
        words = reason or "the schema allows it"
        raise Fault(f"HTTP {status}, expected {sorted(expected)} ({words}): {body[:500]!r}")
    if status != 200 and len(body) > SHORT:
        raise Fault(f"HTTP {status} with {len(body)} bytes")


def check_answer(body: bytes, profile: ProfileName, tally: Tally) -> str:
    """Checks a document that was answered, and returns the name of its message.

    Args:
        body: the document; none at all is an answer, too.
        profile: that it must be written in.
        tally: counts its code.

    Raises:
        Fault: it is not valid, or has a code that is not documented.
    """
    if not body:
        tally.outcomes["empty"] += 1
        return ""
    try:
        if profile is ProfileName.A:
            message = profile_a.parse(body)
        else:
            message = codec.signed_object_of(codec.parse(body))[0]
    except OpenADRError as error:
        raise Fault(f"an answer that the schema forbids: {error}: {body[:2000]!r}") from None
    codes = [str(node.text).strip() for node in message.iter(_CODE)]
    unknown = set(codes) - CODES
    if unknown:
        raise Fault(f"codes that are not documented: {sorted(unknown)}")
    tally.outcomes[f"code {codes[0] if codes else 'none'}"] += 1
    return str(etree.QName(message).localname)


def memory() -> int:
    """Returns the bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
