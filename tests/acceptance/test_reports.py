"""Readings on their way from the meter into the database, as they are asked for."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from oadr import messages as m
from tests.acceptance.town import Town
from tests.acceptance.world import MINUTE, Building, Row, Utility, watt_hours

_STATUS = [
    {"type": "csv", "name": "main", "file": "load.csv"},
    {
        "type": "status",
        "name": "heat-pump",
        "every": "1m",
        "override_file": "overridden",
        "offline_file": "offline",
    },
]


async def _school(town: Town, utility: Utility, **sections: Any) -> Building:
    school = await utility.enrol("school", **sections)
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    return school


async def _rows(
    utility: Utility, more_than: int = 0, specifier: str = "TELEMETRY_USAGE"
) -> list[Row]:
    found = await utility.readings("school", specifier)
    return found if len(found) > more_than else []


def check_rows(found: list[Row]) -> None:
    """Every minute is there, once, with its own value and its unit."""
    assert [(value, unit) for start, value, unit in found] == [
        (watt_hours(start), "Wh") for start, _, _ in found
    ]
    assert all(later - earlier == MINUTE for (earlier, _, _), (later, _, _) in pairwise(found))


@pytest.mark.parametrize("via", ["registered-report", "poll"])
async def test_readings_arrive_with_their_values_and_units_however_they_are_asked_for(
    town: Town, utility: Utility, via: str
) -> None:
    utility.configure(reports={"via": via})
    school = await _school(town, utility)
    check_rows(await town.until(lambda: _rows(utility, 6)))
    check_rows(await utility.exported("school"))
    asked = "CreateReport" if via == "poll" else "RegisteredReport"
    carriers = {
        type(one).__name__
        for one in school.heard
        if isinstance(one, m.CreateReport | m.RegisteredReport) and one.requests
    }
    assert carriers == {asked}
    (request,) = await utility.json("report list")
    assert (request["state"], request["ven"]) == ("active", "school")
    assert len(school.sent(m.CreatedReport)) == 1
    for one in school.sent(m.UpdateReport):
        (report,) = one.reports
        assert report.report_request_id == request["request_id"]
        assert report.dtstart is not None


async def test_every_request_says_from_when_on_it_is_meant(town: Town, utility: Utility) -> None:
    school = await _school(town, utility)
    (reply,) = [one for one in school.heard if isinstance(one, m.RegisteredReport)]
    (request,) = reply.requests
    assert request.report_interval is not None
    assert request.report_back_duration == timedelta(minutes=2)


async def test_status_is_reported_and_follows_the_resource(town: Town, utility: Utility) -> None:
    standing = [{"report": "TELEMETRY_STATUS", "every": "1m", "deliver": "1m"}]
    utility.configure(reports={"request": standing})
    school = await _school(town, utility, meters=_STATUS)
    await town.until(lambda: _status(utility, ("true", "false")))
    (school.folder / "overridden").touch()
    await town.until(lambda: _status(utility, ("true", "true")))
    (school.folder / "offline").touch()
    await town.until(lambda: _status(utility, ("false", "true")))


async def _status(utility: Utility, wanted: tuple[str, str]) -> bool:
    line = "report export --ven school --rid heat-pump --format csv"
    rows = (await utility.do(line)).stdout.splitlines()
    head = rows[0].split(",")
    if len(rows) == 1:
        return False
    last = dict(zip(head, rows[-1].split(","), strict=True))
    return (last["online"], last["manual_override"]) == wanted


async def test_history_is_told_of_a_time_in_which_nobody_had_asked(
    town: Town, utility: Utility
) -> None:
    utility.configure(reports={"request": []})
    school = await _school(town, utility)
    start = town.clock.now().replace(second=0, microsecond=0) + 2 * MINUTE
    await town.until(lambda: town.clock.now() > start + 12 * MINUTE)
    assert not school.sent(m.UpdateReport)
    line = f"report request school HISTORY_USAGE --history --start {start:%Y-%m-%dT%H:%M:%SZ}"
    request = await utility.json(f"{line} --duration 10m")
    found = await town.until(lambda: _rows(utility, specifier="HISTORY_USAGE"))
    check_rows(found)
    assert [row[0] for row in found] == [start + n * MINUTE for n in range(10)]
    (kept,) = await utility.json("report list --all")
    assert (kept["request_id"], kept["state"]) == (request["request_id"], "done")


async def test_one_report_now_is_one_reading(town: Town, utility: Utility) -> None:
    utility.configure(reports={"request": []})
    school = await _school(town, utility)
    await town.until(lambda: 20 <= town.clock.now().second < 40)
    await utility.do("report request school TELEMETRY_USAGE --once")
    check_rows(await town.until(lambda: _rows(utility)))
    (sent,) = school.sent(m.UpdateReport)
    assert len(sent.reports[0].intervals) == 1
    assert school.order(m.CreatedReport, m.UpdateReport) == ["CreatedReport", "UpdateReport"]


@pytest.mark.parametrize("follow", [False, True], ids=["at-once", "with-a-final-report"])
async def test_r345_a_report_is_cancelled_with_and_without_a_final_one(
    town: Town, utility: Utility, follow: bool
) -> None:
    utility.configure(reports={"request": []})
    school = await _school(town, utility)
    line = "report request school TELEMETRY_USAGE --every 1m --deliver 5m"
    request = await utility.json(line)
    await town.until(lambda: _rows(utility, 4))
    # In the middle of a period, so that a final report has something of its own.
    count = len(await _rows(utility))
    last = (await _rows(utility))[-1][0]
    await town.until(lambda: town.clock.now() > last + 3 * MINUTE)
    school.said.clear()
    cancel = utility.operator.cancel_report
    await cancel(request["request_id"], now=town.clock.now(), follow=follow)
    await town.until(lambda: school.sent(m.CanceledReport))
    start = town.clock.now()
    await town.until(lambda: town.clock.now() > start + 12 * MINUTE)
    reports = school.order(m.CanceledReport, m.UpdateReport)
    assert reports == ["CanceledReport", *(["UpdateReport"] if follow else [])]
    found = await _rows(utility)
    check_rows(found)
    assert (len(found) > count) is follow
    assert await utility.json("report list") == []


async def test_metadata_on_demand_replace_what_was_known_and_reports_go_on(
    town: Town, utility: Utility
) -> None:
    school = await _school(town, utility)
    await town.until(lambda: _rows(utility))
    school.said.clear()
    await utility.do("report request school --metadata")
    (sent,) = await town.until(lambda: school.sent(m.RegisterReport))
    assert sent.report_request_id
    assert {report.report_request_id for report in sent.reports} == {"0"}
    count = len(await _rows(utility))
    found = await town.until(lambda: _rows(utility, count + 4))
    check_rows(found)
