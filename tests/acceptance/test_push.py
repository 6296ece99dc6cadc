"""A VEN that its VTN pushes to, over mutual TLS: a real VTN, a real VEN, nobody polls."""

import socket
from typing import Any

import pytest

from certs import Authority
from oadr import messages as m
from tests.acceptance.test_reports import check_rows
from tests.acceptance.town import Town
from tests.acceptance.world import HOUR, Building, Utility


async def _school(town: Town, utility: Utility, **sections: Any) -> Building:
    """Returns a building that listens, with its VTN, both running."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"https://localhost:{probe.getsockname()[1]}/school"
    school = await utility.enrol(
        "school", push={"address": address, "host": "127.0.0.1"}, **sections
    )
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    return school


async def _answer(utility: Utility, event_id: str) -> Any:
    answers = await utility.answers(event_id)
    return answers[-1] if answers else None


async def test_r38_r51_an_event_is_pushed_answered_changed_and_cancelled_and_nobody_polls(
    town: Town, utility: Utility
) -> None:
    polls: list[Any] = []
    school = await _school(town, utility)
    assert school.ven is not None
    school.ven.add_trace(lambda seen: polls.append(seen) if seen.message == "oadrPoll" else None)
    event = await town.dispatch(utility, "peak")
    await town.until(lambda: _answer(utility, "peak"))
    (answer,) = await utility.answers("peak")
    assert answer[1:3] == (0, "optIn")
    await town.change(utility, event, start=event.active_period.dtstart + HOUR)

    async def changed() -> bool:
        return (await utility.answers("peak"))[-1][1] == 1

    await town.until(changed)
    await utility.operator.cancel_event("peak", now=town.clock.now())
    await town.until(lambda: school.ven is not None and not school.ven.events)
    assert school.sent(m.CreatedEvent)[-1].responses[0].opt_type == "optIn"
    assert polls == []


async def test_r301_r309_r405_metadata_go_both_ways_by_push(town: Town, utility: Utility) -> None:
    school = await _school(town, utility)
    await town.until(lambda: school.sent(m.RegisteredReport))
    kinds = (m.CreatePartyRegistration, m.RegisterReport, m.RequestEvent, m.RegisteredReport)
    order = school.order(*kinds)
    assert order[0] == "CreatePartyRegistration"
    assert sorted(order[1:]) == ["RegisterReport", "RegisteredReport", "RequestEvent"]
    assert order.index("RegisterReport") < order.index("RequestEvent")
    (create,) = school.sent(m.CreatePartyRegistration)
    assert create.http_pull_model is False


async def test_reports_that_are_asked_for_by_push_arrive(town: Town, utility: Utility) -> None:
    utility.configure(reports={"via": "poll"})
    school = await _school(town, utility)

    async def rows() -> Any:
        found = await utility.readings("school")
        return found if len(found) > 4 else None

    check_rows(await town.until(rows))
    assert [type(one) for one in school.heard if isinstance(one, m.CreateReport)]
    assert len(school.sent(m.CreatedReport)) == 1


async def test_r401_r402_r407_reregistration_and_cancellation_are_pushed(
    town: Town, utility: Utility
) -> None:
    school = await _school(town, utility)
    await utility.do("ven reregister school")
    await town.until(lambda: len(school.sent(m.CreatePartyRegistration)) > 1)
    again = school.sent(m.CreatePartyRegistration)[1]
    assert again.registration_id is not None
    assert again.transport_address == school.sections["push"]["address"]
    await utility.do("ven cancel school")
    await town.until(lambda: school.sent(m.CanceledPartyRegistration))

    def anew() -> int:
        ids = [one.registration_id for one in school.sent(m.CreatePartyRegistration)]
        return ids.count(None) > 1

    # The wish for a re-registration may come twice, if the answer to it is overtaken.
    await town.until(anew)


async def test_an_event_for_a_ven_that_is_away_arrives_when_it_is_back(
    town: Town, utility: Utility
) -> None:
    school = await _school(town, utility)
    await school.stop()
    await town.dispatch(utility, "peak")
    await school.start(town.clock)
    await town.until(lambda: _answer(utility, "peak"))
    await utility.stop()
    await utility.start(town.clock)
    await town.dispatch(utility, "later")
    await town.until(lambda: _answer(utility, "later"))


async def test_a_vtn_with_a_new_certificate_is_known_again_when_the_ven_has_called_it(
    town: Town, utility: Utility, caplog: pytest.LogCaptureFixture
) -> None:
    school = await _school(town, utility)
    known = school.ven.registration if school.ven else None
    assert known is not None
    authority = Authority.load(utility.folder / "ca")
    for stem, kind in (("vtn", "EC"), ("vtn-rsa", "RSA")):
        serial = next(
            one.serial
            for one in authority.records()
            if one.kind == "vtn" and one.key_type.name == kind
        )
        fresh = utility.folder / f"{stem}-new.crt", utility.folder / f"{stem}-new.key"
        authority.renew(serial).save(*fresh)
        for path in fresh:
            path.replace(utility.folder / path.name.replace("-new", ""))
    await town.dispatch(utility, "peak")
    await town.until(lambda: _answer(utility, "peak"))
    assert "is not that of the VTN" in caplog.text

    def noted() -> bool:
        now = school.ven.registration if school.ven else None
        return now is not None and now.vtn_fingerprint not in (None, known.vtn_fingerprint)

    await town.until(noted)
