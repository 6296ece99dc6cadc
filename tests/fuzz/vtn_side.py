"""A VTN under fire: somebody who is registered, a stranger and a VEN of 2.0a fire at it.

A fourth, the victim, has everything that a VEN can have, and must neither lose nor show any
of it. It comes by in between, as any VEN does, and gets and gives what it should.
"""

from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any, Literal, Self

from oadr import codec
from oadr import messages as m
from oadr.enums import OptReason, OptType, ProfileName, ServiceName
from oadr.errors import OpenADRError
from oadr.messages import MESSAGES
from oadr.replies import FROM_VEN, SERVICE_OF
from oadr.report import build_metadata
from tests.fuzz.judging import Ears, Fault, Shot, Tally, check_answer, check_status
from tests.fuzz.rows import Rows
from tests.fuzz.seeds import Kind, spoilt, usual
from tests.fuzz.writing import Writer
from tests.vtn.kit import STANDING, answer, readings, update, usage
from vtn import upkeep
from vtn.operator.ven import Changes
from vtn.testing import JoinedWorld, Peer, fingerprint_of, joined

#: The victim's event is far away, so that no time that passes changes anything of it.
FAR = timedelta(days=300)
_STRANGERS = 3
#: Shots between two times at which everybody is furnished anew, and the victim comes by.
ROUND = 100
_HOUR = timedelta(hours=1)
#: Messages that a VEN may send.
_OWN = sorted(codec.message_name(cls) for cls in SERVICE_OF)


