"""Rules of the profile, held against what a whole VTN sends and takes. Others stand elsewhere.

As in ``tests.vtn.test_report`` and its neighbours, VENs are played by ``vtn.testing``.
"""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from aiohttp import ClientError

from certs import KeyPair, TLSFiles, client_context
from oadr import codec
from oadr import messages as m
from oadr.enums import SignalType
from oadr.event import parse_levels
from oadr.units import unit
from runtime.trace import Traffic
from tests.vtn.kit import (
    MINUTE,
    STANDING,
    Open,
    a_ven,
    answer,
    dispatch,
    joined,
    readings,
    update,
)
from tests.vtn.test_opt import cancel, schedule
from vtn.audience import Audience
from vtn.operator import Changes
from vtn.store import reading
from vtn.store.reading import ReadingFilter
from vtn.testing import Peer, World, running

#: All that a VTN says to a VEN that polls.
SAID = {
    "oadrCanceledOpt",
    "oadrCanceledPartyRegistration",
    "oadrCancelPartyRegistration",
    "oadrCancelReport",
    "oadrCreatedOpt",
    "oadrCreatedPartyRegistration",
    "oadrCreatedReport",
    "oadrCreateReport",
    "oadrDistributeEvent",
    "oadrRegisteredReport",
    "oadrRegisterReport",
    "oadrRequestReregistration",
    "oadrResponse",
    "oadrUpdatedReport",
}
_MOMENT = re.compile(r"<\w+:(?:date-time|dtstart|createdDateTime|modificationDateTime)>([^<]+)</")
_DURATION = re.compile(
    r"<\w+:(?:duration|granularity|reportBackDuration|oadrMinPeriod|oadrMaxPeriod|startafter)>"
    r"([^<]+)</"
)


_VERSION = re.compile(
    rb'<oadr:oadrSignedObject[^>]*>\s*<oadr:\w+[^>]* (ei:)?schemaVersion="2.0b"[ />]'
)


@asynccontextmanager
async def busy() -> AsyncIterator[list[Traffic]]:
    """Everything that a VTN sends in a day with one VEN and everything in it."""
    seen: list[Traffic] = []
    async with running(STANDING_REPORTS, handlers=(Open(),)) as world:
        world.server.add_trace(lambda traffic: seen.append(traffic))
        peer = world.peer()
        await peer.post(m.QueryRegistration(request_id="q"))
        await joins(peer)
        await reports(world, peer)
        await events_and_opts(world, peer)
        await leaves(world, peer)
        yield [traffic for traffic in seen if traffic.direction == "out" and traffic.body]


STANDING_REPORTS = {"reports": STANDING}


async def joins(peer: Peer) -> None:
    await peer.register("ven")
    metadata = await peer.poll()
    response = m.EiResponse(request_id=metadata.request_id)
    await peer.post(m.RegisteredReport(response=response, ven_id=peer.ven_id))
    await peer.post(m.RequestEvent(request_id="e", ven_id=peer.ven_id))


async def reports(world: World, peer: Peer) -> None:
    (request, *_) = await peer.offer()
    await peer.report([1, 2], request=request)
    await world.operator.request_metadata("ven", now=world.clock.now())
    asked = await peer.poll()
    await peer.take(asked.requests, asked.request_id)
    await world.operator.cancel_report(request.report_request_id, now=world.clock.now())
    await peer.report([3], request=request)
    ended = await peer.poll()
    response = m.EiResponse(request_id=ended.request_id)
    await peer.post(m.CanceledReport(response=response, pending=(), ven_id=peer.ven_id))
    metadata = m.ReportRequest(
        report_request_id="vtn-metadata",
        report_specifier_id="METADATA",
        granularity=timedelta(0),
        report_back_duration=timedelta(0),
        data_points=(m.SpecifierPayload(r_id="0"),),
    )
    await peer.post(m.CreateReport(request_id="c", requests=(metadata,), ven_id=peer.ven_id))
    reply = await peer.poll()
    response = m.EiResponse(request_id=reply.request_id)
    await peer.post(m.RegisteredReport(response=response, ven_id=peer.ven_id))


