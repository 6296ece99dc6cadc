"""Our VTN and our VEN beside stock openleadr, over all that they can talk over."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from certs import Authority, KeyPair, KeyType, fingerprints
from certs.files import load_certificates
from oadr import messages as m
from oadr.event import build_event, parse_levels
from oadr.report import Offer
from runtime.policy import SignaturePolicy
from tests.acceptance.openleadr_process import Process, Stock
from ven.client import Client
from ven.connection import Connection
from ven.options import Options
from vtn import hooks
from vtn.audience import Audience
from vtn.config import (
    HttpSettings,
    RegistrationSettings,
    Settings,
    SignatureSettings,
    StoreSettings,
    TlsSettings,
)
from vtn.operator import Operator
from vtn.server import Server
from vtn.store import Store, delivery, opt, party, reading, report
from vtn.store.delivery import Delivery
from vtn.store.party import Party
from vtn.store.report import StoredRequest

#: Names are not all lower case: openleadr takes those for invalid.
VTN_ID = "Utility"
PROGRAMME = "http://programme.example/peak"
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
#: Arguments of ``Wanted`` by the name of the report.
Rates = Mapping[str, Mapping[str, Any]]


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


@dataclass(slots=True)
class Watcher(hooks.EventHandler, hooks.ReportHandler, hooks.RegistrationHandler):
    """A handler of our VTN that wants reports, and remembers what it was called with.

    Attributes:
        wanted: what is asked for in the answer to metadata, by the name of the report.
        offers: what VENs offered, in order.
        answers: to events.
        updates: readings.
        left: VENs that ended their registration.
    """

    wanted: Rates = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    answers: list[hooks.EventAnswer] = field(default_factory=list)
    updates: list[hooks.Update] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    async def on_created_event(self, answer: hooks.EventAnswer, ctx: hooks.Context) -> None:
        """Remembers an answer."""
        self.answers.append(answer)

    async def on_register_report(
        self, offers: Sequence[Offer], ctx: hooks.Context
    ) -> Sequence[hooks.Wanted]:
        """Asks for what is wanted."""
        self.offers.extend(offers)
        return [
            hooks.Wanted(specifier_id=offer.specifier_id, **self.wanted[offer.report_name])
            for offer in offers
            if offer.report_name in self.wanted
        ]

    async def on_update_report(self, update: hooks.Update, ctx: hooks.Context) -> None:
        """Remembers readings."""
        self.updates.append(update)

    async def on_cancel_party_registration(self, ctx: hooks.Context) -> None:
        """Remembers who left."""
        self.left.append(ctx.ven_name)

    def of(self, report_request_id: str) -> list[hooks.Update]:
        """Returns what came for a request."""
        return [one for one in self.updates if one.report_request_id == report_request_id]

    def values(self, report_request_id: str = "") -> list[tuple[str, Any]]:
        """Returns rID and value of all readings, or of those for a request."""
        updates = self.of(report_request_id) if report_request_id else self.updates
        return [(one.r_id, one.value) for update in updates for one in update.readings]


@dataclass(frozen=True, slots=True, kw_only=True)
class OurVtn:
    """Our VTN while it runs, with what its operator does and sees.

    Attributes:
        server: the VTN.
        watcher: its handler.
    """

    server: Server
    watcher: Watcher

    @property
    def operator(self) -> Operator:
        """What an operator can do."""
        return self.server.operator

    @property
    def store(self) -> Store:
        """Its database."""
        assert self.server.desk is not None
        return self.server.desk.store

    async def dispatch(self, event_id: str, *vens: str, **values: Any) -> m.Event:
        """Publishes an event for VENs, in five minutes unless it is given otherwise."""
        now = datetime.now(UTC)
        event = build_event(now=now, **(_event(event_id, now) | values))
        stored, _ = await self.operator.create_event(event, Audience(vens=frozenset(vens)), now=now)
        return stored.event

    async def change(self, event: m.Event, **values: Any) -> m.Event:
        """Modifies an event."""
        now = datetime.now(UTC)
        fields = _event(event.event_id, now) | {"start": event.active_period.dtstart} | values
        stored = await self.operator.modify_event(build_event(now=now, **fields), now=now)
        return stored.event

    async def party(self, name: str) -> Party:
        """Returns a VEN as the VTN knows it."""
        async with self.store.read() as tx:
            found: Party | None = await party.get(tx, ven_name=name)
        assert found is not None
        return found

    async def delivery(self, name: str, event_id: str) -> Delivery:
        """Returns how a VEN stands to an event."""
        async with self.store.read() as tx:
            rows = await delivery.for_event(tx, event_id=event_id)
        return next(row for recipient, row in rows if recipient.ven_name == name)

    async def acknowledged(self, name: str, event_id: str) -> tuple[int | None, str]:
        """Returns the modification that a VEN has answered last, and how."""
        found = await self.delivery(name, event_id)
        return found.acked_modification, str(found.opt_type)

    async def history(self, event_id: str) -> list[tuple[int, str]]:
        """Returns modification and opt of all answers to an event."""
        async with self.store.read() as tx:
            rows = await delivery.history(tx, event_id=event_id)
        return [(one.modification, str(one.opt_type)) for one in rows]

    async def requests(self, name: str) -> list[StoredRequest]:
        """Returns what a VEN was asked to report."""
        row = await self.party(name)
        async with self.store.read() as tx:
            found: list[StoredRequest] = await report.requests(tx, party_pk=row.pk)
        return found

    async def opts(self, name: str) -> list[m.CreateOpt]:
        """Returns the opts of a VEN that stand."""
        row = await self.party(name)
        async with self.store.read() as tx:
            return [one.opt for one in await opt.for_party(tx, party_pk=row.pk)]

    async def readings(self, name: str) -> int:
        """Returns how many readings of a VEN are stored."""
        row = await self.party(name)
        async with self.store.read() as tx:
            return await reading.count(tx, filter=reading.ReadingFilter(ven_id=row.ven_id))


def _event(event_id: str, now: datetime) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "market_context": PROGRAMME,
        "start": now + 5 * MINUTE,
        "intervals": parse_levels("1:10m,2:10m"),
    }


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
        # As often as makes no test wait, and no oftener than openleadr can sign.
        options = {"poll_interval": 0.2 * SECOND, "reregister_after": 0.2 * SECOND} | options
        client = Client(
            name,
            vtn.url,
            connection=self._connection(vtn.url, name),
            options=Options(ven_name=name, **options),
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
