"""``ven.toml``: what a VEN is told before it starts.

Relative paths are relative to the file. Durations are written ``10s``, ``5m``, ``1h``.
``docs/reference/ven-configuration.md`` describes every key.
"""

from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from oadr.codec.plain import Dispensable
from oadr.enums import OptType
from oadr.repair.catalogue import Tolerance
from runtime.hooks import TIME_LIMIT
from runtime.policy import SignaturePolicy
from runtime.sections import (
    ClockSettings,
    Duration,
    PlainSection,
    Positive,
    Read,
    Rule,
    Text,
    load_toml,
)
from ven.loads.settings import AnyLoad, SimulatedLoadSettings
from ven.options import PUSH_RESYNC, Introduction, push_address
from ven.push import Listening, is_loopback
from ven.sources.settings import AnyMeter, CsvMeterSettings

S = TypeVar("S", bound=PlainSection)


def _fingerprints(value: object) -> object:
    """Returns a list of fingerprints as one text, separated by commas."""
    if not isinstance(value, list):
        return value
    if not value or not all(isinstance(one, str) and one.strip() for one in value):
        raise ValueError("expected a fingerprint, or a list of fingerprints")
    return ", ".join(value)


#: One fingerprint or, in a file, a list of them.
Fingerprints = Annotated[str | None, Read(_fingerprints)]


