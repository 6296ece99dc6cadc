"""Our VTN as tests with stock openleadr see it: what its operator does, what its handler hears."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from oadr import messages as m
from oadr.event import build_event, parse_levels
from oadr.report import Offer
from vtn import hooks
from vtn.audience import Audience
from vtn.operator import Operator
from vtn.server import Server
from vtn.store import Store, delivery, opt, party, reading, report
from vtn.store.delivery import Delivery
from vtn.store.party import Party
from vtn.store.report import StoredRequest

PROGRAMME = "http://programme.example/peak"
MINUTE = timedelta(minutes=1)
#: Arguments of ``Wanted`` by the name of the report.
Rates = Mapping[str, Mapping[str, Any]]


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
