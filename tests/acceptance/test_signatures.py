"""XML signatures in both directions, with both kinds of keys (R514)."""

import logging

import pytest

from oadr import codec
from oadr.signature import is_signed
from tests.acceptance.town import Town
from tests.acceptance.world import Building, Utility, signed


@pytest.mark.parametrize("kind", ["P-256", "RSA-2048"])
async def test_r514_everything_is_signed_in_both_directions(
    town: Town, utility: Utility, kind: str
) -> None:
    rsa = kind == "RSA-2048"
    school = await utility.enrol("school", "--rsa" if rsa else "")
    signed(utility, school, rsa=rsa)
    await town.up(utility)
    ven = await school.start(town.clock)
    sent: list[bytes] = []
    received: list[bytes] = []
    ven.add_hook("before_send_xml", sent.append)
    ven.add_hook("after_receive_xml", received.append)
    try:
        await town.registered(school)
        await town.dispatch(utility, "e1")
        await town.until(lambda: _answered(utility))
        await town.until(lambda: _reported(utility, "school"))
    finally:
        await school.stop()
    assert len(sent) > 8
    assert all(_signed(data) for data in sent)
    assert all(_signed(data) for data in received if data)


def _signed(data: bytes) -> bool:
    return is_signed(codec.parse(data))


async def _answered(utility: Utility) -> bool:
    return (await utility.deliveries("e1"))["school"].acked_modification == 0


async def _reported(utility: Utility, name: str) -> bool:
    return len(await utility.readings(name)) > 0


async def test_r514_a_ven_that_does_not_sign_is_463_and_the_log_says_why(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    school = await utility.enrol("school")
    unsigned = await utility.enrol("bakery", "--signatures required", signatures={"sign": False})
    utility.configure(signatures={"policy": "accepted"})
    await town.up(utility)
    with caplog.at_level(logging.WARNING):
        await town.up(unsigned)
        await town.until(lambda: caplog.text.count("refused 463") > 1)
    refusals = [r for r in caplog.records if "refused 463" in r.getMessage()]
    assert {(vars(r)["ven"], vars(r)["rule"]) for r in refusals} == {("bakery", "R514")}
    assert "must be signed" in caplog.text
    # It signs from now on; the other one never had to.
    await unsigned.stop()
    unsigned.configure(signatures={"sign": True})
    await town.up(unsigned)
    await town.up(school)
    await town.registered(unsigned, school)


async def test_r514_a_ven_takes_nothing_from_a_vtn_that_does_not_sign(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    school = await utility.enrol("school")
    signed(utility, school)
    utility.configure(signatures={"policy": "ignored"})
    await town.up(utility)
    with caplog.at_level(logging.WARNING):
        await town.up(school)
        await town.until(lambda: "did not sign" in caplog.text)
    assert _registration(school) is None


async def test_r514_a_ven_takes_no_signature_but_that_of_its_vtn(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    school = await utility.enrol("school")
    signed(utility, school)
    school.configure(signatures={"vtn_fingerprint": "00:11:22:33:44:55:66:77:88:99"})
    await town.up(utility)
    with caplog.at_level(logging.WARNING):
        await town.up(school)
        await town.until(lambda: "cannot be used" in caplog.text)
    assert _registration(school) is None


def _registration(building: Building) -> object:
    assert building.ven is not None
    return building.ven.registration
