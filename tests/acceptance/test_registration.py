"""From the first attempt to the last goodbye, by either side."""

import pytest

from oadr import messages as m
from tests.acceptance.town import Town, introduced
from tests.acceptance.world import Building, Utility
from vtn.store import outbox


async def test_a_ven_that_is_there_first_registers_when_its_vtn_comes(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    school = await utility.enrol("school", poll={"backoff_cap": "10s"})
    await town.up(school)
    await town.until(lambda: len(school.said) >= 4)
    assert set(school.order()) == {"CreatePartyRegistration"}
    assert [r.getMessage() for r in caplog.records].count("stopped") == 0
    await town.up(utility)
    await town.registered(school)
    assert await utility.state("school") == "registered"


async def test_r309_r405_metadata_go_both_ways_and_events_are_asked_for_before_all_else(
    town: Town, utility: Utility
) -> None:
    school = await utility.enrol("school")
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    await town.until(lambda: school.sent(m.RegisteredReport))
    first = school.order(
        m.CreatePartyRegistration, m.RegisterReport, m.RequestEvent, m.RegisteredReport
    )
    assert first == [
        "CreatePartyRegistration",
        "RegisterReport",
        "RequestEvent",
        "RegisteredReport",
    ]
    offers = {
        (row["report"], row["r_id"], row["unit"])
        for row in await utility.json("report offers --ven school")
    }
    assert offers == {
        ("TELEMETRY_USAGE", "main", "Wh"),
        ("HISTORY_USAGE", "main", "Wh"),
        ("TELEMETRY_STATUS", "status", None),
    }
    await town.until(lambda: _nothing_waits(utility))


async def _nothing_waits(utility: Utility) -> bool:
    assert utility.server is not None
    assert utility.server.desk is not None
    (member,) = utility.server.desk.roster
    async with utility.server.desk.store.read() as tx:
        return not await outbox.waiting(tx, party_pk=member.pk)


async def _started(town: Town, utility: Utility) -> Building:
    school = await utility.enrol("school")
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    await town.until(lambda: _nothing_waits(utility))
    return school


def _ids(building: Building) -> tuple[str, str]:
    assert building.ven is not None
    assert building.ven.registration is not None
    return building.ven.registration.ven_id, building.ven.registration.registration_id


async def test_a_ven_registers_again_under_the_same_ids_when_it_is_asked_to(
    town: Town, utility: Utility
) -> None:
    school = await _started(town, utility)
    before = _ids(school)
    school.said.clear()
    await utility.do("ven reregister school")
    await town.until(lambda: school.sent(m.CreatePartyRegistration))
    (again,) = school.sent(m.CreatePartyRegistration)
    assert (again.ven_id, again.registration_id) == before
    await town.until(lambda: _nothing_waits(utility))
    assert _ids(school) == before
    # It answered first, and its reports go on without being asked for again.
    assert school.order(m.Response, m.CreatePartyRegistration) == [
        "Response",
        "CreatePartyRegistration",
    ]
    await town.until(lambda: school.sent(m.UpdateReport))
    assert not school.sent(m.RegisterReport)


async def test_r407_the_vtn_cancels_and_the_ven_starts_afresh_later(
    town: Town, utility: Utility
) -> None:
    school = await _started(town, utility)
    await town.dispatch(utility, "e1")
    await town.until(lambda: school.sent(m.CreatedEvent))
    ven_id, registration_id = _ids(school)
    school.said.clear()
    await utility.do("ven cancel school")
    await town.until(lambda: school.sent(m.CanceledPartyRegistration))
    assert school.ven is not None
    await town.until(lambda: school.ven is not None and school.ven.registration is None)
    assert school.ven.events == ()
    assert await utility.state("school") == "cancelled"
    assert await utility.json("report offers --ven school") == []
    await town.until(lambda: introduced(school))
    # It is the same VEN in a new registration, and gets its events and reports again.
    assert _ids(school)[0] == ven_id
    assert _ids(school)[1] != registration_id
    await town.until(lambda: school.ven is not None and school.ven.events)
    await town.until(lambda: school.sent(m.UpdateReport))


async def test_r407_the_ven_cancels_and_stays_away_until_it_is_told_to_register(
    town: Town, utility: Utility
) -> None:
    school = await _started(town, utility)
    assert school.ven is not None
    await school.ven.cancel_party_registration()
    assert await utility.state("school") == "cancelled"
    assert await utility.json("report offers --ven school") == []
    said = len(school.said)
    start = town.clock.now()
    await town.until(lambda: (town.clock.now() - start).total_seconds() > 300)
    assert len(school.said) == said
    await school.ven.create_party_registration()
    await town.registered(school)
    assert await utility.state("school") == "registered"
    await town.until(lambda: school.sent(m.UpdateReport))


async def test_r406_a_vtn_that_has_lost_its_database_gets_a_new_registration_by_itself(
    town: Town, utility: Utility
) -> None:
    school = await _started(town, utility)
    before = _ids(school)
    await utility.stop()
    for file in utility.folder.glob("vtn.db*"):
        file.unlink()
    line = f"ven enrol school --certificate {school.folder / 'ven.crt'} --ven-id {before[0]}"
    await utility.do(line)
    school.said.clear()
    await town.up(utility)
    await town.until(lambda: school.sent(m.CreatePartyRegistration) and introduced(school))
    await town.until(lambda: school.sent(m.UpdateReport))
    assert _ids(school)[1] != before[1]
