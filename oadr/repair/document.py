"""From bytes to a valid payload, mended as far as the tolerance allows."""

from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from oadr import codec
from oadr.codec import MAX_BYTES
from oadr.codec.parser import read
from oadr.errors import XMLError
from oadr.repair.catalogue import Tolerance

#: Longest document that is mended, in bytes; a longer one is taken as it is or refused.
MAX_MENDED = 256 * 1024
#: Most elements of a document that is mended.
MAX_ELEMENTS = 20_000

_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parsed:
    """A document that can be used.

    Attributes:
        root: the valid payload, mended if need be.
        received: the document as it came; the same object as ``root`` if nothing was mended.
        repairs: names of what was done, in the order of ``REPAIRS``.
    """

    root: etree._Element
    received: etree._Element
    repairs: tuple[str, ...] = ()

    @property
    def signed(self) -> etree._Element:
        """The payload on which a signature is verified: as it came, if it came with one."""
        return self.received if self.received.tag == self.root.tag else self.root


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
    # Loaded when a peer is first not right: a program whose peers are starts sooner.
    from oadr.repair.envelope import may_be_mended
    from oadr.repair.mending import TooMuchError

    stripped = data.lstrip(_SPACE)
    try:
        received = read(stripped, None, max_bytes=max_bytes)
    except XMLError:
        return None
    if not may_be_mended(received) or _is_large(received):
        return None
    try:
        return _tried(received, tolerance, max_bytes, led=len(stripped) < len(data))
    except TooMuchError:
        return None


def _tried(
    received: etree._Element, tolerance: Tolerance, max_bytes: int, *, led: bool
) -> Parsed | None:
    """Returns what comes of a document at the first level that suffices; None if none does."""
    from oadr.repair.mend import mend
    from oadr.repair.mending import Mending

    root, mending = deepcopy(received), Mending()
    if led:
        mending.note("leading-space")
    for level in (Tolerance.REPAIR, Tolerance.LENIENT):
        if not tolerance.allows(level):
            break
        before = mending.changes if level is Tolerance.LENIENT else 0
        mending.allow(level)
        root = mend(root, mending)
        if mending.changes == before:
            continue
        valid = _validated(root, max_bytes)
        if valid is not None:
            return Parsed(root=valid, received=received, repairs=mending.done)
    return None


def _validated(root: etree._Element, max_bytes: int) -> etree._Element | None:
    try:
        return codec.parse(etree.tostring(root, encoding="UTF-8"), max_bytes=max_bytes)
    except XMLError:
        return None


def _is_large(root: etree._Element) -> bool:
    return sum(1 for _ in root.iter()) > MAX_ELEMENTS
