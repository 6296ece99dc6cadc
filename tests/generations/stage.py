"""What the examples of the pages run on: a server that listens, and real VENs that come.

A program of a page is executed anew for each test by ``load``; what the page takes for
granted, such as its ``database``, is given to it there.
"""

import importlib.util
import json
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from openleadr import objects

from certs import KeyPair, TLSFiles, client_context
from oadr import messages as m
from oadr.signature import SigningKey
from tests.acceptance.patience import until as until
from tests.generations.keys import Owner
from ven.client import Client
from ven.options import Options
from vtn.testing.door import HttpDoor
from vtn.testing.peer import Peer

_HERE = Path(__file__).parent
#: How often our own VENs poll here.
QUICK = timedelta(milliseconds=50)


def load(program: str, **given: Any) -> Any:
    """Executes a program and returns it as a module.

    Args:
        program: page and name, such as ``current/one_minute``.
        given: names that it uses and does not define.
    """
    file = _HERE / f"{program}.py"
    spec = importlib.util.spec_from_file_location(f"example_{uuid.uuid4().hex}", file)
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    vars(module).update(given)
    spec.loader.exec_module(module)
    return module


class Printed:
    """What programs have printed, for as long as the test runs."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    def lines(self, *parts: str) -> list[str]:
        """Returns the lines that contain all these parts."""
        self._text += self._capsys.readouterr().out
        return [one for one in self._text.splitlines() if all(part in one for part in parts)]


def let_in(server: Any, ven_id: str = "ven123", registration_id: str = "reg123") -> None:
    """Lets a VEN register under these IDs, whatever its name."""

    def on_create_party_registration(registration_info: dict[str, Any]) -> tuple[str, str]:
        return ven_id, registration_id

    server.add_handler("on_create_party_registration", on_create_party_registration)


def soon() -> dict[str, Any]:
    """The arguments of add_event that a page leaves out."""
    interval = {
        "dtstart": datetime.now(UTC) + timedelta(minutes=5),
        "duration": timedelta(minutes=10),
        "signal_payload": 1,
    }
    return {
        "ven_id": "ven123",
        "signal_name": "simple",
        "signal_type": "level",
        "intervals": [interval],
    }


def an_event(event_id: str = "e1") -> objects.Event:
    """An event as an application keeps it."""
    interval = objects.Interval(
        dtstart=datetime.now(UTC) + timedelta(minutes=5),
        duration=timedelta(minutes=10),
        signal_payload=1,
    )
    return objects.Event(
        event_descriptor=objects.EventDescriptor(
            event_id=event_id,
            modification_number=0,
            event_status="far",
            market_context="http://context",
        ),
        event_signals=[
            objects.EventSignal(
                signal_id="s1", signal_type="level", signal_name="simple", intervals=[interval]
            )
        ],
        targets=[objects.Target(ven_id="ven123")],
    )


async def events_of(peer: Peer) -> m.DistributeEvent:
    """Returns the events that the VTN has for a VEN."""
    shot = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
    assert isinstance(shot, m.DistributeEvent), shot
    return shot


@asynccontextmanager
async def serving(server: Any) -> AsyncIterator[Any]:
    """Runs a server that a program has made."""
    await server.run()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def a_peer(
    server: Any, name: str = "ven123", *, owner: Owner | None = None, ven_id: str = ""
) -> AsyncIterator[Peer]:
    """A VEN that says exactly what a test makes it say, over HTTP.

    Args:
        server: that it talks to.
        name: its venName.
        owner: of the certificate that it shows; plain HTTP without.
        ven_id: that it has from before.
    """

    def url() -> str:
        return str(server.url)

    if owner is None:
        peer = Peer(HttpDoor(url), _now, name=name)
    else:
        pair = KeyPair(certificate=owner.certificate, key=owner.key)
        door = HttpDoor(url, client_context(TLSFiles(ca=owner.ca, pairs=[pair])))
        signer = SigningKey.load(owner.certificate.read_bytes(), owner.key.read_bytes())
        peer = Peer(door, _now, name=name, fingerprint=owner.fingerprint, pair=pair, key=signer)
    peer.ven_id = ven_id
    try:
        yield peer
    finally:
        await peer.close()


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def a_ven(
    server: Any, name: str = "ven123", *, ven_id: str | None = None, metered: bool = False
) -> AsyncIterator[Client]:
    """Our own VEN, which lives on its own and opts in to everything.

    Args:
        server: its VTN.
        name: its venName.
        ven_id: that it brings along.
        metered: whether it offers the power of resource ``kitchen``.
    """
    ven = Client(name, server.url, ven_id=ven_id, options=Options(ven_name=name, **_EAGER))
    if metered:

        @ven.meter("kitchen", measurement="powerReal", unit="W", every="1s")
        def kitchen() -> float:
            return 42.5

    await ven.start()
    try:
        yield ven
    finally:
        await ven.stop()


_EAGER: dict[str, Any] = {"poll_interval": QUICK, "poll_jitter": 0.0}


class StockVen:
    """openleadr's own VEN as a process, and what has happened there."""

    def __init__(self, log: Path, config: dict[str, Any]) -> None:
        self.log = log
        program = [sys.executable, "-W", "ignore", str(_HERE / "stock_ven.py"), json.dumps(config)]
        with log.open("wb") as out:
            self.process = subprocess.Popen(program, stdout=out, stderr=out)

    def said(self, what: str) -> list[dict[str, Any]]:
        """Returns the things of one kind that have happened there."""
        lines = [one for one in self.log.read_text().splitlines() if one.startswith('{"what"')]
        return [found for one in lines if (found := json.loads(one))["what"] == what]


@contextmanager
def stock_ven(
    folder: Path, server: Any, name: str = "ven123", *, owner: Owner | None = None, **config: Any
) -> Iterator[StockVen]:
    """openleadr's own VEN.

    Args:
        folder: for its log.
        server: its VTN.
        name: its venName.
        owner: of the certificate that it shows and signs with; plain HTTP without.
        config: see ``stock_ven.py``.
    """
    if owner is not None:
        config |= {"cert": str(owner.certificate), "key": str(owner.key), "ca_file": str(owner.ca)}
    ven = StockVen(folder / f"{name}.log", {"ven_name": name, "vtn_url": server.url, **config})
    try:
        yield ven
    finally:
        ven.process.kill()
        ven.process.wait()
        print(ven.log.read_text())  # noqa: T201 - shown when the test fails
