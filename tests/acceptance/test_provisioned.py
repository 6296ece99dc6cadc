"""A VEN that sends nothing about registrations, at our VTN, which knows it already."""

import pytest

from oadr import messages as m
from tests.acceptance.town import Town
from tests.acceptance.world import Building, Utility

_ABOUT = (m.QueryRegistration, m.CreatePartyRegistration, m.CancelPartyRegistration)
#: All that may be left out of messages.
_PLAIN = ("schemaVersion", "Id", "responseDescription", "reportSubject", "reportDataSource")

pytestmark = pytest.mark.sends_wrong("R509", reason="the version is left out, as configured")


async def _taken_over(town: Town, utility: Utility) -> Building:
    """Returns a building that has registered once, and has lost its memory."""
    school = await utility.enrol("school", poll={"backoff_cap": "10s"})
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    assert school.ven is not None
    assert school.ven.registration is not None
    ven_id = school.ven.registration.ven_id
    await school.stop()
    for path in school.folder.glob("ven.db*"):
        path.unlink()
    school.said.clear()
    school.configure(ven_id=ven_id, vtn={"pre_provisioned": True, "leave_out": list(_PLAIN)})
    await town.up(school)
    await town.registered(school)
    return school


async def test_events_and_reports_flow_without_a_word_about_registration(
    town: Town, utility: Utility
) -> None:
    school = await _taken_over(town, utility)
    event = await town.dispatch(utility, "e-1")
    ven_id = school.sections["ven_id"]
    await town.until(lambda: utility.answers(event.event_id))
    assert (await utility.answers(event.event_id))[0][:3] == (ven_id, 0, "optIn")
    await town.until(lambda: utility.readings("school"))
    assert not [message for message in school.said if isinstance(message, _ABOUT)]
    assert school.ven is not None
    assert school.ven.registration is not None
    assert school.ven.registration.vtn_id == "north-grid"
    assert all(getattr(message, "schema_version", None) is None for message in school.said)


async def test_a_vtn_that_has_forgotten_the_ven_is_asked_on_and_the_log_says_what_to_do(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    school = await _taken_over(town, utility)
    ven_id = school.sections["ven_id"]
    await utility.do("ven cancel school")
    await town.until(lambda: f"ask its operator to enter venID {ven_id}" in caplog.text)
    assert caplog.text.count("ask its operator to enter venID") == 1
    assert school.ven is not None
    assert school.ven.registration is not None
    assert not [message for message in school.said if isinstance(message, _ABOUT)]
