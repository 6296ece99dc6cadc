"""What a case is, what it can do, and how its verdict comes about.

A case is a coroutine function that plays one party. It is registered with ``vtn_case`` (the
device under test is a VTN) or ``ven_case``; its docstring says what it is for, and its
numbered lines are the steps:

    @vtn_case("N1_0010", "query before registration", rules=(404,))
    async def query_before_registration(t: VtnTest) -> None:
        \"\"\"A VEN that is not registered asks what the VTN supports.

        1. The VEN sends oadrQueryRegistration.
        \"\"\"

All that the device says goes past the checks of ``conformance.checks``. What only the case
can know is a ``Demand``, and a case says with ``expect`` whether it is met.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from conformance.actions import Action, Start
from conformance.catalogue import CASES, Case, Suite, pushed, ven_case, vtn_case
from conformance.checks import Severity, Side
from conformance.demands import Demand
from conformance.device import Cannot, Device, VenDevice, VtnDevice
from conformance.peers import Recorded, ScriptedVen, ScriptedVtn, Tape
from conformance.peers.requests import metadata
from conformance.peers.vtn import ANSWERS
from conformance.results import Fault
from oadr import messages as m

__all__ = [
    "CASES",
    "FOREVER",
    "Case",
    "Inconclusive",
    "Skipped",
    "Suite",
    "Test",
    "VenTest",
    "VtnTest",
    "pushed",
    "ven_case",
    "vtn_case",
]

T = TypeVar("T")
#: Real seconds; what waits so long is ended by something else.
FOREVER = 3600.0
#: Short whiles of the device in which a VEN that was started registers.
_COMES = 5.0


class Skipped(Exception):
    """A case that cannot be run here; the text says why. Never a pass."""


class Inconclusive(Exception):
    """A case that did not get where its purpose begins; the text says why."""


class Test:
    """What a case can do; ``VtnTest`` and ``VenTest`` add the party that it plays.

    Attributes:
        case: the case.
        device: the device under test.
        push: whether it is the push variant.
        tape: what is said.
        faults: what the case has found, beside what the checks find.
        met: identifiers of the demands that were looked at.
    """

    __test__ = False

    def __init__(self, case: Case, device: Device, tape: Tape, *, push: bool) -> None:
        self.case = case
        self.device = device
        self.push = push
        self.tape = tape
        self.clock = device.clock
        self.faults: list[Fault] = []
        self.met: set[str] = set()

    def expect(self, demand: Demand, ok: bool, seen: str, at: Recorded | None = None) -> bool:
        """Notes whether a demand is met, and returns that.

        Args:
            demand: what must be.
            ok: whether it is.
            seen: what was seen, for the case that it is not.
            at: the exchange in which; None if that is not one.
        """
        self.met.add(demand.id)
        if not ok:
            self.faults.append(
                Fault(
                    rule=demand.label,
                    id=demand.id,
                    severity=demand.severity,
                    expected=demand.expected,
                    seen=seen,
                    sender=self.device.side,
                    exchange=0 if at is None else at.number,
                )
            )
        return ok

    def need(self, ok: object, reason: str) -> None:
        """Ends the case as inconclusive if something is not there that it builds upon.

        Raises:
            Inconclusive: it is not.
        """
        if not ok:
            raise Inconclusive(reason)

    async def do(self, action: Action) -> Any:
        """Has something done at the device under test.

        Raises:
            Skipped: nobody can do it.
        """
        try:
            return await self.device.do(action)
        except Cannot as error:
            raise Skipped(str(error)) from None

    async def wait(self, units: float = 1) -> None:
        """Waits that many short whiles of the device's clock."""
        await self.clock.sleep(self.device.unit * units)

    async def in_time(self, coming: Coroutine[Any, Any, T], units: float = 4) -> T | None:
        """Returns what something comes to; None if so many units of the device pass before.

        Args:
            coming: what to wait for, with a patience of its own that is longer.
            units: short whiles of the device's clock.
        """
        work, over = asyncio.ensure_future(coming), asyncio.ensure_future(self.wait(units))
        try:
            await asyncio.wait({work, over}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            work.cancel()
            over.cancel()

    @property
    def violated(self) -> bool:
        """Whether anything was found that must not be."""
        return any(one.severity is Severity.VIOLATION for one in self.faults)


class VtnTest(Test):
    """What a case can do whose device under test is a VTN.

    Attributes:
        ven: the VEN that it plays; not registered at the beginning if the device is fresh.
    """

    def __init__(
        self, case: Case, device: VtnDevice, tape: Tape, ven: ScriptedVen, *, push: bool
    ) -> None:
        super().__init__(case, device, tape, push=push)
        self.ven = ven

    async def joined(self) -> None:
        """Has the VEN registered and introduced, and nothing waiting for it."""
        await self.ven.join()
        self.need(self.ven.registered, "the VTN does not register the VEN")

    async def unregistered(self) -> None:
        """Has the VEN not registered."""
        if self.ven.registered:
            await self.ven.cancel_registration()


class VenTest(Test):
    """What a case can do whose device under test is a VEN.

    Attributes:
        vtn: the VTN that it plays.
    """

    def __init__(
        self, case: Case, device: VenDevice, tape: Tape, vtn: ScriptedVtn, *, push: bool
    ) -> None:
        super().__init__(case, device, tape, push=push)
        self.vtn = vtn

    async def hear(
        self,
        *names: str,
        since: int = 0,
        units: float = 4,
        fits: Callable[[Recorded], bool] = lambda one: True,
    ) -> Recorded | None:
        """Returns the first request of the VEN that has one of these names.

        Args:
            names: such as ``oadrCreateOpt``.
            since: how many exchanges of the tape not to look at.
            units: how long to wait at most, in short whiles of the device's clock.
            fits: what else must be so.

        Returns:
            The exchange; None if none came in time.
        """
        coming = self.tape.wait(
            lambda one: one.asked_by is Side.VEN and one.asked.name in names and fits(one),
            since=since,
            within=FOREVER,
        )
        return await self.in_time(coming, units)

    async def answer(self, message: m.Message, *names: str, units: float = 4) -> Recorded | None:
        """Says something to the VEN, and returns the exchange with its logical answer.

        Args:
            message: what to say, at the next poll or by push.
            names: of messages that answer it; none for the usual one.
            units: how long to wait at most, in short whiles of the device's clock.

        Returns:
            The exchange; ``said`` gets the answer out of it. None if none came in time.
        """
        wanted = names or (ANSWERS[type(message).__name__],)
        since = len(self.tape)
        if self.push:
            pushed = await self.vtn.pushed(message)
            if pushed.answered is not None and pushed.answered.name in wanted:
                return pushed
        else:
            self.vtn.queue.append(message)
        return await self.hear(*wanted, since=since, units=units)

    def said(self, heard: Recorded, kind: type[T]) -> T | None:
        """Returns what the VEN said in an exchange, if it is of a kind and can be read."""
        document = heard.asked if heard.asked_by is Side.VEN else heard.answered
        message: object = None if document is None else document.message
        return message if isinstance(message, kind) else None

    def _asking(self) -> m.CreateReport:
        request = metadata(self.vtn.new_id("report"))
        return m.CreateReport(
            request_id=self.vtn.new_id("create"), requests=(request,), ven_id=self.vtn.ven_id
        )

    @property
    def report_only(self) -> bool:
        """Whether the VEN has registered as one for reports alone."""
        return self.vtn.registration is not None and self.vtn.registration.report_only

    async def joined(self) -> None:
        """Has the VEN registered, and its metadata there."""
        if not self.vtn.registration_id:
            await self.do(Start())
            found = await self.hear("oadrCreatePartyRegistration", units=_COMES)
            self.need(found, "the VEN does not register")
        polls = None if self.vtn.registration is None else self.vtn.registration.http_pull_model
        self.need(self.push or polls is not False, "the VEN wants to be pushed to: use --push")
        self.need(not self.push or polls is not True, "the VEN wants to poll: leave --push out")
        if self.vtn.offers is None:
            again = self.vtn.registration is not None and self.vtn.registration.registration_id
            found = await self.hear("oadrRegisterReport", units=1 if again else _COMES)
            if found is None and again:
                # R405: who registers again need not introduce itself again.
                await self.answer(self._asking())
                found = await self.hear("oadrRegisterReport", units=_COMES)
            self.need(found, "the VEN does not offer reports")