def _push_address(value: object) -> object:
    return push_address(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings(PlainSection):
    """``[tls]``: with what the VEN proves itself, and whom it believes.

    Attributes:
        certificate: PEM file with the VEN's certificate.
        key: PEM file with its private key.
        ca: PEM file with the authority that the VTN's certificate must come from.
        passphrase_file: file whose first line opens the key.
        profile: ``compatible``, or ``certification`` (exactly R67 and R68).
        crl: PEM file with what that authority has revoked; read again when it changes.
        vtn_fingerprint: the only VTN certificate that is taken; a list of several while the VTN
            changes its certificate.
        check_hostname: whether the VTN's certificate must name the host of the URL.
    """

    certificate: Path
    key: Path
    ca: Path
    crl: Path | None = None
    passphrase_file: Path | None = None
    profile: Literal["compatible", "certification"] = "compatible"
    vtn_fingerprint: Fingerprints = None
    check_hostname: bool = True

    def __post_init__(self) -> None:
        if not self.check_hostname and not self.vtn_fingerprint:
            raise ValueError("check_hostname = false needs vtn_fingerprint")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureSettings(PlainSection):
    """``[signatures]``: XML signatures (R514).

    Attributes:
        sign: whether our messages are signed.
        policy: for the VTN's: ``required``, ``accepted`` or ``ignored``.
        certificate: that we sign with; that of ``[tls]`` if left out.
        key: its private key; that of ``[tls]`` if left out.
        passphrase_file: file whose first line opens this ``key``.
        vtn_fingerprint: of the certificate that the VTN signs with, or a list of several; that
            of ``[tls]`` if left out.
        tolerance: largest difference between the VTN's clock and ours.
    """

    sign: bool = False
    policy: SignaturePolicy = SignaturePolicy.IGNORED
    certificate: Path | None = None
    key: Path | None = None
    passphrase_file: Path | None = None
    vtn_fingerprint: Fingerprints = None
    tolerance: Duration = timedelta(minutes=1)

    def __post_init__(self) -> None:
        if self.passphrase_file is not None and self.key is None:
            raise ValueError("passphrase_file is for a key of its own; expected key beside it")


@dataclass(frozen=True, slots=True, kw_only=True)
class VtnSettings(PlainSection):
    """``[vtn]``: what is different about this VTN; most need nothing of it.

    Attributes:
        profile: what is put up with in its messages: ``strict``, ``repair`` (what has one
            meaning only) or ``lenient`` (what takes a guess).
        leave_out: optional parts that it chokes on, such as ``["schemaVersion", "Id"]``; our
            messages go without them.
        pre_provisioned: whether it has no EiRegisterParty, and knows this VEN by ``ven_id``
            because people have told it.
        id: vtnID of a pre-provisioned VTN; left out to take that of its first events.
        reports: ``auto`` (its word is taken if it says that it has no EiReport), ``always``
            or ``never``.
    """

    profile: Tolerance = Tolerance.STRICT
    leave_out: frozenset[Dispensable] = frozenset()
    pre_provisioned: bool = False
    id: Text | None = None
    reports: Introduction = Introduction.AUTO

    def __post_init__(self) -> None:
        if self.id is not None and not self.pre_provisioned:
            raise ValueError("id is for a VTN with pre_provisioned = true; others say it")


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSettings(PlainSection):
    """``[state]``: the file that the VEN remembers everything in.

    Attributes:
        path: a SQLite file; made if there is none.
    """

    path: Path = Path("ven.db")


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings(PlainSection):
    """``[poll]``: how the VTN is asked.

    Attributes:
        interval: in place of the VTN's; left out to do as the VTN says.
        jitter: part of the interval, 0 to 1, by which polls come later.
        backoff_cap: longest wait between two attempts when the VTN does not answer.
        timeout: of one exchange, 5 s or more.
    """

    interval: Positive | None = None
    jitter: Annotated[float, Rule(ge=0, le=1)] = 0.1
    backoff_cap: Positive = timedelta(minutes=5)
    timeout: Annotated[Duration, Rule(ge=timedelta(seconds=5))] = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsSettings(PlainSection):
    """``[reports]``: what is offered beside the meters (R510).

    Attributes:
        status: whether the VTN can ask whether the resources are online and overridden by
            hand, where no meter of type ``status`` tells it.
    """

    status: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSettings(PlainSection):
    """``[push]``: the VTN sends by itself to this VEN, which does not poll then (R38, R51).

    Attributes:
        address: at which the VTN reaches this VEN, such as ``https://school-7.example:8444``;
            registered as oadrTransportAddress.
        host: address of this machine to listen on.
        port: to listen on; that of ``address`` if left out.
        path_prefix: what comes before ``/OpenADR2/Simple/2.0b``; that of ``address`` if
            left out.
        vtn_fingerprint: of the certificate with which the VTN pushes, or a list of several; that
            of ``[tls]`` if left out, and without one there, of the one that it shows when it is
            called.
        resync: how often all events are asked for all the same.
    """

    address: Annotated[str, Read(_push_address)]
    host: Text = "0.0.0.0"  # noqa: S104 - to be reached is what it is for; TLS lets one in
    port: Annotated[int | None, Rule(ge=1, le=65535)] = None
    path_prefix: Annotated[str | None, Rule(pattern="^/")] = None
    vtn_fingerprint: Fingerprints = None
    resync: Positive = PUSH_RESYNC

    @property
    def secure(self) -> bool:
        """Whether the address says that there is TLS."""
        return self.address.startswith("https:")

    def listening(self) -> Listening:
        """Returns where to listen."""
        parts = urlsplit(self.address)
        port = self.port or parts.port or (443 if self.secure else 80)
        prefix = parts.path if self.path_prefix is None else self.path_prefix
        return Listening(
            host=self.host,
            port=port,
            path_prefix=prefix.rstrip("/"),
            vtn_fingerprint=self.vtn_fingerprint,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSettings(PlainSection):
    """``[trace]``: the trace of all messages, which ``ven trace`` shows.

    Attributes:
        keep: ``exchanges`` counts polls for which nothing waits and keeps all else, ``all``
            keeps these as well, ``nothing`` writes nothing.
        folder: where it is; beside the state if left out.
        max_bytes: that it may take on the disk; the oldest goes then.
        max_document: bytes that are kept of one document.
    """

    keep: Literal["exchanges", "all", "nothing"] = "exchanges"
    folder: Path | None = None
    max_bytes: Annotated[int, Rule(ge=1024 * 1024)] = 8 * 1024 * 1024
    max_document: Annotated[int, Rule(ge=1024)] = 256 * 1024

    def beside(self, state: Path) -> Path:
        """Returns where the trace is."""
        return self.folder or state.with_name(f"{state.stem}-trace")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings(PlainSection):
    """``[policy]``: the answer to events that no handler of yours decides.

    Attributes:
        default: answer to an event within the limits.
        handler: knows the limits; bundled name or ``module:attr``.
        limits: every other key of the section; ``handler`` is built from them.
    """

    default: OptType = OptType.OPT_IN
    handler: str = "handlers.event:OptByLimits"
    limits: dict[str, Any] = field(default_factory=dict)


def _with_limits(section: object) -> object:
    """Returns ``[policy]`` with the keys that belong to the handler apart from the others."""
    if not isinstance(section, dict):
        return section
    ours = {key: section[key] for key in ("default", "handler") if key in section}
    return {**ours, "limits": {key: value for key, value in section.items() if key not in ours}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(PlainSection):
    """The whole configuration.

    Attributes:
        ven_name: what people call this VEN.
        ven_id: allocated beforehand by the VTN; left out to let it choose.
        vtn_url: of the VTN, with or without ``/OpenADR2/Simple/2.0b``.
        market_contexts: programmes that it takes part in; left out to accept any.
        resources: resources of this VEN, beside those of its meters.
        groups: groups that it is in; left out to accept any.
        device_classes: device classes behind it; left out to accept any.
        report_only: whether this VEN only reports and has no part in events.
        handlers: bundled names or ``module:attr``; the module may lie beside the file.
        handler_settings: per handler, what it is built from.
        time_limit: longest time that a handler may take.
        time_limits: the same for single hooks, such as ``on_event = "2s"``.
    """

    ven_name: Text
    ven_id: Text | None = None
    vtn_url: Annotated[str, Rule(pattern=r"(?i)^https?://[^/]")]
    market_contexts: frozenset[str] | None = None
    resources: frozenset[str] = frozenset()
    groups: frozenset[str] | None = None
    device_classes: frozenset[str] | None = None
    report_only: bool = False
    tls: TlsSettings | None = None
    vtn: VtnSettings = field(default_factory=VtnSettings)
    signatures: SignatureSettings = field(default_factory=SignatureSettings)
    state: StateSettings = field(default_factory=StateSettings)
    poll: PollSettings = field(default_factory=PollSettings)
    push: PushSettings | None = None
    clock: ClockSettings = field(default_factory=ClockSettings)
    policy: Annotated[PolicySettings, Read(_with_limits)] = field(default_factory=PolicySettings)
    reports: ReportsSettings = field(default_factory=ReportsSettings)
    trace: TraceSettings = field(default_factory=TraceSettings)
    meters: tuple[AnyMeter, ...] = ()
    loads: tuple[AnyLoad, ...] = ()
    handlers: tuple[str, ...] = ()
    handler_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    time_limit: Positive = timedelta(seconds=TIME_LIMIT)
    time_limits: dict[str, Positive] = field(default_factory=dict)

    def __post_init__(self) -> None:
        https = self.vtn_url.lower().startswith("https:")
        if https and self.tls is None:
            raise ValueError("[tls] is missing; https needs certificate, key and ca")
        if not https and self.tls is not None:
            raise ValueError("vtn_url is plain http, but there is [tls]; expected https://...")
        if self.vtn.pre_provisioned and self.ven_id is None:
            raise ValueError("vtn.pre_provisioned needs ven_id; expected the one that the VTN has")
        if self.push is not None:
            self._check_push(self.push)
        names = [meter.name for meter in self.meters] + [
            meter.baseline for meter in self.meters if isinstance(meter, CsvMeterSettings)
        ]
        _check_unique("meters", [name for name in names if name])
        _check_unique("loads", [load.name for load in self.loads])
        if self.report_only and self.loads:
            raise ValueError("a VEN that only reports has no part in events; leave out [[loads]]")
        self._check_loads()

    def _check_push(self, push: PushSettings) -> None:
        if push.secure and self.tls is None:
            raise ValueError("push.address: https needs [tls] with certificate, key and ca")
        if not push.secure and self.tls is not None:
            raise ValueError("push.address: with [tls] the VEN takes https only")
        if self.tls is None and not is_loopback(push.host):
            raise ValueError(
                f'push.host: plain HTTP on {push.host} would let anybody push; expected "127.0.0.1"'
                " for a test on this machine, or [tls]"
            )

    def _check_loads(self) -> None:
        replayed = {meter.name for meter in self.meters if isinstance(meter, CsvMeterSettings)}
        taken: set[str] = set()
        for load in self.loads:
            if not isinstance(load, SimulatedLoadSettings):
                continue
            if load.meter not in replayed:
                known = ", ".join(sorted(replayed)) or "there is none"
                raise ValueError(
                    f"load {load.name!r}: meter {load.meter!r} is no csv meter; known: {known}"
                )
            if load.meter in taken:
                raise ValueError(f"load {load.name!r}: meter {load.meter!r} has a load already")
            taken.add(load.meter)


def _check_unique(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what}: name {twice[0]!r} stands twice; each needs its own")


def load(path: Path) -> Settings:
    """Returns the configuration in a file, its paths made absolute.

    Raises:
        runtime.errors.ConfigError: it names the file, the key and what was expected.
    """
    return _absolute(load_toml(path, Settings), path.resolve().parent)


def _absolute(section: S, folder: Path) -> S:
    """Returns a section with every relative path in it taken from ``folder``."""
    changes: dict[str, Any] = {}
    for key in fields(section):  # type: ignore[arg-type]  # every section is a dataclass
        value = getattr(section, key.name)
        if isinstance(value, Path):
            changes[key.name] = folder / value
        elif isinstance(value, PlainSection):
            changes[key.name] = _absolute(value, folder)
        elif isinstance(value, tuple) and value and isinstance(value[0], PlainSection):
            changes[key.name] = tuple(_absolute(part, folder) for part in value)
    return replace(section, **changes) if changes else section  # type: ignore[type-var]
