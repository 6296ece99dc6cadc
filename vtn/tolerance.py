"""How much is put up with from which VEN, and what of it its messages have needed.

The profile is the VEN's own (``vtn ven set NAME --peer``) or that of ``[peers]``. Over TLS the
certificate says whose it is. On plain HTTP that is the venID, also in a document that cannot
be read yet; when it has been read, it must have come out as the same VEN's.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oadr import codec
from oadr import messages as m
from oadr.errors import XMLError
from oadr.repair import REPAIRS, Tolerance, claimed_ven_id, mend_message
from oadr.replies import ven_id_of
from vtn.store.repair import Mended

if TYPE_CHECKING:
    from vtn.desk import Caller, Desk
    from vtn.reading import Document
    from vtn.roster import Member

log = logging.getLogger("openadr.vtn.repair")

#: Repairs of strangers that are remembered as logged.
_STRANGER = 0


@dataclass(slots=True, kw_only=True)
class Repairs:
    """What was mended and is not in the store yet; each is logged once while the VTN runs."""

    _held: dict[tuple[int, str], Mended] = field(default_factory=dict)
    _logged: set[tuple[int, str]] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self._held)

    def done(self, caller: "Caller", names: Iterable[str]) -> None:
        """Counts what a message of a VEN has needed."""
        for name in names:
            member = caller.member
            pk = member.pk if member is not None else _STRANGER
            if (pk, name) not in self._logged:
                self._logged.add((pk, name))
                _log(caller, name)
            if member is not None:
                at = caller.received_at
                self._add(Mended(party_pk=pk, name=name, first_at=at, last_at=at))

    def take(self) -> list[Mended]:
        """Returns all that is held, and holds nothing any more."""
        held, self._held = self._held, {}
        return list(held.values())

    def give_back(self, rows: Iterable[Mended]) -> None:
        """Takes back what could not be written."""
        for row in rows:
            self._add(row)

    def _add(self, row: Mended) -> None:
        key = (row.party_pk, row.name)
        other = self._held.get(key)
        if other is not None:
            row = Mended(
                party_pk=row.party_pk,
                name=row.name,
                count=other.count + row.count,
                first_at=min(other.first_at, row.first_at),
                last_at=max(other.last_at, row.last_at),
            )
        self._held[key] = row


def _log(caller: "Caller", name: str) -> None:
    repair = REPAIRS[name]
    log.warning(
        "its messages need the repair %s, by the profile %s: %s",
        name,
        repair.tolerance,
        repair.words,
        extra={"ven": caller.name, "rule": repair.rule, "fingerprint": caller.fingerprint},
    )


def of_member(desk: "Desk", member: "Member | None") -> Tolerance:
    """Returns how much is put up with from a VEN; for None, from one that is not known."""
    if member is not None and member.peer is not None:
        return member.peer
    return desk.settings.peers.profile


def of_document(desk: "Desk", caller: "Caller", data: bytes, *, max_bytes: int) -> Tolerance:
    """Returns by which profile a document is read that is not valid as it came.

    Args:
        desk: the parts of the VTN.
        caller: who sends it, as far as the connection proves it.
        data: the document.
        max_bytes: a longer one is not looked at.
    """
    if caller.secure or caller.member is not None:
        return of_member(desk, caller.member)
    claimed = claimed_ven_id(data, max_bytes=max_bytes)
    return of_member(desk, desk.roster.of_ven_id(claimed))


def tolerates(desk: "Desk", caller: "Caller", name: str) -> bool:
    """Returns whether a repair may be done for a caller, and counts it then."""
    if not of_member(desk, caller.member).allows(REPAIRS[name].tolerance):
        return False
    _note(desk, caller, (name,))
    return True


def settle(desk: "Desk", caller: "Caller", document: "Document") -> tuple["Caller", m.Message]:
    """Returns who has sent a document, and the message in it as it is meant.

    Raises:
        XMLError: it was mended by a profile that is not this VEN's.
    """
    message = document.message
    if not caller.secure:
        caller = caller.as_member(desk.roster.of_ven_id(ven_id_of(message) or ""))
    tolerance = of_member(desk, caller.member)
    if tolerance is Tolerance.STRICT and not document.repairs:
        return caller, message
    if not all(tolerance.allows(REPAIRS[name].tolerance) for name in document.repairs):
        # What a strict reader says of it.
        codec.parse(document.data)
        raise XMLError("the document is not valid")
    proven = caller.member.ven_id if caller.secure and caller.member is not None else ""
    message, more = mend_message(message, tolerance, ven_id=proven)
    if more and not caller.secure:
        caller = caller.as_member(desk.roster.of_ven_id(ven_id_of(message) or ""))
        # Trimmed, it may be the venID of another VEN, by whose profile nothing was read yet.
        tolerance, names = of_member(desk, caller.member), (*document.repairs, *more)
        if not all(tolerance.allows(REPAIRS[name].tolerance) for name in names):
            return caller.as_member(None), document.message
    if document.repairs or more:
        _note(desk, caller, tuple(dict.fromkeys((*document.repairs, *more))))
    return caller, message


def _note(desk: "Desk", caller: "Caller", names: tuple[str, ...]) -> None:
    desk.repairs.done(caller, names)
    if caller.sight is not None:
        caller.sight.repairs = tuple(dict.fromkeys((*caller.sight.repairs, *names)))
