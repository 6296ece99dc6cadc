"""Certificates do not surprise: what expires soon, whose it is, and what to do about it.

Certificates live by the real time, whatever clock the programme runs on; the overlap of two
certificates of a VEN is an agreement of the programme and lives by its clock.
"""

import logging
import shlex
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from certs.der import blocks
from certs.errors import FileError
from certs.expiry import ExpiryWarning, Told, certificate_ends, list_ends, warn_of
from certs.light import openadr_fingerprint
from vtn.config import Settings
from vtn.store import Store, certificate
from vtn.store.certificate import Certificate

if TYPE_CHECKING:
    from vtn.desk import Desk

log = logging.getLogger("openadr.vtn.certificates")

#: Real seconds between two looks at what expires.
PAUSE = 600.0
_HOW_TO = "docs/howto/certificates.md"


async def certificate_warnings(
    settings: Settings, store: Store, *, now: datetime, real: datetime | None = None
) -> list[ExpiryWarning]:
    """Returns what has expired or does within 60 days, the soonest first.

    Args:
        settings: of the VTN; its own certificates and the authorities are in files.
        store: which certificate is whose.
        now: what the VTN's clock shows.
        real: the real time; that of this machine if None.
    """
    moment = real or datetime.now(UTC)
    async with store.read() as tx:
        proofs = await certificate.all_valid(tx, now=now)
        names = await certificate.owners(tx)
    own = own_warnings(settings, real=moment)
    vens = _of_vens(settings, names, proofs, now=now, real=moment)
    return sorted((*own, *vens), key=lambda one: (one.not_after, one.who))


