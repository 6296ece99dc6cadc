"""Servers and clients in one process have nothing in common (X17)."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import ClientError

from oadr import codec
from oadr import messages as m
from tests.generations.keys import Keys, Owner
from tests.generations.stage import a_peer, let_in, serving, until
from tests.generations.stock import listening, stock_server, traces
from tests.generations.test_signing import tls
from ven import VEN
from vtn import VTN
from vtn.testing.door import Answer
from vtn.testing.peer import Peer

SECOND = timedelta(seconds=1)


class Grid:
    """One utility with an authority, a VTN and a VEN of its own."""

    def __init__(self, name: str, keys: Keys, poll: timedelta, *, signed: bool) -> None:
        self.name = name
        self.vtn_keys = keys.vtn(name)
        self.ven_keys = keys.ven(f"{name}-ven")
        self.looked_up: list[str] = []
        self.registered: list[str] = []
        self.delivered: list[str] = []
        self.server: Any = VTN(
            vtn_id=f"{name}-vtn",
            cert=str(self.vtn_keys.certificate) if signed else None,
            key=str(self.vtn_keys.key) if signed else None,
            http_port=0,
            requested_poll_freq=poll,
            ven_lookup=self.lookup,
            verify_message_signatures=signed,
            **tls(self.vtn_keys),
        )
        self.server.add_handler("on_create_party_registration", self.register)

    def lookup(self, ven_id: str) -> dict[str, str]:
        self.looked_up.append(ven_id)
        return {
            "ven_id": f"{self.name}-id",
            "ven_name": f"{self.name}-ven",
            "fingerprint": self.ven_keys.fingerprint,
            "registration_id": f"{self.name}-registration",
        }

    async def register(self, registration_info: dict[str, Any]) -> tuple[str, str]:
        self.registered.append(registration_info["ven_name"])
        return f"{self.name}-id", f"{self.name}-registration"

    def add_event(self) -> str:
        found = self.server.add_event(
            ven_id=f"{self.name}-id",
            event_id=f"{self.name}-event",
            signal_name="simple",
            signal_type="level",
            intervals=[
                {
                    "dtstart": datetime.now(UTC) + timedelta(minutes=5),
                    "duration": timedelta(minutes=5),
                    "signal_payload": 1,
                }
            ],
            callback=self.answered,
        )
        return str(found)

    async def answered(self, ven_id: str, event_id: str, opt_type: str) -> None:
        self.delivered.append(f"{ven_id} {event_id} {opt_type}")


@pytest.fixture
def grids(tmp_path_factory: pytest.TempPathFactory) -> tuple[Grid, Grid]:
    north, south = (Keys(tmp_path_factory.mktemp(name)) for name in ("north", "south"))
    return (
        Grid("north", north, SECOND, signed=True),
        Grid("south", south, 7 * SECOND, signed=False),
    )


async def test_two_servers_over_mutual_tls_keep_everything_apart(grids: tuple[Grid, Grid]) -> None:
    async with AsyncExitStack() as stack:
        for grid in grids:
            await stack.enter_async_context(serving(grid.server))
        for grid in grids:
            peer = await stack.enter_async_context(
                a_peer(grid.server, f"{grid.name}-ven", owner=grid.ven_keys)
            )
            registered = await peer.register()
            assert registered.code == 200
            assert registered.message.vtn_id == f"{grid.name}-vtn"
            assert registered.ven_id == f"{grid.name}-id"
            assert registered.poll_freq == (SECOND if grid.name == "north" else 7 * SECOND)
            answer = await peer.raw("OadrPoll", peer.sign(m.Poll(ven_id=peer.ven_id)))
            assert answer.signed == (grid.name == "north")
        north, south = grids
        assert (north.registered, south.registered) == (["north-ven"], ["south-ven"])
        assert set(north.looked_up) == {"north-id"}
        assert set(south.looked_up) == {"south-id"}


async def test_a_ven_of_one_server_is_a_stranger_to_the_other(grids: tuple[Grid, Grid]) -> None:
    north, south = grids
    async with (
        serving(north.server),
        serving(south.server),
        a_peer(south.server, owner=north.ven_keys) as stranger,
    ):
        # The authority of the one is not that of the other: no handshake.
        with pytest.raises((OSError, ClientError)):
            await stranger.register()
    assert south.registered == []


async def test_what_one_server_verifies_the_other_ignores(grids: tuple[Grid, Grid]) -> None:
    """The two have different signature policies, and each keeps its own."""
    codes = {}
    for grid in grids:
        async with (
            serving(grid.server),
            a_peer(grid.server, f"{grid.name}-ven", owner=grid.ven_keys) as peer,
        ):
            await peer.register()
            await peer.settle()
            asked = m.RequestEvent(request_id="r", ven_id=peer.ven_id)
            forged = peer.sign(asked).replace(b">r<", b">s<")
            answer = await peer.raw("EiEvent", forged)
            codes[grid.name] = _code(answer.message) if answer.status == 200 else answer.status
    assert codes["north"] in (403, 463)
    assert codes["south"] == 200


async def test_events_and_handlers_of_two_servers_with_two_clients_do_not_meet(
    grids: tuple[Grid, Grid],
) -> None:
    seen: dict[str, list[str]] = {"north": [], "south": []}
    clients: list[Any] = []
    async with AsyncExitStack() as stack:
        for grid in grids:
            await stack.enter_async_context(serving(grid.server))
            grid.add_event()
        for grid in grids:
            client = a_client(grid, seen[grid.name])
            await client.run()
            stack.push_async_callback(client.stop)
            clients.append(client)
        for grid in grids:
            await until(partial(getattr, grid, "delivered"))
    north, south = grids
    assert [client.poll_frequency for client in clients] == [SECOND, 7 * SECOND]
    assert seen == {"north": ["north-event"], "south": ["south-event"]}
    assert north.delivered == ["north-id north-event optIn"]
    assert south.delivered == ["south-id south-event optIn"]
    assert set(north.server.events) == {"north-id"}
    assert set(south.server.events) == {"south-id"}


def a_client(grid: Grid, seen: list[str]) -> Any:
    """An application's VEN of one of the utilities."""
    client: Any = VEN(
        ven_name=f"{grid.name}-ven",
        vtn_url=grid.server.url,
        cert=str(grid.ven_keys.certificate),
        key=str(grid.ven_keys.key),
        ca_file=str(grid.ven_keys.ca),
        vtn_fingerprint=grid.vtn_keys.fingerprint if grid.name == "north" else None,
        disable_signature=grid.name == "south",
    )

    async def on_event(event: dict[str, Any]) -> str:
        seen.append(event["event_descriptor"]["event_id"])
        return "optIn"

    client.add_handler("on_event", on_event)
    return client


