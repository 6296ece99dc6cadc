"""From the arguments of openleadr's constructor to this project's settings."""

import errno
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from runtime.errors import ConfigError
from runtime.policy import SignaturePolicy
from vtn.config import (
    HttpSettings,
    RegistrationSettings,
    Settings,
    SignatureSettings,
    StoreSettings,
    TlsSettings,
)
from vtn.errors import InsecureSetup

_MEMORY = ":memory:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What openleadr's constructor takes, and three arguments beside; see ``VTN``."""

    vtn_id: str
    cert: str | None
    key: str | None
    passphrase: str | None
    http_port: int
    http_host: str
    http_cert: str | None
    http_key: str | None
    http_key_passphrase: str | None
    http_path_prefix: str
    requested_poll_freq: timedelta
    http_ca_file: str | None
    verify_message_signatures: bool
    store: str | Path | None
    force_plain: bool

    def settings(self) -> Settings:
        """Returns the settings; without a store, everything is in memory.

        Raises:
            ConfigError: an argument cannot be used.
            InsecureSetup: TLS without its certificate, key or authority.
            FileNotFoundError: one of these files is not there.
        """
        self._check()
        url = url_of(self.store)
        if self.cert and self.key:
            _check_files(self.cert, self.key)
        policy = SignaturePolicy.ACCEPTED if self.verify_message_signatures else "ignored"
        return Settings(
            vtn_id=self.vtn_id,
            http=self._http(),
            tls=self._tls(),
            store=StoreSettings(url=url),
            signatures=SignatureSettings(
                policy=SignaturePolicy(policy),
                always=bool(self.cert and self.key),
                certificate=_path(self.cert),
                key=_path(self.key),
                passphrase=self.passphrase,
            ),
            registration=RegistrationSettings(
                poll_interval=self.requested_poll_freq, readmit=in_memory(url)
            ),
        )

    def _check(self) -> None:
        expected: Mapping[str, tuple[type, str]] = {
            "vtn_id": (str, "a text that is not empty"),
            "http_port": (int, "a number from 0 to 65535"),
            "http_host": (str, "an address to listen on"),
            "http_path_prefix": (str, "a path"),
            "requested_poll_freq": (timedelta, "a timedelta that is more than 0"),
        }
        for name, (kind, words) in expected.items():
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise ConfigError(f"is {value!r}; expected {words}", key=name)
        if not self.vtn_id:
            raise ConfigError("is empty; expected how the VTN calls itself", key="vtn_id")
        if not 0 <= self.http_port <= 65535:
            raise ConfigError(f"is {self.http_port}; expected 0 to 65535", key="http_port")
        if self.requested_poll_freq <= timedelta(0):
            raise ConfigError("expected more than 0", key="requested_poll_freq")

    def _http(self) -> HttpSettings:
        plain = self.http_cert is None and self.http_key is None
        return HttpSettings(
            host=self.http_host,
            port=self.http_port,
            path_prefix=self.http_path_prefix,
            plain=plain and not self.force_plain,
            force_plain=plain and self.force_plain,
        )

    def _tls(self) -> TlsSettings:
        given = {
            "http_cert": self.http_cert,
            "http_key": self.http_key,
            "http_ca_file": self.http_ca_file,
        }
        missing = [name for name, value in given.items() if value is None]
        if 0 < len(missing) < len(given):
            raise InsecureSetup(
                f"{', '.join(missing)} is missing: TLS needs a certificate, its key and the "
                "authority that the certificates of VENs come from (http_ca_file); for plain "
                "HTTP on this machine give none of the three"
            )
        _check_files(*given.values())
        return TlsSettings(
            certificate=_path(self.http_cert),
            key=_path(self.http_key),
            ca=_path(self.http_ca_file),
            passphrase=self.http_key_passphrase,
        )


def _check_files(*names: str | None) -> None:
    for name in names:
        if name is not None and not Path(name).exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(name))


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def url_of(store: str | Path | None) -> str:
    """Returns the URL of a database that is given as a path or URL; in memory for None."""
    text = _MEMORY if store is None else str(store)
    return text if "://" in text else f"sqlite+aiosqlite:///{text}"


def in_memory(url: str) -> bool:
    """Returns whether a database ends with its process."""
    return url.rpartition("///")[2] in ("", _MEMORY)


def show_certificate(certificate: Path, *, fingerprint: bool, domain: bool) -> None:
    """Prints what the operators of VENs need to know of the certificate that signs.

    Args:
        certificate: PEM file.
        fingerprint: print its fingerprint.
        domain: print the names that it is valid for.

    Raises:
        ConfigError: it is none.
    """
    from certs.light import openadr_fingerprint

    try:
        pem = certificate.read_text(encoding="ascii")
        der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE-----") :])
    except ValueError as error:
        raise ConfigError(f"{certificate} cannot be read: {error}", key="cert") from None
    if fingerprint:
        print(  # noqa: T201 - as openleadr does
            f"Your VTN Certificate Fingerprint is {openadr_fingerprint(der)}. Please deliver "
            "this fingerprint to the VENs that connect to you; it need not be kept a secret."
        )
    if domain:
        names = ", ".join(_domains(der)) or "no domain"
        print(f"The VTN Certificate is valid for the following domain(s): {names}")  # noqa: T201 - as openleadr does


def _domains(der: bytes) -> list[str]:
    from cryptography import x509

    parsed = x509.load_der_x509_certificate(der)
    try:
        found: Any = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return [str(one.value) for one in found]
    except x509.ExtensionNotFound:
        common = parsed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return [str(one.value) for one in common]
