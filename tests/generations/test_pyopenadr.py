"""The server page of pyOpenADR: VENs bring their own venID, and get a registrationID alone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from oadr import messages as m
from tests.generations.database import SqlDatabase
from tests.generations.pages import runs
from tests.generations.stage import (
    a_peer,
    a_ven,
    let_in,
    load,
    serving,
    stock_ven,
    until,
)
from vtn import VTN


def registering(database: SqlDatabase) -> Any:
    """Returns a server with the example of the page."""
    program = load("pyopenadr/registration", database=database)
    server = VTN(vtn_id="myvtn", http_port=0)
    server.add_handler("on_create_party_registration", program.on_create_party_registration)
    return server


@runs("pyopenadr/registration")
async def test_a_ven_that_brings_its_id_gets_a_registration_id() -> None:
    database = SqlDatabase({"ven_id": "ven-7"})
    server = registering(database)
    async with serving(server), a_peer(server) as peer, a_peer(server, "ven999") as stranger:
        registered = await peer.register(ven_id="ven-7")
        assert registered.code == 200
        assert registered.ven_id == "ven-7"
        assert database.rows() == [(None, "ven-7", registered.registration_id)]
        await peer.settle()
        assert (await stranger.register(ven_id="ven-8")).code == 463
    database.close()


async def test_the_handler_may_go_by_the_name_that_the_text_of_the_page_gives_it() -> None:
    def on_register_party(payload: dict[str, Any]) -> str:
        return f"registration of {payload['ven_id']}"

    server = VTN(vtn_id="myvtn", http_port=0)
    server.add_handler("on_register_party", on_register_party)
    async with serving(server), a_peer(server) as peer:
        registered = await peer.register(ven_id="ven-7")
        assert registered.registration_id == "registration of ven-7"


@runs("pyopenadr/registration")
async def test_our_own_ven_brings_its_id() -> None:
    database = SqlDatabase({"ven_id": "ven-7"})
    server = registering(database)
    async with serving(server), a_ven(server, ven_id="ven-7") as ven:
        registration = await until(lambda: ven.registration)
        assert registration.ven_id == "ven-7"
        assert database.rows() == [(None, "ven-7", registration.registration_id)]
    database.close()


@runs("pyopenadr/registration")
async def test_openleadrs_own_ven_brings_its_id(tmp_path: Path) -> None:
    database = SqlDatabase({"ven_id": "ven-7"})
    server = registering(database)
    async with serving(server):
        with stock_ven(tmp_path, server, ven_id="ven-7") as ven:
            (registered,) = await until(lambda: ven.said("registered"))
            assert registered["ven_id"] == "ven-7"
            assert database.rows() == [(None, "ven-7", registered["registration_id"])]
    database.close()


@runs("pyopenadr/registration")
async def test_a_ven_that_brings_no_id_is_refused() -> None:
    database = SqlDatabase()
    server = registering(database)
    async with serving(server), a_peer(server) as peer:
        assert 400 <= (await peer.register()).code < 500
    database.close()


async def test_on_poll_makes_up_an_event_in_real_time() -> None:
    # The page: "must be able to either retrieve the next event for this VEN out of some
    # storage or queue, or make up the Event in real time".
    start = datetime.now(UTC) + timedelta(minutes=5)

    async def on_poll(ven_id: str) -> dict[str, Any]:
        interval = {"dtstart": start, "duration": timedelta(minutes=5), "signal_payload": 1}
        return {
            "event_descriptor": {
                "event_id": f"for-{ven_id}",
                "modification_number": 0,
                "market_context": "http://context",
                "event_status": "far",
            },
            "active_period": {"dtstart": start, "duration": timedelta(minutes=5)},
            "event_signals": [
                {
                    "intervals": [interval],
                    "signal_name": "simple",
                    "signal_type": "level",
                    "signal_id": "s1",
                }
            ],
            "targets": [{"ven_id": ven_id}],
            "response_required": "always",
        }

    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_poll", on_poll)
    async with serving(server), a_ven(server) as ven:
        (event,) = await until(lambda: ven.events)
        assert event.event_id == "for-ven123"
        assert event.target == m.Target(ven_ids=("ven123",))
