"""What went wrong with VENs and is not in the store yet, bounded whatever peers do."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from oadr import codec
from oadr import messages as m
from oadr.enums import ProfileName
from vtn.store.refusal import KEPT, Refusal, Side

if TYPE_CHECKING:
    from oadr.errors import ProtocolError
    from runtime.http import HTTPError
    from vtn.desk import Caller
    from vtn.roster import Member

#: Different ones that are held of all VENs, and of all strangers, until they are written.
MOST = 5_000
MOST_OF_STRANGERS = 200
#: A document that cannot be read is examined for what would help so often at most, of each VEN,
#: and only if it is so short.
EXAMINED_EVERY = timedelta(minutes=1)
LONGEST_EXAMINED = 256 * 1024
#: A longer one is examined beside the event loop, in bytes; others are not held up by it.
_AT_ONCE = 4 * 1024

_LONGEST_WORDS = 400
_LONGEST_NAME = 64
#: The first element below ``oadrSignedObject`` of a document that nobody could read.
_MESSAGE = re.compile(rb"<(?:[\w.-]{1,32}:)?(oadr[A-Z]\w{1,48})")
_ENVELOPE = {b"oadrPayload", b"oadrSignedObject"}

#: A VEN by its row, a stranger by the fingerprint of its certificate.
_Owner = int | str


@dataclass(slots=True, kw_only=True)
class Refusals:
    """Collects what goes wrong, each kind once with a count, until ``take``.

    A VEN that floods the VTN with one wrong message has one entry; with many different ones
    it pushes out its own and nobody else's.
    """

    _of: dict[_Owner, dict[object, Refusal]] = field(default_factory=dict)
    _examined: dict[int, datetime] = field(default_factory=dict)
    _held: int = 0
    _strange: int = 0

    def __len__(self) -> int:
        return self._held + self._strange

    def note(self, refusal: Refusal) -> None:
        """Adds a refusal to those of its kind."""
        pk = refusal.party_pk
        owner: _Owner = refusal.fingerprint if pk is None else pk
        mine = self._of.setdefault(owner, {})
        before = mine.pop(refusal.kind, None)
        if before is not None:
            mine[refusal.kind] = before.joined(refusal)
            return
        if len(mine) >= KEPT:
            del mine[next(iter(mine))]
        elif self._full(pk is None):
            if not mine:
                del self._of[owner]
            return
        elif pk is None:
            self._strange += 1
        else:
            self._held += 1
        mine[refusal.kind] = refusal

    def _full(self, stranger: bool) -> bool:
        return self._strange >= MOST_OF_STRANGERS if stranger else self._held >= MOST

    def take(self) -> list[Refusal]:
        """Returns all that is held, and holds nothing any more."""
        taken = [one for mine in self._of.values() for one in mine.values()]
        self._of, self._held, self._strange = {}, 0, 0
        return taken

    def give_back(self, rows: Iterable[Refusal]) -> None:
        """Takes back what could not be written."""
        later = self.take()
        for row in (*rows, *later):
            self.note(row)

    # ------------------------------------------------------------ who tells it

    def refused(self, caller: "Caller", message: m.Message, error: "ProtocolError") -> None:
        """Notes that this VTN does not take a message."""
        name, words = codec.message_name(message), error.description
        self._by_caller(caller, Side.IN, name, rule=error.rule, code=error.code, words=words)

    def turned_away(
        self, caller: "Caller", error: "HTTPError", repairs: tuple[str, ...] = ()
    ) -> None:
        """Notes that this VTN answers a request by HTTP alone, and which repairs would help."""
        document = error.document
        # A document that cannot be read is one kind, whether it is examined or not.
        rule = error.rule or ("schema" if document else "")
        self._by_caller(
            caller,
            Side.IN,
            message_in(document),
            rule=rule,
            code=error.status,
            words=str(error.args[0]),
            repairs=repairs,
        )

    def failed(self, caller: "Caller", status: int, words: str) -> None:
        """Notes that this VTN could not deal with a request, by no fault of the VEN."""
        self._by_caller(caller, Side.IN, "", rule="", code=status, words=words)

    def heard(self, caller: "Caller", message: m.Message) -> None:
        """Notes what a VEN says that it does not take, if it says so in a message."""
        response = getattr(message, "response", None)
        if not isinstance(response, m.EiResponse) or caller.member is None:
            return
        name = codec.message_name(message)
        if not response.ok:
            words = response.description or "it gives no reason"
            self._by_caller(caller, Side.ANSWER, name, rule="", code=response.code, words=words)
        if isinstance(message, m.CreatedEvent):
            for one in message.responses:
                if not 200 <= one.code < 300:
                    words = f"event {one.event_id}: {one.description or 'it gives no reason'}"
                    self._by_caller(caller, Side.ANSWER, name, rule="", code=one.code, words=words)

    def left_out(self, caller: "Caller", message: m.Message, words: str, *, rule: str) -> None:
        """Notes that a VEN did not get all that there is, because it asked for less."""
        name = codec.message_name(message)
        self._by_caller(caller, Side.ANSWER, name, rule=rule, code=0, words=words)

    def not_pushed(
        self, member: "Member", name: str, words: str, *, rule: str, at: datetime
    ) -> None:
        """Notes that a message did not get through to a VEN that listens, or was not answered.

        Args:
            member: the VEN.
            name: of the message.
            words: why.
            rule: that was broken.
            at: when.
        """
        self.note(
            _made(party_pk=member.pk, side=Side.PUSH, message=name, rule=rule, words=words, at=at)
        )

    def _by_caller(
        self,
        caller: "Caller",
        side: Side,
        message: str,
        *,
        rule: str,
        code: int,
        words: str,
        repairs: tuple[str, ...] = (),
    ) -> None:
        member = caller.member
        found = _made(
            party_pk=None if member is None else member.pk,
            side=side,
            message=message,
            rule=rule,
            code=code,
            words=words,
            at=caller.received_at,
        )
        fingerprint = caller.fingerprint if member is None else ""
        self.note(replace(found, fingerprint=fingerprint, repairs=repairs))

    async def examine(self, caller: "Caller", error: "HTTPError") -> tuple[str, ...]:
        """Returns which repairs would have made a document readable that is refused.

        Only of known VENs, seldom, and a long one beside the event loop: it takes longer than
        to refuse.
        """
        document = error.document
        if error.status != 406 or not document or not self._is_due(caller, document):
            return ()
        # Not loaded by a VTN whose VENs write nothing that is wrong.
        from oadr.repair import would_help

        if len(document) <= _AT_ONCE:
            return would_help(document, max_bytes=LONGEST_EXAMINED)
        return await asyncio.to_thread(would_help, document, max_bytes=LONGEST_EXAMINED)

    def _is_due(self, caller: "Caller", document: bytes) -> bool:
        member, now = caller.member, caller.received_at
        if member is None or caller.profile is ProfileName.A or len(document) > LONGEST_EXAMINED:
            return False
        last = self._examined.get(member.pk)
        if last is not None and last <= now < last + EXAMINED_EVERY:
            return False
        self._examined[member.pk] = now
        return True


def message_in(document: bytes) -> str:
    """Returns what a document calls its message, though it cannot be read; empty if nothing."""
    names = (found[1] for found in _MESSAGE.finditer(document[:4096]))
    return next((name.decode() for name in names if name not in _ENVELOPE), "")


def _made(
    *,
    party_pk: int | None,
    side: Side,
    message: str,
    rule: str,
    words: str,
    at: datetime,
    code: int = 0,
) -> Refusal:
    return Refusal(
        party_pk=party_pk,
        side=side,
        message=message[:_LONGEST_NAME],
        rule=rule[:_LONGEST_NAME],
        code=code,
        words=words if len(words) <= _LONGEST_WORDS else words[:_LONGEST_WORDS] + "...",
        first_at=at,
        last_at=at,
    )
