"""``ven status``: how a VEN is, read from what it remembers."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from oadr.messages import ResourceStatus
from oadr.report import Reading
from oadr.units import MEASUREMENTS
from runtime.durations import as_typed
from runtime.logs import one_line
from ven.cli.base import config_option, debug_option
from ven.cli.pulse import LastPulse, pulse_path, read_pulse
from ven.config import Settings, load
from ven.options import POLL_INTERVAL
from ven.sources.settings import AnyMeter, CsvMeterSettings
from ven.state import State
from ven.status import RequestLine, Status, read_status

#: So many polls may fail before a VEN that runs is not well.
MISSED_POLLS = 3
#: Real time that exchanges and retries may take beside that.
SLACK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterLine:
    """The newest reading of a data point; None while there is none."""

    r_id: str
    unit: str
    reading: Reading | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that is shown.

    Attributes:
        now: by the clock of the VEN.
        status: from its state; None if it has never run.
        pulse: from its process; None if it has never run.
        meters: their newest readings.
        silent: whether it should have heard the VTN since.
    """

    now: datetime
    status: Status | None
    pulse: LastPulse | None
    meters: tuple[MeterLine, ...]
    silent: bool

    @property
    def running(self) -> bool:
        """Whether its process is alive."""
        return self.pulse is not None and self.pulse.running

    def problems(self) -> Iterator[str]:
        """Yields what is not well, and what to do."""
        if self.status is None:
            yield "it has never run: ven run"
            return
        if not self.running:
            yield "it does not run: ven run"
        if self.status.registration is None:
            yield "it is not registered: the log of ven run says why"
        elif self.running and self.silent:
            yield "the VTN has not answered for a while: the log of ven run says why"
        if self.status.parked:
            yield f"{self.status.parked} reports were refused by the VTN for good"


@click.command()
@config_option
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@debug_option
def status(config: Path, json_: bool, debug: bool) -> None:
    r"""Say how the VEN is, whether or not it runs.

    Exit code 0 means that it is well: it runs, is registered, its VTN answers, and
    nothing that it reported was refused for good.

    \b
    ven status
    ven status -c school-7/ven.toml --json
    """
    settings = load(config)
    picture = asyncio.run(take_picture(settings))
    problems = list(picture.problems())
    if json_:
        click.echo(json.dumps(_as_json(settings, picture, problems), indent=2, default=_plain))
    else:
        for line in _lines(settings, picture, problems):
            click.echo(one_line(line))
    if problems:
        raise click.exceptions.Exit(1)


async def take_picture(settings: Settings) -> Picture:
    """Returns how the VEN of a configuration is.

    Raises:
        StateError: its state cannot be read.
    """
    now = settings.clock.clock().now()
    path = settings.state.path
    pulse = read_pulse(pulse_path(path))
    if not path.exists():
        return Picture(now=now, status=None, pulse=pulse, meters=(), silent=False)
    state = State(path)
    await state.open()
    try:
        found = await read_status(
            state,
            now=now,
            ven_name=settings.ven_name,
            vtn_url=settings.vtn_url,
            running=pulse is not None and pulse.running,
            lost="",
        )
        points = _points(settings)
        meters = tuple(
            [
                MeterLine(r_id=r_id, unit=unit, reading=await state.readings.newest(r_id))
                for r_id, unit in points.items()
            ]
        )
    finally:
        await state.close()
    silent = _is_silent(settings, found, pulse, now)
    return Picture(now=now, status=found, pulse=pulse, meters=meters, silent=silent)


def _is_silent(settings: Settings, status: Status, pulse: LastPulse | None, now: datetime) -> bool:
    if pulse is None or pulse.heard is None:
        return True
    asked = status.registration.poll_interval if status.registration is not None else None
    interval = settings.poll.interval or asked or POLL_INTERVAL
    if settings.push is not None:
        interval = settings.push.resync
    return now - pulse.heard > MISSED_POLLS * interval + SLACK * settings.clock.factor


def _points(settings: Settings) -> Mapping[str, str]:
    """Returns rID -> unit of every meter."""
    points: dict[str, str] = {}
    for meter in settings.meters:
        points[meter.r_id or meter.name] = _unit(meter)
        if isinstance(meter, CsvMeterSettings) and meter.baseline:
            points[meter.baseline] = _unit(meter)
    return points


def _unit(meter: AnyMeter) -> str:
    symbol = MEASUREMENTS.get(meter.measurement, ("", ""))[1]
    scale = "" if meter.scale == "none" else str(meter.scale)
    return f"{scale}{symbol}" if symbol else meter.unit


# ------------------------------------------------------------------ for people


def _lines(settings: Settings, picture: Picture, problems: list[str]) -> Iterator[str]:
    yield f"{settings.ven_name} -> {settings.vtn_url}"
    if picture.status is not None:
        yield from _life(picture, picture.status)
        yield from _events(picture.status)
        yield from _reports(picture, picture.status)
    for problem in problems:
        yield f"Not well: {problem}"


