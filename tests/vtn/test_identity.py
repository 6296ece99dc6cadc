"""One VEN is never another: with a valid certificate and whatever it says.

For each message that a VEN may send there is one that the victim could send itself and that
shows or changes something of it. A thief sends the same, and variations of it.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import OptType
from oadr.replies import FROM_VEN, SERVICE_OF
from tests.vtn.kit import HOUR, MINUTE, STANDING, Open, metadata, readings, update, usage
from tests.vtn.kit_a import ADDRESS, document
from tests.vtn.possessions import possessions
from tests.vtn.test_opt import cancel, schedule
from tests.vtn.test_report import canceled, created
from tests.vtn.test_serving import Utility, asking, ending, got, once, periodic, read
from vtn.hooks import Wanted
from vtn.operator import Audience
from vtn.services import serving
from vtn.testing import Answer, Peer, World, running

VICTIM = Audience(vens=frozenset({"victim"}))
PRIVATE = ("private-event", "private-programme", "private-usage", "private-meter", "private-own")


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A VTN over mutual TLS with a VEN that has everything, and those who envy it.

    Attributes:
        world: the VTN.
        victim: registered, with a private event, reports both ways and opts.
        thief: registered as well, with a certificate of its own.
        others: who else has a certificate of the authority: one enrolled and not registered, one
            that nobody has enrolled.
        secrets: what only the victim may read.
    """

    world: World
    victim: Peer
    thief: Peer
    others: tuple[Peer, ...]
    secrets: set[str] = field(default_factory=set)

    @property
    def request_ids(self) -> list[str]:
        """Of the reports that the VTN has asked the victim for."""
        return [request.report_request_id for request in self.victim.requests]

    async def message(self) -> Any:
        """Returns what waits for the victim beside its event."""
        found = await self.victim.poll()
        assert not isinstance(found, m.DistributeEvent)
        return found

    async def owned(self) -> dict[str, list[tuple[Any, ...]]]:
        return await possessions(self.world.store, self.victim.ven_id)


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    async with running({"reports": STANDING}, handlers=[Open(), Utility()], tls=True) as world:
        victim, thief, enrolled, stranger = (
            world.client(name) for name in ("victim", "thief", "enrolled", "stranger")
        )
        await victim.join("victim")
        await thief.join("thief")
        await world.operator.enrol(
            "enrolled", now=world.clock.now(), fingerprint=enrolled.fingerprint
        )
        made = Town(world=world, victim=victim, thief=thief, others=(enrolled, stranger))
        await victim.offer("private-meter", specifier_id="private-usage")
        await world.send_event(
            to=VICTIM, event_id="private-event", market_context="http://private-programme"
        )
        made.secrets.update(PRIVATE, {victim.registration_id}, made.request_ids)
        yield made


Sayings = Callable[[Town], Awaitable[m.Message]]
SAYINGS: dict[type, Sayings] = {}


def saying(kind: type) -> Callable[[Sayings], Sayings]:
    """Marks what makes a message that means something when the victim says it."""

    def marked(function: Sayings) -> Sayings:
        SAYINGS[kind] = function
        return function

    return marked


@saying(m.QueryRegistration)
async def _query(town: Town) -> m.Message:
    return m.QueryRegistration(request_id="q")


@saying(m.CreatePartyRegistration)
async def _register(town: Town) -> m.Message:
    return m.CreatePartyRegistration(
        request_id="q",
        ven_id=town.victim.ven_id,
        registration_id=town.victim.registration_id,
        ven_name="victim",
        http_pull_model=True,
        report_only=True,
    )


@saying(m.CancelPartyRegistration)
async def _unregister(town: Town) -> m.Message:
    victim = town.victim
    return m.CancelPartyRegistration(
        request_id="q", registration_id=victim.registration_id, ven_id=victim.ven_id
    )


@saying(m.CanceledPartyRegistration)
async def _unregistered(town: Town) -> m.Message:
    victim, world = town.victim, town.world
    await world.operator.cancel_registration("victim", now=world.clock.now())
    return m.CanceledPartyRegistration(
        response=m.EiResponse(request_id="q"),
        registration_id=victim.registration_id,
        ven_id=victim.ven_id,
    )


@saying(m.Response)
async def _response(town: Town) -> m.Message:
    return m.Response(response=m.EiResponse(request_id="q"), ven_id=town.victim.ven_id)


@saying(m.RequestEvent)
async def _request_event(town: Town) -> m.Message:
    return m.RequestEvent(request_id="q", ven_id=town.victim.ven_id)


@saying(m.CreatedEvent)
async def _created_event(town: Town) -> m.Message:
    shot = await town.victim.poll()
    assert isinstance(shot, m.DistributeEvent)
    return m.CreatedEvent(
        response=m.EiResponse(),
        responses=(
            m.EventResponse(
                request_id=shot.request_id,
                event_id="private-event",
                modification_number=0,
                opt_type=OptType.OPT_OUT,
            ),
        ),
        ven_id=town.victim.ven_id,
    )


@saying(m.CreateOpt)
async def _create_opt(town: Town) -> m.Message:
    return schedule(town.victim, town.world, "private-opt")


@saying(m.CancelOpt)
async def _cancel_opt(town: Town) -> m.Message:
    reply = await town.victim.post(await _create_opt(town))
    assert reply.response.code == 200
    return cancel(town.victim, "private-opt")


@saying(m.RegisterReport)
async def _register_report(town: Town) -> m.Message:
    return metadata(town.victim, town.world, usage("other", "gas"))


@saying(m.RegisteredReport)
async def _registered_report(town: Town) -> m.Message:
    """The answer to the VTN's own metadata, with a request for its reports."""
    world, victim = town.world, town.victim
    await victim.register("victim")
    town.secrets.add(victim.registration_id)
    message = await town.message()
    assert isinstance(message, m.RegisterReport)
    return read(victim, message, periodic(world, "private-own"))


