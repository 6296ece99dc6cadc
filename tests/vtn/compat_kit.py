"""OpenLEADR applications for tests, and VENs that come to them over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from oadr import messages as m
from oadr.report import Offer, build_metadata
from runtime.clock import FakeClock
from vtn import VTN
from vtn.testing import Peer
from vtn.testing.door import HttpDoor

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def now() -> datetime:
    """This moment, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def steps(start: datetime | None = None, **values: Any) -> list[dict[str, Any]]:
    """One interval, in an hour unless it is said when."""
    usual = {"dtstart": start or now() + HOUR, "duration": 10 * MINUTE, "signal_payload": 1}
    return [usual | values]


def event(event_id: str = "e1", **values: Any) -> dict[str, Any]:
    """A raw event as a dict."""
    usual = {
        "event_descriptor": {
            "event_id": event_id,
            "modification_number": 0,
            "market_context": "http://programme.example",
            "event_status": "far",
        },
        "event_signals": [
            {
                "signal_id": "s1",
                "signal_name": "simple",
                "signal_type": "level",
                "intervals": steps(),
            }
        ],
        "targets": [{"ven_id": "ven1"}],
        "response_required": "always",
    }
    return usual | values


def accept(registration_info: dict[str, Any]) -> tuple[str, str]:
    """Lets everybody in; a VEN's venID is its name."""
    return registration_info["ven_name"], "reg-" + registration_info["ven_name"]


class Application:
    """A server that runs, and the VENs that come to it."""

    def __init__(self, server: VTN) -> None:
        self.server = server
        self.clock = FakeClock(moment=now())
        server.clock = self.clock
        self._peers: list[Peer] = []

    async def ven(self, name: str = "ven1", **values: Any) -> Peer:
        """A VEN that has registered, and for which no metadata waits."""
        peer = self.peer(name)
        await peer.join(name, **values)
        return peer

    async def fresh(self, name: str = "ven1") -> Peer:
        """A VEN that has registered, and has read the VTN's metadata, and nothing else."""
        peer = self.peer(name)
        await peer.register()
        metadata = await peer.poll()
        assert isinstance(metadata, m.RegisterReport)
        response = m.EiResponse(request_id=metadata.request_id)
        await peer.post(m.RegisteredReport(response=response, ven_id=peer.ven_id))
        return peer

    async def ven_that_fetches(self) -> None:
        """A VEN that registers if it has not, and fetches its events without an answer."""
        peer = self.peer()
        if (await peer.register()).code == 200:
            await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))

    def peer(self, name: str = "ven1") -> Peer:
        """A VEN that has not said anything."""
        peer = Peer(HttpDoor(lambda: self.server.url), self.clock.now, name=name)
        self._peers.append(peer)
        return peer

    async def close(self) -> None:
        """Ends all of them."""
        for peer in self._peers:
            await peer.close()
        await self.server.stop()


def a_server(**values: Any) -> VTN:
    """A server on a free port that lets everybody in."""
    arguments: dict[str, Any] = {"vtn_id": "MyVTN", "http_port": 0}
    server = VTN(**(arguments | values))
    server.add_handler("on_create_party_registration", accept)
    return server


@asynccontextmanager
async def running(server: VTN | None = None) -> AsyncIterator[Application]:
    """An application that runs."""
    application = Application(server or a_server())
    await application.server.run()
    await application.server.opened()
    try:
        yield application
    finally:
        await application.close()


def metadata(peer: Peer, *offers: Offer) -> m.RegisterReport:
    """The metadata of a VEN."""
    reports = build_metadata(offers, now())
    return m.RegisterReport(request_id="md", ven_id=peer.ven_id, reports=reports)
