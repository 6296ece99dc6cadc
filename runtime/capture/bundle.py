"""A piece of a trace as a file, with which it leaves the machine and is replayed elsewhere.

It is one JSON object with all that a replay needs, see ``docs/howto/trace.md``.
"""

import json
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from oadr.errors import OpenADRError
from runtime.capture.record import Exchange, Party

__all__ = ["SUFFIX", "Bundle", "BundleError", "load_bundle", "save_bundle"]

KIND = "openadr-trace"
VERSION = 1
#: How such files are called.
SUFFIX = ".oadr-trace.json"

_DOCUMENTS = ("request", "response")


class BundleError(OpenADRError):
    """A file that is no exported trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Exchanges of one trace.

    Attributes:
        side: who wrote it down.
        name: what that one is called: the vtnID, or the venName.
        secrets: whether registrationIDs and passwords are in it as they were.
        exchanges: in their order.
    """

    side: Party
    name: str
    secrets: bool
    exchanges: tuple[Exchange, ...]


def save_bundle(path: Path, bundle: Bundle) -> None:
    """Writes an exported trace.

    Raises:
        OSError: it cannot be written.
    """
    content = {
        "kind": KIND,
        "version": VERSION,
        "side": bundle.side,
        "name": bundle.name,
        "secrets": bundle.secrets,
        "exchanges": [_plain(one) for one in bundle.exchanges],
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def load_bundle(path: Path) -> Bundle:
    """Returns an exported trace.

    Raises:
        BundleError: the file is none.
        OSError: it cannot be read.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["kind"] != KIND:
            raise BundleError(f"{path} is no exported trace; expected one of vtn trace --export")
        if content["version"] != VERSION:
            raise BundleError(f"{path} is of version {content['version']}; expected {VERSION}")
        return Bundle(
            side=content["side"],
            name=content["name"],
            secrets=content["secrets"],
            exchanges=tuple(_exchange(one) for one in content["exchanges"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{path} is no exported trace: {error!r}") from error


def _plain(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in fields(exchange):
        value = getattr(exchange, one.name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, timedelta):
            value = value.total_seconds()
        elif isinstance(value, bytes):
            # Any bytes, and readable where they are text.
            value = value.decode("utf-8", "surrogateescape")
        found[one.name] = value
    return found


def _exchange(row: dict[str, Any]) -> Exchange:
    row = {one.name: row[one.name] for one in fields(Exchange) if one.name in row}
    row["at"] = datetime.fromisoformat(row["at"])
    row["took"] = timedelta(seconds=row["took"])
    row["repairs"], row["lengths"] = tuple(row["repairs"]), tuple(row["lengths"])
    for name in _DOCUMENTS:
        row[name] = row[name].encode("utf-8", "surrogateescape")
    return Exchange(**row)
