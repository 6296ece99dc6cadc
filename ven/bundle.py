"""A bundle: one zip with all that a VEN needs to join a VTN.

It holds, without folders: ``ven.toml``, the VEN's private key, its certificate and that of
the authority. ``[tls]`` of the ``ven.toml`` names them. The key is missing if the VEN made
its own and sent a signing request.

A bundle may come from anybody, so nothing in it is trusted: names that lead out of the
folder, links, encryption, doubles, and contents larger than keys ever are, are refused
before anything is written.
"""

import os
import re
import stat
import struct
import tomllib
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oadr.errors import OpenADRError

CONFIGURATION = "ven.toml"
#: Far more than a bundle needs; a bundle with more is none.
MAX_FILES = 20
MAX_FILE_BYTES = 256 * 1024
MAX_BUNDLE_BYTES = 4 * 1024 * 1024
PRIVATE_MODE, PUBLIC_MODE = 0o600, 0o644

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,99}")
#: What reading a damaged archive may raise; no error of zipfile says which of them.
_DAMAGED = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
    struct.error,
)
_NEEDED = ("certificate", "ca")


class BundleError(OpenADRError):
    """A bundle cannot be used, or its files cannot be written.

    Attributes:
        path: the bundle, or the file that is in the way.
        problem: what is wrong, and what to do.
    """

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The files of a bundle.

    Attributes:
        files: name -> content, ``ven.toml`` among them.
        settings: what ``ven.toml`` says.
    """

    files: dict[str, bytes] = field(repr=False)
    settings: dict[str, Any]


def read(path: Path) -> Bundle:
    """Returns a bundle after every check.

    Raises:
        BundleError: the file is no bundle, or not a safe one.
    """
    try:
        if path.stat().st_size > MAX_BUNDLE_BYTES:
            raise BundleError(path, f"is larger than {MAX_BUNDLE_BYTES // 1024**2} MB: no bundle")
        with zipfile.ZipFile(path) as archive:
            files = _contents(path, archive)
    except _DAMAGED as error:
        raise BundleError(path, f"cannot be read: {error}; expected a zip file") from None
    return Bundle(files=files, settings=_settings(path, files))


def _contents(path: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise BundleError(path, f"holds {len(entries)} files; a bundle has {MAX_FILES} at most")
    files: dict[str, bytes] = {}
    for entry in entries:
        problem = _problem(entry)
        if entry.filename.lower() in {name.lower() for name in files}:
            problem = "stands twice"
        if problem:
            raise BundleError(path, f"entry {entry.filename[:80]!r} {problem}")
        with archive.open(entry) as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise BundleError(path, f"entry {entry.filename!r} is larger than it says")
        files[entry.filename] = content
    return files


def _problem(entry: zipfile.ZipInfo) -> str:
    """Returns what is wrong with an entry before it is looked into; empty if nothing."""
    if not _NAME.fullmatch(entry.filename):
        return "is not a plain file name"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.file_size > MAX_FILE_BYTES:
        return f"is larger than {MAX_FILE_BYTES // 1024} KB"
    return ""


def _settings(path: Path, files: dict[str, bytes]) -> dict[str, Any]:
    if CONFIGURATION not in files:
        raise BundleError(path, f"has no {CONFIGURATION}; expected a bundle that a VTN made")
    try:
        settings = tomllib.loads(files[CONFIGURATION].decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BundleError(path, f"{CONFIGURATION}: cannot be read: {error}") from None
    tls = settings.get("tls")
    if not isinstance(tls, dict):
        raise BundleError(path, f"{CONFIGURATION}: there is no [tls]")
    for key in _NEEDED:
        if tls.get(key) not in files:
            problem = f"{CONFIGURATION}: tls.{key}: {tls.get(key)!r} is not in the bundle"
            raise BundleError(path, problem)
    return settings


def configured(text: str, **values: str) -> str:
    """Returns the text of a ``ven.toml`` with top-level keys set, comments kept.

    Args:
        text: the file.
        values: new value of each key; a key that is not there is put first.
    """
    lines = text.splitlines(keepends=True)
    top = next((n for n, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    for key, value in values.items():
        line = f"{key} = {toml_string(value)}\n"
        found = [n for n in range(top) if lines[n].partition("=")[0].strip() == key]
        if found:
            lines[found[0]] = line
        else:
            lines.insert(0, line)
            top += 1
    return "".join(lines)


def toml_string(text: str) -> str:
    """Returns a text as TOML writes it, in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def write(files: dict[str, bytes], folder: Path) -> list[Path]:
    """Writes files into a folder, all or none; private keys for their owner alone.

    Returns:
        their paths, in the order given.

    Raises:
        BundleError: one is there already, or the folder cannot be written.
    """
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            path = folder / name
            private = name.endswith(".key") or b"PRIVATE KEY-----" in content
            _create(path, content, PRIVATE_MODE if private else PUBLIC_MODE)
            written.append(path)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        where = Path(error.filename) if error.filename else folder
        if isinstance(error, FileExistsError):
            problem = "is there already and is not overwritten; choose another folder"
            raise BundleError(where, problem) from None
        raise BundleError(where, f"cannot be written: {error.strerror or error}") from None
    return written


def _create(path: Path, content: bytes, mode: int) -> None:
    """Writes a file that is not there yet, with its mode from the first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
