"""``ven.toml``: what a VEN is told before it starts.

Relative paths are relative to the file. Durations are written ``10s``, ``5m``, ``1h``.
``docs/reference/ven-configuration.md`` describes every key.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from oadr.enums import OptType
from runtime.hooks import TIME_LIMIT
from runtime.settings import ClockSettings, Duration, Section, load_toml
from ven.loads.settings import AnyLoad, SimulatedLoadSettings
from ven.signing import SignaturePolicy
from ven.sources.settings import AnyMeter, CsvMeterSettings

B = TypeVar("B", bound=BaseModel)


class TlsSettings(Section):
    """``[tls]``: with what the VEN proves itself, and whom it believes.

    Attributes:
        certificate: PEM file with the VEN's certificate.
        key: PEM file with its private key.
        ca: PEM file with the authority that the VTN's certificate must come from.
        passphrase_file: file whose first line opens the key.
        profile: ``compatible``, or ``certification`` (exactly R67 and R68).
        vtn_fingerprint: the only VTN certificate that is taken.
        check_hostname: whether the VTN's certificate must name the host of the URL.
    """

    certificate: Path
    key: Path
    ca: Path
    passphrase_file: Path | None = None
    profile: Literal["compatible", "certification"] = "compatible"
    vtn_fingerprint: str | None = None
    check_hostname: bool = True

    @model_validator(mode="after")
    def _somebody_is_checked(self) -> "TlsSettings":
        if not self.check_hostname and not self.vtn_fingerprint:
            raise ValueError("check_hostname = false needs vtn_fingerprint")
        return self


class SignatureSettings(Section):
    """``[signatures]``: XML signatures (R514).

    Attributes:
        sign: whether our messages are signed.
        policy: for the VTN's: ``required``, ``accepted`` or ``ignored``.
        certificate: that we sign with; that of ``[tls]`` if left out.
        key: its private key.
        vtn_fingerprint: of the certificate that the VTN signs with; that of ``[tls]``
            if left out.
        tolerance: largest difference between the VTN's clock and ours.
    """

    sign: bool = False
    policy: SignaturePolicy = SignaturePolicy.IGNORED
    certificate: Path | None = None
    key: Path | None = None
    vtn_fingerprint: str | None = None
    tolerance: Duration = timedelta(minutes=1)


class StateSettings(Section):
    """``[state]``: the file that the VEN remembers everything in.

    Attributes:
        path: a SQLite file; made if there is none.
    """

    path: Path = Path("ven.db")


class PollSettings(Section):
    """``[poll]``: how the VTN is asked.

    Attributes:
        interval: in place of the VTN's; left out to do as the VTN says.
        jitter: part of the interval, 0 to 1, by which polls come later.
        backoff_cap: longest wait between two attempts when the VTN does not answer.
        timeout: of one exchange, 5 s or more.
    """

    interval: Annotated[Duration, Field(gt=timedelta(0))] | None = None
    jitter: float = Field(default=0.1, ge=0, le=1)
    backoff_cap: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(minutes=5)
    timeout: Annotated[Duration, Field(ge=timedelta(seconds=5))] = timedelta(seconds=30)


class PolicySettings(BaseModel):
    """``[policy]``: the answer to events that no handler of yours decides.

    Any other key is a limit and goes to ``handler``.

    Attributes:
        default: answer to an event within the limits.
        handler: knows the limits; bundled name or ``module:attr``.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    default: OptType = OptType.OPT_IN
    handler: str = "handlers.event:OptByLimits"

    @property
    def limits(self) -> dict[str, Any]:
        """What the handler is built from; empty without a limit."""
        return dict(self.model_extra or {})


class Settings(Section):
    """The whole configuration.

    Attributes:
        ven_name: what people call this VEN.
        ven_id: allocated beforehand by the VTN; left out to let it choose.
        vtn_url: of the VTN, with or without ``/OpenADR2/Simple/2.0b``.
        market_contexts: programmes that it takes part in; left out to accept any.
        resources: resources of this VEN, beside those of its meters.
        groups: groups that it is in; left out to accept any.
        device_classes: device classes behind it; left out to accept any.
        handlers: bundled names or ``module:attr``; the module may lie beside the file.
        handler_settings: per handler, what it is built from.
        time_limit: longest time that a handler may take.
    """

    ven_name: str = Field(min_length=1)
    ven_id: str | None = Field(default=None, min_length=1)
    vtn_url: str = Field(pattern=r"(?i)^https?://[^/]")
    market_contexts: frozenset[str] | None = None
    resources: frozenset[str] = frozenset()
    groups: frozenset[str] | None = None
    device_classes: frozenset[str] | None = None
    tls: TlsSettings | None = None
    signatures: SignatureSettings = SignatureSettings()
    state: StateSettings = StateSettings()
    poll: PollSettings = PollSettings()
    clock: ClockSettings = ClockSettings()
    policy: PolicySettings = PolicySettings()
    meters: tuple[AnyMeter, ...] = ()
    loads: tuple[AnyLoad, ...] = ()
    handlers: tuple[str, ...] = ()
    handler_settings: dict[str, dict[str, Any]] = Field(default_factory=dict)
    time_limit: Annotated[Duration, Field(gt=timedelta(0))] = timedelta(seconds=TIME_LIMIT)

    @model_validator(mode="after")
    def _fits(self) -> "Settings":
        https = self.vtn_url.lower().startswith("https:")
        if https and self.tls is None:
            raise ValueError("[tls] is missing; https needs certificate, key and ca")
        if not https and self.tls is not None:
            raise ValueError("vtn_url is plain http, but there is [tls]; expected https://...")
        names = [meter.name for meter in self.meters] + [
            meter.baseline for meter in self.meters if isinstance(meter, CsvMeterSettings)
        ]
        _check_unique("meters", [name for name in names if name])
        _check_unique("loads", [load.name for load in self.loads])
        self._check_loads()
        return self

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
        runtime.settings.ConfigError: it names the file, the key and what was expected.
    """
    return _absolute(load_toml(path, Settings), path.resolve().parent)


def _absolute(section: B, folder: Path) -> B:
    """Returns a section with every relative path in it taken from ``folder``."""
    changes: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Path):
            changes[name] = folder / value
        elif isinstance(value, BaseModel):
            changes[name] = _absolute(value, folder)
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
            changes[name] = tuple(_absolute(part, folder) for part in value)
    return section.model_copy(update=changes) if changes else section
