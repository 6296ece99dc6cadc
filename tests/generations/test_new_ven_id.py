"""The pages make up a venID at each registration: what is given for the last one arrives."""

from pathlib import Path
from typing import Any

import pytest

from tests.generations.database import SqlDatabase
from tests.generations.stage import (
    a_peer,
    a_ven,
    events_of,
    load,
    serving,
    soon,
    stock_ven,
    until,
)
from vtn import VTN

PAGES = ["current/registration", "early/registration"]


class Application:
    """The application of a page, with the VENs of its database."""

    def __init__(self, page: str, **values: Any) -> None:
        self.database = SqlDatabase({"ven_name": "ven123"})
        program = load(page, database=self.database)
        self.answers: list[tuple[str, str, str]] = []
        self.server = VTN(vtn_id="myvtn", http_port=0, **values)
        self.server.add_handler(
            "on_create_party_registration", program.on_create_party_registration
        )

    @property
    def ven_id(self) -> str | None:
        """What the application knows the VEN as."""
        return self.database.rows()[0][1]

    def give(self, event_id: str) -> None:
        """Adds an event for the VEN."""
        given = soon() | {"ven_id": self.ven_id, "event_id": event_id}
        self.server.add_event(**given, callback=self.on_answer)

    async def on_answer(self, ven_id: str, event_id: str, opt_type: str) -> None:
        self.answers.append((ven_id, event_id, opt_type))


@pytest.mark.parametrize("page", PAGES)
async def test_r406_an_event_for_the_ven_id_of_the_second_registration_arrives(page: str) -> None:
    application = Application(page)
    async with serving(application.server) as server, a_peer(server) as peer:
        assert (await peer.register()).ven_id == application.ven_id
        application.give("first")
        await server.saved()
        former = peer.ven_id
        assert (await peer.register()).ven_id == application.ven_id != former
        application.give("second")
        await server.saved()
        shot = await events_of(peer)
        assert sorted(one.event_id for one in shot.events) == ["first", "second"]
        await peer.answer(shot)
    assert sorted(application.answers) == [
        (peer.ven_id, "first", "optIn"),
        (peer.ven_id, "second", "optIn"),
    ]


async def test_our_own_ven_that_starts_anew_takes_the_events_of_both() -> None:
    application = Application(PAGES[0])
    async with serving(application.server) as server:
        async with a_ven(server):
            await until(lambda: application.ven_id)
            application.give("first")
            await until(lambda: application.answers)
        former = application.ven_id
        async with a_ven(server):
            await until(lambda: application.ven_id != former)
            application.give("second")
            await until(lambda: len(application.answers) == 3)
    assert {(one, event) for one, event, _ in application.answers} == {
        (former, "first"),
        (application.ven_id, "first"),
        (application.ven_id, "second"),
    }
    assert {opt for *_, opt in application.answers} == {"optIn"}


async def test_openleadrs_own_ven_that_starts_anew_takes_the_events_of_both(
    tmp_path: Path,
) -> None:
    application = Application(PAGES[0], store=tmp_path / "vtn.db")
    async with serving(application.server) as server:
        with stock_ven(tmp_path, server) as ven:
            await until(lambda: ven.said("registered"))
            application.give("first")
            await until(lambda: application.answers)
        former = application.ven_id
        with stock_ven(tmp_path, server) as ven:
            await until(lambda: application.ven_id != former)
            application.give("second")
            await until(lambda: (application.ven_id, "second", "optIn") in application.answers)
            events = await until(lambda: ven.said("event"))
            assert {one["event"]["event_descriptor"]["event_id"] for one in events} >= {"first"}
