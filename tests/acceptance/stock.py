"""Our VTN and our VEN beside stock openleadr, over all that they can talk over."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from certs import Authority, KeyPair, KeyType, fingerprints
from certs.files import load_certificates
from runtime.policy import SignaturePolicy
from tests.acceptance.openleadr_process import Process, Stock
from tests.acceptance.our_vtn import MINUTE, PROGRAMME, OurVtn, Rates, Watcher
from ven.client import Client
from ven.connection import Connection
from ven.options import Options
from vtn.config import (
    HttpSettings,
    RegistrationSettings,
    Settings,
    SignatureSettings,
    StoreSettings,
    TlsSettings,
)
from vtn.server import Server

#: Names are not all lower case: openleadr takes those for invalid.
VTN_ID = "Utility"
SECOND = timedelta(seconds=1)


class Wire(StrEnum):
    """What lies between a VTN and a VEN."""

    HTTP = "plain HTTP"
    TLS = "mutual TLS"
    SIGNED = "mutual TLS with signed messages required"


class Keys:
    """An authority, and the keys that it issued for one run of the tests.

    Args:
        folder: where they are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = Authority.create(folder / "ca", "Stock")
        self.ca = self._authority.certificate_path
        self.vtn = self._paths("vtn")
        self._authority.issue_vtn(["localhost", "127.0.0.1"]).save(
            self.vtn.certificate, self.vtn.key
        )

    def _paths(self, name: str) -> KeyPair:
        return KeyPair(certificate=self._folder / f"{name}.crt", key=self._folder / f"{name}.key")

    def ven(self, name: str) -> KeyPair:
        """Returns the key and the certificate of a VEN, made when first asked for.

        Those of a VEN whose name says so are of the kind RSA.
        """
        pair = self._paths(name)
        if not pair.key.exists():
            kind = KeyType.RSA if "rsa" in name else KeyType.EC
            issued = self._authority.issue_ven(name, key_type=kind)
            issued.save(pair.certificate, pair.key)
        return pair


def fingerprint(pair: KeyPair) -> str:
    """Returns the OpenADR fingerprint of a certificate."""
    return fingerprints(load_certificates(pair.certificate)[0]).openadr


