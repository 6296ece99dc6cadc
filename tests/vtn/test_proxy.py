"""Behind a proxy: the header of a listed one says who calls, and nothing else does."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from oadr import messages as m
from tests.vtn.kit_a import document
from tests.vtn.kit_proxy import (
    ELSEWHERE,
    HEADER,
    as_der,
    as_pem,
    behind,
    gate_of,
    prints,
    reach,
    shown,
    status,
)
from vtn.hooks import Context, PollHandler
from vtn.proxy import gate as module
from vtn.testing import Peer, World


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Returns who was refused and why, a line each."""
    return [
        f"{getattr(one, 'ven', '')}: {one.getMessage()}"
        for one in caplog.records
        if one.levelno >= logging.WARNING
    ]


async def refused(world: World, peer: Peer, caplog: pytest.LogCaptureFixture) -> tuple[int, str]:
    """Returns the status of a refusal, and its one line in the log."""
    caplog.clear()
    found = await status(peer)
    (line,) = refusals(caplog)
    return found, line


FORMS: dict[str, Callable[[Peer], str]] = {
    "pem": as_pem,
    "der": as_der,
    "rfc9440": lambda peer: f":{as_der(peer)}:",
    "fingerprint": lambda peer: prints(peer).sha256.replace(":", "").lower(),
}


@pytest.mark.parametrize("form", FORMS)
async def test_r517_a_ven_is_who_the_header_of_the_proxy_says(form: str) -> None:
    async with behind(format=form) as world:
        for name in ("school", "mill"):
            ven = world.client(name)
            peer = reach(world, {HEADER: FORMS[form](ven)})
            await peer.join(name)
            assert world.desk.roster.of_certificate(ven.fingerprint, world.clock.now())
            assert isinstance(await peer.poll(), m.Response)


async def test_r517_the_ven_id_in_a_message_makes_nobody_another() -> None:
    async with behind() as world:
        school, mill = shown(world, "school"), shown(world, "mill")
        await school.join("school")
        await mill.join("mill")
        reply = await mill.post(m.Poll(ven_id=school.ven_id))
        assert reply.response.code == 452
        stranger = shown(world, "stranger")
        reply = await stranger.post(m.Poll(ven_id=school.ven_id))
        assert reply.response.code == 463
        nobody = reach(world)
        assert await status(nobody, m.Poll(ven_id=school.ven_id)) == 403


async def test_a_ven_of_2_0a_is_known_by_the_header_as_well() -> None:
    async with behind() as world:
        school = shown(world, "school")
        await school.join("school")
        body = document(m.RequestEvent(request_id="r", ven_id=school.ven_id))
        assert (await school.raw("../EiEvent", body)).status == 200
        assert (await reach(world).raw("../EiEvent", body)).status == 403


async def test_r517_a_header_from_an_unlisted_address_is_as_if_it_was_not_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with behind() as world:
        school = shown(world, "school")
        await school.join("school")
        forged = reach(world, school._door.headers, address=ELSEWHERE)  # type: ignore[attr-defined]
        found, line = await refused(world, forged, caplog)
        assert found == 403
        assert line.startswith("127.0.0.2: HTTP 403: X-SSL-Client-Cert counts only from listed")
        without = reach(world, address=ELSEWHERE)
        assert await refused(world, without, caplog) == (
            403,
            "127.0.0.2: HTTP 403: the connection has no client certificate (R517)",
        )


