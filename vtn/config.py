"""``vtn.toml``: what a VTN is told before it starts.

Relative paths are relative to the file; in the section of a handler, ``file``, ``folder``
and keys that end in ``_file`` or ``_folder`` are paths. Durations are written ``10s``,
``5m``, ``1h``. ``docs/reference/vtn-configuration.md`` describes every key.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, model_validator

from oadr.enums import ReportName
from runtime.hooks import TIME_LIMIT
from runtime.settings import ClockSettings, Duration, Section, load_toml
from vtn.roster import SignaturePolicy

#: Where the services are, below the host (R511).
PATH = "/OpenADR2/Simple/2.0b"


class HttpSettings(Section):
    """``[http]``: where the VTN listens, and how much it takes.

    Attributes:
        host: address to listen on.
        port: 0 takes any free one.
        path_prefix: the services are at ``<path_prefix>/EiEvent`` and so on.
        public_url: where VENs reach it, path included; written into what is handed to them.
        plain: serve without TLS; only on a loopback address.
        force_plain: serve without TLS on any address. Whoever can reach it can do anything.
        max_body: largest message, bytes.
        max_reports_body: largest message to EiReport, bytes.
        rate: messages a second that one VEN may send in the long run.
        burst: messages that it may send at once.
        read_timeout: longest wait for the rest of a request, and for the next one.
    """

    host: str = "0.0.0.0"  # noqa: S104 - a server listens
    port: int = Field(default=8443, ge=0, le=65535)
    path_prefix: str = PATH
    public_url: str = ""
    plain: bool = False
    force_plain: bool = False
    max_body: int = Field(default=1024 * 1024, ge=1024)
    max_reports_body: int = Field(default=16 * 1024 * 1024, ge=1024)
    rate: float = Field(default=50.0, gt=0)
    burst: float = Field(default=200.0, ge=1)
    read_timeout: Duration = timedelta(seconds=30)


class TlsSettings(Section):
    """``[tls]``: the server's certificate, and which clients it trusts.

    Attributes:
        certificate: PEM file with the server certificate.
        key: PEM file with its private key.
        ca: PEM file with the authority that client certificates must come from.
        crl: PEM file with what that authority has revoked; read again when it changes.
        rsa_certificate: a second certificate, for peers that speak RSA only.
        rsa_key: its private key.
        passphrase_file: file whose first line opens the keys.
        passphrase: opens the keys; better in a file.
        profile: ``compatible``, or ``certification`` (exactly R67 and R68).
    """

    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    crl: Path | None = None
    rsa_certificate: Path | None = None
    rsa_key: Path | None = None
    passphrase_file: Path | None = None
    passphrase: SecretStr | None = None
    profile: Literal["compatible", "certification"] = "compatible"

    @model_validator(mode="after")
    def _complete(self) -> "TlsSettings":
        if self.certificate and not self.key:
            raise ValueError("certificate needs its key")
        if self.certificate and not self.ca:
            raise ValueError("certificate needs ca, the authority of the VENs (R68)")
        if bool(self.rsa_certificate) != bool(self.rsa_key):
            raise ValueError("rsa_certificate and rsa_key go together")
        return self


class StoreSettings(Section):
    """``[store]``: the database.

    Attributes:
        url: such as ``sqlite+aiosqlite:///vtn.db``; a relative file is relative to vtn.toml.
    """

    url: str = "sqlite+aiosqlite:///vtn.db"


class SignatureSettings(Section):
    """``[signatures]``: XML signatures (R514).

    Attributes:
        policy: for VENs that have none of their own.
        certificate: signs what the VTN sends; that of ``[tls]`` if left out.
        key: its private key.
        tolerance: how far a signing time may be off, in both directions.
    """

    policy: SignaturePolicy = SignaturePolicy.ACCEPTED
    certificate: Path | None = None
    key: Path | None = None
    tolerance: Duration = timedelta(seconds=60)


class RegistrationSettings(Section):
    """``[registration]``: who may come in.

    Attributes:
        handler: bundled name or ``module:attr``.
        settings: what the handler is built from.
        poll_interval: how often VENs shall poll.
        offline_after: missed polls until a VEN counts as offline.
    """

    handler: str = "allow-list"
    settings: dict[str, Any] = Field(default_factory=dict)
    poll_interval: Duration = timedelta(seconds=10)
    offline_after: int = Field(default=3, ge=1)


class StandingRequest(Section):
    """One entry of ``[reports] request``: what every VEN that offers it is asked for.

    Attributes:
        report: such as ``TELEMETRY_USAGE``.
        every: sampling; brought into the offered range.
        deliver: how often it is reported; 0 means once.
        duration: for how long; 0 means for ever.
    """

    report: ReportName
    every: Duration = timedelta(minutes=1)
    deliver: Duration = timedelta(minutes=5)
    duration: Duration = timedelta(0)


class ReportSettings(Section):
    """``[reports]``: what is requested, and what happens with it.

    Attributes:
        handlers: bundled names or ``module:attr``, each called for readings.
        settings: per handler, what it is built from.
        request: standing requests.
        via: ``registered-report`` asks in the answer to the metadata and asks again by
            oadrCreateReport if the VEN does not react; ``poll`` asks by oadrCreateReport only.
    """

    handlers: list[str] = Field(default_factory=list)
    settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    request: list[StandingRequest] = Field(default_factory=list)
    via: Literal["registered-report", "poll"] = "registered-report"


class Settings(Section):
    """The whole configuration.

    Attributes:
        vtn_id: how the VTN calls itself; case matters (R512).
        market_context: programme of events that name none.
        handlers: further handlers, bundled names or ``module:attr``.
        handler_settings: per handler, what it is built from.
        time_limit: longest time a handler may take.
    """

    vtn_id: str = Field(min_length=1)
    market_context: str = "http://openadr.example/default"
    http: HttpSettings = HttpSettings()
    tls: TlsSettings = TlsSettings()
    store: StoreSettings = StoreSettings()
    signatures: SignatureSettings = SignatureSettings()
    registration: RegistrationSettings = RegistrationSettings()
    reports: ReportSettings = ReportSettings()
    handlers: list[str] = Field(default_factory=list)
    handler_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    time_limit: Duration = timedelta(seconds=TIME_LIMIT)
    clock: ClockSettings = ClockSettings()


_PATHS = ("certificate", "key", "ca", "crl", "rsa_certificate", "rsa_key", "passphrase_file")


def load(path: Path) -> Settings:
    """Returns the configuration in a file, its paths made absolute.

    Raises:
        runtime.settings.ConfigError: it names the file, the key and what was expected.
    """
    settings = load_toml(path, Settings)
    folder = path.resolve().parent
    return settings.model_copy(
        update={
            "tls": _absolute(settings.tls, folder),
            "signatures": _absolute(settings.signatures, folder),
            "store": StoreSettings(url=_absolute_url(settings.store.url, folder)),
            "registration": settings.registration.model_copy(
                update={"settings": _absolute_keys(settings.registration.settings, folder)}
            ),
            "reports": settings.reports.model_copy(
                update={"settings": _absolute_sections(settings.reports.settings, folder)}
            ),
            "handler_settings": _absolute_sections(settings.handler_settings, folder),
        }
    )


def _absolute(section: Section, folder: Path) -> Section:
    changes = {
        name: folder / value
        for name in _PATHS
        if isinstance(value := getattr(section, name, None), Path)
    }
    return section.model_copy(update=changes)


def _absolute_sections(
    sections: dict[str, dict[str, Any]], folder: Path
) -> dict[str, dict[str, Any]]:
    return {name: _absolute_keys(section, folder) for name, section in sections.items()}


def _absolute_keys(section: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Returns the section of a handler with its paths made absolute, known by their keys."""
    return {
        key: str(folder / value)
        if isinstance(value, str) and key.rpartition("_")[2] in ("file", "folder")
        else value
        for key, value in section.items()
    }


def _absolute_url(url: str, folder: Path) -> str:
    head, mark, file = url.partition(":///")
    if (
        not mark
        or not head.startswith("sqlite")
        or file.startswith("/")
        or file in ("", ":memory:")
    ):
        return url
    return f"{head}:///{folder / file}"
