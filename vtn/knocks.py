"""Who asks in vain and is not in the store yet, bounded whatever peers do.

That is a VEN whose registration fails, and one that is not enrolled and sends anything else.
The refusal itself waits for nothing: what is collected here is written down in batches.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from oadr import codec
from oadr import messages as m
from oadr.replies import ven_id_of
from vtn.store.pending import MOST_NAMES, Pending

if TYPE_CHECKING:
    from certs.details import Details
    from oadr.errors import ProtocolError
    from vtn.desk import Caller

#: Different ones that are held until they are written.
MOST = 200
#: Different names that are held of one address without TLS, where a name is all there is.
MOST_OF_ADDRESS = 50
#: Certificates that are not read again.
MOST_READ = 200

_LONGEST = 255
_LONGEST_REASON = 400
_LONGEST_SUBJECT = 80


@dataclass(slots=True, kw_only=True)
class Knocks:
    """Collects who asks in vain, each once with a count, until ``take``.

    A peer that asks under many names pushes out its own and nobody else's.
    """

    _of: dict[str, dict[str, Pending]] = field(default_factory=dict)
    _read: "OrderedDict[str, Details]" = field(default_factory=OrderedDict)
    _held: int = 0

    def __len__(self) -> int:
        return self._held

    def refused(
        self, caller: "Caller", message: m.Message, error: "ProtocolError"
    ) -> Pending | None:
        """Notes somebody whose message is refused, and returns what was noted.

        None for what an enrolled VEN is refused beyond registering: that is no reason to
        enrol anybody.
        """
        if caller.member is not None and not isinstance(message, m.CreatePartyRegistration):
            return None
        one = self._pending(caller, message, error)
        self.note(one)
        return one

    def note(self, one: Pending) -> None:
        """Adds somebody to what is held of the same certificate and name."""
        owner = one.fingerprint or f"at {one.address}"
        mine = self._of.setdefault(owner, {})
        before = mine.pop(one.ven_name, None)
        if before is not None:
            mine[one.ven_name] = one.after(before)
            return
        if len(mine) >= (MOST_NAMES if one.fingerprint else MOST_OF_ADDRESS):
            del mine[next(iter(mine))]
        elif self._held >= MOST:
            if not mine:
                del self._of[owner]
            return
        else:
            self._held += 1
        mine[one.ven_name] = one

    def take(self) -> list[Pending]:
        """Returns all that is held, as it came, and holds nothing any more."""
        taken = [one for mine in self._of.values() for one in mine.values()]
        self._of, self._held = {}, 0
        return sorted(taken, key=lambda one: one.last_asked)

    def give_back(self, rows: Iterable[Pending]) -> None:
        """Takes back what could not be written."""
        later = self.take()
        for row in (*rows, *later):
            self.note(row)

    def _pending(self, caller: "Caller", message: m.Message, error: "ProtocolError") -> Pending:
        ven_id = ven_id_of(message)
        asks = message if isinstance(message, m.CreatePartyRegistration) else None
        name = (asks.ven_name if asks is not None else None) or ""
        if not caller.fingerprint and not name.strip():
            # Without TLS there is nothing else to tell it from others.
            name = ven_id or ""
        return Pending(
            fingerprint=caller.fingerprint,
            ven_name=printable(name.strip()),
            ven_id=printable(ven_id) if ven_id else None,
            party_pk=caller.member.pk if caller.member is not None else None,
            message=codec.message_name(message),
            profile=str(asks.profile_name if asks is not None else caller.profile),
            transport=str(asks.transport_name) if asks is not None else None,
            push_address=_address(asks),
            report_only=asks.report_only if asks is not None else None,
            xml_signature=asks.xml_signature if asks is not None else None,
            address=printable(caller.peer) or None,
            code=error.code,
            rule=error.rule,
            reason=printable(error.description, _LONGEST_REASON),
            first_asked=caller.received_at,
            last_asked=caller.received_at,
            **self._details(caller),
        )

    def _details(self, caller: "Caller") -> dict[str, Any]:
        """Returns what the certificate says; the library for it is slow, so once each."""
        if caller.certificate is None:
            return {}
        details = self._read.get(caller.fingerprint)
        if details is None:
            details = self._read[caller.fingerprint] = caller.certificate.details()
            if len(self._read) > MOST_READ:
                self._read.popitem(last=False)
        said = asdict(details)
        del said["openadr"]
        return {name: value or None for name, value in said.items()}


def hint(one: Pending | None) -> str:
    """Returns what the log says beside why somebody is refused, if it is not enrolled."""
    if one is None or one.party_pk is not None:
        return ""
    known = one.fingerprint in one.reason
    subject = printable(one.subject or "", _LONGEST_SUBJECT)
    proof = ", ".join(text for text in ("" if known else one.fingerprint, subject) if text)
    return f"{f'; {proof}' if proof else ''}      vtn ven pending"


def name_of(one: Pending | None) -> str:
    """Returns how somebody calls itself that is not enrolled; empty if it is, or has not said."""
    return one.ven_name if one is not None and one.party_pk is None else ""


def printable(text: str, most: int = _LONGEST) -> str:
    """Returns a text of a peer as one line that a terminal shows as it is, cut if it is long."""
    shown = text[: most + 1]
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
    return line if len(line) <= most else line[: most - 3] + "..."


def _address(asks: m.CreatePartyRegistration | None) -> str | None:
    """Returns where a VEN wants to be pushed to; None if it polls."""
    if asks is None or asks.http_pull_model is not False or not asks.transport_address:
        return None
    return printable(asks.transport_address)
