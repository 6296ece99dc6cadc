"""``ven status``: whether all is well with a VEN, and if not, what to do."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from certs.expiry import days_left, in_days
from oadr.messages import ResourceStatus
from runtime.durations import as_typed
from runtime.logs import one_line
from ven.cli.base import config_option, debug_option
from ven.cli.picture import MeterLine, Picture, take_picture
from ven.cli.problems import Problem, ago, megabytes, problems
from ven.config import load
from ven.health import in_words
from ven.state.registration import WITHOUT_REPORTS
from ven.status import RequestLine, Status


@click.command()
@config_option
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@debug_option
def status(config: Path, json_: bool, debug: bool) -> None:
    r"""Say on one screen whether all is well with the VEN, whether or not it runs.

    The first line says it. Below it stands what needs attention, the most urgent first, each
    with what to do; then how things stand. Exit code 0 means that all is well: it runs, is
    registered, its VTN answers and takes what it sends, its meters tell their values, and no
    certificate ends within 60 days.

    \b
    ven status
    ven status -c school-7/ven.toml --json
    """
    settings = load(config)
    picture = asyncio.run(take_picture(settings))
    found = problems(picture)
    if json_:
        click.echo(json.dumps(_as_json(picture, found), indent=2, default=_plain))
    else:
        for line in _lines(picture, found):
            click.echo(one_line(line))
    if found:
        raise click.exceptions.Exit(1)


# ------------------------------------------------------------------ for people


def _lines(picture: Picture, found: list[Problem]) -> Iterator[str]:
    yield _verdict(found)
    for problem in found:
        yield f"! {problem.about:<13} {problem.what}"
        yield f"  {'':<13} -> {problem.todo}"
    yield f"VEN           {picture.settings.ven_name} -> {picture.settings.vtn_url}"
    yield f"time          {_moment(picture.now)}"
    if picture.status is not None:
        yield from _life(picture, picture.status)
        yield from _noticed(picture)
        yield from _events(picture.status)
        yield from _reports(picture, picture.status)
    for one in picture.certificates:
        yield f"certificate   of {one.who}: {_end(one.not_after, picture.real)}"
    if picture.disk is not None:
        size, free = megabytes(picture.disk.size), megabytes(picture.disk.free)
        yield f"state         {size}, {free} free on its disk"


def _end(not_after: datetime | None, now: datetime) -> str:
    if not_after is None:
        return "cannot be read"
    days = days_left(not_after, now)
    return (
        f"ended {_moment(not_after)}"
        if days < 0
        else (f"ends {in_days(days)}, {_moment(not_after)}")
    )


def _verdict(found: list[Problem]) -> str:
    if not found:
        return "All is well."
    return "1 thing needs attention." if len(found) == 1 else f"{len(found)} things need attention."


def _noticed(picture: Picture) -> Iterator[str]:
    """Yields what is good to know of the VTN, and calls for nothing."""
    health, settings = picture.health, picture.settings
    if health.clock is not None:
        yield f"clock         that of the VTN is {in_words(health.clock)}"
    if settings.vtn.profile != "strict":
        yield f"profile       {settings.vtn.profile}: {_repairs(len(health.repairs))}"
    for name, one in health.repairs.items():
        yield f"repair        {name:<24} {one.count:>6} times, last {_moment(one.last)}"
    if settings.vtn.leave_out:
        yield f"left out      {', '.join(sorted(settings.vtn.leave_out))}"
    for refusal in list(health.refusals.values())[-3:]:
        if refusal.over:
            words = f": {refusal.words}" if refusal.words else ""
            yield (
                f"refused       {refusal.message} {refusal.code}, last {_moment(refusal.last)}, "
                f"taken since{words}"
            )


def _repairs(count: int) -> str:
    if not count:
        return "no message of the VTN has needed it"
    return "1 repair is in use" if count == 1 else f"{count} repairs are in use"


def _life(picture: Picture, status: Status) -> Iterator[str]:
    pulse, registration = picture.pulse, status.registration
    if pulse is not None and pulse.running:
        yield f"running       since {_moment(pulse.started)}"
    if registration is not None:
        poll, address = registration.poll_interval, registration.push_address
        every = f", poll every {as_typed(poll)}" if poll and not address else ""
        how = f"registration {registration.registration_id}"
        if registration.pre_provisioned:
            how = "pre-provisioned"
        where = registration.vtn_id or "a VTN that has not said what it calls itself"
        yield f"registered    at {where} as {registration.ven_id} ({how}){every}"
        if address:
            yield f"push          the VTN pushes to {address}"
    if pulse is not None and pulse.heard is not None:
        yield f"VTN answered  {_moment(pulse.heard)}, {ago(picture.now - pulse.heard)}"
    if pulse is not None and pulse.pushed is not None:
        yield f"VTN pushed    {_moment(pulse.pushed)}, {ago(picture.now - pulse.pushed)}"


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
    waits = f"{status.waiting} wait to be sent"
    if status.waiting_since is not None:
        waits += f", the oldest was made {ago(picture.now - status.waiting_since)}"
    yield f"reports       {len(status.reports)} requested, {waits}"
    registration = status.registration
    if registration is not None and registration.introduced == WITHOUT_REPORTS:
        yield "reports       the VTN takes none; it is asked again once a day"
    for asked in status.requests:
        yield f"report        {_request(asked)}"
    for wanted in status.wanted:
        yield f"wanted        {_request(wanted)}"
    width = max((len(line.r_id) for line in picture.meters), default=0)
    for line in picture.meters:
        late = "  late" if line.late else ""
        yield f"meter         {line.r_id:<{width}}  {_reading(line)}{late}"


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


def _as_json(picture: Picture, found: list[Problem]) -> dict[str, Any]:
    pulse, settings = picture.pulse, picture.settings
    return {
        "ven_name": settings.ven_name,
        "vtn_url": settings.vtn_url,
        "now": picture.now,
        "well": not found,
        "problems": [asdict(one) for one in found],
        "running": picture.running,
        "started": pulse.started if pulse is not None else None,
        "heard": pulse.heard if pulse is not None else None,
        "pushed": pulse.pushed if pulse is not None else None,
        "noticed": picture.health.as_json(),
        "vtn": {
            "profile": settings.vtn.profile,
            "leave_out": sorted(settings.vtn.leave_out),
            "pre_provisioned": settings.vtn.pre_provisioned,
        },
        "certificates": [
            {
                "who": one.who,
                "file": str(one.path) if one.path is not None else None,
                "not_after": one.not_after,
            }
            for one in picture.certificates
        ],
        "disk": None if picture.disk is None else asdict(picture.disk),
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
            "pre_provisioned": registration.pre_provisioned,
            "takes_reports": registration.introduced != WITHOUT_REPORTS,
            "poll_interval": registration.poll_interval,
            "push_address": registration.push_address,
        },
        "events": [asdict(event) for event in status.events],
        "unanswered": status.unanswered,
        "reports": status.reports,
        "requests": [asdict(line) for line in status.requests],
        "wanted": [asdict(line) for line in status.wanted],
        "waiting": status.waiting,
        "waiting_since": status.waiting_since,
        "parked": status.parked,
        "parked_for": status.parked_for,
        "readings": status.readings,
        "opts": status.opts,
        "meters": [
            {
                "r_id": line.r_id,
                "unit": line.unit,
                "late": line.late,
                "reading": line.reading and asdict(line.reading),
            }
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
