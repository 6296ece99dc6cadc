"""Certificates change while a programme runs: renewal with an overlap, and revocation."""

import asyncio
import logging
import shutil
import ssl
from datetime import datetime
from itertools import pairwise

import pytest

from certs.files import load_certificates
from oadr.event import parse_levels
from tests.acceptance.town import Town
from tests.acceptance.world import HOUR, MINUTE, Building, Utility, signed, subject_of, watt_hours


async def _newer(utility: Utility, moment: datetime) -> bool:
    found = await utility.readings("school")
    return bool(found) and found[-1][0] > moment


@pytest.mark.parametrize("signing", [False, True], ids=["plain", "signed"])
async def test_a_certificate_is_renewed_with_overlap_while_events_and_reports_flow(
    town: Town, utility: Utility, signing: bool, caplog: pytest.LogCaptureFixture
) -> None:
    school = await utility.enrol("school")
    if signing:
        signed(utility, school)
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    event = await town.dispatch(utility, "e1", start=town.clock.now() + 8 * HOUR)
    await town.until(lambda: _answered(utility, 0))
    (old,) = (await utility.json("ven list"))[0]["fingerprints"]
    predecessor = _copy(school, "predecessor")

    bundle = utility.folder / "next.zip"
    new = (await utility.json(f"ven renew school --overlap 2h --issue --out {bundle}"))[
        "fingerprint"
    ]
    assert set((await utility.json("ven list"))[0]["fingerprints"]) == {old, new}
    # The old one still counts, and what it reports is taken.
    start = town.clock.now()
    await town.until(lambda: _newer(utility, start))

    school.unpack(bundle)
    start = town.clock.now()
    await town.until(lambda: _newer(utility, start))
    serial = _own_serial(school)
    assert {_serial(tls) for tls in utility.tls_connections()} == {serial}
    later = await town.change(utility, event, intervals=parse_levels("1:10m,2:20m"))
    assert later.descriptor.modification_number == 1
    await town.until(lambda: _answered(utility, 1))

    await town.clock.advance(2 * HOUR)
    start = town.clock.now()
    await town.until(lambda: _newer(utility, start))
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        await town.up(predecessor)
        await town.until(lambda: "refused 463" in caplog.text)
    assert [row["ven"] for row in await utility.json("ven list")] == ["school"]
    found = await utility.readings("school")
    assert all(after - before == MINUTE for (before, _, _), (after, _, _) in pairwise(found))
    assert all(value == watt_hours(start) for start, value, _ in found)


def _copy(building: Building, name: str) -> Building:
    """Returns a building that has kept the certificate as it is now, and no state."""
    folder = building.folder.parent / name
    folder.mkdir()
    for file in ("ven.crt", "ven.key", "ca.crt", "load.csv"):
        shutil.copy(building.folder / file, folder / file)
    copy = Building(name, folder, sections=dict(building.sections))
    copy.configure()
    return copy


def _own_serial(building: Building) -> str:
    return f"{load_certificates(building.folder / 'ven.crt')[0].serial_number:X}".lstrip("0")


def _serial(tls: ssl.SSLObject) -> str:
    return str((tls.getpeercert() or {}).get("serialNumber", "")).lstrip("0")


async def _answered(utility: Utility, modification: int) -> bool:
    return (await utility.deliveries("e1"))["school"].acked_modification == modification


async def test_r517_revocation_counts_for_the_open_connection_and_for_the_next_handshake(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    school, mill = await utility.enrol("school"), await utility.enrol("mill")
    await town.up(utility)
    await town.up(school)
    await town.up(mill)
    await town.registered(school, mill)
    before = utility.tls_connections()
    assert len(before) == 2
    with caplog.at_level(logging.WARNING):
        result = await utility.do("ven revoke school")
        assert "locked out" in result.stdout
        await town.until(lambda: "refused 463: oadrPoll" in caplog.text)
    refusal = next(r for r in caplog.records if "refused 463" in r.getMessage())
    assert vars(refusal)["rule"] == "R517"
    # It was the connection that had been open all the time.
    still = [tls for tls in utility.tls_connections() if tls in before]
    assert "school" in {subject_of(tls)["commonName"] for tls in still}

    with pytest.raises((ssl.SSLError, ConnectionError)):
        await _ask(utility, school)
    assert await _ask(utility, mill) == b"HTTP"
    await school.stop()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        await town.up(school)
        await town.until(lambda: caplog.text.count("next attempt") > 0)
        start = town.clock.now()
        await town.until(lambda: _reports(utility, start))
    assert [row["state"] for row in await utility.json("ven list")] == ["registered", "cancelled"]


async def _reports(utility: Utility, moment: datetime) -> bool:
    found = await utility.readings("mill")
    return bool(found) and found[-1][0] > moment


async def _ask(utility: Utility, building: Building) -> bytes:
    """Returns the first bytes of an answer; a handshake that fails shows at the latest here."""
    reader, writer = await asyncio.open_connection("localhost", utility.port, ssl=building.tls())
    try:
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        return await reader.readexactly(4)
    except asyncio.IncompleteReadError:
        raise ConnectionResetError from None
    finally:
        writer.close()
