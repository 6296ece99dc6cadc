"""What the kit shows of itself: out of a bundle, or of files."""

import tomllib
import zipfile
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certs import KeyPair, TLSFiles, client_context, fingerprints, server_context
from certs.errors import CertsError
from certs.options import passphrase
from conformance.cli.base import Given, NothingTested
from conformance.peers import Identity
from oadr.signature import SigningKey

VEN_NAME, VTN_ID = "kit-ven", "kit-vtn"
#: Far more than a bundle has; more is no bundle.
_MOST_FILES, _MOST_BYTES = 20, 256 * 1024
_LONGEST_NAME, _LONGEST_ARCHIVE = 100, 16 * 1024 * 1024
_CONFIGURATION = "ven.toml"
_DAMAGED = (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a VTN hands out, unpacked.

    Attributes:
        pair: certificate and key.
        ca: the authority.
        settings: what its ``ven.toml`` says; empty if it has none.
    """

    pair: KeyPair
    ca: Path
    settings: dict[str, Any]


def identity(given: Given, stack: ExitStack) -> Identity:
    """Returns what the kit shows of itself.

    Args:
        given: the command line.
        stack: keeps unpacked keys as long as they are needed.

    Raises:
        NothingTested: a file is missing, damaged, or does not fit the others.
        click.UsageError: files are named that go together with others.
    """
    secret = passphrase(given.passphrase_file, environment=None) if given.passphrase_file else None
    settings: dict[str, Any] = {}
    files: TLSFiles | None = None
    if given.bundle is not None:
        bundle = unpacked(given.bundle, stack, secret)
        files, settings = TLSFiles(ca=bundle.ca, pairs=(bundle.pair,)), bundle.settings
    elif given.cert and given.key and given.ca:
        pair = KeyPair(certificate=given.cert, key=given.key, passphrase=secret)
        files = TLSFiles(ca=given.ca, pairs=(pair,))
    vtn = given.side == "ven"
    name = given.vtn_id or VTN_ID
    if not vtn:
        name = given.ven_name or str(settings.get("ven_name") or VEN_NAME)
    ven_id = given.ven_id or ("" if vtn else str(settings.get("ven_id") or ""))
    if files is None:
        return Identity(name=name, ven_id=ven_id)
    return _secured(
        name,
        ven_id,
        files,
        given,
        stranger=_other(given.stranger, stack),
        expired=_other(given.expired, stack),
    )


def _other(file: Path | None, stack: ExitStack) -> KeyPair | None:
    return None if file is None else unpacked(file, stack, None).pair


def _secured(
    name: str,
    ven_id: str,
    files: TLSFiles,
    given: Given,
    *,
    stranger: KeyPair | None,
    expired: KeyPair | None,
) -> Identity:
    (pair,) = files.pairs
    try:
        client, server = client_context(files), server_context(files)
        certificate = pair.certificate.read_bytes()
        secret = pair.passphrase.encode() if pair.passphrase else None
        key = SigningKey.load(certificate, pair.key.read_bytes(), secret)
        fingerprint = fingerprints(certificate).openadr
    except (CertsError, OSError, ValueError) as error:
        source = given.bundle or given.cert
        raise NothingTested(f"{source}: {_said(error)}") from None
    return Identity(
        name=name,
        ven_id=ven_id,
        client_tls=client,
        server_tls=server,
        key=key,
        signs=given.sign,
        fingerprint=fingerprint,
        files=files,
        stranger=stranger,
        expired=expired,
    )


def _said(error: Exception) -> str:
    return " ".join(str(error).split())


# ------------------------------------------------------------------ bundles


def unpacked(file: Path, stack: ExitStack, secret: str | None) -> Bundle:
    """Returns what is in a bundle, unpacked to a folder that goes with the stack.

    Raises:
        NothingTested: it is no bundle.
    """
    try:
        if file.stat().st_size > _LONGEST_ARCHIVE:
            raise ValueError("it is too large")
        with zipfile.ZipFile(file) as archive:
            contents = _contents(archive)
    except FileNotFoundError:
        raise NothingTested(f"{file}: there is no such file; expected a bundle.") from None
    except _DAMAGED as error:
        raise NothingTested(f"{file}: is no bundle that can be read: {_said(error)}.") from None
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="conform-")))
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    settings = _settings(file, contents)
    names = _named(settings) or _guessed(contents)
    if names is None or not set(names) <= set(contents):
        raise NothingTested(
            f"{file}: holds no certificate with its key and its authority "
            "('vtn ven enrol NAME --issue --out FILE.zip' makes one that does)."
        )
    certificate, key, ca = (folder / name for name in names)
    pair = KeyPair(certificate=certificate, key=key, passphrase=secret)
    return Bundle(pair=pair, ca=ca, settings=settings)


def _contents(archive: zipfile.ZipFile) -> dict[str, bytes]:
    """Returns the files of an archive.

    Raises:
        ValueError: they are too many or too large, or a name leads elsewhere.
    """
    entries = archive.infolist()
    if len(entries) > _MOST_FILES:
        raise ValueError(f"it holds {len(entries)} files")
    found = {}
    for entry in entries:
        # Others unpack at once what may be a thousand times as much.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"its entry {entry.filename[:80]!r} is packed in an unusual way")
        if len(entry.filename) > _LONGEST_NAME or entry.filename in ("", ".", ".."):
            raise ValueError(f"its entry {entry.filename[:80]!r} has no usable name")
        if Path(entry.filename).name != entry.filename or "\\" in entry.filename:
            raise ValueError(f"its entry {entry.filename[:80]!r} is in a folder")
        with archive.open(entry) as stream:
            found[entry.filename] = stream.read(_MOST_BYTES + 1)
        if len(found[entry.filename]) > _MOST_BYTES:
            raise ValueError(f"its entry {entry.filename[:80]!r} is too large")
    return found


def _settings(file: Path, contents: dict[str, bytes]) -> dict[str, Any]:
    try:
        return tomllib.loads(contents.get(_CONFIGURATION, b"").decode())
    except (ValueError, RecursionError) as error:
        raise NothingTested(f"{file}: its {_CONFIGURATION} cannot be read: {error}.") from None


def _named(settings: dict[str, Any]) -> tuple[str, str, str] | None:
    """Returns the names of certificate, key and authority that a ``ven.toml`` gives."""
    tls = settings.get("tls")
    if not isinstance(tls, dict) or not {"certificate", "key", "ca"} <= set(tls):
        return None
    return str(tls["certificate"]), str(tls["key"]), str(tls["ca"])


def _guessed(contents: dict[str, bytes]) -> tuple[str, str, str] | None:
    """Returns their names in an archive without ``ven.toml``."""
    keys = [name for name, data in contents.items() if b"PRIVATE KEY-----" in data]
    papers = [name for name, data in contents.items() if b"BEGIN CERTIFICATE-----" in data]
    authorities = [name for name in papers if Path(name).stem.lower() in ("ca", "root")]
    own = [name for name in papers if name not in authorities]
    if len(keys) != 1 or len(authorities) != 1 or len(own) != 1:
        return None
    return own[0], keys[0], authorities[0]