def own_warnings(settings: Settings, *, real: datetime) -> list[ExpiryWarning]:
    """Returns the same for the files of the VTN: its certificates, authorities, and their lists.

    Args:
        settings: of the VTN.
        real: the real time.
    """
    return [warning for ending in _endings(settings) for warning in ending.warnings(settings, real)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """Something in a file that ends.

    Attributes:
        path: the file.
        place: which of several in it.
        at: when.
        who: whose it is.
        what: what it is.
        key: of the configuration that names the file.
    """

    path: Path
    place: int
    at: datetime
    who: str
    what: str
    key: str

    def warnings(self, settings: Settings, real: datetime) -> list[ExpiryWarning]:
        """Returns the warning if it is time for one."""
        found = warn_of(self.at, who=self.who, what=self.what, todo="", now=real)
        # To find out what to do takes a library; it is wanted seldom.
        return [
            ExpiryWarning(
                days=one.days,
                who=self.who,
                what=self.what,
                todo=_what_to_do(settings, self),
                not_after=one.not_after,
            )
            for one in found
        ]


def _endings(settings: Settings) -> Iterator[_Ending]:
    tls, signing = settings.tls, settings.signatures.certificate
    own = (
        (tls.certificate, "certificate", "[tls] certificate"),
        (tls.rsa_certificate, "RSA certificate", "[tls] rsa_certificate"),
        (signing, "signing certificate", "[signatures] certificate"),
    )
    for path, what, key in own:
        for number, at in enumerate(_ends(path)[:1]):
            assert path is not None  # noqa: S101 - there was something in it
            yield _Ending(path=path, place=number, at=at, who="this VTN", what=what, key=key)
    if tls.ca is not None:
        for number, at in enumerate(_ends(tls.ca)):
            who = f"authority {number + 1} in {tls.ca.name}" if number else "the authority"
            yield _Ending(
                path=tls.ca, place=number, at=at, who=who, what="certificate", key="[tls] ca"
            )
    if tls.crl is not None:
        for number, at in enumerate(_lists(tls.crl)):
            who = "the authority"
            what = f"revocation list {number + 1}" if number else "revocation list"
            yield _Ending(path=tls.crl, place=number, at=at, who=who, what=what, key="[tls] crl")


def _ends(path: Path | None) -> list[datetime]:
    """Returns the ends of the certificates in a file; none while it cannot be read."""
    try:
        return [] if path is None else certificate_ends(path)
    except FileError:
        # Who uses the file says what is wrong with it.
        return []


def _lists(path: Path) -> list[datetime]:
    try:
        return list_ends(path)
    except FileError:
        return []


def _what_to_do(settings: Settings, ending: _Ending) -> str:
    from vtn.setup import authority_folder

    folder = authority_folder(settings)
    where = f"--authority {folder}" if folder is not None else "where the authority is"
    if ending.key == "[tls] crl":
        return f"oadr-certs crl {where}; then {ending.key} must hold the new list"
    if ending.key == "[tls] ca":
        return f"make the next authority and let both count for a while: {_HOW_TO}"
    der = blocks(ending.path.read_bytes(), "CERTIFICATE")[0]
    return (
        f"oadr-certs renew {openadr_fingerprint(der)} {where}; then put certificate and key in "
        f"place of {ending.path.name}; VENs that pin it first: {_HOW_TO}"
    )


def _of_vens(
    settings: Settings,
    names: dict[int, str],
    proofs: Iterable[Certificate],
    *,
    now: datetime,
    real: datetime,
) -> Iterator[ExpiryWarning]:
    ordered = sorted(proofs, key=lambda one: one.party_pk)
    for pk, group in groupby(ordered, key=lambda one: one.party_pk):
        if pk in names:
            yield from _of_ven(settings, names[pk], list(group), now=now, real=real)


def _of_ven(
    settings: Settings, name: str, proofs: list[Certificate], *, now: datetime, real: datetime
) -> list[ExpiryWarning]:
    """Returns whether the time of a VEN runs out, by the certificates that it uses."""
    used = [one for one in proofs if one.shown_at is not None] or proofs
    end = latest_end(used, now=now, real=real)
    if end is None:
        return []
    unused = [one for one in proofs if one not in used]
    later = latest_end(unused, now=now, real=real) if unused else end
    todo = how_to_renew(settings, name)
    if later is None or later > end:
        todo = (
            f"give it the certificate {unused[-1].fingerprint} that was made for it: it uses "
            "the one before"
        )
    return warn_of(end, who=f"VEN {name}", what="certificate", todo=todo, now=real)


def latest_end(proofs: Iterable[Certificate], *, now: datetime, real: datetime) -> datetime | None:
    """Returns until when the best of some certificates counts, in real time.

    Args:
        proofs: of one VEN.
        now: what the VTN's clock shows.
        real: the real time.

    Returns:
        None if that is not known, or if there are none.
    """
    found = []
    for one in proofs:
        ends = [] if one.not_after is None else [one.not_after]
        if one.valid_until is not None:
            ends.append(real + (one.valid_until - now))
        if not ends:
            return None
        found.append(min(ends))
    return max(found, default=None)


def how_to_renew(settings: Settings, name: str) -> str:
    """Returns the command that makes the next certificate of a VEN."""
    from vtn.setup import authority_folder

    given, bundle = shlex.quote(name), shlex.quote(f"{name}-next.zip")
    if authority_folder(settings) is not None:
        return f"vtn ven renew {given} --issue --out {bundle}"
    return (
        f"oadr-certs renew {given} where the authority is, then vtn ven renew {given} "
        "--certificate FILE"
    )


class Watch:
    """Looks what expires and tells the log of each threshold once.

    Args:
        pause: real seconds between two looks.
    """

    def __init__(self, pause: float = PAUSE) -> None:
        self._told = Told()
        self._pause = pause
        self._next = float("-inf")

    async def look(self, desk: "Desk") -> None:
        """Logs what has crossed a threshold since the last look, if it is time for one."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self._pause
        self._tell(await certificate_warnings(desk.settings, desk.store, now=desk.clock.now()))

    def look_at_own(self, settings: Settings) -> None:
        """Logs what is to be said of the VTN's own files, for a start: nobody comes in without."""
        self._tell(own_warnings(settings, real=datetime.now(UTC)))

    def _tell(self, found: Iterable[ExpiryWarning]) -> None:
        for one in self._told.news(found):
            level = logging.ERROR if one.days < 0 else logging.WARNING
            log.log(level, "%s. %s", one.words, one.todo, extra={"rule": "R516"})
