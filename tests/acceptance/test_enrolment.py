"""The three ways in, and the way in for somebody who was not expected."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.town import Town
from tests.acceptance.world import Utility
from vtn.store import party


async def test_an_allow_list_of_fingerprints_lets_in_who_is_on_it(
    town: Town, utility: Utility
) -> None:
    listed, by_file, other = (utility.stranger(name) for name in ("school", "mill", "bakery"))
    file = utility.folder / "allowed.txt"
    file.write_text(f"# the mill\n{by_file.fingerprint}\n")
    settings: dict[str, Any] = {"fingerprints": [listed.fingerprint], "file": "allowed.txt"}
    utility.configure(registration={"handler": "allow-list", "settings": settings})
    await town.up(utility)
    for building in (listed, by_file, other):
        await town.up(building)
    await town.registered(listed, by_file)
    rows = {row["ven"]: row for row in await utility.json("ven list")}
    assert rows["school"]["fingerprints"] == [listed.fingerprint]
    assert rows["mill"]["fingerprints"] == [by_file.fingerprint]
    assert set(rows) == {"school", "mill"}
    # Who is put on the list later gets in without a restart of anything.
    file.write_text(f"{by_file.fingerprint}\n{other.fingerprint}\n")
    await town.registered(other)


async def test_a_ven_name_with_fingerprint_and_ven_id_given_beforehand(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    bakery = utility.stranger("bakery", ven_id="bakery-0042")
    impostor = utility.stranger("impostor", ven_name="bakery", ven_id="bakery-0042")
    line = f"ven enrol bakery --certificate {bakery.folder / 'ven.crt'} --ven-id bakery-0042"
    await utility.do(line)
    await town.up(utility)
    await town.up(impostor)
    await town.until(lambda: _told(caplog, "bakery"))
    await town.up(bakery)
    await town.registered(bakery)
    assert bakery.ven is not None
    assert bakery.ven.registration is not None
    assert bakery.ven.registration.ven_id == "bakery-0042"
    assert impostor.ven is not None
    assert impostor.ven.registration is None


async def test_r402_a_ven_that_was_told_another_ven_id_is_452(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    mill = utility.stranger("mill", ven_id="mill-7")
    await utility.do(f"ven enrol mill --fingerprint {mill.fingerprint} --ven-id mill-2")
    await town.up(utility)
    with caplog.at_level(logging.WARNING):
        await town.up(mill)
        await town.until(lambda: "452" in caplog.text)
    assert mill.ven is not None
    assert mill.ven.registration is None


async def test_an_open_test_bench_takes_anybody_whose_name_is_free(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    utility.configure(registration={"handler": "open-enrolment"})
    one, same = utility.stranger("school"), utility.stranger("other", ven_name="school")
    await town.up(utility)
    await town.up(one)
    await town.registered(one)
    await town.up(same)
    await town.until(lambda: _told(caplog, "school"))
    mill = utility.stranger("mill")
    await town.up(mill)
    await town.registered(mill)
    assert same.ven is not None
    assert same.ven.registration is None
    assert [row["ven"] for row in await utility.json("ven list")] == ["mill", "school"]


async def test_r517_who_is_not_enrolled_gets_463_and_tries_until_somebody_enrols_it(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    bakery = utility.stranger("bakery")
    await town.up(utility)
    with caplog.at_level(logging.WARNING):
        await town.up(bakery)
        await town.until(lambda: caplog.text.count("refused 463") >= 3)
    # The operator reads the fingerprint in the log.
    refusal = next(r for r in caplog.records if "refused 463" in r.getMessage())
    fingerprint = vars(refusal)["fingerprint"]
    assert fingerprint == bakery.fingerprint
    assert vars(refusal)["rule"] == "R517"
    await utility.do(f"ven enrol bakery --fingerprint {fingerprint}")
    await town.registered(bakery)
    await town.until(lambda: _reported(utility, "bakery"))


def _told(caplog: pytest.LogCaptureFixture, ven: str) -> bool:
    """Whether a VEN has noticed that it is not let in."""
    return any(
        record.levelno == logging.WARNING
        and record.name == "openadr.ven"
        and vars(record).get("ven") == ven
        and "next attempt" in record.getMessage()
        for record in caplog.records
    )


async def _reported(utility: Utility, ven: str) -> bool:
    return len(await utility.readings(ven)) > 0


async def test_a_certificate_of_another_authority_gets_no_connection(
    town: Town,
    utility: Utility,
    tmp_path: Path,
    foreign_pattern: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    utility.configure(registration={"handler": "open-enrolment"})
    (tmp_path / "elsewhere").mkdir()
    elsewhere = Utility.made(tmp_path / "elsewhere" / "south-grid", foreign_pattern)
    foreign = elsewhere.stranger("foreign", vtn_url=utility.url)
    (foreign.folder / "ca.crt").write_bytes((utility.folder / "ca/ca.crt").read_bytes())
    own = utility.stranger("own")
    await town.up(utility)
    await town.up(foreign)
    await town.until(lambda: _told(caplog, "foreign"))
    await town.up(own)
    await town.registered(own)
    assert foreign.ven is not None
    assert foreign.ven.registration is None
    assert utility.server is not None
    assert utility.server.desk is not None
    async with utility.server.desk.store.read() as tx:
        assert [row.ven_name for row in await party.all_parties(tx)] == ["own"]