#: What a proxy that is not set up well may pass on, with what is answered.
WRONG: dict[str, tuple[Any, int, str]] = {
    "nothing": (lambda pem: {}, 403, "the proxy shows no client certificate"),
    "empty": (lambda pem: {HEADER: ""}, 403, "the proxy shows no client certificate"),
    "twice": (lambda pem: [(HEADER, pem), (HEADER, pem)], 400, "is there 2 times"),
    "joined": (lambda pem: {HEADER: f"{pem},{pem}"}, 400, "expected one certificate"),
    "joined-with-blanks": (lambda pem: {HEADER: f"{pem}, {pem}"}, 400, "expected one certificate"),
    "garbage": (lambda pem: {HEADER: "garbage"}, 400, "expected one certificate"),
    "cut": (lambda pem: {HEADER: pem[:-60]}, 400, "expected one certificate"),
    "percent": (lambda pem: {HEADER: f"{pem}%"}, 400, "expected one certificate"),
    "not-ascii": (lambda pem: {HEADER: "\u00e4\u20ac"}, 400, "expected characters of ASCII"),
    "no-certificate": (
        lambda pem: {HEADER: "-----BEGIN%20CERTIFICATE-----AAAA-----END%20CERTIFICATE-----"},
        400,
        "expected a certificate that can be read",
    ),
    "null": (lambda pem: {HEADER: "(null)"}, 400, "expected one certificate"),
    "underscores": (lambda pem: {"X_SSL_Client_Cert": pem}, 403, "shows no client certificate"),
    "other-name": (lambda pem: {"X-SSL-Client-Cert2": pem}, 403, "shows no client certificate"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_is_no_certificate_proves_nobody_and_is_said_once(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, expected, words = WRONG[case]
    async with behind() as world:
        school = shown(world, "school")
        await school.join("school")
        found, line = await refused(world, reach(world, make(as_pem(school))), caplog)
    assert found == expected
    assert words in line
    assert line.startswith(f"127.0.0.1: HTTP {expected}")


async def test_a_header_in_two_ways_of_writing_it_is_there_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not by aiohttp's client: it would send one of them only."""
    async with behind() as world:
        pem = as_pem(world.client("school"))
        head = f"POST /x HTTP/1.1\r\nHost: x\r\n{HEADER}: {pem}\r\n{HEADER.lower()}: {pem}\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
        writer.write(f"{head}Content-Length: 0\r\n\r\n".encode())
        answer = await reader.readline()
        writer.close()
    assert b" 400 " in answer
    assert "is there 2 times" in refusals(caplog)[0]


async def test_a_header_of_any_length_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    async with behind() as world:
        for length in (8_000, 9_000, 40_000):
            caplog.clear()
            assert await status(reach(world, {HEADER: "A" * length})) == 400
            assert len(refusals(caplog)) == 1


async def test_r516_a_certificate_that_expires_stops_at_once_on_an_open_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with behind() as world:
        school = shown(world, "school")
        await school.join("school")
        trust = gate_of(world)._trust
        assert trust is not None
        plain = trust._clock
        trust._clock = lambda: plain() + 20 * 365 * 86400
        assert (await refused(world, school, caplog))[0] == 403
        assert "R516" in refusals(caplog)[0]
        trust._clock = plain
        assert await status(school) == 200


async def test_r516_a_certificate_that_is_revoked_stops_at_once_on_an_open_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with behind() as world:
        school, mill = shown(world, "school"), shown(world, "mill")
        await school.join("school")
        await mill.join("mill")
        trust = gate_of(world)._trust
        assert trust is not None
        trust._look_every = 0.0
        assert world._authority is not None
        world._authority.revoke("school")
        assert await refused(world, school, caplog) == (
            403,
            "127.0.0.1: HTTP 403: the client certificate has been revoked (R516)",
        )
        assert isinstance(await mill.poll(), m.Response)


async def test_r517_a_proxy_that_lets_everybody_through_opens_no_door(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with behind() as world, behind() as elsewhere:
        school = shown(world, "school")
        await school.join("school")
        namesake = elsewhere.client("school")
        found, line = await refused(world, reach(world, {HEADER: as_pem(namesake)}), caplog)
    assert found == 403
    assert "is signed by CN=Test, no authority of this VTN" in line


async def test_the_proxy_must_say_that_it_has_verified_the_certificate_if_it_is_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with behind(verified_header="X-SSL-Client-Verify") as world:
        pem = as_pem(world.client("school"))
        good = reach(world, {HEADER: pem, "X-SSL-Client-Verify": "SUCCESS"})
        assert await status(good) == 200
        for said in ("", "NONE", "FAILED:certificate revoked", "success", "SUCCESS,SUCCESS"):
            bad = reach(world, {HEADER: pem, "X-SSL-Client-Verify": said})
            found, line = await refused(world, bad, caplog)
            assert found == 403
            assert "has verified no client certificate" in line
        both = [(HEADER, pem), ("X-SSL-Client-Verify", "NONE"), ("X-SSL-Client-Verify", "SUCCESS")]
        assert await status(reach(world, both)) == 400
        assert await status(reach(world, {HEADER: pem})) == 403


async def test_a_shared_secret_tells_the_proxy_from_others_on_its_machine(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "proxy.secret"
    file.write_text("correct horse battery staple\n")
    async with behind(secret_file=str(file)) as world:
        pem = as_pem(world.client("school"))
        right = {HEADER: pem, "X-Proxy-Secret": "correct horse battery staple"}
        assert await status(reach(world, right)) == 200
        for secret in ("", "wrong", "\u00e4", "correct horse battery staple 2"):
            wrong = reach(world, right | {"X-Proxy-Secret": secret})
            found, line = await refused(world, wrong, caplog)
            assert found == 403
            assert "does not know the secret" in line
            assert "correct horse" not in caplog.text
        assert await status(reach(world, {HEADER: pem})) == 403


async def test_a_familiar_header_is_not_read_again_and_what_is_kept_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_KNOWN", 2)
    async with behind() as world:
        vens = [shown(world, f"ven-{n}") for n in range(3)]
        for ven in vens:
            assert await status(ven) == 200
        gate = gate_of(world)
        kept = dict(gate._known)
        assert [one.fingerprint for one in kept.values()] == [one.fingerprint for one in vens[1:]]
        assert await status(vens[2]) == 200
        assert [id(one) for one in gate._known.values()] == [id(one) for one in kept.values()]


async def test_what_strangers_show_pushes_nobody_out() -> None:
    async with behind() as world, behind() as elsewhere:
        assert await status(reach(world, {HEADER: as_pem(elsewhere.client("x"))})) == 403
        assert not gate_of(world)._known


async def test_handlers_are_told_the_fingerprint_of_the_certificate_in_the_header() -> None:
    told: list[str] = []

    class Listens(PollHandler):
        async def on_poll(self, ctx: Context) -> None:
            told.append(ctx.fingerprint)

    async with behind(format="der", handlers=[Listens()]) as world:
        ven = world.client("school")
        await reach(world, {HEADER: as_der(ven)}).join("school")
        assert set(told) == {prints(ven).openadr}


async def test_messages_are_counted_by_certificate_and_strangers_by_where_they_are() -> None:
    slow = {"rate": 0.001, "burst": 3}
    async with behind(slow, forwarded_header="X-Forwarded-For") as world:
        school, mill = shown(world, "school"), shown(world, "mill")
        assert [await status(school) for _ in range(4)] == [200, 200, 200, 503]
        assert await status(mill) == 200
        one = reach(world, {"X-Forwarded-For": "192.0.2.1"})
        assert [await status(one) for _ in range(4)] == [403, 403, 403, 503]
        other = reach(world, {"X-Forwarded-For": "192.0.2.2"})
        assert await status(other) == 403


#: What stands in the forwarded address, and where the request is said to come from.
FORWARDED = {
    "": "127.0.0.1",
    "192.0.2.1": "192.0.2.1",
    "198.51.100.9, 192.0.2.1": "192.0.2.1",
    "192.0.2.1, 10.0.0.5, 10.0.0.6": "192.0.2.1",
    "192.0.2.1, garbage": "127.0.0.1",
    "192.0.2.1, garbage, 10.0.0.5": "10.0.0.5",
    "::ffff:192.0.2.1": "192.0.2.1",
    "192.0.2.1, ::ffff:10.0.0.5": "192.0.2.1",
    "2001:db8::1": "2001:db8::1",
    "fe80::1%eth0": "fe80::1",
    "10.0.0.5, 10.0.0.6": "10.0.0.5",
    ", , ,": "127.0.0.1",
    "192.0.2.1," + "10.0.0.5," * 900 + "10.0.0.5": "10.0.0.5",
}


@pytest.mark.parametrize("value", FORWARDED)
async def test_the_last_address_that_is_no_proxy_is_where_it_comes_from(
    value: str, caplog: pytest.LogCaptureFixture
) -> None:
    networks = ["127.0.0.1", "10.0.0.0/8"]
    async with behind(networks=networks, forwarded_header="X-Forwarded-For") as world:
        headers = {"X-Forwarded-For": value} if value else {}
        _, line = await refused(world, reach(world, headers), caplog)
    assert line.startswith(f"{FORWARDED[value]}: ")


async def test_the_forwarded_address_of_an_unlisted_peer_does_not_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with behind(forwarded_header="X-Forwarded-For") as world:
        liar = reach(world, {"X-Forwarded-For": "192.0.2.1"}, address=ELSEWHERE)
        assert (await refused(world, liar, caplog))[1].startswith("127.0.0.2: ")
