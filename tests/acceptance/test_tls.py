"""Both kinds of keys at once, and exactly the suites that are demanded (R67, R68)."""

import asyncio
import ssl
from typing import Any

import pytest

from tests.acceptance.town import Town
from tests.acceptance.world import Building, Utility, subject_of

#: What R67 demands, by the kind of the server's key.
DEMANDED = {"EC": "ECDHE-ECDSA-AES128-SHA256", "RSA": "AES128-SHA256"}


def connections(utility: Utility) -> dict[str, tuple[str, str]]:
    """Returns TLS version and suite by the name of the VEN."""
    return {
        subject_of(tls)["commonName"]: (tls.version() or "", (tls.cipher() or ("",))[0])
        for tls in utility.tls_connections()
    }


async def both(town: Town, utility: Utility, **tls: Any) -> tuple[Building, Building]:
    """An EC and an RSA VEN, both registered."""
    school = await utility.enrol("school", tls=tls)
    mill = await utility.enrol("mill", "--rsa", tls=tls)
    await town.up(utility)
    await town.up(school)
    await town.up(mill)
    await town.registered(school, mill)
    return school, mill


def key_size(building: Building) -> str:
    head = (building.folder / "ven.key").read_text().splitlines()
    return "RSA" if sum(map(len, head)) > 1000 else "EC"


async def test_r68_one_vtn_with_an_ecc_and_an_rsa_certificate_serves_both_kinds(
    town: Town, utility: Utility
) -> None:
    school, mill = await both(town, utility)
    assert (key_size(school), key_size(mill)) == ("EC", "RSA")
    found = connections(utility)
    assert set(found) == {"school", "mill"}
    for version, suite in found.values():
        assert version == "TLSv1.3" or ("ECDHE" in suite and "GCM" in suite)
    await town.dispatch(utility, "e1")

    async def answered() -> bool:
        given = await utility.deliveries("e1")
        return all(row.acked_modification == 0 for row in given.values())

    await town.until(answered)


async def test_r67_profile_certification_on_both_sides_takes_tls_12_and_a_demanded_suite(
    town: Town, utility: Utility
) -> None:
    utility.configure(tls={"profile": "certification"})
    await both(town, utility, profile="certification")
    found = connections(utility)
    assert {version for version, _ in found.values()} == {"TLSv1.2"}
    # The VTN has both kinds of certificates, and its ECC one is preferred by both VENs.
    assert {suite for _, suite in found.values()} <= set(DEMANDED.values())


@pytest.mark.parametrize("kind", ["EC", "RSA"])
async def test_r67_profile_certification_selects_the_suite_of_the_only_kind_offered(
    town: Town, utility: Utility, kind: str
) -> None:
    utility.configure(tls={"profile": "certification"})
    school = await utility.enrol("school", "--rsa" if kind == "RSA" else "")
    await town.up(utility)
    context = school.tls()
    # More than it may select, and one suite that it must.
    context.set_ciphers(f"ECDHE+AESGCM:ECDHE-RSA-AES128-SHA256:{DEMANDED[kind]}")
    assert await _suite(utility, context) == ("TLSv1.2", DEMANDED[kind])


async def test_r67_profile_certification_refuses_whoever_offers_no_demanded_suite(
    town: Town, utility: Utility
) -> None:
    utility.configure(tls={"profile": "certification"})
    school = await utility.enrol("school")
    await town.up(utility)
    context = school.tls()
    context.set_ciphers("ECDHE+AESGCM")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await _suite(utility, context)


async def test_a_certification_ven_is_served_by_a_compatible_vtn_and_the_reverse(
    town: Town, utility: Utility
) -> None:
    school = await utility.enrol("school", tls={"profile": "certification"})
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    version, suite = connections(utility)["school"]
    assert (version, suite in DEMANDED.values()) == ("TLSv1.2", True)
    await school.stop()
    await utility.stop()
    utility.configure(tls={"profile": "certification"})
    mill = await utility.enrol("mill", tls={"profile": "compatible"})
    await town.up(utility)
    await town.up(mill)
    await town.registered(mill)
    version, suite = connections(utility)["mill"]
    assert (version, suite in DEMANDED.values()) == ("TLSv1.2", True)


async def _suite(utility: Utility, context: ssl.SSLContext) -> tuple[str, str]:
    _, writer = await asyncio.open_connection("localhost", utility.port, ssl=context)
    try:
        tls = writer.get_extra_info("ssl_object")
        return tls.version(), tls.cipher()[0]
    finally:
        writer.close()
        await writer.wait_closed()
