"""Our VEN registers at openleadr's VTN, polls, and leaves."""

import logging

import pytest

from tests.acceptance.patience import until
from tests.acceptance.stock import SECOND, VTN_ID, Bench, StockVtn, Wire
from ven.client import Client


async def _registered(vtn: StockVtn, ven: Client, times: int = 1) -> None:
    await until(lambda: len(vtn.facts("registration")) == times and ven.registration)


async def test_it_asks_what_there_is_and_registers(bench: Bench) -> None:
    vtn = await bench.stock_vtn()
    ven = bench.ven(vtn, "school", query_first=True)
    await ven.start()
    await _registered(vtn, ven)
    info = vtn.facts("registration")[0]["info"]
    assert (info["ven_name"], info["profile_name"]) == ("school", "2.0b")
    assert info["http_pull_model"] is True
    assert info["xml_signature"] is (bench.wire is Wire.SIGNED)
    assert ("fingerprint" in info) is (bench.wire is not Wire.HTTP)
    registration = ven.registration
    assert registration is not None
    assert registration.ven_id == "ven-school"
    assert registration.registration_id == "registration-school"
    assert registration.vtn_id == VTN_ID
    assert registration.poll_interval == 10 * SECOND
    answer = await ven.query_registration()
    assert [str(profile.name) for profile in answer.profiles] == ["2.0b"]


async def test_one_that_is_refused_tries_again_until_it_is_let_in(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    vtn = await bench.stock_vtn()
    await vtn.call("refuse", "school")
    ven = bench.ven(vtn, "school")
    with caplog.at_level(logging.WARNING):
        await ven.start()
        await until(lambda: caplog.records)
    # openleadr refuses with code 200 and without IDs (V15).
    assert ven.registration is None
    await vtn.call("admit", "school")
    await _registered(vtn, ven, len(vtn.facts("registration")) + 1)


async def test_it_registers_again_when_it_is_asked_to(bench: Bench) -> None:
    vtn = await bench.stock_vtn(external=True)
    ven = bench.ven(vtn, "school")
    await ven.start()
    await _registered(vtn, ven)
    await vtn.call("queue", "oadrRequestReregistration", {"ven_id": "ven-school"})
    await _registered(vtn, ven, 2)
    assert vtn.facts("registration")[1]["info"]["registration_id"] == "registration-school"
    assert vtn.facts("registration")[1]["info"]["ven_id"] == "ven-school"


async def test_it_registers_again_when_it_is_not_known_any_more(bench: Bench) -> None:
    vtn = await bench.stock_vtn()
    ven = bench.ven(vtn, "school")
    await ven.start()
    await _registered(vtn, ven)
    await until(lambda: ven.registration and ven.registration.introduced)
    await vtn.call("forget", "ven-school")
    await _registered(vtn, ven, 2)


async def test_it_leaves(bench: Bench) -> None:
    vtn = await bench.stock_vtn()
    ven = bench.ven(vtn, "school")
    await ven.start()
    await _registered(vtn, ven)
    await ven.cancel_party_registration()
    assert vtn.facts("cancelled")[0]["payload"]["registration_id"] == "registration-school"
    assert ven.registration is None


async def test_it_is_sent_away(bench: Bench) -> None:
    vtn = await bench.stock_vtn(external=True)
    ven = bench.ven(vtn, "school", reregister_after=3600 * SECOND)
    await ven.start()
    await _registered(vtn, ven)
    payload = {"registration_id": "registration-school", "request_id": "r-1"}
    await vtn.call("queue", "oadrCancelPartyRegistration", payload | {"ven_id": "ven-school"})
    await until(lambda: ven.registration is None)


async def test_it_polls_until_nothing_waits(bench: Bench) -> None:
    vtn = await bench.stock_vtn(external=True)
    for name in ("r-1", "r-2", "r-3"):
        await vtn.ask("ven-school", name, "METADATA", "0")
    ven = bench.ven(vtn, "school", poll_interval=3600 * SECOND)
    await ven.start()
    await until(lambda: len(vtn.facts("created")) == 3)
    assert await vtn.call("waiting") == []


@pytest.mark.parametrize("wire", [Wire.SIGNED])
async def test_it_may_sign_with_an_rsa_key(bench: Bench) -> None:
    vtn = await bench.stock_vtn()
    ven = bench.ven(vtn, "rsa-school")
    await ven.start()
    await until(lambda: ven.registration and ven.registration.introduced)
