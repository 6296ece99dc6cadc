"""openleadr's VEN registers at our VTN, polls, and leaves."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.acceptance.patience import until
from tests.acceptance.stock import SECOND, Bench, Wire, fingerprint


async def test_it_asks_what_there_is_and_registers(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    kind, answer = await ven.call("query_registration")
    assert kind == "oadrCreatedPartyRegistration"
    assert answer["profiles"][0]["profile_name"] == "2.0b"
    assert answer["profiles"][0]["transports"][0]["transport_name"] == "simpleHttp"
    assert not answer.get("registration_id")
    await ven.call("run")
    party = await vtn.party("school")
    assert party.state == "registered"
    assert await ven.call("ven_id") == party.ven_id
    assert await ven.call("registration_id") == party.registration_id
    assert await ven.call("poll_frequency") == timedelta(hours=1)
    # Its first poll brings the metadata of our VTN, which it acknowledges (R301).
    assert ven.sent()[-2:] == ["oadrPoll", "oadrRegisteredReport"]
    signed = {fact["signed"] for fact in ven.facts("sent")}
    assert signed == {bench.wire is Wire.SIGNED}


async def test_one_that_nobody_has_enrolled_stays_out(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stranger(vtn.server.url, "stranger")
    await ven.call("run")
    refusal = ven.facts("heard", message="oadrCreatedPartyRegistration")[-1]["payload"]
    assert refusal["response"]["response_code"] == 463
    assert not await ven.call("registration_id")


async def test_it_polls_by_itself_as_often_as_it_is_told(bench: Bench) -> None:
    vtn = await bench.vtn(poll=SECOND)
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("run")
    await vtn.dispatch("e-1", "school")
    await ven.fact("event", id="e-1")
    await until(lambda: ven.sent("oadrCreatedEvent"))


async def test_it_polls_until_nothing_waits(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("run")
    await vtn.dispatch("e-1", "school")
    await vtn.operator.request_metadata("school", now=datetime.now(UTC))
    await vtn.operator.request_reregistration("school", now=datetime.now(UTC))
    before = len(ven.facts("heard"))
    for _ in range(4):
        await ven.call("poll")
    brought = [fact["message"] for fact in ven.facts("heard")[before:]]
    assert brought.count("oadrDistributeEvent") == 1
    assert brought.count("oadrCreateReport") == 1
    assert brought.count("oadrRequestReregistration") == 1
    await ven.call("poll")
    assert ven.facts("heard")[-1]["message"] == "oadrResponse"


async def test_it_registers_again_when_it_is_asked_to(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("run")
    before = await vtn.party("school")
    await vtn.operator.request_reregistration("school", now=datetime.now(UTC))
    await ven.call("poll")
    assert ven.sent("oadrCreatePartyRegistration") == ["oadrCreatePartyRegistration"] * 2
    after = await vtn.party("school")
    assert after.registration_id == before.registration_id == await ven.call("registration_id")
    assert after.state == "registered"
    # All is as after the first registration: reports are offered, events are asked for.
    assert ven.sent("oadrRegisterReport", "oadrRequestEvent")[-2:] == [
        "oadrRegisterReport",
        "oadrRequestEvent",
    ]


async def test_it_leaves(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("run")
    await ven.call("cancel_party_registration")
    assert await ven.call("registration_id") is None
    assert (await vtn.party("school")).state == "cancelled"
    assert vtn.watcher.left == ["school"]


async def test_it_is_sent_away(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("run")
    await vtn.operator.cancel_registration("school", now=datetime.now(UTC))
    await ven.call("poll")
    assert await ven.call("registration_id") is None
    assert (await vtn.party("school")).state == "cancelled"
    assert await ven.call("jobs") == []


async def test_it_comes_back_after_it_has_left(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("run")
    await ven.call("cancel_party_registration")
    # openleadr's VEN is of no more use then; a new one has the same name and certificate.
    again = await bench.stranger(vtn.server.url, "school")
    await again.call("run")
    assert (await vtn.party("school")).state == "registered"
    await vtn.dispatch("e-1", "school")
    await again.call("poll")
    assert await vtn.acknowledged("school", "e-1") == (0, "optIn")


@pytest.mark.parametrize("wire", [Wire.SIGNED])
async def test_it_may_sign_with_an_rsa_key(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "rsa-school")
    await ven.call("run")
    assert (await vtn.party("rsa-school")).state == "registered"


@pytest.mark.parametrize("wire", [Wire.TLS])
async def test_it_may_sign_where_nobody_has_to(bench: Bench) -> None:
    vtn = await bench.vtn()
    signing = {"disable_signature": False, "vtn_fingerprint": fingerprint(bench.keys.vtn)}
    ven = await bench.stock_ven(vtn, "school", **signing)
    await ven.call("run")
    assert (await vtn.party("school")).state == "registered"
    await vtn.dispatch("e-1", "school")
    await ven.call("poll")
    assert await vtn.acknowledged("school", "e-1") == (0, "optIn")


@pytest.mark.parametrize("wire", [Wire.SIGNED])
async def test_one_that_does_not_sign_stays_out_where_it_has_to(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school", disable_signature=True)
    await ven.call("run")
    assert (await vtn.party("school")).state == "enrolled"
    refusal = ven.facts("heard", message="oadrCreatedPartyRegistration")[-1]["payload"]
    assert refusal["response"]["response_code"] == 463
