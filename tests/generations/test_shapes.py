"""What handlers are given has the shape that openleadr gives it: both get the same messages."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from openleadr.client import OpenADRClient

from oadr import codec
from oadr import messages as m
from oadr.report import build_metadata, usage_offer
from oadr.units import unit
from tests.generations.stage import a_peer, let_in, serving, until
from tests.generations.stock import listening, stock_server
from ven import VEN
from vtn import VTN
from vtn.testing.peer import Peer

MINUTE = timedelta(minutes=1)
START = datetime(2030, 1, 1, 12, tzinfo=UTC)
OFFER = usage_offer(
    "usage",
    {"main": unit("powerReal"), "solar": unit("energyReal")},
    min_period=MINUTE,
    max_period=2 * MINUTE,
    duration=timedelta(days=1),
)


def shape(value: Any) -> Any:
    """Returns a value with its leaves replaced by their types; text is text, whatever enum."""
    if isinstance(value, Mapping):
        return {str(key): shape(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [shape(inner) for inner in value]
    if isinstance(value, str):
        return str
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float
    return type(value)


def lacking(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Returns where something that openleadr gives is missing, or is of another shape.

    What is None in openleadr's may be absent, and IDs are text although openleadr makes
    numbers of those that look like one.
    """
    if isinstance(theirs, dict):
        if not isinstance(ours, dict):
            return [f"{path}: {ours} is no dict"]
        found = []
        for key, inner in theirs.items():
            if key in ours:
                found += lacking(ours[key], inner, f"{path}.{key}")
            elif inner is not type(None):
                found.append(f"{path}.{key} is missing")
        return found
    if isinstance(theirs, list):
        if not isinstance(ours, list) or len(ours) != len(theirs):
            return [f"{path}: {ours} is no list of {len(theirs)}"]
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [one for n, (our, their) in pairs for one in lacking(our, their, f"{path}[{n}]")]
    if theirs is type(None) or ours == theirs or (ours is str and path.endswith("_id")):
        return []
    return [f"{path} is {ours}, and {theirs} there"]


class Given:
    """What each handler of a server was given."""

    def __init__(self, server: Any) -> None:
        self.by_name: dict[str, Any] = {}
        server.add_handler("on_create_party_registration", self._registration)
        server.add_handler("on_query_registration", self._keeping("on_query_registration"))
        server.add_handler("on_register_report", self._report)
        server.add_handler("on_created_report", self._keeping("on_created_report"))
        server.add_handler("on_update_report", self._update)
        server.add_handler("on_cancel_party_registration", self._cancellation)

    def _keeping(self, name: str) -> Any:
        def keep(payload: Any) -> Any:
            self.by_name[name] = dict(payload)
            if name == "on_query_registration":
                profiles = [
                    {"profile_name": "2.0b", "transports": [{"transport_name": "simpleHttp"}]}
                ]
                return "oadrCreatedPartyRegistration", {
                    "profiles": profiles,
                    "requested_oadr_poll_freq": MINUTE,
                }
            return None

        return keep

    def _registration(self, registration_info: Any) -> tuple[str, str]:
        self.by_name["on_create_party_registration"] = dict(registration_info)
        return "ven123", "reg123"

    def _report(self, report: Any) -> None:
        self.by_name["on_register_report"] = dict(report)

    def _update(self, report: Any) -> None:
        self.by_name["on_update_report"] = dict(report)

    def _cancellation(self, payload: Any) -> None:
        self.by_name["on_cancel_party_registration"] = dict(payload)


async def talk(peer: Peer) -> None:
    """Says one message of each kind."""
    await peer.post(m.QueryRegistration(request_id="q"))
    await peer.register()
    reports = build_metadata([OFFER], START)
    await peer.post(m.RegisterReport(request_id="r", ven_id="ven123", reports=reports))
    await peer.raw("EiReport", _created())
    await peer.raw("EiReport", _update())
    await peer.post(
        m.CancelPartyRegistration(request_id="c", registration_id="reg123", ven_id="ven123")
    )


