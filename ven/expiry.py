"""Certificates do not surprise: what expires soon of what this VEN needs, and what to do.

Nothing takes the library for certificates, which would not fit into an idle VEN.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from certs.errors import FileError
from certs.expiry import ExpiryWarning, Told, certificate_ends, list_ends, own_end, warn_of

log = logging.getLogger("openadr.ven")

#: Real seconds between two looks at what expires.
PAUSE = 600.0
#: What to do about a certificate of this VEN.
NEXT = (
    "ask the operator of the VTN for the next one (vtn ven renew), then run: ven renew BUNDLE.zip"
)


def certificate_warnings(
    *,
    certificate: Path | None,
    ca: Path | None,
    crl: Path | None = None,
    signing: Path | None = None,
    vtn_until: datetime | None = None,
    real: datetime | None = None,
) -> list[ExpiryWarning]:
    """Returns what has expired or does within 60 days, the soonest first.

    Args:
        certificate: file of the VEN's own.
        ca: file of the authorities.
        crl: file of their revocation lists.
        signing: file of the certificate that the VEN signs with, if that is another one.
        vtn_until: when the certificate expires that the VTN has shown; None if not known.
        real: the real time; that of this machine if None.
    """
    now = real or datetime.now(UTC)
    found = [
        *_own(certificate, "certificate", now),
        *_own(signing, "signing certificate", now),
        *warn_of(
            vtn_until,
            who="the VTN",
            what="certificate",
            todo="tell the operator of the VTN: without another it cannot be reached then",
            now=now,
        ),
    ]
    for number, at in enumerate(_ends(certificate_ends, ca)):
        who = f"authority {number + 1}" if number else "the authority"
        todo = "ask the operator of the VTN for the file with the next authority beside it"
        found += warn_of(at, who=who, what="certificate", todo=todo, now=now)
    for at in _ends(list_ends, crl):
        todo = "ask the operator of the VTN for the new list: past its end the VTN is not reached"
        found += warn_of(at, who="the authority", what="revocation list", todo=todo, now=now)
    return sorted(found, key=lambda one: one.not_after)


def _own(path: Path | None, what: str, now: datetime) -> list[ExpiryWarning]:
    end = None if path is None else own_end(path)
    return warn_of(end, who="this VEN", what=what, todo=NEXT, now=now)


def _ends(read: Callable[[Path], list[datetime]], path: Path | None) -> list[datetime]:
    try:
        return [] if path is None else read(path)
    except FileError:
        # Who uses the file says what is wrong with it.
        return []


@dataclass(slots=True, kw_only=True)
class Watch:
    """Looks what expires and tells the log of each threshold once.

    Attributes:
        certificate: file of the VEN's own; None if it has none.
        ca: file of the authorities.
        crl: file of their revocation lists.
        signing: file of the certificate that the VEN signs with, if that is another one.
        vtn_until: says when the certificate expires that the VTN has shown.
        where: what each line of the log says beside its words.
        pause: real seconds between two looks.
    """

    certificate: Path | None = None
    ca: Path | None = None
    crl: Path | None = None
    signing: Path | None = None
    vtn_until: Callable[[], datetime | None] = lambda: None
    where: Mapping[str, str] = field(default_factory=dict)
    pause: float = PAUSE
    _told: Told = field(default_factory=Told, init=False)

    async def run(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            self.look()
            await asyncio.sleep(self.pause)

    def look(self) -> None:
        """Logs what has crossed a threshold since the last look."""
        found = certificate_warnings(
            certificate=self.certificate,
            ca=self.ca,
            crl=self.crl,
            signing=self.signing,
            vtn_until=self.vtn_until(),
        )
        for one in self._told.news(found):
            level = logging.ERROR if one.days < 0 else logging.WARNING
            log.log(level, "%s. %s", one.words, one.todo, extra={**self.where, "rule": "R516"})