async def events_and_opts(world: World, peer: Peer) -> None:
    await dispatch(world, start_after=5 * MINUTE, ramp_up=10 * MINUTE)
    shot = await peer.poll()
    await peer.post(answer(peer, shot))
    await peer.post(schedule(peer, world))
    await peer.post(cancel(peer, "o1"))
    await world.operator.cancel_event("e1", now=world.clock.now())
    await peer.post(answer(peer, await peer.poll()))
    await peer.settle()


async def leaves(world: World, peer: Peer) -> None:
    await world.operator.request_reregistration("ven", now=world.clock.now())
    await peer.poll()
    await peer.register("ven", ven_id=peer.ven_id, registration_id=peer.registration_id)
    ids = {"registration_id": peer.registration_id, "ven_id": peer.ven_id}
    await peer.post(m.CancelPartyRegistration(request_id="wrong", **ids | {"ven_id": "nobody"}))
    await peer.post(m.CancelPartyRegistration(request_id="right", **ids))
    await peer.poll()
    await peer.register("ven")
    await world.operator.cancel_registration("ven", now=world.clock.now())
    while not isinstance(await peer.poll(), m.CancelPartyRegistration):
        pass


async def test_r45_r509_every_message_has_its_schema_version_and_no_schema_location() -> None:
    async with busy() as said:
        pass
    assert {traffic.message for traffic in said} == SAID
    for traffic in said:
        assert _VERSION.search(traffic.body), traffic.message
        assert b"schemaLocation" not in traffic.body, traffic.message


async def test_r1_moments_end_in_z_and_durations_have_no_decimals() -> None:
    async with busy() as said:
        pass
    documents = [traffic.body.decode() for traffic in said]
    moments = {found for text in documents for found in _MOMENT.findall(text)}
    durations = {found for text in documents for found in _DURATION.findall(text)}
    assert moments
    assert {"PT15M", "PT5M", "PT1M"} <= durations
    for moment in moments:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment), moment
    for duration in durations:
        assert re.fullmatch(r"-?P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?", duration), duration


async def test_r1_fractions_of_a_second_are_cut_off_and_no_reason_to_refuse() -> None:
    async with a_ven(STANDING_REPORTS) as (world, peer):
        (request, *_) = await peer.offer()
        start = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
        report = readings(request.report_request_id, start, {"main": ["7"]})
        body = codec.encode(update(peer, report)).replace(b"12:00:00Z", b"12:00:00.75Z")
        assert b"12:00:00.75Z" in body
        reply = (await peer.raw("EiReport", body)).message
        assert isinstance(reply, m.UpdatedReport)
        assert reply.response.code == 200
        async with world.store.read() as tx:
            (row,) = [row async for row in reading.export(tx, filter=ReadingFilter())]
    assert row.start == start


#: A VEN that does not say how replies may be compressed.
PLAIN = {"Content-Type": codec.CONTENT_TYPE, "Accept-Encoding": "identity"}


@pytest.mark.parametrize("body", [True, False], ids=["with", "without"])
async def test_r53_a_reply_says_its_length_and_its_type(body: bool) -> None:
    async with a_ven() as (_, peer):
        message = (
            m.Poll(ven_id=peer.ven_id)
            if body
            else m.Response(response=m.EiResponse(), ven_id=peer.ven_id)
        )
        service = "OadrPoll" if body else "EiRegisterParty"
        reply = await peer.raw(service, codec.encode(message), headers=PLAIN)
    assert reply.status == 200
    assert bool(reply.body) == body
    assert reply.headers["Content-Length"] == str(len(reply.body))
    assert reply.headers["Content-Type"].partition(";")[0] == "application/xml"
    assert "Transfer-Encoding" not in reply.headers


_DESCRIPTION = re.compile(rb"<ei:responseDescription>.*?</ei:responseDescription>")


