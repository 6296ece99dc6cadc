"""A utility and its buildings as people set them up: folders, certificates, commands.

``Utility`` is the folder that ``vtn init`` makes, ``Building`` the one that ``ven init``
makes. ``tests.acceptance.town`` runs them, in this process or as processes of their own.
"""

import asyncio
import json
import shlex
import shutil
import socket
import ssl
import zipfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from click.testing import CliRunner, Result

from certs import Authority, Issued, KeyType, fingerprints
from certs.files import load_certificates
from oadr import codec
from oadr import messages as m
from runtime.clock import Clock
from tests.acceptance.patience import until as until
from tests.acceptance.sections import Sections, merged, toml
from ven.cli import main as ven_command
from ven.client import Client
from vtn.cli import main as vtn_command
from vtn.config import load
from vtn.demo.processes import Process
from vtn.operator import Audience, Operator
from vtn.server import Server, configured_handlers
from vtn.store import Store, delivery, party, reading
from vtn.store.delivery import Delivery

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EVERYONE = Audience(everyone=True)
PROGRAMME = "http://programme.example/peak"
#: Asks every VEN for its load each minute, and has it reported every two.
USAGE = {"request": [{"report": "TELEMETRY_USAGE", "every": "1m", "deliver": "2m"}]}
M = TypeVar("M")
Row = tuple[datetime, str, str]


def typed(command: Any, line: str, code: int = 0) -> Result:
    """Runs a command as if it was typed; it must end with ``code``."""
    result = CliRunner().invoke(command, shlex.split(line))
    assert result.exit_code == code, (line, result.output, result.exception)
    return result


def subject_of(tls: ssl.SSLObject) -> dict[str, str]:
    """Returns the parts of the name in the certificate of the other side."""
    parts: Any = (tls.getpeercert() or {}).get("subject", ())
    return dict(pair for (pair,) in parts)