async def test_clients_in_one_process_have_their_own_handlers_reports_and_hooks() -> None:
    one: Any = VEN("one", "http://localhost:1")
    two: Any = VEN("two", "http://localhost:2")
    one.add_report(lambda: 1, resource_id="main", measurement="RealPower", unit="W")
    one.add_hook("before_send_xml", print)
    assert len(one.reports) == 1
    assert list(two.reports) == []
    assert two.hooks["before_send_xml"] == []
    assert two.received_events is not one.received_events


async def test_our_server_and_openleadrs_own_beside_it_do_not_touch_each_other(
    vtn_keys: Owner,
) -> None:
    before = traces()
    ours = VTN(vtn_id="ours", http_port=0, ven_lookup=_found)
    assert traces() == before
    signing = {"cert": str(vtn_keys.certificate), "key": str(vtn_keys.key)}
    with stock_server(vtn_id="theirs", http_port=0, ven_lookup=_found, **signing) as theirs:
        let_in(ours, "ours-id", "ours-registration")
        let_in(theirs, "theirs-id", "theirs-registration")
        await listening(theirs)
        async with serving(ours), a_peer(ours) as to_ours, a_peer(theirs) as to_theirs:
            assert (await to_ours.register()).ven_id == "ours-id"
            assert (await to_theirs.register()).ven_id == "theirs-id"
            # openleadr signs by a class attribute; ours has no key and signs nothing.
            assert not (await _polled(to_ours)).signed
            assert (await _polled(to_theirs)).signed
        await theirs.stop()


async def test_three_servers_of_one_process_have_their_own_queues() -> None:
    servers: list[Any] = [VTN(vtn_id=f"vtn{n}", http_port=0) for n in range(3)]
    async with AsyncExitStack() as stack:
        for n, server in enumerate(servers):
            let_in(server, f"id{n}", f"reg{n}")
            await stack.enter_async_context(serving(server))
        assert len({server.url for server in servers}) == 3
        servers[1].add_handler("on_poll", lambda ven_id: None)
        assert servers[0].services is not servers[1].services
        for n, server in enumerate(servers):
            peer = await stack.enter_async_context(a_peer(server))
            assert (await peer.register()).message.vtn_id == f"vtn{n}"


def _found(ven_id: str) -> dict[str, str]:
    return {"ven_id": ven_id, "registration_id": "registration"}


async def _polled(peer: Peer) -> Answer:
    return await peer.raw("OadrPoll", codec.encode(m.Poll(ven_id=peer.ven_id)))


def _code(reply: Any) -> int:
    return 200 if reply is None or reply.response is None else int(reply.response.code)