@pytest.mark.parametrize("empty", [b"", b"<ei:responseDescription/>"], ids=["left out", "empty"])
async def test_r46_what_may_be_left_out_may_be_empty_too(empty: bytes) -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        said = answer(peer, await peer.poll())
        full = m.CreatedEvent(
            response=m.EiResponse(description="x"),
            responses=said.responses,
            ven_id=said.ven_id,
        )
        body = codec.encode(full)
        assert _DESCRIPTION.search(body)
        reply = await peer.raw("EiEvent", _DESCRIPTION.sub(empty, body))
        assert isinstance(reply.message, m.Response)
        assert reply.message.response.code == 200


async def test_r46_r402_an_empty_registration_id_is_none_and_the_registration_a_new_one() -> None:
    async with a_ven() as (_, peer):
        before = peer.registration_id
        body = codec.encode(
            m.CreatePartyRegistration(
                request_id="1",
                registration_id="gone",
                ven_id=peer.ven_id,
                ven_name="ven",
                http_pull_model=True,
            )
        )
        body = body.replace(b">gone<", b"><")
        reply = (await peer.raw("EiRegisterParty", body)).message
    assert isinstance(reply, m.CreatedPartyRegistration)
    assert reply.response.code == 200
    assert reply.registration_id not in (None, "", before)


async def test_r510_the_three_signals_of_every_product_can_be_sent() -> None:
    async with a_ven() as (world, peer):
        power = unit("powerReal")
        await dispatch(world, "simple")
        for event_id, name, kind, item in (
            ("price", "ELECTRICITY_PRICE", SignalType.PRICE, unit("currencyPerKWh", units="EUR")),
            ("load", "LOAD_DISPATCH", SignalType.SETPOINT, power),
        ):
            await dispatch(
                world,
                event_id,
                signal_name=name,
                signal_type=kind,
                unit=item,
                intervals=parse_levels("1.5:30m"),
            )
        shot = await peer.poll()
        assert isinstance(shot, m.DistributeEvent)
        found = [(s.signal_name, s.signal_type) for event in shot.events for s in event.signals]
        assert sorted(found) == [
            ("ELECTRICITY_PRICE", "price"),
            ("LOAD_DISPATCH", "setpoint"),
            ("SIMPLE", "level"),
        ]


async def test_r510_an_event_can_be_for_a_ven_and_for_resources_of_it() -> None:
    async with a_ven() as (world, peer):
        other = await joined(world, "other")
        hall = Changes(resources=frozenset({"hall"}))
        await world.operator.change("ven", hall, now=world.clock.now())
        named = m.Target(ven_ids=(peer.ven_id,))
        await world.send_event(event_id="ven", to=["ven"], target=named)
        await world.send_event(event_id="hall", to=Audience(resources=frozenset({"hall"})))
        targets = {event.event_id: event.target for event in (await peer.poll()).events}
        assert isinstance(await other.poll(), m.Response)
    assert targets["ven"].ven_ids == (peer.ven_id,)
    assert targets["hall"].resource_ids == ("hall",)


async def test_r516_a_certificate_that_has_expired_gets_no_connection() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        authority = world._authority
        assert authority is not None
        pair = KeyPair(certificate=world.folder / "old.crt", key=world.folder / "old.key")
        issued = authority.issue_ven("old", now=datetime.now(UTC) - 4 * MINUTE, valid_for=MINUTE)
        issued.save(pair.certificate, pair.key)
        tls = client_context(TLSFiles(ca=authority.certificate_path, pairs=[pair]))
        peer = world.client("old")
        peer._door._tls = tls  # type: ignore[attr-defined]  # the door is that over HTTP
        with pytest.raises((ssl.SSLError, ClientError, ConnectionError)):
            await peer.register("old")


async def test_r516_r517_a_certificate_that_expires_while_its_connection_is_open_is_403(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("school")
        await peer.register("school")
        later = (datetime.now(UTC) + timedelta(days=36500)).timestamp()
        now = SimpleNamespace(time=lambda: later)
        monkeypatch.setattr("certs.peers.time", now)
        reply = await peer.raw("OadrPoll", codec.encode(m.Poll(ven_id=peer.ven_id)))
        assert reply.status == 403
        assert peer.ven_id.encode() not in reply.body
