"""From a configuration to a VEN."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from runtime import plugins
from runtime.capture import Capture
from runtime.errors import ConfigError
from runtime.hooks import HandlerError
from ven.config import Settings, SignatureSettings, TlsSettings, load
from ven.connection import Connection
from ven.devices import build_devices
from ven.engine.core import new_registry
from ven.load import Load
from ven.meter import Meter
from ven.options import PUSH_RESYNC, Options
from ven.signing import KeyFiles


class Assembled(Protocol):
    """What is made of a configuration: a client."""

    def add_meter(self, meter: Meter) -> None:
        """Adds a meter."""

    def add_load(self, load: Load) -> None:
        """Adds a load."""

    def keep_trace(self, capture: Capture | None) -> None:
        """Has every exchange written to a trace on disk."""


C = TypeVar("C", bound=Assembled)


def assemble(
    cls: Callable[..., C], settings: Path | str | Settings, overrides: dict[str, Any]
) -> C:
    """Returns the VEN that a configuration describes.

    Args:
        cls: the class of the VEN.
        settings: a file, or what is in one.
        overrides: arguments of the constructor that count more.

    Raises:
        ConfigError: it cannot be used.
    """
    found = settings if isinstance(settings, Settings) else load(Path(settings))
    arguments: dict[str, Any] = {
        "ven_name": found.ven_name,
        "vtn_url": found.vtn_url,
        "options": _options(found),
        "ven_id": found.ven_id,
        "state": found.state.path,
        "connection": _connection(found),
        "clock": found.clock.clock(),
        "handlers": _handlers(found),
    }
    arguments |= overrides
    client = cls(**arguments)
    client.keep_trace(_capture(found, arguments["state"]))
    devices = build_devices(found.meters, found.loads, state=found.state.path)
    for meter in devices.meters:
        client.add_meter(meter)
    for device in devices.loads:
        client.add_load(device)
    return client


def _capture(settings: Settings, state: Path | str) -> Capture | None:
    """Returns what writes the trace on disk; None if none is kept."""
    trace = settings.trace
    if trace.keep == "nothing" or str(state) == ":memory:":
        return None
    return Capture(
        trace.beside(Path(state)),
        max_bytes=trace.max_bytes,
        max_document=trace.max_document,
        every_poll=trace.keep == "all",
    )


def _options(settings: Settings) -> Options:
    return Options(
        ven_name=settings.ven_name,
        ven_id=settings.ven_id,
        pre_provisioned=settings.vtn.pre_provisioned,
        vtn_id=settings.vtn.id,
        introduction=settings.vtn.reports,
        default_opt=settings.policy.default,
        market_contexts=settings.market_contexts,
        resource_ids=settings.resources,
        group_ids=settings.groups,
        device_classes=settings.device_classes,
        report_only=settings.report_only,
        status=settings.reports.status,
        poll_interval=settings.poll.interval,
        poll_jitter=settings.poll.jitter,
        backoff_cap=settings.poll.backoff_cap,
        push_address=settings.push.address if settings.push else None,
        push_resync=settings.push.resync if settings.push else PUSH_RESYNC,
        hook_seconds=settings.time_limit.total_seconds(),
        hook_limits=_limits(settings),
    )


def _limits(settings: Settings) -> dict[str, float]:
    found = {name: limit.total_seconds() for name, limit in settings.time_limits.items()}
    try:
        new_registry(settings.time_limit.total_seconds(), found)
    except HandlerError as error:
        raise ConfigError(str(error), key="time_limits") from None
    return found


def _connection(settings: Settings) -> Connection:
    tls, signatures = settings.tls, settings.signatures
    passphrase = _passphrase(tls.passphrase_file, "tls.passphrase_file") if tls else None
    try:
        return Connection(
            url=settings.vtn_url,
            cert=tls.certificate if tls else None,
            key=tls.key if tls else None,
            passphrase=passphrase,
            ca_file=tls.ca if tls else None,
            crl_file=tls.crl if tls else None,
            check_hostname=tls.check_hostname if tls else True,
            tls_profile=tls.profile if tls else "compatible",
            vtn_fingerprint=tls.vtn_fingerprint if tls else None,
            signing_key=_signing_key(signatures, tls, passphrase),
            signatures=signatures.policy,
            signature_fingerprint=signatures.vtn_fingerprint,
            tolerance=signatures.tolerance,
            timeout=settings.poll.timeout,
            profile=settings.vtn.profile,
            leave_out=settings.vtn.leave_out,
            listen=settings.push.listening() if settings.push else None,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _passphrase(file: Path | None, key: str) -> str | None:
    """Returns the first line of a file; None if there is no file to read."""
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read: {error}; expected the passphrase of the key"
        raise ConfigError(problem, key=key) from None


def _signing_key(
    signatures: SignatureSettings, tls: TlsSettings | None, passphrase: str | None
) -> KeyFiles | None:
    if not signatures.sign:
        return None
    certificate = signatures.certificate or (tls.certificate if tls else None)
    key = signatures.key or (tls.key if tls else None)
    if certificate is None or key is None:
        raise ConfigError("to sign takes certificate and key", key="signatures")
    if signatures.key is not None:
        passphrase = _passphrase(signatures.passphrase_file, "signatures.passphrase_file")
    files = KeyFiles(certificate=certificate, key=key, passphrase=passphrase)
    try:
        files.current()
    except (OSError, ValueError) as error:
        raise ConfigError(str(error), key="signatures") from None
    return files


def _handlers(settings: Settings) -> list[object]:
    handlers = [
        plugins.build(
            name,
            settings.handler_settings.get(name, {}),
            key=f"handlers.{number}",
            settings=f"handler_settings.{name}",
        )
        for number, name in enumerate(settings.handlers)
    ]
    if settings.policy.limits:
        section = {**settings.policy.limits, "default": settings.policy.default}
        policy = settings.policy.handler
        handlers.append(plugins.build(policy, section, key="policy.handler", settings="policy"))
    return handlers