@saying(m.CreateReport)
async def _create_report(town: Town) -> m.Message:
    return asking(town.victim, periodic(town.world, "private-own"))


@saying(m.CreatedReport)
async def _created_report(town: Town) -> m.Message:
    world, victim = town.world, town.victim
    wanted = Wanted(specifier_id="private-usage", every=MINUTE, deliver=HOUR)
    await world.operator.request_report("victim", wanted, now=world.clock.now())
    message = await town.message()
    assert isinstance(message, m.CreateReport)
    request_id = message.requests[0].report_request_id
    return created(victim, message.request_id, *town.request_ids, request_id)


@saying(m.UpdateReport)
async def _update_report(town: Town) -> m.Message:
    start = town.world.clock.now() - HOUR
    report = readings(
        town.request_ids[0], start, {"private-meter": ["7"]}, specifier="private-usage"
    )
    return update(town.victim, report)


@saying(m.UpdatedReport)
async def _updated_report(town: Town) -> m.Message:
    """The answer to a report of the VTN that the victim has asked for."""
    reply = await town.victim.post(asking(town.victim, once(town.world, "private-own")))
    assert reply.response.code == 200
    await serving.serve(town.world.desk)
    return got(town.victim, await town.message())


@saying(m.CancelReport)
async def _cancel_report(town: Town) -> m.Message:
    reply = await town.victim.post(await _create_report(town))
    assert reply.response.code == 200
    return ending(town.victim, "private-own")


@saying(m.CanceledReport)
async def _canceled_report(town: Town) -> m.Message:
    world, (request_id,) = town.world, town.request_ids
    await world.operator.cancel_report(request_id, now=world.clock.now())
    message = await town.message()
    assert isinstance(message, m.CancelReport)
    return canceled(town.victim, message.request_id)


@saying(m.Poll)
async def _poll(town: Town) -> m.Message:
    return m.Poll(ven_id=town.victim.ven_id)


#: What is nothing to the VTN by itself, so that there is no effect to compare with.
HARMLESS = {m.Response}
ALL = sorted(
    {kind for kinds in FROM_VEN.values() for kind in kinds}, key=lambda kind: kind.__name__
)


def variations(message: Any, thief: Peer) -> list[Any]:
    """Returns the message as the victim says it, with the thief's name on it, and with none."""
    found = [message]
    for name in ("ven_id", "ven_name"):
        own = thief.ven_id if name == "ven_id" else thief.name
        if name in {one.name for one in fields(message)}:
            found += [replace(one, **{name: own}) for one in found]
    if getattr(message, "ven_id", None):
        found.append(replace(message, ven_id=_NOTHING.get(type(message))))
    if isinstance(message, m.CreatePartyRegistration):
        found += [replace(one, registration_id=None) for one in found]
    return found


#: Where the schema wants a venID, it can be empty.
_NOTHING = {m.RequestEvent: "", m.CreatedEvent: "", m.CreateOpt: "", m.CancelOpt: "", m.Poll: ""}


def revealed(answer: Answer, message: m.Message, secrets: set[str]) -> set[str]:
    """Returns the secrets in an answer, beside those that the question has named."""
    asked = codec.encode(message)
    return {one for one in secrets if one.encode() in answer.body and one.encode() not in asked}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
async def test_r517_no_message_of_a_ven_reads_or_changes_anything_of_another(kind: type) -> None:
    async with town() as made:
        message = await SAYINGS[kind](made)
        before = await made.owned()
        for thief in (made.thief, *made.others):
            for attempt in variations(message, thief):
                answer = await thief.raw(SERVICE_OF[kind], codec.encode(attempt))
                assert answer.status == 200
                assert revealed(answer, attempt, made.secrets) == set()
                assert await made.owned() == before
        answer = await made.victim.raw(SERVICE_OF[kind], codec.encode(message))
        if kind not in HARMLESS:
            # It would have been worth it.
            shown = revealed(answer, message, made.secrets)
            assert shown or await made.owned() != before


def test_every_message_of_a_ven_is_tried() -> None:
    assert set(SAYINGS) == set(ALL)


@pytest.mark.parametrize("kind", [m.RequestEvent, m.CreatedEvent], ids=lambda kind: kind.__name__)
async def test_r517_nor_does_one_of_2_0a(kind: type) -> None:
    """The same services stand behind the other address."""
    async with town() as made:
        message = await SAYINGS[kind](made)
        before = await made.owned()
        for thief in (made.thief, *made.others):
            for attempt in variations(message, thief):
                answer = await thief.raw(ADDRESS, document(attempt))
                assert answer.status == 200
                assert revealed(answer, attempt, made.secrets) == set()
                assert await made.owned() == before
        answer = await made.victim.raw(ADDRESS, document(message))
        assert revealed(answer, message, made.secrets) or await made.owned() != before


async def test_r517_nobody_registers_as_somebody_else() -> None:
    async with town() as made:
        message = await _register(made)
        for thief in (made.thief, *made.others):
            for attempt in variations(message, thief):
                await thief.raw(SERVICE_OF[m.CreatePartyRegistration], codec.encode(attempt))
        roster, now = made.world.desk.roster, made.world.clock.now()
        owner = roster.of_certificate(made.victim.fingerprint, now)
        assert owner is not None
        assert (owner.ven_name, owner.ven_id) == ("victim", made.victim.ven_id)
        assert owner.registration_id == made.victim.registration_id
        for thief in (made.thief, *made.others):
            found = roster.of_certificate(thief.fingerprint, now)
            assert found is None or found is not owner
        shot = await made.victim.poll()
        assert [event.event_id for event in shot.events] == ["private-event"]