def _created() -> bytes:
    return codec.encode(
        m.CreatedReport(
            response=m.EiResponse(request_id="x"), pending=("rr1", "rr2"), ven_id="ven123"
        )
    )


def _update() -> bytes:
    report = m.Report(
        dtstart=START,
        duration=MINUTE,
        intervals=(
            m.Interval(
                dtstart=START,
                duration=MINUTE,
                uid="0",
                payloads=(m.ReportPayload(r_id="main", value=Decimal("1.5")),),
            ),
        ),
        report_request_id="rr1",
        report_specifier_id="usage",
        report_name="TELEMETRY_USAGE",
        created_date_time=START,
    )
    return codec.encode(m.UpdateReport(request_id="u", reports=(report,), ven_id="ven123"))


@pytest.mark.parametrize(
    "name",
    [
        "on_create_party_registration",
        "on_query_registration",
        "on_register_report",
        "on_created_report",
        "on_cancel_party_registration",
    ],
)
async def test_handlers_of_the_server_are_given_what_openleadr_gives(name: str) -> None:
    ours = VTN(vtn_id="myvtn", http_port=0)
    given = Given(ours)
    async with serving(ours), a_peer(ours) as peer:
        await talk(peer)
    with stock_server(vtn_id="myvtn", http_port=0) as theirs:
        expected = Given(theirs)
        await listening(theirs)
        async with a_peer(theirs) as peer:
            await talk(peer)
        await theirs.stop()
    mine, stock = shape(given.by_name[name]), shape(expected.by_name[name])
    assert lacking(mine, stock) == []


async def test_on_update_report_is_given_what_openleadr_gives() -> None:
    seen: list[Any] = []
    ours = VTN(vtn_id="myvtn", http_port=0)
    let_in(ours)
    ours.add_handler("on_register_report", lambda ven_id, reports: ["main"])
    ours.add_handler("on_update_report", seen.append)
    async with serving(ours), a_peer(ours) as peer:
        await peer.register()
        await peer.offer("main", measurement="powerReal")
        await peer.report([1.5], start=START)
    with stock_server(vtn_id="myvtn", http_port=0) as theirs:
        theirs.add_handler("on_update_report", seen.append)
        await listening(theirs)
        async with a_peer(theirs) as peer:
            await peer.raw("EiReport", _update())
        await theirs.stop()
    mine, stock = seen
    assert lacking(shape(mine), shape(stock)) == []
    assert mine["intervals"][0]["report_payload"]["value"] == 1.5


async def test_handlers_of_the_client_are_given_what_openleadr_gives() -> None:
    events: dict[str, dict[str, Any]] = {}
    makers: dict[str, Any] = {"theirs": OpenADRClient, "ours": VEN}
    for who, make in makers.items():
        server = VTN(vtn_id="myvtn", http_port=0)
        let_in(server)
        server.add_event(
            ven_id="ven123",
            event_id="e1",
            signal_name="simple",
            signal_type="level",
            intervals=[
                {
                    "dtstart": datetime.now(UTC) + 5 * MINUTE,
                    "duration": 5 * MINUTE,
                    "signal_payload": 1,
                },
                {
                    "dtstart": datetime.now(UTC) + 10 * MINUTE,
                    "duration": 5 * MINUTE,
                    "signal_payload": 2,
                },
            ],
            targets_by_type={"resource_id": ["r1", "r2"], "group_id": ["g1"]},
            notification_period=MINUTE,
            ramp_up_period=MINUTE,
            recovery_period=MINUTE,
        )

        async def on_event(event: dict[str, Any], *, who: str = who) -> str:
            events[who] = event
            return "optIn"

        async with serving(server):
            client = make(ven_name="ven123", vtn_url=server.url)
            client.add_handler("on_event", on_event)
            await client.run()
            await until(partial(events.get, who))
            await client.stop()
    assert lacking(shape(events["ours"]), shape(events["theirs"])) == []
    assert events["ours"]["targets_by_type"] == events["theirs"]["targets_by_type"]
