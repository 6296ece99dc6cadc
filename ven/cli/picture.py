"""Everything that ``ven status`` knows of a VEN, read from what it has written down."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certs.errors import FileError
from certs.expiry import ExpiryWarning, certificate_ends
from oadr.report import Reading
from oadr.times import add
from oadr.units import MEASUREMENTS
from ven.cli.pulse import LastPulse, pulse_path, read_pulse
from ven.config import Settings
from ven.expiry import certificate_warnings
from ven.health import Health
from ven.options import POLL_INTERVAL
from ven.sources.settings import AnyMeter, CsvMeterSettings
from ven.state import State
from ven.status import Status, read_status

#: So many polls may fail before a VEN that runs is not well.
MISSED_POLLS = 3
#: Samples of a meter that may be missing before it is late.
MISSED_SAMPLES = 3
#: Real time that exchanges and retries may take beside that.
SLACK = timedelta(seconds=30)
#: How often a meter is read that does not say.
_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterLine:
    """The newest reading of a data point.

    Attributes:
        r_id: the data point.
        unit: of the reading.
        reading: None while there is none.
        late: whether there should be a newer one.
    """

    r_id: str
    unit: str
    reading: Reading | None
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLine:
    """A certificate in a file.

    Attributes:
        who: whose it is.
        path: the file; None for one that was shown.
        not_after: when it expires; None if it cannot be read.
    """

    who: str
    path: Path | None
    not_after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What the state takes of its disk, in bytes.

    Attributes:
        size: of the state.
        free: what is left.
    """

    size: int
    free: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that is known.

    Attributes:
        settings: the configuration.
        now: by the clock of the VEN.
        real: by that of the machine; certificates know no other.
        status: from its state; None if it has never run.
        pulse: from its process; None if it has never run.
        meters: their newest readings.
        silent: whether it should have heard the VTN since.
        certificates: that it lives by.
        expiring: of these, what ends within 60 days.
        disk: that its state is on; None if it has none yet.
    """

    settings: Settings
    now: datetime
    real: datetime
    status: Status | None
    pulse: LastPulse | None
    meters: tuple[MeterLine, ...] = ()
    silent: bool = False
    certificates: tuple[CertificateLine, ...] = ()
    expiring: tuple[ExpiryWarning, ...] = ()
    disk: Disk | None = None

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self.pulse is not None and self.pulse.running

    @property
    def health(self) -> Health:
        """What it has noticed."""
        return self.pulse.health if self.pulse is not None else Health()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """A data point of a meter.

    Attributes:
        unit: of its readings.
        every: how often it is read; None if that depends.
        endless: whether there is always something to read.
    """

    unit: str
    every: timedelta | None = None
    endless: bool = field(default=True)


async def take_picture(settings: Settings) -> Picture:
    """Returns how the VEN of a configuration is.

    Raises:
        StateError: its state cannot be read.
    """
    now, path = settings.clock.clock().now(), settings.state.path
    pulse = read_pulse(pulse_path(path))
    picture = Picture(
        settings=settings,
        now=now,
        real=datetime.now(UTC),
        status=None,
        pulse=pulse,
        certificates=tuple(_certificates(settings, pulse)),
        expiring=tuple(_expiring(settings, pulse)),
    )
    if not path.exists():
        return picture
    state = State(path)
    await state.open()
    try:
        return await _with_state(picture, state)
    finally:
        await state.close()


async def _with_state(picture: Picture, state: State) -> Picture:
    settings, pulse, now = picture.settings, picture.pulse, picture.now
    status = await read_status(
        state,
        now=now,
        ven_name=settings.ven_name,
        vtn_url=settings.vtn_url,
        running=picture.running,
        lost="",
    )
    meters = [
        _line(r_id, point, await state.readings.newest(r_id), picture)
        for r_id, point in _points(settings).items()
    ]
    return Picture(
        settings=settings,
        now=now,
        real=picture.real,
        status=status,
        pulse=pulse,
        meters=tuple(meters),
        silent=_is_silent(settings, status, pulse, now),
        certificates=picture.certificates,
        expiring=picture.expiring,
        disk=_disk(settings.state.path),
    )


def _is_silent(settings: Settings, status: Status, pulse: LastPulse | None, now: datetime) -> bool:
    if pulse is None or pulse.heard is None:
        return True
    asked = status.registration.poll_interval if status.registration is not None else None
    interval = settings.poll.interval or asked or POLL_INTERVAL
    if settings.push is not None:
        interval = settings.push.resync
    return now - pulse.heard > MISSED_POLLS * interval + SLACK * settings.clock.factor


def _signing(settings: Settings) -> Path | None:
    """Returns the file of the certificate that it signs with, if that is another one."""
    own, signing = settings.tls, settings.signatures
    same = own is not None and signing.certificate == own.certificate
    return signing.certificate if signing.sign and not same else None


def _certificates(settings: Settings, pulse: LastPulse | None) -> Iterator[CertificateLine]:
    tls, signing = settings.tls, _signing(settings)
    if tls is not None:
        yield CertificateLine(
            who="this VEN", path=tls.certificate, not_after=next(_ends(tls.certificate))
        )
    if signing is not None:
        yield CertificateLine(
            who="this VEN, to sign with", path=signing, not_after=next(_ends(signing))
        )
    if tls is not None:
        for number, end in enumerate(_ends(tls.ca)):
            who = f"authority {number + 1}" if number else "the authority"
            yield CertificateLine(who=who, path=tls.ca, not_after=end)
    if pulse is not None and pulse.health.vtn_until is not None:
        yield CertificateLine(who="the VTN", path=None, not_after=pulse.health.vtn_until)


def _ends(path: Path) -> Iterator[datetime | None]:
    """Yields when the certificates of a file expire; None if it cannot be read."""
    try:
        yield from certificate_ends(path)
    except FileError:
        yield None


def _expiring(settings: Settings, pulse: LastPulse | None) -> list[ExpiryWarning]:
    tls = settings.tls
    return certificate_warnings(
        certificate=tls.certificate if tls is not None else None,
        ca=tls.ca if tls is not None else None,
        crl=tls.crl if tls is not None else None,
        signing=_signing(settings),
        vtn_until=pulse.health.vtn_until if pulse is not None else None,
    )


def _disk(path: Path) -> Disk:
    parts = [path, path.with_name(f"{path.name}-wal")]
    size = sum(part.stat().st_size for part in parts if part.exists())
    return Disk(size=size, free=shutil.disk_usage(path.parent).free)


def _points(settings: Settings) -> Mapping[str, _Point]:
    """Returns rID -> data point of every meter."""
    points: dict[str, _Point] = {}
    for meter in settings.meters:
        replayed = isinstance(meter, CsvMeterSettings)
        endless = not replayed or (meter.repeat if isinstance(meter, CsvMeterSettings) else True)
        point = _Point(unit=_unit(meter), every=meter.every, endless=endless)
        points[meter.r_id or meter.name] = point
        if isinstance(meter, CsvMeterSettings) and meter.baseline:
            points[meter.baseline] = point
    return points


def _unit(meter: AnyMeter) -> str:
    symbol = MEASUREMENTS.get(meter.measurement, ("", ""))[1]
    scale = "" if meter.scale == "none" else str(meter.scale)
    return f"{scale}{symbol}" if symbol else meter.unit


def _line(r_id: str, point: _Point, reading: Reading | None, picture: Picture) -> MeterLine:
    late = picture.running and point.endless and _is_late(point, reading, picture)
    return MeterLine(r_id=r_id, unit=point.unit, reading=reading, late=late)


def _is_late(point: _Point, reading: Reading | None, picture: Picture) -> bool:
    """Returns whether a meter of a VEN that runs should have been read since."""
    assert picture.pulse is not None  # noqa: S101 - it runs
    slack = SLACK * picture.settings.clock.factor
    newest = picture.pulse.started
    if reading is not None:
        newest = max(newest, add(reading.start, reading.duration))
    span = reading.duration if reading is not None else timedelta(0)
    every = max(point.every or span or _EVERY, span)
    return picture.now - newest > MISSED_SAMPLES * every + slack
