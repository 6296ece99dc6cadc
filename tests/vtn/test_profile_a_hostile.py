"""Whatever comes to the address of 2.0a: a documented status, and the VTN serves as before."""

import logging
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from oadr import codec, profile_a
from oadr import messages as m
from oadr.codec import CONTENT_TYPE
from tests.vtn.kit import dispatch
from tests.vtn.kit_a import VenA, document, enrolled
from vtn.testing import World, running

XML = {"Content-Type": CONTENT_TYPE}


@asynccontextmanager
async def besieged(
    caplog: pytest.LogCaptureFixture, overrides: dict[str, Any] | None = None
) -> AsyncIterator[tuple[World, VenA]]:
    """A VTN with a VEN of 2.0a; at the end it is served, and no fault was logged."""
    async with running(overrides) as world:
        mill = await enrolled(world)
        await dispatch(world)
        yield world, mill
        assert len((await mill.request()).events) == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def asking(mill: VenA) -> bytes:
    return document(m.RequestEvent(request_id="1", ven_id=mill.ven_id))


def warned(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", XML, 501),
        ("PUT", XML, 501),
        ("POST", {"Content-Type": "text/xml"}, 406),
        ("POST", {"Content-Type": ""}, 406),
        ("POST", XML | {"Content-Encoding": "gzip"}, 406),
        ("POST", {"Content-Type": f"{CONTENT_TYPE}; charset=utf-8"}, 200),
    ],
)
async def test_r53_the_status_says_what_is_wrong_with_a_request(
    method: str, headers: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with besieged(caplog) as (_, mill):
        answer = await mill.raw(asking(mill), method=method, headers=headers)
        assert answer.status == status
        assert len(warned(caplog)) == (status != 200)


@pytest.mark.parametrize("service", ["OadrPoll", "EiReport", "EiOpt", "EiRegisterParty", "eievent"])
async def test_r511_20a_has_one_service(service: str, caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog) as (_, mill):
        assert (await mill.peer.raw(f"../{service}", asking(mill))).status == 404


async def test_r506_a_document_of_the_other_profile_is_406(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog) as (_, mill):
        newer = codec.encode(m.RequestEvent(request_id="1", ven_id=mill.ven_id))
        answer = await mill.raw(newer)
        assert answer.status == 406
        assert b"oadrPayload" in answer.body
        assert (await mill.peer.raw("EiEvent", asking(mill))).status == 406


async def test_r23_what_only_a_vtn_says_is_404(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog) as (_, mill):
        shot = await mill.request()
        for message in (shot, m.Response(response=m.EiResponse())):
            answer = await mill.raw(document(message))
            assert answer.status == 404
            assert b"no operation of EiEvent" in answer.body
        later = document(shot).replace(b"PT15M", b"P999999999999D")
        assert (await mill.raw(later)).status == 406


async def test_what_is_too_long_is_413(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog, {"http": {"max_body": 2000}}) as (_, mill):
        ask = asking(mill)
        assert (await mill.raw(ask + b" " * 2000)).status == 413


async def test_who_asks_too_often_is_503(caplog: pytest.LogCaptureFixture) -> None:
    async with running({"http": {"rate": 0.001, "burst": 3}}) as world:
        mill = await enrolled(world)
        found = [(await mill.raw(asking(mill))).status for _ in range(5)]
        assert found == [200] * 3 + [503] * 2


async def test_a_reply_is_compressed_for_who_can_read_it(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog) as (_, mill):
        answer = await mill.raw(asking(mill), headers=XML | {"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert isinstance(profile_a.decode(answer.body), m.DistributeEvent)


async def test_a_document_that_means_to_read_files_is_406_and_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with besieged(caplog) as (_, mill):
        ask = asking(mill).partition(b"\n")[2]
        hostile = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + ask
        for one in (hostile.replace(b">1<", b">&x;<"), hostile, b"<!ENTITY x 'y'>" + ask):
            answer = await mill.raw(one)
            assert answer.status == 406
            assert b"root:" not in answer.body


async def test_any_bytes_are_answered_with_a_documented_status(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dice = random.Random(20)
    caplog.set_level(logging.ERROR)
    async with besieged(caplog) as (_, mill):
        good = [
            asking(mill),
            document(m.CreatedEvent(response=m.EiResponse(code=452), ven_id=mill.ven_id)),
        ]
        for _ in range(300):
            data = bytearray(dice.choice(good))
            for _ in range(dice.randint(1, 6)):
                at = dice.randrange(len(data))
                data[at : at + dice.randint(0, 9)] = dice.randbytes(dice.randint(0, 4))
            answer = await mill.raw(bytes(data))
            assert answer.status in (200, 404, 406), (answer.status, bytes(data))
            if answer.status == 200:
                profile_a.decode(answer.body)


async def test_a_long_name_is_refused_in_few_words(caplog: pytest.LogCaptureFixture) -> None:
    async with besieged(caplog, {"http": {"max_body": 1_000_000}}) as (_, mill):
        answer = await mill.raw(
            document(m.RequestEvent(request_id="1", ven_id="<&" + "x" * 90_000))
        )
        assert answer.status == 200
        assert len(answer.body) < 2000
        assert all(len(record.getMessage()) < 1000 for record in warned(caplog))


@pytest.mark.parametrize(
    ("prefix", "path", "status"),
    [
        ("/OpenADR2/Simple/2.0b", "/OpenADR2/Simple/EiEvent", 200),
        ("/grid/OpenADR2/Simple/2.0b/", "/grid/OpenADR2/Simple/EiEvent", 200),
        ("/drop-in", "/OpenADR2/Simple/EiEvent", 404),
    ],
)
async def test_r511_the_address_is_that_of_20b_without_its_last_part(
    prefix: str, path: str, status: int
) -> None:
    async with running({"http": {"path_prefix": prefix}}) as world:
        mill = await enrolled(world)
        up = "/".join([".."] * len(prefix.strip("/").split("/")))
        answer = await mill.peer.raw(f"{up}{path}", asking(mill))
        assert answer.status == status
