"""Everything that says whether all is well, read at one moment."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from certs.expiry import ExpiryWarning
from vtn import presence
from vtn.config import Settings
from vtn.expiry import certificate_warnings
from vtn.pulse import Pulse, read_pulse
from vtn.status.disk import Disk, disk_of
from vtn.store import Store, event, party, pending, push, refusal, report
from vtn.store.event import StoredEvent
from vtn.store.party import Party
from vtn.store.pending import Pending
from vtn.store.push import Push
from vtn.store.refusal import Refusal
from vtn.store.report import StoredRequest
from vtn.store.unanswered import Unanswered, recipients, unanswered

#: How far back refusals count.
LATELY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a VTN stands.

    Attributes:
        settings: the configuration.
        now: what its clock shows.
        real: the real time.
        pulse: its last sign of life; None if it has never run here.
        vens: all VENs.
        pushes: how push to them has gone.
        events: those that are not over, by start.
        recipients: for how many VENs each of them is.
        unanswered: what VENs have not acknowledged of them.
        requests: reports that are asked for.
        refusals: what went wrong lately, latest first.
        pending: who has asked in vain.
        certificates: what expires soon.
        disk: what the database takes.
    """

    settings: Settings
    now: datetime
    real: datetime
    pulse: Pulse | None = None
    vens: Sequence[Party] = ()
    pushes: Mapping[int, Push]
    events: Sequence[StoredEvent] = ()
    recipients: Mapping[int, int]
    unanswered: Sequence[Unanswered] = ()
    requests: Sequence[StoredRequest] = ()
    refusals: Sequence[Refusal] = ()
    pending: Sequence[Pending] = ()
    certificates: Sequence[ExpiryWarning] = ()
    disk: Disk

    @property
    def runs(self) -> bool:
        """Whether a VTN runs on the database."""
        return self.pulse is not None and self.pulse.runs(self.real)

    def online(self, ven: Party) -> bool:
        """Returns whether a VEN is there."""
        return presence.online(self.settings, ven, self.pushes.get(ven.pk), self.now)


async def read_state(
    settings: Settings, store: Store, *, now: datetime, real: datetime | None = None
) -> State:
    """Returns how a VTN stands.

    Args:
        settings: the configuration.
        store: the database.
        now: what the VTN's clock shows.
        real: the real time; that of this machine if None.
    """
    moment = real or datetime.now(UTC)
    async with store.read() as tx:
        found = {
            "vens": await party.all_parties(tx, now=now),
            "pushes": await push.all_pushes(tx),
            "events": await event.list_events(tx, active_at=now),
            "recipients": await recipients(tx, now=now),
            "unanswered": await unanswered(tx, now=now),
            "requests": await report.requests(
                tx, states=("queued", "sent", "active", "cancelling")
            ),
            "refusals": await refusal.since(tx, moment=now - LATELY),
            "pending": await pending.everybody(tx),
        }
    return State(
        settings=settings,
        now=now,
        real=moment,
        pulse=read_pulse(store.path),
        certificates=await certificate_warnings(settings, store, now=now, real=moment),
        disk=await asyncio.to_thread(disk_of, store.path),
        **found,  # type: ignore[arg-type]
    )
