"""Valid messages in any order at a VTN, while its operator does this and that.

Whatever the order: only documented answers, what was acknowledged is there, deliveries make
sense, and in the end the VEN can start over.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any, Self

from oadr import codec
from oadr import messages as m
from oadr.enums import OptReason, OptType
from oadr.replies import SERVICE_OF
from tests.fuzz.judging import Fault, Shot
from tests.fuzz.vtn_acts import MINUTE, Acts
from tests.ven.scripted import request
from tests.vtn.kit import readings, update

_CONSISTENT = """
    select event_id, modification, sent_modification, acked_modification, opt_type
    from delivery join event on event.pk = event_pk where
    sent_modification > modification or acked_modification > modification
    or (acked_modification is not null and acked_at is null)
"""
_VALUES = """
    select specifier_id, r_id, reading.start, value from reading
    join data_point on data_point.pk = data_point_pk join party on party.pk = party_pk
    where ven_name = ?
"""
_MOST_DRAINED = 60


class VtnWalk(Acts):
    """One VEN that says valid things in any order, and an operator who acts on it.

    Attributes:
        acknowledged: readings that the VTN has said that it has.
    """

    name = "VTN, in wrong order"

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.acknowledged: dict[datetime, str] = {}
        self._registrations: list[str] = []
        self._asked_ids = ["q-1"]
        self._file: sqlite3.Connection
        self._steps = self._messages() * 2 + self._acts()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        path = self.world.store.path
        self._file = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        self._stack.callback(self._file.close)
        return self

    async def step(self) -> str:
        """Takes a step, and returns its name.

        Raises:
            Fault: something that must not happen.
        """
        step = self.random.choice(self._steps)
        await step()
        self._check_deliveries()
        self._ears.check()
        return step.__name__.strip("_")

    async def finish(self) -> None:
        """Lets the VEN start over, and sees whether all is well then.

        Raises:
            Fault: it is not.
        """
        await self._let_in()
        await self.between()
        self._check_readings()

    async def _let_in(self) -> None:
        """Gives the VEN a certificate that counts, and answers all that waits for it."""
        now = self.world.clock.now()
        await self._set(signature_policy="default")
        if self.world.desk.roster.of_certificate(self.ven.fingerprint, now) is None:
            await self._renew()
        await self._say(m.CreatePartyRegistration(request_id="q", ven_name="mallory"))
        self._take_over()
        polled: object = None
        for _ in range(_MOST_DRAINED):
            polled = await self._say(m.Poll(ven_id=self.ven.ven_id))
            if isinstance(polled, m.Response):
                if not polled.response.ok:
                    raise Fault(f"the VEN cannot start over: {polled.response}")
                return
            await self._reply_to(polled)
        raise Fault(f"there is no end to what waits: {polled}")

    async def _reply_to(self, message: Any) -> None:
        ven_id = self.ven.ven_id
        response = m.EiResponse(request_id=getattr(message, "request_id", ""))
        if isinstance(message, m.DistributeEvent):
            await self._answer_to(message)
        elif isinstance(message, m.RegisterReport):
            await self._say(m.RegisteredReport(response=response, ven_id=ven_id))
        elif isinstance(message, m.CreateReport):
            pending = tuple(one.report_request_id for one in message.requests)
            await self._say(m.CreatedReport(response=response, ven_id=ven_id, pending=pending))
        elif isinstance(message, m.CancelReport):
            await self._say(m.CanceledReport(response=response, ven_id=ven_id))
        elif isinstance(message, m.UpdateReport):
            await self._say(m.UpdatedReport(response=response, ven_id=ven_id))
        elif isinstance(message, m.CancelPartyRegistration):
            await self._say(
                m.CanceledPartyRegistration(
                    response=response, registration_id=message.registration_id, ven_id=ven_id
                )
            )
            await self._say(m.CreatePartyRegistration(request_id="q", ven_name="mallory"))
            self._take_over()
        elif isinstance(message, m.RequestReregistration):
            await self._say(m.Response(response=m.EiResponse(), ven_id=ven_id))
            await self._register()

    # ------------------------------------------------------------ what the VEN says

    def _messages(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._register, self._register_anew, self._cancel_registration, self._query,
            self._poll, self._poll_and_answer, self._request_event, self._created_event,
            self._offer, self._offer_nothing, self._created_report, self._update, self._update,
            self._update_again, self._cancel_report, self._create_report, self._answer_anything,
            self._create_opt, self._create_opt, self._cancel_opt,
        ]  # fmt: skip

    async def _say(self, message: m.Message) -> m.Message | None:
        """Says something valid, and returns the answer."""
        shot = Shot(
            name=codec.message_name(message),
            data=codec.encode(message),
            service=SERVICE_OF[type(message)],
            sender=self._sender(),
        )
        body = await self.fire(shot)
        reply = codec.decode(body) if body else None
        self._note(reply)
        return reply

    def _note(self, reply: Any) -> None:
        """Keeps the IDs in what the VTN says, to use them at the wrong time."""
        if isinstance(reply, m.CreatedPartyRegistration):
            self._take_over()
        elif isinstance(reply, m.DistributeEvent):
            self._asked_ids.append(reply.request_id)
        for one in getattr(reply, "requests", ()):
            self._requests.append(one.report_request_id)

    def _take_over(self) -> None:
        now = self.world.clock.now()
        member = self.world.desk.roster.of_certificate(self.ven.fingerprint, now)
        if member is not None and member.registered:
            self.ven.ven_id, self.ven.registration_id = member.ven_id, member.registration_id or ""
            self._registrations.append(self.ven.registration_id)

    async def _register(self) -> None:
        await self._say(
            m.CreatePartyRegistration(
                request_id="q",
                ven_id=self.ven.ven_id,
                registration_id=self._one(self._registrations),
                ven_name="mallory",
                http_pull_model=True,
            )
        )

    async def _register_anew(self) -> None:
        name = self.random.choice(["mallory", "mallory", "victim"])
        await self._say(m.CreatePartyRegistration(request_id="q", ven_name=name))

    async def _cancel_registration(self) -> None:
        registration_id = self._one(self._registrations)
        await self._say(
            m.CancelPartyRegistration(
                request_id="q", registration_id=registration_id, ven_id=self.ven.ven_id
            )
        )

    async def _query(self) -> None:
        await self._say(m.QueryRegistration(request_id="q"))

    async def _poll(self) -> None:
        await self._say(m.Poll(ven_id=self.ven.ven_id))

    async def _poll_and_answer(self) -> None:
        await self._reply_to(await self._say(m.Poll(ven_id=self.ven.ven_id)))

    async def _request_event(self) -> None:
        limit = self.random.choice([None, 1, 2])
        await self._say(m.RequestEvent(request_id="q", ven_id=self.ven.ven_id, reply_limit=limit))

    async def _answer_to(self, shot: m.DistributeEvent) -> None:
        await self._created(
            shot.request_id,
            [(one.event_id, one.descriptor.modification_number) for one in shot.events],
        )

    async def _created_event(self) -> None:
        count = self.random.randint(1, 2)
        events = [(self._one(self._events), self.random.randint(0, 2)) for _ in range(count)]
        await self._created(self._one(self._asked_ids), events)

    async def _created(self, request_id: str, events: Sequence[tuple[str, int]]) -> None:
        code = self.random.choice([200, 200, 200, 460])
        responses = tuple(
            m.EventResponse(
                code=code,
                request_id=request_id,
                event_id=event_id,
                modification_number=number,
                opt_type=self.random.choice(list(OptType)),
            )
            for event_id, number in events
        )
        await self._say(
            m.CreatedEvent(response=m.EiResponse(), responses=responses, ven_id=self.ven.ven_id)
        )

    async def _offer(self) -> None:
        await self._say(self._metadata(self.ven))

    async def _offer_nothing(self) -> None:
        await self._say(m.RegisterReport(request_id="q", ven_id=self.ven.ven_id))

    async def _created_report(self) -> None:
        pending = tuple({self._one(self._requests) for _ in range(self.random.randint(0, 2))})
        response = m.EiResponse(request_id=self._one(self._asked_ids))
        await self._say(m.CreatedReport(response=response, ven_id=self.ven.ven_id, pending=pending))

    async def _update(self) -> None:
        start = self.world.clock.now() + self.random.randint(-30, 5) * MINUTE
        await self._report_from(start.replace(second=0, microsecond=0))

    async def _update_again(self) -> None:
        if self.acknowledged:
            await self._report_from(self.random.choice(sorted(self.acknowledged)))

    async def _report_from(self, start: datetime) -> None:
        values = [str(self.random.randrange(1000)) for _ in range(self.random.randint(1, 3))]
        report = readings(self._one(self._requests), start, {"main": values})
        reply = await self._say(update(self.ven, report))
        if isinstance(reply, m.UpdatedReport) and reply.response.ok:
            for number, value in enumerate(values):
                self.acknowledged[start + number * MINUTE] = value

    async def _cancel_report(self) -> None:
        await self._say(
            m.CancelReport(
                request_id="q",
                ven_id=self.ven.ven_id,
                report_request_ids=(self._one(self._requests),),
                report_to_follow=self.random.random() < 0.5,
            )
        )

    async def _create_report(self) -> None:
        asked = request(self._one(self._requests), specifier="METADATA")
        await self._say(m.CreateReport(request_id="q", ven_id=self.ven.ven_id, requests=(asked,)))

    async def _answer_anything(self) -> None:
        """Answers what nobody may have asked."""
        ven_id, response = self.ven.ven_id, m.EiResponse(request_id=self._one(self._asked_ids))
        answers: list[m.Message] = [
            m.RegisteredReport(response=response, ven_id=ven_id),
            m.UpdatedReport(response=response, ven_id=ven_id),
            m.CanceledReport(response=response, ven_id=ven_id),
            m.Response(response=response, ven_id=ven_id),
            m.CanceledPartyRegistration(
                response=response, registration_id=self._one(self._registrations), ven_id=ven_id
            ),
        ]
        await self._say(self.random.choice(answers))

    async def _create_opt(self) -> None:
        now = self.world.clock.now()
        of_event = self.random.random() < 0.5
        period = m.Period(dtstart=now + MINUTE, duration=60 * MINUTE)
        await self._say(
            m.CreateOpt(
                opt_id=f"opt-{self.random.randrange(5)}",
                opt_type=self.random.choice(list(OptType)),
                opt_reason=OptReason.ECONOMIC,
                ven_id=self.ven.ven_id,
                created_date_time=now,
                request_id="q",
                event_id=self._one(self._events) if of_event else None,
                modification_number=0 if of_event else None,
                availability=() if of_event else (period,),
            )
        )

    async def _cancel_opt(self) -> None:
        opt_id = f"opt-{self.random.randrange(5)}"
        await self._say(m.CancelOpt(request_id="q", opt_id=opt_id, ven_id=self.ven.ven_id))

    # ------------------------------------------------------------ what must hold

    def _check_deliveries(self) -> None:
        wrong = self._file.execute(_CONSISTENT).fetchall()
        if wrong:
            raise Fault(f"deliveries that make no sense: {wrong}")

    def _check_readings(self) -> None:
        rows = self._file.execute(_VALUES, ("mallory",)).fetchall()
        found = {(r_id, start): Decimal(value) for _, r_id, start, value in rows}
        lost = [
            (start, value)
            for start, value in self.acknowledged.items()
            if found.get(("main", _stored(start))) != Decimal(value)
        ]
        if lost:
            raise Fault(f"acknowledged and lost: {lost[:5]}, {len(lost)} of {len(found)}")


def _stored(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000
