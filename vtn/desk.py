"""What every service of one VTN works with, and who stands before it."""

import logging
import uuid
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from oadr.enums import ProfileName
from oadr.errors import DeploymentError, InvalidId, NotRegistered, ProtocolError
from runtime.clock import Clock
from runtime.hooks import HookFailed, Registry
from runtime.middleware import Chain
from runtime.tasks import Tasks, checked_work
from runtime.trace import Traces
from vtn.config import Settings
from vtn.hooks import Context
from vtn.knocks import Knocks
from vtn.refusals import Refusals
from vtn.roster import Member, Roster
from vtn.shown import ShownCertificates
from vtn.store import Store
from vtn.tolerance import Repairs

if TYPE_CHECKING:
    from certs.peers import PeerCertificate
    from runtime.http import HTTPError
    from vtn.dispatch.push import Pusher
    from vtn.services.points import Points
    from vtn.sight import Sight
    from vtn.store.push import Push

log = logging.getLogger("openadr.vtn")

#: VENs whose data points are kept in memory; those of the others are read when they report.
MAX_POINTS = 20_000


def new_id() -> str:
    """Returns an identifier that nobody has used."""
    return uuid.uuid4().hex


@dataclass(slots=True, kw_only=True)
class Desk:
    """The parts of one VTN. Nothing of a VTN is global: two in a process do not meet.

    Attributes:
        settings: its configuration.
        store: its database.
        roster: who is enrolled.
        hooks: the handlers.
        middleware: what stands around the services.
        traces: what looks at the traffic.
        clock: the time.
        tasks: work in the background.
        new_id: makes identifiers.
        points: what each VEN can measure, by its row in the store; see ``keep_points``.
        sightings: when VENs were last seen, not yet in the store.
        pushes: how HTTP push has gone, not yet in the store.
        refusals: what went wrong with VENs, not yet in the store.
        knocks: who has asked in vain, not yet in the store.
        repairs: what was mended of messages, not yet in the store.
        shown: certificates that VENs have shown, not yet in the store.
        pusher: pushes to VENs that listen; None where nobody does.
        behind: somebody may have written what the roster has not taken over yet: another
            process, or an exchange that broke off.
        offers_asked: how many VENs the round has come to that asks what is offered to each.
        offers_ended: whether all VENs know that nothing is offered any more; for a VTN that has
            no handler that offers anything.
        missing_seen: of the request that the round has come to that looks for those that VENs
            have dropped, since when and its key; None at the beginning.
    """

    settings: Settings
    store: Store
    roster: Roster
    hooks: Registry
    clock: Clock
    tasks: Tasks
    middleware: Chain = field(default_factory=Chain)
    traces: Traces = field(default_factory=Traces)
    new_id: Callable[[], str] = field(default=new_id)
    points: "OrderedDict[int, Points]" = field(default_factory=OrderedDict)
    sightings: dict[int, datetime] = field(default_factory=dict)
    pushes: "dict[int, Push]" = field(default_factory=dict)
    refusals: Refusals = field(default_factory=Refusals)
    knocks: Knocks = field(default_factory=Knocks)
    repairs: Repairs = field(default_factory=Repairs)
    shown: ShownCertificates = field(default_factory=ShownCertificates)
    pusher: "Pusher | None" = None
    behind: bool = False
    offers_asked: int = 0
    offers_ended: bool = False
    missing_seen: tuple[datetime, int] | None = None

    @property
    def vtn_id(self) -> str:
        """The VTN's own identifier."""
        return self.settings.vtn_id

    def seen(self, member: Member, now: datetime) -> None:
        """Notes that a VEN is there; the store hears of it in batches."""
        member.last_seen = self.sightings[member.pk] = now
        if not member.online:
            member.online = True
            if self.hooks.has("on_ven_online"):
                context = Caller(
                    member=member, fingerprint="", secure=False, received_at=now
                ).context(self)
                self.tasks.start(self.hooks.notify("on_ven_online", context), name="on_ven_online")

    def keep_points(self, pk: int, points: "Points") -> None:
        """Keeps the data points of a VEN; those kept longest make room.

        Only inside of a writing transaction that has read them: then no other exchange
        can have changed them in between.
        """
        self.points[pk] = points
        if len(self.points) > MAX_POINTS:
            self.points.popitem(last=False)

    async def observe_all(self, hook: str, items: Iterable[object], context: Context) -> None:
        """Calls the handlers that watch for each item, whatever became of those before.

        Raises:
            ProtocolError: the first failure.
        """
        failure: ProtocolError | None = None
        for item in items:
            try:
                await self.observe(hook, item, context)
            except ProtocolError as error:
                failure = failure or error
        if failure is not None:
            raise failure

    async def observe(self, hook: str, *args: Any) -> None:
        """Calls the handlers that watch, in an exchange that fails if one of them does.

        Raises:
            DeploymentError: a handler failed (469); its name goes to the log only.
        """
        try:
            await self.hooks.observe(hook, *args)
        except HookFailed as error:
            log.error("%s", error)
            raise DeploymentError(f"a handler of this VTN failed in {hook}") from error

    async def decide(self, hook: str, *args: Any) -> Any:
        """Returns what the handler decides; None if there is none.

        Raises:
            DeploymentError: the handler failed (469).
        """
        try:
            return await self.hooks.decide(hook, *args)
        except HookFailed as error:
            log.error("%s", error)
            raise DeploymentError(f"a handler of this VTN failed in {hook}") from error