class Bench:
    """One test: our parties and openleadr's, and what is between them.

    Args:
        wire: what they talk over.
        keys: for those that have certificates.
        process: where openleadr is.
    """

    def __init__(self, wire: Wire, keys: Keys, process: Process) -> None:
        self.wire = wire
        self.keys = keys
        self._process = process
        self._running: list[Any] = []

    def running(self, one: Any) -> None:
        """Has something stopped when the test is over."""
        self._running.append(one)

    async def close(self) -> None:
        """Ends everything, the last first."""
        for one in reversed(self._running):
            await (one.call("stop") if isinstance(one, Stock) else one.stop())

    # Our VTN and openleadr's VENs

    async def vtn(
        self,
        wanted: Rates | None = None,
        *,
        poll: timedelta = 60 * MINUTE,
        vtn_id: str = VTN_ID,
    ) -> OurVtn:
        """Starts our VTN.

        Args:
            wanted: what it asks VENs to report, by the name of the report.
            poll: how often VENs shall poll; by default a test polls for them.
            vtn_id: how it calls itself.
        """
        watcher = Watcher(wanted=wanted or {})
        server = Server(self._settings(poll, vtn_id), handlers=[watcher])
        await server.start()
        self._running.append(server)
        return OurVtn(server=server, watcher=watcher)

    def _settings(self, poll: timedelta, vtn_id: str) -> Settings:
        plain, signed = self.wire is Wire.HTTP, self.wire is Wire.SIGNED
        pair: dict[str, Any] = {"certificate": self.keys.vtn.certificate, "key": self.keys.vtn.key}
        return Settings(
            vtn_id=vtn_id,
            http=HttpSettings(host="127.0.0.1", port=0, plain=plain),
            tls=TlsSettings() if plain else TlsSettings(ca=self.keys.ca, **pair),
            store=StoreSettings(url="sqlite+aiosqlite:///:memory:"),
            registration=RegistrationSettings(poll_interval=poll),
            signatures=SignatureSettings(policy=SignaturePolicy.REQUIRED, **pair)
            if signed
            else SignatureSettings(),
        )

    async def stock_ven(self, vtn: OurVtn, name: str, **arguments: Any) -> Stock:
        """Enrols one of openleadr's VENs, and makes it; it does not run yet.

        Args:
            vtn: where it is to register.
            name: of the VEN.
            arguments: of openleadr's client, in place of what goes with the wire.
        """
        pair = None if self.wire is Wire.HTTP else self.keys.ven(name)
        await vtn.operator.enrol(
            name, fingerprint=fingerprint(pair) if pair else None, now=datetime.now(UTC)
        )
        return await self.stranger(vtn.server.url, name, **arguments)

    async def stranger(self, url: str, name: str, **arguments: Any) -> Stock:
        """Makes one of openleadr's VENs that nobody has enrolled."""
        given = self.stock_client_keys(name) | arguments
        found = await self._process.make("ven", name, ven_name=name, vtn_url=url, **given)
        self._running.append(found)
        return found

    def stock_client_keys(self, name: str) -> dict[str, Any]:
        """Returns what openleadr's client, or ours in its place, is told of keys."""
        if self.wire is Wire.HTTP:
            return {}
        pair, signed = self.keys.ven(name), self.wire is Wire.SIGNED
        return {
            "cert": str(pair.certificate),
            "key": str(pair.key),
            "ca_file": str(self.keys.ca),
            "vtn_fingerprint": fingerprint(self.keys.vtn) if signed else None,
            "disable_signature": not signed,
        }

    # openleadr's VTN and our VENs

    def stock_server_keys(self) -> dict[str, Any]:
        """Returns what openleadr's server, or ours in its place, is told of keys."""
        if self.wire is Wire.HTTP:
            return {}
        certificate, key = str(self.keys.vtn.certificate), str(self.keys.vtn.key)
        tls = {"http_cert": certificate, "http_key": key, "http_ca_file": str(self.keys.ca)}
        if self.wire is Wire.TLS:
            return {**tls, "verify_message_signatures": False}
        return {**tls, "cert": certificate, "key": key}

    async def stock_vtn(
        self, *, external: bool = False, poll: timedelta = 10 * SECOND
    ) -> "StockVtn":
        """Starts openleadr's VTN.

        Args:
            external: the application keeps the queue of messages, in ``on_poll``.
            poll: how often VENs shall poll.
        """
        stock = await self._process.make(
            "vtn",
            "",
            vtn_id=VTN_ID,
            external=external,
            requested_poll_freq=poll,
            **self.stock_server_keys(),
        )
        url = await stock.call("start")
        self._running.append(stock)
        return StockVtn(process=stock.process, of=stock.of, url=url)

    def ven(self, vtn: "StockVtn", name: str, **options: Any) -> Client:
        """Makes our VEN; it does not run yet."""
        # As often as makes no test wait, and no oftener than openleadr can sign. openleadr asks
        # for a status that is on offer, and cannot read it then (V19).
        given: dict[str, Any] = {
            "poll_interval": 0.2 * SECOND,
            "reregister_after": 0.2 * SECOND,
            "status": False,
        }
        client = Client(
            name,
            vtn.url,
            connection=self._connection(vtn.url, name),
            options=Options(ven_name=name, **(given | options)),
        )
        self._running.append(client)
        return client

    def _connection(self, url: str, name: str) -> Connection:
        if self.wire is Wire.HTTP:
            return Connection(url=url)
        pair, signed = self.keys.ven(name), self.wire is Wire.SIGNED
        return Connection(
            url=url,
            cert=pair.certificate,
            key=pair.key,
            ca_file=self.keys.ca,
            sign=signed,
            signatures=SignaturePolicy.REQUIRED if signed else SignaturePolicy.IGNORED,
            signature_fingerprint=fingerprint(self.keys.vtn) if signed else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StockVtn(Stock):
    """openleadr's VTN while it runs.

    Attributes:
        url: where VENs reach it, as people type it.
    """

    url: str

    async def offer(self, ven_id: str, event_id: str, level: int = 1, **values: Any) -> str:
        """Adds an event, in five minutes unless it is given otherwise."""
        start = values.pop("start", datetime.now(UTC) + 5 * MINUTE)
        fields: dict[str, Any] = {
            "event_id": event_id,
            "signal_name": "SIMPLE",
            "signal_type": "level",
            "intervals": [{"dtstart": start, "duration": 10 * MINUTE, "signal_payload": level}],
            "market_context": PROGRAMME,
        }
        return str(await self.call("offer", ven_id=ven_id, **(fields | values)))

    async def ask(
        self,
        ven_id: str,
        request_id: str,
        specifier_id: str,
        *r_ids: str,
        every: timedelta | None = None,
        interval: tuple[datetime, timedelta] | None = None,
    ) -> None:
        """Has the next poll of a VEN bring a request for a report.

        Args:
            ven_id: the VEN.
            request_id: reportRequestID, and requestID of the message.
            specifier_id: which report.
            r_ids: its data points.
            every: sampling and reporting interval; once if left out.
            interval: start and duration of what is wanted.
        """
        # openleadr writes a time of zero as P, which is none (X3).
        often = every or "PT0S"
        specifier: dict[str, Any] = {
            "report_specifier_id": specifier_id,
            "granularity": often,
            "report_back_duration": often,
            "specifier_payloads": [
                {"r_id": r_id, "reading_type": "x-notApplicable"} for r_id in r_ids
            ],
        }
        if interval is not None:
            specifier["report_interval"] = {"dtstart": interval[0], "duration": interval[1]}
        request = {"report_request_id": request_id, "report_specifier": specifier}
        payload = {"request_id": request_id, "ven_id": ven_id, "report_requests": [request]}
        await self.call("queue", "oadrCreateReport", payload)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    """The authority of the tests with stock openleadr."""
    return Keys(tmp_path_factory.mktemp("stock"))


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """Stock openleadr, once for all tests of a file."""
    found = Process(tmp_path_factory.mktemp("openleadr") / "log")
    try:
        yield found
    finally:
        found.end()


@pytest.fixture(params=list(Wire))
def wire(request: pytest.FixtureRequest) -> Wire:
    """What the parties talk over: a test that needs it is run over each."""
    found: Wire = request.param
    return found


@pytest.fixture
async def bench(wire: Wire, keys: Keys, process: Process) -> AsyncIterator[Bench]:
    """Where a test makes our parties and openleadr's."""
    start = process.log.stat().st_size
    found = Bench(wire, keys, process)
    try:
        yield found
    finally:
        await found.close()
        # Shown when the test fails.
        print(process.log.read_bytes()[start:].decode())  # noqa: T201
