"""Who may register: ``allow-list`` and ``open-enrolment``.

Both are named in ``[registration] handler`` and configured in ``[registration.settings]``.
"""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from certs import to_openadr
from certs.errors import FingerprintError
from runtime.settings import Section, check
from vtn.hooks import Accept, Context, Refuse, Registration, RegistrationHandler
from vtn.store import party


class AllowListSettings(Section):
    """What ``allow-list`` can be told.

    Attributes:
        fingerprints: certificates that are enrolled when they first register.
        file: more of them, one a line; ``#`` begins a comment. Read again at each
            registration.
    """

    fingerprints: list[str] = Field(default_factory=list)
    file: Path | None = None


class AllowList(RegistrationHandler):
    """Accepts whoever is enrolled, and certificates that are on a list.

    A VEN is enrolled by ``vtn ven enrol``. With a list, a VEN that shows a certificate of
    it is enrolled at its first registration under the name by which it calls itself.

    Args:
        fingerprints: of 20 digits, or SHA-256 of 64.
        file: more of them, one a line.

    Raises:
        ValueError: something on the list is no fingerprint.
    """

    def __init__(self, fingerprints: Iterable[str] = (), *, file: Path | None = None) -> None:
        self._fingerprints = frozenset(_fingerprint(text) for text in fingerprints)
        self._file = file
        _read_list(file)

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "AllowList":
        """Returns the handler that a section describes, see ``AllowListSettings``.

        Raises:
            ConfigError: a key is wrong.
            ValueError: the file cannot be read, or what is in it is no list of
                fingerprints.
        """
        settings = check(dict(section), AllowListSettings)
        return cls(settings.fingerprints, file=settings.file)

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        """Accepts the enrolled and the listed; 463 for everybody else."""
        if request.enrolled:
            return Accept()
        if not request.fingerprint:
            return Refuse(463, "this VEN is not enrolled")
        if request.fingerprint not in self._fingerprints:
            listed = await asyncio.to_thread(self._listed, ctx)
            if request.fingerprint not in listed:
                return Refuse(463, "this certificate is not enrolled")
        if request.name_taken:
            return Refuse(463, "a VEN of that name is enrolled with another certificate")
        return Accept()

    def _listed(self, ctx: Context) -> frozenset[str]:
        try:
            return _read_list(self._file)
        except ValueError as error:
            # Somebody is editing the list: nobody is let in by it until it is right again.
            ctx.log.error("allow-list: %s", error)
            return frozenset()


class OpenEnrolmentSettings(Section):
    """What ``open-enrolment`` can be told.

    Attributes:
        at_most: how many VENs may be enrolled in all; 0 for any number.
    """

    at_most: int = Field(default=0, ge=0)


class OpenEnrolment(RegistrationHandler):
    """Accepts everybody with a certificate that the VTN trusts; on plain HTTP anybody.

    For a test bench, or where the certificate authority is the only gate. A name that
    another VEN has is refused: it could be an impostor.

    Args:
        at_most: how many VENs may be enrolled in all; 0 for any number.
    """

    def __init__(self, *, at_most: int = 0) -> None:
        self._at_most = at_most

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "OpenEnrolment":
        """Returns the handler that a section describes, see ``OpenEnrolmentSettings``.

        Raises:
            ConfigError: a key is wrong.
        """
        return cls(at_most=check(dict(section), OpenEnrolmentSettings).at_most)

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        """Accepts everybody while there is room and the name is free."""
        if request.enrolled:
            return Accept()
        if request.name_taken:
            return Refuse(463, "a VEN of that name is enrolled with another certificate")
        if self._at_most:
            async with ctx.store.read() as tx:
                enrolled = len(await party.all_parties(tx))
            if enrolled >= self._at_most:
                return Refuse(463, "this VTN takes no more VENs")
        return Accept()


def _read_list(file: Path | None) -> frozenset[str]:
    if file is None:
        return frozenset()
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} cannot be read: {error}") from None
    texts = (line.partition("#")[0].strip() for line in lines)
    return frozenset(_fingerprint(text) for text in texts if text)


def _fingerprint(text: str) -> str:
    try:
        return to_openadr(text)
    except FingerprintError as error:
        raise ValueError(str(error)) from None