def _life(picture: Picture, status: Status) -> Iterator[str]:
    pulse, registration = picture.pulse, status.registration
    if pulse is not None and pulse.running:
        yield f"running       since {_moment(pulse.started)}"
    if registration is not None:
        poll, address = registration.poll_interval, registration.push_address
        every = f", poll every {as_typed(poll)}" if poll and not address else ""
        yield (
            f"registered    at {registration.vtn_id} as {registration.ven_id} "
            f"(registration {registration.registration_id}){every}"
        )
        if address:
            yield f"push          the VTN pushes to {address}"
    if pulse is not None and pulse.heard is not None:
        ago = max(picture.now - pulse.heard, timedelta(0))
        yield f"VTN answered  {_moment(pulse.heard)}, {as_typed(ago)} ago"
    if pulse is not None and pulse.pushed is not None:
        ago = max(picture.now - pulse.pushed, timedelta(0))
        yield f"VTN pushed    {_moment(pulse.pushed)}, {as_typed(ago)} ago"


def _events(status: Status) -> Iterator[str]:
    width = max((len(event.event_id) for event in status.events), default=0)
    for event in status.events:
        length = f"for {as_typed(event.duration)}" if event.duration else "open-ended"
        yield (
            f"event         {event.event_id:<{width}}  {event.status:<9} {event.opt:<6}  "
            f"{_moment(event.start)} {length}  {', '.join(event.signals)}"
        )
    if status.unanswered:
        yield f"unanswered    {status.unanswered} answers to events wait for the VTN"


def _reports(picture: Picture, status: Status) -> Iterator[str]:
    yield f"reports       {len(status.reports)} requested, {status.waiting} wait to be sent"
    for asked in status.requests:
        yield f"report        {_request(asked)}"
    for wanted in status.wanted:
        yield f"wanted        {_request(wanted)}"
    width = max((len(line.r_id) for line in picture.meters), default=0)
    for line in picture.meters:
        yield f"meter         {line.r_id:<{width}}  {_reading(line)}"


def _request(line: RequestLine) -> str:
    what = f"{line.request_id}  {line.specifier_id} {', '.join(line.r_ids)}"
    if not line.deliver:
        return f"{what}  once, {line.state}"
    every = f"every {as_typed(line.every)}" if line.every else "at each change"
    until = f", until {_moment(line.until)}" if line.until is not None else ""
    return f"{what}  {every}, sent every {as_typed(line.deliver)}{until}, {line.state}"


def _reading(line: MeterLine) -> str:
    found = line.reading
    if found is None:
        return "no reading yet"
    if isinstance(found.value, ResourceStatus):
        online = "online" if found.value.online else "offline"
        what = f"{online}, overridden by hand" if found.value.manual_override else online
    else:
        what = f"{found.value:f} {line.unit}".rstrip()
    period = f"{as_typed(found.duration)} from " if found.duration else ""
    quality = f"  {found.quality}" if found.quality else ""
    return f"{what:>14}  {period}{_moment(found.start)}{quality}"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


# ------------------------------------------------------------------ for programs


def _as_json(settings: Settings, picture: Picture, problems: list[str]) -> dict[str, Any]:
    pulse = picture.pulse
    return {
        "ven_name": settings.ven_name,
        "vtn_url": settings.vtn_url,
        "now": picture.now,
        "well": not problems,
        "problems": problems,
        "running": picture.running,
        "started": pulse.started if pulse is not None else None,
        "heard": pulse.heard if pulse is not None else None,
        "pushed": pulse.pushed if pulse is not None else None,
    } | ({} if picture.status is None else _state_as_json(picture, picture.status))


def _state_as_json(picture: Picture, status: Status) -> dict[str, Any]:
    registration = status.registration
    return {
        "registration": None
        if registration is None
        else {
            "ven_id": registration.ven_id,
            "registration_id": registration.registration_id,
            "vtn_id": registration.vtn_id,
            "poll_interval": registration.poll_interval,
            "push_address": registration.push_address,
        },
        "events": [asdict(event) for event in status.events],
        "unanswered": status.unanswered,
        "reports": status.reports,
        "requests": [asdict(line) for line in status.requests],
        "wanted": [asdict(line) for line in status.wanted],
        "waiting": status.waiting,
        "parked": status.parked,
        "readings": status.readings,
        "opts": status.opts,
        "meters": [
            {"r_id": line.r_id, "unit": line.unit, "reading": line.reading and asdict(line.reading)}
            for line in picture.meters
        ],
    }


def _plain(value: object) -> object:
    """Returns what JSON has no word for: moments in UTC, durations in seconds, exact numbers."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return str(value)