class VtnSide:
    """A VTN, and those who come to it.

    Args:
        random: decides.

    Attributes:
        tally: what has happened.
    """

    name = "VTN"

    def __init__(self, random: Random) -> None:
        self.random = random
        self.writer = Writer(random=random)
        self.tally = Tally()
        self._stack = AsyncExitStack()
        self._ears = Ears()
        self._number = 0
        self.world: JoinedWorld
        self.victim: Peer
        self.ven: Peer
        self._rows: Rows
        self._secrets: list[bytes] = []
        self._betrayed = random.random() < 0.5
        self._tolerance: Literal["strict", "repair", "lenient"]
        self._tolerance = random.choice(["strict", "repair", "lenient"])
        self._request_id = self._asked = ""

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self._ears.listening())
        self.world = await self._stack.enter_async_context(joined({"reports": STANDING}))
        # The same seed gives the same IDs, so that a document means the same again.
        ids = count(1)
        self.world.desk.new_id = lambda: f"id{next(ids):030}"
        self.victim, self.ven = self._peer("victim"), self._peer("mallory")
        await self._furnish_victim()
        await self.world.operator.enrol(
            "mill",
            now=self.world.clock.now(),
            ven_id="mill-id",
            fingerprint=fingerprint_of("mill"),
            profile=ProfileName.A,
        )
        self._rows = Rows(self.world.store.path, "victim")
        self._stack.callback(self._rows.close)
        await self.furnish()
        changes = Changes(peer=self._tolerance)
        await self.world.operator.change("mallory", changes, now=self.world.clock.now())
        await self._keep()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    def _peer(self, name: str) -> Peer:
        return self.world.peer(name, fingerprint=fingerprint_of(name))

    # ------------------------------------------------------------ what everybody has

    async def _furnish_victim(self) -> None:
        victim, world = self.victim, self.world
        await victim.register()
        await victim.settle()
        await world.send_event(event_id="secret-event", starts_in=FAR, to=["victim"])
        await world.send_event(event_id="hidden-event", starts_in=FAR, to=["victim"])
        await victim.post(answer(victim, await victim.poll()))
        reply = await victim.post(self._metadata(victim))
        self._request_id = reply.requests[0].report_request_id
        await victim.take(reply.requests, "md")
        await victim.settle()
        await self._report("1", "2")
        for name in ("secret", "hidden"):
            await victim.post(self._opt(f"{name}-opt", f"{name}-event"))
        await victim.settle()
        # The others are told to everybody, who may then ask for them.
        self._secrets = [b"hidden-event", b"hidden-opt"]
        if not self._betrayed:
            self._secrets.append(victim.registration_id.encode())

    def _metadata(self, peer: Peer) -> m.RegisterReport:
        reports = build_metadata((usage(),), self.world.clock.now())
        return m.RegisterReport(request_id="md", ven_id=peer.ven_id, reports=reports)

    def _opt(self, opt_id: str, event_id: str) -> m.CreateOpt:
        return m.CreateOpt(
            opt_id=opt_id,
            opt_type=OptType.OPT_OUT,
            opt_reason=OptReason.EMERGENCY,
            ven_id=self.victim.ven_id,
            created_date_time=self.world.clock.now(),
            request_id="q",
            event_id=event_id,
            modification_number=0,
        )

    async def _report(self, *values: str) -> None:
        report = readings(self._request_id, self.world.clock.now(), {"main": list(values)})
        reply = await self.victim.post(update(self.victim, report))
        if not isinstance(reply, m.UpdatedReport) or not reply.response.ok:
            raise Fault(f"readings of the victim are refused: {reply}")

    async def furnish(self) -> None:
        """Gives the attacker all that a VEN can have, so that what it sends means something."""
        ven, now = self.ven, self.world.clock.now()
        member = self.world.desk.roster.of_certificate(ven.fingerprint, now)
        # One that has said it only reports would take no events.
        if member is None or not member.registered or member.report_only:
            registered = await ven.register(
                ven.name,
                ven_id=member.ven_id if member else None,
                registration_id=member.registration_id if member else None,
            )
            if registered.code != 200:
                raise Fault(f"the attacker cannot start over: {registered.response}")
        else:
            ven.ven_id, ven.registration_id = member.ven_id, member.registration_id or ""
        self._number += 1
        await self.world.send_event(
            event_id=f"open-{self._number}", starts_in=_HOUR, to=["mallory", "mill"]
        )
        if self._number > 3:
            await self.world.operator.cancel_event(f"open-{self._number - 3}", now=now)
        offered = await ven.post(self._metadata(ven))
        requests = [one.report_request_id for one in getattr(offered, "requests", ())]
        await self._poll_all()
        self._asked = requests[0] if requests else "none"
        self._know(requests)

    async def _poll_all(self) -> None:
        for _ in range(10):
            if isinstance(await self.ven.poll(), m.Response):
                return

    def _know(self, requests: list[str]) -> None:
        ven, victim, now = self.ven, self.victim, self.world.clock.now()
        events = [f"open-{number}" for number in range(self._number, self._number - 4, -1)]
        moments = [now + n * timedelta(minutes=1) for n in (-60, -1, 0, 1, 60)]
        registered = victim.registration_id if self._betrayed else "reg-1"
        self.writer.known = {
            "ei:venID": self._ids_of(""),
            "ei:registrationID": [ven.registration_id] * 30 + [registered, "mill"],
            "ei:eventID": [*events, "secret-event"],
            "ei:reportRequestID": [*requests * 4, self._request_id, "0"],
            "ei:reportSpecifierID": ["usage", "usage", "METADATA", "own"],
            "ei:rID": ["main", "main", "other"],
            "ei:optID": ["opt-1", "opt-2", "secret-opt"],
            "ei:vtnID": ["vtn"],
            "ei:responseCode": ["200", "200", "452"],
            "ei:modificationNumber": ["0", "0", "1"],
            "ei:reportName": ["TELEMETRY_USAGE", "METADATA_TELEMETRY_USAGE", "HISTORY_USAGE"],
            "ei:reportType": ["usage"],
            "emix:marketContext": ["http://programme.example"],
            "oadr:oadrVenName": ["mallory", "victim", "mill", "stranger-1"],
            "oadr:oadrTransportAddress": ["https://mallory.test", "https://victim.test"],
            "oadr:oadrProfileName": ["2.0b"],
            "xcal:date-time": [f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in moments],
            "xcal:duration": ["PT1M", "PT1M", "PT5M", "PT0S", "PT1H", "P1D"],
            "pyld:requestID": ["q-1", "q-2"],
        }

    def _ids_of(self, sender: str) -> list[str]:
        """Returns venIDs that a sender claims; mostly its own."""
        own = "mill-id" if sender == "mill" else self.ven.ven_id
        return [own] * 30 + [self.victim.ven_id, "mill-id"]

    # ------------------------------------------------------------ shots

    def shot(self, kind: Kind = Kind.MADE) -> Shot:
        """Returns the next document, where it goes, and who sends it."""
        random = self.random
        sender = random.choices(["mallory", "stranger", "mill"], [75, 15, 10])[0]
        if sender == "stranger":
            sender = f"stranger-{random.randrange(_STRANGERS)}"
        of_a = sender == "mill" or random.random() < 0.02
        if kind is not Kind.MADE:
            return self._spoilt(kind, sender, of_a=of_a)
        if of_a:
            # Mostly from whom it says; the others know what the attacker knows.
            self.writer.known = {**self.writer.known, "ei:venID": self._ids_of(sender)}
            document = self.writer.document_a()
            self.writer.known = {**self.writer.known, "ei:venID": self._ids_of("")}
            service = ServiceName.EI_EVENT
        else:
            document = self.writer.document("" if random.random() < 0.1 else random.choice(_OWN))
            service = self._service(MESSAGES[document.name])
        return Shot(
            name=document.name,
            data=document.data,
            service=service,
            sender=sender,
            profile=ProfileName.A if of_a else ProfileName.B,
        )

    def _spoilt(self, kind: Kind, sender: str, *, of_a: bool) -> Shot:
        ven = self.ven
        documents = usual(ven.ven_id, ven.registration_id, self._asked, f"open-{self._number}")
        if of_a:
            documents = tuple(self.writer.document_a().data for _ in range(3))
        cls, how, data = spoilt(self.random, kind, self.writer, documents, of_a=of_a)
        return Shot(
            name=how,
            data=data,
            service=ServiceName.EI_EVENT if of_a else self._service(cls),
            sender=sender,
            profile=ProfileName.A if of_a else ProfileName.B,
            made=False,
        )

    def _service(self, cls: type) -> ServiceName:
        """Returns where a message belongs; now and then another place."""
        service = SERVICE_OF.get(cls)
        if service is None or self.random.random() < 0.05:
            return self.random.choice(list(ServiceName))
        return service

    async def fire(self, shot: Shot) -> bytes:
        """Fires, and returns what is answered once it is checked.

        Raises:
            Fault: something that must not happen.
        """
        endpoint = self.world.server.endpoint
        with self.tally.timed(shot), self.world.under_way():
            response = await endpoint.answer(
                shot.service,
                shot.data,
                fingerprint=fingerprint_of(shot.sender),
                profile=shot.profile,
            )
        self._ears.check()
        body = response.body if isinstance(response.body, bytes) else b""
        mended = self._tolerance != "strict"
        allowed = self._allowed(shot)
        check_status(response.status, body, shot, allowed, self.tally, mended=mended)
        if response.status == 200:
            check_answer(body, shot.profile, self.tally)
        self._check_secrets(body, shot)
        self._check_victim()
        return body

    def _allowed(self, shot: Shot) -> set[int]:
        """Returns the status that fits a document which the schema allows."""
        kind = MESSAGES.get(shot.name)
        if kind is None:
            return {200, 404}
        if kind in FROM_VEN[shot.service]:
            return {200}
        # What no VEN sends, with a value that nobody can hold: either may be noticed first.
        return {404} if _can_be_held(shot.data) else {200, 404}

    def _check_secrets(self, body: bytes, shot: Shot) -> None:
        for secret in self._secrets:
            if secret in body and secret not in shot.data:
                raise Fault(f"{secret!r} of the victim is told to {shot.sender}: {body[:2000]!r}")

    def _check_victim(self) -> None:
        changes = self._rows.changes()
        if changes:
            raise Fault(f"rows of the victim have changed: {changes}")

    # ------------------------------------------------------------ in between

    async def between(self) -> None:
        """Lets time pass, the victim come by, and the attacker have everything again.

        Raises:
            Fault: something that must not happen.
        """
        await self.world.pass_time(seconds=self.random.choice([1, 60, 600]))
        self._ears.check()
        self._check_victim()
        await self._visit()
        await self.furnish()
        await self._keep()
        self._ears.check()

    async def _visit(self) -> None:
        """Lets the victim do what VENs do."""
        event_id = f"for-victim-{self._number}"
        event = await self.world.send_event(event_id=event_id, starts_in=FAR, to=["victim"])
        shot = await self.victim.poll()
        for _ in range(5):
            if isinstance(shot, m.DistributeEvent):
                break
            await self._answer_other(shot)
            shot = await self.victim.poll()
        found = getattr(shot, "events", ())
        if event.event_id not in {one.event_id for one in found}:
            raise Fault(f"the victim does not get its event: {shot}")
        reply = await self.victim.post(answer(self.victim, shot))
        if not reply.response.ok:
            raise Fault(f"the victim's answer is refused: {reply}")
        await self._report(str(self.random.randrange(1000)))
        await self.world.operator.cancel_event(event.event_id, now=self.world.clock.now())
        gone = await self.victim.poll()
        if isinstance(gone, m.DistributeEvent):
            await self.victim.post(answer(self.victim, gone))
        await self.victim.poll()

    async def _answer_other(self, message: Any) -> None:
        if isinstance(message, m.RegisterReport):
            response = m.EiResponse(request_id=message.request_id)
            await self.victim.post(m.RegisteredReport(response=response, ven_id=self.victim.ven_id))
        elif isinstance(message, m.CreateReport):
            await self.victim.take(message.requests, message.request_id)

    async def _keep(self) -> None:
        await upkeep.flush(self.world.desk)
        self._rows.keep()


def _can_be_held(data: bytes) -> bool:
    """Returns whether a document that the schema allows can be decoded."""
    try:
        codec.decode(data)
    except OpenADRError:
        return False
    return True
