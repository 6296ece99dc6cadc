"""Who the VENs are, by a list that another program writes: ``ven-list``.

It is named in ``[registration] handler`` and configured in ``[registration.settings]``.
"""

import asyncio
import csv
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certs import to_openadr
from certs.errors import FingerprintError
from runtime.sections import PlainSection, check
from vtn.hooks import (
    Accept,
    Context,
    IdentityHandler,
    Known,
    Refuse,
    Registration,
    RegistrationHandler,
)

#: Columns of a CSV file, and keys of ``[[ven]]`` in a TOML file.
COLUMNS = ("name", "venID", "fingerprint", "registrationID")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVen:
    """A line of the list.

    Attributes:
        ven_id: unique in the list.
        name: empty for its venID.
        fingerprint: of its certificate; empty on plain HTTP.
        registration_id: empty for one that the VTN makes up when the VEN registers.
    """

    ven_id: str
    name: str = ""
    fingerprint: str = ""
    registration_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenListSettings(PlainSection):
    """What ``ven-list`` can be told.

    Attributes:
        file: ``.toml`` or ``.csv``; read again whenever it has changed.
    """

    file: Path


class VenList(RegistrationHandler, IdentityHandler):
    """Serves the VENs that are on a list, and nobody else.

    Whoever is taken off the list is refused from the next message on. A VEN with a
    registrationID on the list counts as registered; any other one has to register, and
    may do so with the certificate of its line; on plain HTTP, under its venID or name.

    Args:
        file: the list, see ``read_list``.

    Raises:
        ValueError: the file cannot be read, or what is in it is no such list.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp = _stamp(file)
        self._list = _List(read_list(file))

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "VenList":
        """Returns the handler that a section describes, see ``VenListSettings``.

        Raises:
            ConfigError: a key is wrong.
            ValueError: the file cannot be read, or what is in it is no such list.
        """
        return cls(check(dict(section), VenListSettings).file)

    async def ven_lookup(self, ven_id: str, ctx: Context) -> Known | None:
        """Returns what the list says about a VEN; None if it is not on it."""
        ven = (await self._current(ctx)).by_id.get(ven_id)
        if ven is None:
            return None
        return Known(
            ven_name=ven.name,
            fingerprint=ven.fingerprint,
            registration_id=ven.registration_id,
            registered=True if ven.registration_id else None,
        )

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        """Accepts the VENs of the list, each with the venID of its line."""
        ven = (await self._current(ctx)).who(request, ctx.ven_id)
        if ven is None:
            return Refuse(463, "this VEN is not on the list")
        if request.message.ven_id not in (None, ven.ven_id):
            return Refuse(452, "venID is not that of this VEN")
        if request.enrolled and ctx.ven_id != ven.ven_id:
            ctx.log.error("ven-list: is enrolled as %s and listed as %s", ctx.ven_id, ven.ven_id)
            return Refuse(463, "this VEN is enrolled under another venID")
        return Accept(ven_id=ven.ven_id, registration_id=ven.registration_id or None)

    async def _current(self, ctx: Context) -> "_List":
        stamp = _stamp(self._file)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                found = _List(await asyncio.to_thread(read_list, self._file))
                # It may have changed again, and been read by another exchange meanwhile.
                if self._stamp == stamp:
                    self._list = found
            except ValueError as error:
                # Somebody is editing it: what was right before is better than nobody.
                ctx.log.error("ven-list: %s; the list before this change holds", error)
        return self._list


class _List:
    """The VENs of a list, by what they are looked for."""

    def __init__(self, vens: Collection[ListedVen]) -> None:
        self.by_id = {ven.ven_id: ven for ven in vens}
        self._by_name = {ven.name or ven.ven_id: ven for ven in vens}
        self._by_fingerprint = {ven.fingerprint: ven for ven in vens if ven.fingerprint}

    def who(self, request: Registration, enrolled_as: str) -> ListedVen | None:
        """Returns the VEN that registers; with a certificate, that alone proves who it is."""
        if not request.fingerprint:
            return self.by_id.get(request.message.ven_id or "") or self._by_name.get(
                request.ven_name
            )
        found = self._by_fingerprint.get(request.fingerprint)
        if found is None and request.enrolled:
            found = self.by_id.get(enrolled_as)
            return found if found is None or not found.fingerprint else None
        return found


def _stamp(file: Path) -> tuple[int, int] | None:
    """Returns what changes when a file does; None if it is not there."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def read_list(file: Path) -> list[ListedVen]:
    """Returns the VENs of a list.

    Args:
        file: a TOML file with a table ``[[ven]]`` for each, or a CSV file with a line for
            each; keys and columns are ``name``, ``venID``, ``fingerprint`` and
            ``registrationID``, and only venID is needed.

    Raises:
        ValueError: it cannot be read, a key is unknown, a venID is missing, something is
            no fingerprint, or two VENs have the same venID, name or fingerprint.
    """
    reading = {".toml": _read_toml, ".csv": _read_csv}.get(file.suffix.lower())
    if reading is None:
        raise ValueError(f"{file} is neither .toml nor .csv")
    try:
        rows = reading(file.read_text(encoding="utf-8-sig"))
        vens = [_ven(where, values) for where, values in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{file}: {error}") from None
    for what in ("ven_id", "name", "fingerprint"):
        found = [value for ven in vens if (value := getattr(ven, what))]
        if twice := {value for value in found if found.count(value) > 1}:
            raise ValueError(f"{file}: two VENs have the {what} {min(twice)!r}")
    return vens


_Rows = list[tuple[str, dict[str, Any]]]


def _read_toml(text: str) -> _Rows:
    content = tomllib.loads(text)
    tables = content.pop("ven", [])
    if content or not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise ValueError("expected a table [[ven]] for each VEN, and nothing else")
    return [(f"VEN {number}", table) for number, table in enumerate(tables, start=1)]


def _read_csv(text: str) -> _Rows:
    reader = csv.DictReader(text.splitlines(), restval="", strict=True)
    return [(f"line {reader.line_num}", dict(row)) for row in reader]


def _ven(where: str, values: Mapping[Any, Any]) -> ListedVen:
    for key, value in values.items():
        if key not in COLUMNS:
            raise ValueError(f"{where}: {key!r} is none of {', '.join(COLUMNS)}")
        if not isinstance(value, str):
            raise ValueError(f"{where}: {key} is {value!r}, expected a string")
    name, ven_id, fingerprint, registration_id = (values.get(key, "").strip() for key in COLUMNS)
    if not ven_id:
        raise ValueError(f"{where} has no venID")
    try:
        fingerprint = to_openadr(fingerprint) if fingerprint else ""
    except FingerprintError as error:
        raise ValueError(f"{where}: {error}") from None
    return ListedVen(
        ven_id=ven_id, name=name, fingerprint=fingerprint, registration_id=registration_id
    )