class Caller(NamedTuple):
    """Who sent a message, as far as the transport proves it.

    A tuple takes a third of the time of a frozen dataclass, and each poll makes two of these.

    Attributes:
        member: the enrolled VEN whose certificate it is; on plain HTTP the one that
            the message names, because nothing better is known.
        fingerprint: of the certificate; empty on plain HTTP.
        secure: whether there was a certificate.
        received_at: when the message arrived.
        later: where work for after the reply is collected; None if there will be no reply.
        sight: what shows the exchange to the traces; None if there are none.
        profile: that it speaks, by the address that it has used.
        certificate: with which it came, expired or not; None without one.
        peer: where it comes from, unless a certificate proves that it is enrolled.
        refusal: why what it shows proves nobody; None if nothing is to be said about it.
    """

    member: Member | None
    fingerprint: str
    secure: bool
    received_at: datetime
    later: list[Coroutine[Any, Any, Any]] | None = None
    sight: "Sight | None" = None
    profile: ProfileName = ProfileName.B
    certificate: "PeerCertificate | None" = None
    peer: str = ""
    refusal: "HTTPError | None" = None

    @property
    def name(self) -> str:
        """How a log line calls it."""
        if self.member is not None:
            return self.member.ven_name or self.member.ven_id
        return self.fingerprint or self.peer or "unknown"

    @property
    def counted(self) -> str:
        """By what its messages are counted: a certificate that proves it, or where it is."""
        return self.fingerprint if self.secure else self.peer

    @property
    def stranger(self) -> bool:
        """Whether a certificate proves who it is, and that is nobody who is enrolled."""
        return self.secure and self.member is None

    def as_member(self, member: Member | None) -> "Caller":
        """Returns the caller as the VEN that it says it is."""
        return self if member is self.member else Caller(member, *self[1:])

    def registered(self) -> Member:
        """Returns the member, if it may use the services.

        Raises:
            NotRegistered: it is not enrolled, or not registered (463; R405, R517).
        """
        member = self.member
        if member is None:
            who = f"certificate {self.fingerprint} is" if self.fingerprint else "this VEN is"
            raise NotRegistered(f"{who} not enrolled with this VTN", rule="R517")
        if not member.may_use(self.profile):
            if member.profile is ProfileName.A:
                raise NotRegistered(
                    "this VEN is enrolled for 2.0a; register first to use 2.0b", rule="R405"
                )
            raise NotRegistered("register first", rule="R405")
        return member

    def check_ven_id(self, ven_id: str | None) -> None:
        """Checks the venID in a message against the identity of the transport.

        Raises:
            InvalidId: it is missing, or not that of the caller (452; R21, R508, R512).
        """
        if not ven_id:
            raise InvalidId("venID is missing", rule="R508")
        if self.member is not None and ven_id != self.member.ven_id:
            raise InvalidId(f"venID {ven_id!r} is not that of this VEN", rule="R517")

    def start(self, desk: Desk, work: Coroutine[Any, Any, Any]) -> None:
        """Runs what a handler wants done after the reply."""
        desk.tasks.start(work, name=f"after the reply to {self.name}")

    def start_later(self, desk: Desk) -> None:
        """Runs what the handlers of this exchange wanted done after it, each once."""
        while self.later:
            self.start(desk, self.later.pop(0))

    def context(self, desk: Desk) -> Context:
        """Returns what a handler is told."""

        def after_reply(work: Coroutine[Any, Any, Any]) -> None:
            checked_work(work)
            if self.later is None:
                self.start(desk, work)
            else:
                self.later.append(work)

        member = self.member
        return Context(
            ven_id=member.ven_id if member else "",
            ven_name=member.ven_name if member else "",
            fingerprint=self.fingerprint,
            received_at=self.received_at,
            store=desk.store,
            clock=desk.clock,
            log=logging.LoggerAdapter(log, {"ven": self.name}),
            after_reply=after_reply,
            opt_policy=desk.settings.opts.policy,
        )
