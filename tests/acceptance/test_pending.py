"""A VEN that nobody has enrolled knocks, is looked at, and is let in: over TLS, by commands."""

from typing import Any

from tests.acceptance.sections import fast_clock
from tests.acceptance.town import Street, Town
from tests.acceptance.world import Building, Utility, until
from vtn import upkeep


async def knocking(utility: Utility) -> list[Any]:
    """Returns who asks in vain, once all is written down."""
    if utility.server is not None and utility.server.desk is not None:
        await upkeep.flush(utility.server.desk)
    found: list[Any] = await utility.json("ven pending")
    return found


async def test_r517_a_ven_that_knocks_is_approved_and_its_next_attempt_succeeds(
    utility: Utility, street: Street
) -> None:
    utility.configure(clock=fast_clock(100.0), registration={"poll_interval": "20s"})
    bakery = utility.stranger("bakery")
    vtn = street.up(utility)
    street.up(bakery)
    (row,) = await until(lambda: knocking(utility))
    assert (row["ven"], row["fingerprint"], row["rule"]) == ("bakery", bakery.fingerprint, "R517")
    assert row["subject"].startswith("CN=bakery")
    assert row["address"] == "127.0.0.1"
    assert f"{bakery.fingerprint}, CN=bakery" in vtn.last_words(40)
    assert "vtn ven pending" in vtn.last_words(40)
    # The command that the table gives, as it is.
    command = row["approve"].removeprefix("vtn ")
    await utility.do(f"{command} --group shops --yes")
    await until(lambda: _is_registered(utility, "bakery"))
    assert await utility.json("ven pending") == []
    shown = await utility.json("ven show bakery")
    assert shown["groups"] == ["shops"]
    assert shown["fingerprints"] == [bakery.fingerprint]
    assert "approve" in {one["action"] for one in await utility.json("audit")}


async def test_r517_only_the_certificate_that_was_looked_at_is_let_in_of_two_with_one_name(
    town: Town, utility: Utility
) -> None:
    bakery = utility.stranger("bakery")
    impostor = utility.stranger("impostor", ven_name="bakery")
    await town.up(utility)
    for building in (impostor, bakery):
        await town.up(building)

    async def both() -> bool:
        return len(await knocking(utility)) == 2

    await town.until(both)
    said = await utility.do("ven approve bakery", 1)
    assert "2 certificates ask as bakery" in said.output
    await utility.do(f"ven approve {bakery.fingerprint} --yes")
    await town.registered(bakery)
    assert _registration(impostor) is None
    (row,) = await knocking(utility)
    assert row["fingerprint"] == impostor.fingerprint
    assert "another certificate" in row["reason"] or "not enrolled" in row["reason"]


async def test_r402_a_ven_id_that_was_asked_for_is_the_one_that_it_gets(
    town: Town, utility: Utility
) -> None:
    mill = utility.stranger("mill", ven_id="mill-7")
    await town.up(utility)
    await town.up(mill)
    await town.until(lambda: knocking(utility))
    await utility.do(f"ven approve {mill.fingerprint} --yes")
    await town.registered(mill)
    assert (await utility.json("ven show mill"))["ven_id"] == "mill-7"


async def test_r517_the_next_certificate_of_an_enrolled_ven_is_added_to_it(
    town: Town, utility: Utility
) -> None:
    school = await utility.enrol("school")
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    moved = utility.stranger("school-next", ven_name="school")
    await town.up(moved)
    await town.until(lambda: knocking(utility))
    line = f"ven approve {moved.fingerprint} --yes"
    assert "--add-certificate" in (await utility.do(line, 1)).output
    await utility.do(f"{line} --add-certificate --overlap 1d")
    await town.registered(moved)
    shown = await utility.json("ven show school")
    assert moved.fingerprint in shown["fingerprints"]
    assert len(shown["fingerprints"]) == 2
    assert await knocking(utility) == []


async def test_who_is_enrolled_by_other_ways_asks_no_more(town: Town, utility: Utility) -> None:
    listed, enrolled = utility.stranger("listed"), utility.stranger("enrolled")
    file = utility.folder / "allowed.txt"
    file.write_text("")
    utility.configure(registration={"handler": "allow-list", "settings": {"file": "allowed.txt"}})
    await town.up(utility)
    for building in (listed, enrolled):
        await town.up(building)

    async def both() -> bool:
        return len(await knocking(utility)) == 2

    await town.until(both)
    file.write_text(f"{listed.fingerprint}\n")
    await utility.do(f"ven enrol enrolled --fingerprint {enrolled.fingerprint}")
    await town.registered(listed, enrolled)
    assert await knocking(utility) == []


async def _is_registered(utility: Utility, ven: str) -> bool:
    return await utility.state(ven) == "registered"


def _registration(building: Building) -> object:
    assert building.ven is not None
    return building.ven.registration