@dataclass(slots=True)
class Utility:
    """A folder that ``vtn init`` made.

    Attributes:
        folder: where it is.
        port: that the VTN listens on.
        sections: of its configuration.
        server: the VTN while it runs in this process.
    """

    folder: Path
    port: int
    sections: dict[str, Any]
    server: Server | None = None

    @classmethod
    def made(cls, folder: Path, pattern: Path, **sections: Any) -> "Utility":
        """Returns a copy of what ``vtn init`` made, with the authority of the pattern."""
        shutil.copytree(pattern, folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        basic = {
            "vtn_id": folder.name,
            "http": {"host": "127.0.0.1", "port": port, "rate": 1e6, "burst": 1e6},
            "tls": {
                "certificate": "vtn.crt",
                "key": "vtn.key",
                "rsa_certificate": "vtn-rsa.crt",
                "rsa_key": "vtn-rsa.key",
                "ca": "ca/ca.crt",
                "crl": "ca/ca.crl",
            },
            "store": {"url": "sqlite+aiosqlite:///vtn.db"},
            "reports": USAGE,
        }
        made = cls(folder, port, basic)
        made.configure(**sections)
        return made

    @property
    def config(self) -> Path:
        """Its vtn.toml."""
        return self.folder / "vtn.toml"

    @property
    def url(self) -> str:
        """Where buildings reach it."""
        return f"https://localhost:{self.port}"

    @property
    def clock(self) -> Clock:
        """The clock of its configuration."""
        return load(self.config).clock.clock()

    @property
    def authority(self) -> Authority:
        """Its certificate authority."""
        return Authority.load(self.folder / "ca")

    def configure(self, **sections: Any) -> None:
        """Changes keys of its configuration."""
        self.sections = merged(self.sections, sections)
        self.config.write_text(toml(self.sections))

    async def do(self, line: str, code: int = 0) -> Result:
        """Types a ``vtn`` command, as another process would run it beside the server."""
        return await asyncio.to_thread(typed, vtn_command, f"{line} -c {self.config}", code)

    async def json(self, line: str) -> Any:
        """Types a command with --json and returns what it prints."""
        return json.loads((await self.do(f"{line} --json")).stdout)

    async def start(self, clock: Clock, handlers: Iterable[object] = ()) -> Server:
        """Runs the VTN in this process."""
        settings = load(self.config)
        given = (*handlers, *configured_handlers(settings))
        self.server = Server(settings, handlers=given, clock=clock)
        await self.server.start()
        return self.server

    async def stop(self) -> None:
        """Ends the VTN in this process."""
        if self.server is not None:
            await self.server.stop()
            self.server = None

    @property
    def operator(self) -> Operator:
        """The operator of the VTN in this process."""
        assert self.server is not None
        return self.server.operator

    def tls_connections(self) -> list[ssl.SSLObject]:
        """Returns the connections that are open to the VTN in this process."""
        runner = self.server._runner if self.server is not None else None
        assert runner is not None
        assert runner.server is not None
        transports = [handler.transport for handler in runner.server.connections]
        found = [one.get_extra_info("ssl_object") for one in transports if one is not None]
        return [one for one in found if one is not None and one.getpeercert()]

    def process(self) -> Process:
        """Returns ``vtn run`` as a process of its own, not started."""
        command = ("vtn.cli", "run", "-c", str(self.config))
        return Process(name="vtn", command=command, folder=self.folder, log=self.folder / "log")

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        """Gives the database: that of the VTN in this process, or opened beside another."""
        if self.server is not None and self.server.desk is not None:
            yield self.server.desk.store
            return
        store = await Store.open(load(self.config).store.url)
        try:
            yield store
        finally:
            await store.close()

    async def exported(self, ven: str, specifier: str = "TELEMETRY_USAGE") -> list[Row]:
        """Returns start, value and unit of all readings, as an operator exports them."""
        line = f"report export --ven {ven} --specifier {specifier} --format jsonl"
        text = (await self.do(line)).stdout
        rows = [json.loads(line) for line in text.splitlines()]
        return [(datetime.fromisoformat(r["start"]), r["value"], r["unit"]) for r in rows]

    async def readings(self, ven: str, specifier: str = "TELEMETRY_USAGE") -> list[Row]:
        """Returns the same out of the database."""
        async with self.store() as store, store.read() as tx:
            row = await party.get(tx, ven_name=ven)
            if row is None:
                return []
            chosen = reading.ReadingFilter(ven_id=row.ven_id, specifier_id=specifier)
            found = [one async for one in reading.export(tx, filter=chosen)]
        return [(one.start, str(one.value), one.unit_units or "") for one in found]

    async def deliveries(self, event_id: str) -> dict[str, Delivery]:
        """Returns how each VEN stands to an event."""
        async with self.store() as store, store.read() as tx:
            rows = await delivery.for_event(tx, event_id=event_id)
        return {recipient.ven_name: row for recipient, row in rows}

    async def answers(self, event_id: str) -> list[tuple[str, int, str, str]]:
        """Returns every answer to an event: venID, modification, opt, how it was given."""
        async with self.store() as store, store.read() as tx:
            rows = await delivery.history(tx, event_id=event_id)
        return [(one.ven_id, one.modification, str(one.opt_type), one.source) for one in rows]

    async def state(self, ven: str) -> str:
        """Returns whether a VEN is registered."""
        async with self.store() as store, store.read() as tx:
            row = await party.get(tx, ven_name=ven)
        return "unknown" if row is None else str(row.state)

    async def enrol(self, name: str, options: str = "", **sections: Any) -> "Building":
        """Enrols a building and gives it the bundle, as the tutorial has it."""
        bundle = self.folder / f"{name}.zip"
        await self.do(f"ven enrol {name} --issue --out {bundle} {options}")
        folder = self.folder.parent / f"ven-{name}"
        line = f"init {folder} --bundle {bundle} --vtn {self.url}"
        await asyncio.to_thread(typed, ven_command, line)
        return Building(name, folder).configured(self, sections)

    def stranger(self, name: str, *, rsa: bool = False, **sections: Any) -> "Building":
        """Returns a building with a certificate of the authority that nobody has enrolled."""
        folder = self.folder.parent / f"ven-{name}"
        folder.mkdir()
        issued = self.authority.issue_ven(name, key_type=KeyType.RSA if rsa else KeyType.EC)
        building = Building(name, folder, fingerprint=issued.record.fingerprint)
        building.take(issued)
        shutil.copy(self.folder / "ca/ca.crt", folder / "ca.crt")
        return building.configured(self, sections)


#: A file of energy, one row a minute: the minute after midnight uses 0.001 kWh, the next
#: 0.002 kWh, and so on, so that each reading says which it is.
LOAD = "start,value\n" + "".join(
    f"2026-01-01T{n // 60:02}:{n % 60:02}:00Z,{Decimal(n + 1) / 1000}\n" for n in range(1440)
)


def watt_hours(start: datetime) -> str:
    """Returns what the file says for a minute, in Wh."""
    return str(start.hour * 60 + start.minute + 1)


@dataclass(slots=True)
class Building:
    """A folder that ``ven init`` made, with a meter that replays ``LOAD``.

    Attributes:
        name: of its VEN.
        folder: where it is.
        fingerprint: of its certificate, if it has been told.
        sections: of its configuration.
        ven: the VEN while it runs in this process.
        said: every message that it has sent from this process, polls apart.
        heard: what came back, mere oadrResponses apart.
    """

    name: str
    folder: Path
    fingerprint: str = ""
    sections: dict[str, Any] = field(default_factory=dict)
    ven: Client | None = None
    said: list[m.Message] = field(default_factory=list)
    heard: list[m.Message] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """Its ven.toml."""
        return self.folder / "ven.toml"

    def configured(self, utility: Utility, sections: Sections) -> "Building":
        """Writes its configuration and its load."""
        (self.folder / "load.csv").write_text(LOAD)
        self.sections = {
            "ven_name": self.name,
            "vtn_url": utility.url,
            "meters": [{"type": "csv", "name": "main", "file": "load.csv"}],
            "tls": {"certificate": "ven.crt", "key": "ven.key", "ca": "ca.crt"},
            "poll": {"jitter": 0.0},
        }
        if "clock" in utility.sections:
            self.sections["clock"] = utility.sections["clock"]
        self.configure(**sections)
        return self

    def configure(self, **sections: Any) -> None:
        """Changes keys of its configuration."""
        self.sections = merged(self.sections, sections)
        self.config.write_text(toml(self.sections))

    def take(self, issued: Issued) -> None:
        """Puts a key and a certificate where the VEN looks for them."""
        fresh = self.folder / "fresh.crt", self.folder / "fresh.key"
        issued.save(*fresh)
        for path, place in zip(fresh, ("ven.crt", "ven.key"), strict=True):
            path.replace(self.folder / place)

    def unpack(self, bundle: Path) -> None:
        """Puts the key and the certificate of a bundle where the VEN looks for them."""
        with zipfile.ZipFile(bundle) as found:
            for name in ("ven.crt", "ven.key"):
                (self.folder / name).write_bytes(found.read(name))

    def tls(self) -> ssl.SSLContext:
        """Returns the context of a client with the certificate of this building."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.folder / "ca.crt")
        context.load_cert_chain(self.folder / "ven.crt", self.folder / "ven.key")
        return context

    async def start(self, clock: Clock, handlers: Iterable[object] = ()) -> Client:
        """Runs the VEN in this process."""
        self.ven = Client.from_config(self.config, clock=clock)
        self.ven.add_hook("before_send_xml", self._said)
        self.ven.add_hook("after_parse_xml", self._heard)
        for handler in handlers:
            self.ven.add_handler(handler)
        await self.ven.start()
        return self.ven

    def _said(self, data: bytes) -> None:
        message = codec.decode(data)
        if not isinstance(message, m.Poll):
            self.said.append(message)

    def _heard(self, message: m.Message) -> None:
        if type(message) is not m.Response:
            self.heard.append(message)

    def sent(self, kind: type[M]) -> list[M]:
        """Returns the messages of one kind that it has sent."""
        return [one for one in self.said if isinstance(one, kind)]

    def order(self, *kinds: type) -> list[str]:
        """Returns the names of what it has sent, in order; of some kinds if they are given."""
        return [type(one).__name__ for one in self.said if not kinds or type(one) in kinds]

    async def stop(self) -> None:
        """Ends the VEN in this process."""
        if self.ven is not None:
            await self.ven.stop()
            self.ven = None

    def process(self) -> Process:
        """Returns ``ven run`` as a process of its own, not started."""
        command = ("ven.cli", "run", "-c", str(self.config))
        return Process(name=self.name, command=command, folder=self.folder, log=self.folder / "log")


def signed(utility: Utility, *buildings: Building, rsa: bool = False) -> None:
    """Has everybody sign, and nobody take what is not signed (R514)."""
    stem = "vtn-rsa" if rsa else "vtn"
    utility.configure(
        signatures={"policy": "required", "certificate": f"{stem}.crt", "key": f"{stem}.key"}
    )
    own = fingerprints(load_certificates(utility.folder / f"{stem}.crt")[0]).openadr
    for building in buildings:
        building.configure(signatures={"sign": True, "policy": "required", "vtn_fingerprint": own})
