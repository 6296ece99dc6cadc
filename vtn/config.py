"""``vtn.toml``: what a VTN is told before it starts.

Relative paths are relative to the file; in the section of a handler, ``file``, ``folder``
and keys that end in ``_file`` or ``_folder`` are paths. Durations are written ``10s``,
``5m``, ``1h``. ``docs/reference/vtn-configuration.md`` describes every key.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from oadr.enums import OptType, ReportName
from runtime.errors import ConfigError
from runtime.hooks import TIME_LIMIT
from runtime.policy import SignaturePolicy
from runtime.sections import ClockSettings, Duration, PlainSection, Positive, Rule, Text, load_toml
from vtn.peer_settings import PeerSettings
from vtn.proxy.settings import ProxySettings

if TYPE_CHECKING:
    from oadr.opt import Policy

S = TypeVar("S", bound="TlsSettings | SignatureSettings | ProxySettings")

#: Where the services are, below the host (R511).
PATH = "/OpenADR2/Simple/2.0b"
#: Who decides on registrations if nobody is named.
DEFAULT_REGISTRATION = "allow-list"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings(PlainSection):
    """``[http]``: where the VTN listens, and how much it takes.

    Attributes:
        host: address to listen on.
        port: 0 takes any free one.
        path_prefix: the services are at ``<path_prefix>/EiEvent`` and so on.
        public_url: where VENs reach it, path included; written into what is handed to them.
        plain: serve without TLS; only on a loopback address, or to proxies, see ``[proxy]``.
        force_plain: serve without TLS on any address. Whoever can reach it can do anything.
        max_body: largest message, bytes.
        max_reports_body: largest message to EiReport, bytes.
        rate: messages a second that one VEN may send in the long run.
        burst: messages that it may send at once.
        read_timeout: longest wait for the rest of a request, and for the next one.
    """

    host: str = "0.0.0.0"  # noqa: S104 - a server listens
    port: Annotated[int, Rule(ge=0, le=65535)] = 8443
    path_prefix: str = PATH
    public_url: str = ""
    plain: bool = False
    force_plain: bool = False
    max_body: Annotated[int, Rule(ge=1024)] = 1024 * 1024
    max_reports_body: Annotated[int, Rule(ge=1024)] = 16 * 1024 * 1024
    rate: Annotated[float, Rule(gt=0)] = 50.0
    burst: Annotated[float, Rule(ge=1)] = 200.0
    read_timeout: Duration = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings(PlainSection):
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
    passphrase: str | None = field(default=None, repr=False)
    profile: Literal["compatible", "certification"] = "compatible"

    def __post_init__(self) -> None:
        if self.certificate and not self.key:
            raise ValueError("certificate needs its key")
        if self.certificate and not self.ca:
            raise ValueError("certificate needs ca, the authority of the VENs (R68)")
        if bool(self.rsa_certificate) != bool(self.rsa_key):
            raise ValueError("rsa_certificate and rsa_key go together")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings(PlainSection):
    """``[store]``: the database.

    Attributes:
        url: such as ``sqlite+aiosqlite:///vtn.db``; a relative file is relative to vtn.toml.
    """

    url: str = "sqlite+aiosqlite:///vtn.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureSettings(PlainSection):
    """``[signatures]``: XML signatures (R514).

    Attributes:
        policy: for VENs that have none of their own.
        always: signs whatever is sent; otherwise what answers a signed message, and what
            goes to VENs that must sign.
        certificate: signs what the VTN sends; that of ``[tls]`` if left out.
        key: its private key.
        passphrase_file: file whose first line opens ``key``.
        passphrase: opens it; better in a file.
        tolerance: how far a signing time may be off, in both directions.
    """

    policy: SignaturePolicy = SignaturePolicy.ACCEPTED
    always: bool = False
    certificate: Path | None = None
    key: Path | None = None
    passphrase_file: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    tolerance: Duration = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSettings(PlainSection):
    """``[registration]``: who may come in.

    Attributes:
        handler: bundled name or ``module:attr``; ``allow-list`` if left out, unless the
            program brings a handler of its own.
        settings: what the handler is built from.
        readmit: takes in VENs that this VTN does not remember but that remember it: a poll
            of one is answered with oadrRequestReregistration, and a registration that
            names an old registrationID is a new one.
        poll_interval: how often VENs shall poll.
        offline_after: missed polls until a VEN counts as offline.
    """

    handler: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    poll_interval: Duration = timedelta(seconds=10)
    offline_after: Annotated[int, Rule(ge=1)] = 3
    readmit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSettings(PlainSection):
    """``[push]``: messages to VENs that listen instead of polling.

    Attributes:
        timeout: longest time for one exchange, 5 s or more.
        longest_pause: between two attempts for a VEN that cannot be reached; 0 means as long
            as between two polls.
        concurrency: VENs that are talked to at the same time.
        networks: where VENs may listen: networks such as ``10.0.0.0/8``, names such as
            ``ven.example``, and all names below one as ``*.example``. Anywhere if empty.
    """

    timeout: Annotated[Duration, Rule(ge=timedelta(seconds=5))] = timedelta(seconds=30)
    longest_pause: Duration = timedelta(0)
    concurrency: Annotated[int, Rule(ge=1, le=10_000)] = 100
    networks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.networks:
            from vtn.dispatch.address import Allowed

            Allowed(self.networks)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRequest(PlainSection):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSettings(PlainSection):
    """``[reports]``: what is requested, and what happens with it.

    Attributes:
        handlers: bundled names or ``module:attr``, each called for readings.
        settings: per handler, what it is built from.
        request: standing requests.
        via: ``registered-report`` asks in the answer to the metadata and asks again by
            oadrCreateReport if the VEN does not react; ``poll`` asks by oadrCreateReport only.
    """

    handlers: tuple[str, ...] = ()
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    request: tuple[StandingRequest, ...] = ()
    via: Literal["registered-report", "poll"] = "registered-report"


@dataclass(frozen=True, slots=True, kw_only=True)
class OptSettings(PlainSection):
    """``[opts]``: what this programme makes of opts, where the profile leaves it open (R201).

    Attributes:
        default: whether a VEN takes part in an event that has said nothing about it, neither
            of the event nor by a schedule.
        overlap: what counts at times for which one schedule says in and another one out.
        precedence: what counts if a schedule says out and the VEN answers an event with optIn:
            ``latest``, whichever came later; ``schedule``; or ``answer``.
    """

    default: OptType = OptType.OPT_IN
    overlap: OptType = OptType.OPT_OUT
    precedence: Literal["latest", "schedule", "answer"] = "latest"

    @property
    def policy(self) -> "Policy":
        """The same, as ``oadr.opt`` takes it."""
        from oadr.opt import Policy, Precedence

        precedence = Precedence(self.precedence)
        return Policy(default=self.default, overlap=self.overlap, precedence=precedence)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSettings(PlainSection):
    """``[trace]``: the trace of all messages, which ``vtn trace`` shows.

    Attributes:
        keep: ``exchanges`` counts polls for which nothing waits and keeps all else, ``all``
            keeps these as well, ``nothing`` writes nothing.
        folder: where it is; beside the database if left out, and for a database that is no
            file beside the configuration.
        max_bytes: that it may take on the disk; the oldest goes then.
        max_document: bytes that are kept of one document.
    """

    keep: Literal["exchanges", "all", "nothing"] = "exchanges"
    folder: Path | None = None
    max_bytes: Annotated[int, Rule(ge=1024 * 1024)] = 64 * 1024 * 1024
    max_document: Annotated[int, Rule(ge=1024)] = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(PlainSection):
    """The whole configuration.

    Attributes:
        vtn_id: how the VTN calls itself; case matters (R512).
        market_context: programme of events that name none.
        handlers: further handlers, bundled names or ``module:attr``.
        handler_settings: per handler, what it is built from.
        time_limit: longest time a handler may take.
        time_limits: the same for single hooks, such as ``on_poll = "2s"``.
    """

    vtn_id: Text
    market_context: str = "http://openadr.example/default"
    http: HttpSettings = field(default_factory=HttpSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    proxy: ProxySettings | None = None
    store: StoreSettings = field(default_factory=StoreSettings)
    signatures: SignatureSettings = field(default_factory=SignatureSettings)
    peers: PeerSettings = field(default_factory=PeerSettings)
    registration: RegistrationSettings = field(default_factory=RegistrationSettings)
    reports: ReportSettings = field(default_factory=ReportSettings)
    push: PushSettings = field(default_factory=PushSettings)
    opts: OptSettings = field(default_factory=OptSettings)
    trace: TraceSettings = field(default_factory=TraceSettings)
    handlers: tuple[str, ...] = ()
    handler_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    time_limit: Positive = timedelta(seconds=TIME_LIMIT)
    time_limits: dict[str, Positive] = field(default_factory=dict)
    clock: ClockSettings = field(default_factory=ClockSettings)


_PATHS = (
    *("certificate", "key", "ca", "crl", "rsa_certificate", "rsa_key"),
    *("passphrase_file", "secret_file"),
)


def load(path: Path) -> Settings:
    """Returns the configuration in a file, its paths made absolute.

    Raises:
        runtime.settings.ConfigError: it names the file, the key and what was expected.
    """
    settings = load_toml(path, Settings)
    folder = path.resolve().parent
    registration, reports = settings.registration, settings.reports
    return replace(
        settings,
        tls=_absolute(settings.tls, folder),
        proxy=settings.proxy and _absolute(settings.proxy, folder),
        signatures=_absolute(settings.signatures, folder),
        store=StoreSettings(url=_absolute_url(settings.store.url, folder)),
        trace=_trace(settings, folder),
        registration=replace(registration, settings=_absolute_keys(registration.settings, folder)),
        reports=replace(reports, settings=_absolute_sections(reports.settings, folder)),
        handler_settings=_absolute_sections(settings.handler_settings, folder),
    )


def _trace(settings: Settings, folder: Path) -> TraceSettings:
    trace = settings.trace
    if trace.folder is None and settings.store.url.startswith("sqlite"):
        return trace
    return replace(trace, folder=folder / (trace.folder or "vtn-trace"))


def trace_folder(settings: Settings) -> Path | None:
    """Returns where the trace is; None if none is kept, or if nothing else is."""
    if settings.trace.keep == "nothing" or settings.trace.folder is not None:
        return settings.trace.folder
    scheme, _, file = settings.store.url.partition(":///")
    if not scheme.startswith("sqlite") or file in ("", ":memory:"):
        return None
    path = Path(file)
    return path.with_name(f"{path.stem}-trace")


def _absolute(section: S, folder: Path) -> S:
    changes = {
        name: folder / value
        for name in _PATHS
        if isinstance(value := getattr(section, name, None), Path)
    }
    # Every key is one of the section's; mypy cannot know.
    return replace(section, **changes)  # type: ignore[arg-type]


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


def passphrase_of(settings: Settings) -> str | None:
    """Returns what opens the private keys of TLS, if the configuration says it.

    Raises:
        runtime.errors.ConfigError: the file cannot be read.
    """
    return _passphrase(settings.tls, "tls")


def signing_passphrase_of(settings: Settings) -> str | None:
    """Returns what opens the key that signs: that of ``[tls]`` unless it has its own.

    Raises:
        runtime.errors.ConfigError: the file cannot be read.
    """
    section = settings.signatures
    if section.key is None:
        return passphrase_of(settings)
    return _passphrase(section, "signatures") or passphrase_of(settings)


def _passphrase(section: TlsSettings | SignatureSettings, name: str) -> str | None:
    if section.passphrase is not None or section.passphrase_file is None:
        return section.passphrase
    try:
        return section.passphrase_file.read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", key=f"{name}.passphrase_file") from None
