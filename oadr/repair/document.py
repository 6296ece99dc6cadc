"""From bytes to a valid payload, mended as far as the tolerance allows."""

from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from oadr import codec
from oadr.codec import MAX_BYTES
from oadr.codec.parser import read
from oadr.errors import XMLError
from oadr.repair.catalogue import Tolerance
from oadr.repair.envelope import may_be_mended
from oadr.repair.mend import mend
from oadr.repair.mending import Mending, TooMuchError

#: Longest document that is mended, in bytes; a longer one is taken as it is or refused.
MAX_MENDED = 1024 * 1024
#: Most elements of a document that is mended.
MAX_ELEMENTS = 50_000

_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parsed:
    """A document that can be used.

    Attributes:
        root: the valid payload, mended if need be.
        received: the document as it came, which is what a signature is verified on; the
            same object as ``root`` if nothing was mended.
        repairs: names of what was done, in the order of ``REPAIRS``.
    """

    root: etree._Element
    received: etree._Element
    repairs: tuple[str, ...] = ()


def parse(data: bytes, tolerance: Tolerance, *, max_bytes: int = MAX_BYTES) -> Parsed:
    """Returns what is in a document, mended if it is not valid and may be.

    A valid document is never touched. One that is not is mended with as few repairs as
    it takes: those of ``lenient`` are tried last. What comes out is validated like
    everything else.

    Args:
        data: the document, UTF-8.
        tolerance: which repairs are allowed.
        max_bytes: a longer one is refused unread.

    Raises:
        XMLError: what a strict reader finds wrong, if that cannot be mended.
    """
    try:
        root = codec.parse(data, max_bytes=max_bytes)
    except XMLError:
        if tolerance is Tolerance.STRICT or len(data) > min(max_bytes, MAX_MENDED):
            raise
        mended = _mended(data, tolerance, max_bytes)
        if mended is None:
            raise
        return mended
    return Parsed(root=root, received=root)


def would_help(data: bytes, *, max_bytes: int = MAX_BYTES) -> tuple[str, ...]:
    """Returns the repairs that would make a refused document readable; none if none do.

    It costs a few times as much as reading the document.
    """
    try:
        return parse(data, Tolerance.LENIENT, max_bytes=max_bytes).repairs
    except XMLError:
        return ()


def _mended(data: bytes, tolerance: Tolerance, max_bytes: int) -> Parsed | None:
    stripped = data.lstrip(_SPACE)
    try:
        received = read(stripped, None, max_bytes=max_bytes)
    except XMLError:
        return None
    if not may_be_mended(received) or _is_large(received):
        return None
    for level in (Tolerance.REPAIR, Tolerance.LENIENT):
        if tolerance.allows(level):
            found = _tried(received, Mending(level), max_bytes, led=len(stripped) < len(data))
            if found is not None:
                return found
    return None


def _tried(
    received: etree._Element, mending: Mending, max_bytes: int, *, led: bool
) -> Parsed | None:
    if led:
        mending.note("leading-space")
    try:
        root = mend(deepcopy(received), mending)
        again = codec.parse(etree.tostring(root, encoding="UTF-8"), max_bytes=max_bytes)
    except (TooMuchError, XMLError):
        return None
    return Parsed(root=again, received=received, repairs=mending.done)


def _is_large(root: etree._Element) -> bool:
    return sum(1 for _ in root.iter()) > MAX_ELEMENTS
