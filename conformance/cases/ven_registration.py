"""Registration, with a VEN under test."""

from conformance.actions import CancelRegistration, QueryRegistration, Register, Start, UseVenId
from conformance.case import Skipped, VenTest, ven_case
from conformance.cases.answering import (
    answer,
    answers_to,
    asks,
    expect_taken,
    hears,
    needed,
    say,
    settled,
    soon,
)
from conformance.checks import Side
from conformance.checks.exchange import code_of
from conformance.checks.xml import text
from conformance.demands import demand
from conformance.peers import Recorded
from oadr import messages as m

NEW = "oadrCreatePartyRegistration"
COMES = demand(401, "registers_on_start", "A VEN that is not registered registers when it starts.")
OFFERS_FIRST = demand(
    309, "metadata_after_registration", "A VEN sends its metadata after its first registration."
)
ASKS_FOR_EVENTS = demand(
    405, "asks_for_events", "A VEN asks for its events after a new registration."
)
TAKES_METADATA = demand(
    301, "answers_metadata", "A VEN answers the metadata of the VTN with oadrRegisteredReport."
)
QUERIES = demand(401, "queries", "A VEN that is told to asks what the VTN supports.")
QUERY_IS_NO_REGISTRATION = demand(
    404, "registers_after_query", "A VEN that has only queried is not registered, and registers."
)
BRINGS_VEN_ID = demand(
    402, "brings_preconfigured", "A VEN that was given a venID registers with it."
)
CANCELS = demand(401, "cancels", "A VEN that is told to cancels its registration.")
FORGETS = demand(
    407, "introduces_itself_again", "After a cancellation a VEN sends its metadata once more."
)
CONFIRMS = demand(
    407, "confirms_cancellation", "A VEN confirms that the VTN has cancelled its registration."
)
REGISTERS_AGAIN = demand(
    401, "registers_again", "A VEN whose registration was cancelled can register again."
)
ANSWERS_REQUEST = demand(
    402, "answers_request", "A VEN answers oadrRequestReregistration with oadrResponse."
)
REREGISTERS = demand(
    402,
    "registers_as_asked",
    "A VEN that is asked to registers again, with its registrationID and venID.",
)
AFRESH = demand(
    406, "registers_anew", "A VEN that registers anew sends neither of its identifiers of before."
)
WRONG_IS_REFUSED = demand(
    400,
    "refuses_wrong_cancellation",
    "A VEN refuses a cancellation with a wrong registrationID or venID: 452.",
)
STAYS = demand(
    400, "stays_registered", "A VEN stays registered when a wrong registration is cancelled."
)
IGNORES = demand(
    405,
    "ignores_while_unregistered",
    "A VEN that is not registered takes no events: 463 or nothing.",
)


@ven_case("N1_0010", "query before registration", rules=(401, 404))
async def query_before_registration(t: VenTest) -> None:
    """A VEN asks what the VTN supports before it registers.

    1. The VEN sends oadrQueryRegistration.
    2. The VTN answers with its profiles and transports, and with no identifiers.
    3. The VEN is started, and registers.
    """
    new = not t.vtn.registration_id
    await t.do(QueryRegistration())
    asked = await hears(t, "oadrQueryRegistration", 0)
    t.expect(QUERIES, asked is not None, "no oadrQueryRegistration")
    if new:
        await t.do(Start())
        found = await hears(t, NEW, 0)
        t.expect(QUERY_IS_NO_REGISTRATION, found is not None, f"no {NEW}")


@ven_case("N1_0020", "bootstrap", rules=(301, 309, 401, 405))
async def bootstrap(t: VenTest) -> None:
    """A VEN comes for the first time.

    1. The VEN sends oadrCreatePartyRegistration, and is registered.
    2. The VEN sends its metadata.
    3. The VEN asks for its events.
    4. The VTN sends its metadata, and the VEN answers.
    """
    if t.vtn.registration_id:
        await t.do(Register())
    else:
        await t.do(Start())
    found = await hears(t, NEW, 0)
    since = 0
    if found is not None and text(found.asked.element, "ei:registrationID"):
        # It comes back with the registration of an earlier run.
        since = len(t.tape)
        await t.do(Register())
        found = await hears(t, NEW, since)
    if not t.expect(COMES, found is not None, f"no {NEW}"):
        return
    await introduced(t, since)
    metadata = m.RegisterReport(request_id=t.vtn.new_id(), ven_id=t.vtn.ven_id)
    answered = await asks(t, metadata)
    t.expect(TAKES_METADATA, answered is not None, "no oadrRegisteredReport", answered)


@ven_case("N1_0025", "registration with a given venID", rules=(402,), last=True)
async def given_ven_id(t: VenTest) -> None:
    """A VEN that has been given its venID beforehand registers with it.

    1. The venID is entered at the VEN.
    2. The VEN sends oadrCreatePartyRegistration with that venID and without registrationID.
    """
    since = len(t.tape)
    await t.do(UseVenId(ven_id=t.vtn.ven_id))
    await begin(t)
    found = needed(await hears(t, NEW, since), f"no {NEW}")
    given = text(found.asked.element, "ei:venID")
    t.expect(BRINGS_VEN_ID, given == t.vtn.ven_id, f"venID {given!r}", found)


@ven_case("N1_0030", "cancellation by the VEN", rules=(401, 405, 407), last=True)
async def cancelled_by_ven(t: VenTest) -> None:
    """A VEN ends its registration, and registers again later.

    1. The VEN sends oadrCancelPartyRegistration with its registrationID and venID.
    2. The VTN confirms it; the VEN sends nothing that belongs to a registration.
    3. The VEN registers, without its registrationID, and introduces itself as a new one.
    """
    await settled(t)
    since = len(t.tape)
    await t.do(CancelRegistration())
    found = await hears(t, "oadrCancelPartyRegistration", since)
    if not t.expect(CANCELS, found is not None, "no oadrCancelPartyRegistration"):
        return
    await comes_back(t, since, alone=1)


@ven_case("N1_0040", "cancellation by the VTN", rules=(401, 405, 407, 508), last=True)
async def cancelled_by_vtn(t: VenTest) -> None:
    """The VTN ends the registration of a VEN, which may come back.

    1. The VTN sends oadrCancelPartyRegistration.
    2. The VEN answers with oadrCanceledPartyRegistration, and polls no more.
    3. The VEN registers again, after a while or because somebody has it do so.
    """
    await settled(t)
    since = len(t.tape)
    found = await cancelling(t)
    name = "no oadrCanceledPartyRegistration" if found is None else f"code {code_said(found)}"
    t.expect(CONFIRMS, code_said(found) == "200", name, found)
    t.vtn.forget()
    await comes_back(t, since)


@ven_case("N1_0050", "re-registration as the VTN asks", rules=(402,))
async def reregistration(t: VenTest) -> None:
    """The VTN asks a VEN to register again.

    1. The VTN sends oadrRequestReregistration.
    2. The VEN answers with oadrResponse.
    3. The VEN sends oadrCreatePartyRegistration with its registrationID and venID.
    """
    await settled(t)
    registration_id, since = t.vtn.registration_id, len(t.tape)
    answered = await asks(t, m.RequestReregistration(ven_id=t.vtn.ven_id))
    t.expect(
        ANSWERS_REQUEST, code_said(answered) == "200", f"code {code_said(answered)!r}", answered
    )
    found = await hears(t, NEW, since)
    element = None if found is None else found.asked.element
    given = text(element, "ei:registrationID"), text(element, "ei:venID")
    seen = f"registrationID {given[0]!r}, venID {given[1]!r}" if found else f"no {NEW}"
    t.expect(REREGISTERS, given == (registration_id, t.vtn.ven_id), seen, found)


@ven_case("N1_0060", "new registration while registered", rules=(301, 309, 405, 406))
async def registration_anew(t: VenTest) -> None:
    """A registered VEN registers anew, without its identifiers, and begins at the beginning.

    1. The VEN sends oadrCreatePartyRegistration without registrationID.
    2. The VEN sends its metadata, and asks for its events.
    """
    await settled(t)
    since = len(t.tape)
    await t.do(Register())
    found = needed(await hears(t, NEW, since), f"no {NEW}")
    given = text(found.asked.element, "ei:registrationID")
    t.expect(AFRESH, not given, f"registrationID {given!r}", found)
    await introduced(t, since)


@ven_case("N1_0070", "cancellation of a wrong registration", rules=(21, 400))
async def wrong_cancellation(t: VenTest) -> None:
    """The VTN cancels a registration that is not that of the VEN.

    1. The VTN sends oadrCancelPartyRegistration with another registrationID; the VEN refuses.
    2. The VTN sends it with another venID; the VEN refuses.
    3. The VTN sends an event; the VEN is registered all the same, and answers.
    """
    await settled(t)
    ids = t.vtn.registration_id, t.vtn.ven_id
    for registration_id, ven_id in (("no-such-one", ids[1]), (ids[0], "no-such-one")):
        found = await cancelling(t, registration_id, ven_id)
        code = code_said(found) or "no answer"
        t.expect(WRONG_IS_REFUSED, code == "452", code, found)
    if t.report_only:
        return
    event = soon(t)
    since = await say(t, event)
    expect_taken(t, STAYS, await answer(t, event, since))


@ven_case("N1_0080", "traffic while not registered", rules=(401, 405), last=True)
async def while_unregistered(t: VenTest) -> None:
    """A VEN whose registration has ended does not take part, until it registers again.

    1. The VTN cancels the registration, and refuses new ones with 463.
    2. The VTN pushes an event, if it pushes; the VEN says nothing or 463.
    3. The VEN sends nothing but registrations.
    """
    await settled(t)
    t.need(await cancelling(t), "the VEN does not confirm the cancellation")
    address, report_only, since = t.vtn.registration, t.report_only, len(t.tape)
    t.vtn.forget()
    t.vtn.replies[NEW] = lambda message: refused(t, message)
    event = soon(t)
    if t.push and not report_only:
        # It is not registered, and still listens.
        t.vtn.registration = address
        await say(t, event)
        t.vtn.registration = None
    await t.wait(2)
    later = t.tape.recorded[since:]
    said = [one for each in later for one in answers_to(each, event.event_id, 0)]
    answers = [one.at for one in said if one.code != "463"]
    replies = [one for one in later if one.answered is not None and one.asked_by is Side.VTN]
    odd = answers + [one for one in replies if code_of(one.answered) != "463"]
    t.expect(IGNORES, not odd, odd[0].title if odd else "", odd[0] if odd else None)
    del t.vtn.replies[NEW]


async def begin(t: VenTest) -> None:
    """Has the VEN register as a new one, by itself rather than as it is told to."""
    since = len(t.tape)
    if t.vtn.registration_id:
        t.need(await cancelling(t), "the VEN does not confirm a cancellation")
        t.vtn.forget()
        if await hears(t, NEW, since) is not None:
            return
    await t.do(Start())


async def introduced(t: VenTest, since: int) -> None:
    """Demands what follows upon a new registration (R309, R405)."""
    offered = await hears(t, "oadrRegisterReport", since)
    t.expect(OFFERS_FIRST, offered is not None, "no oadrRegisterReport")
    if t.report_only:
        return
    asked = await hears(t, "oadrRequestEvent", since)
    t.expect(ASKS_FOR_EVENTS, asked is not None, "no oadrRequestEvent")


async def cancelling(t: VenTest, registration_id: str = "", ven_id: str = "") -> Recorded | None:
    """Cancels a registration, and returns the answer; None if none comes."""
    message = m.CancelPartyRegistration(
        request_id=t.vtn.new_id(),
        registration_id=registration_id or t.vtn.registration_id,
        ven_id=ven_id or t.vtn.ven_id,
    )
    return await asks(t, message)


async def comes_back(t: VenTest, since: int, *, alone: float = 3) -> None:
    """Demands that a VEN registers that is not registered any more.

    Args:
        t: the case.
        since: how many exchanges of the tape not to look at.
        alone: in how many short whiles it might do so by itself.
    """
    found = await hears(t, NEW, since, alone)
    if found is None:
        try:
            await t.do(Register())
        except Skipped:
            # It may take its time, and come by itself all the same.
            await t.do(Start())
        found = await hears(t, NEW, since)
    if t.expect(REGISTERS_AGAIN, found is not None, f"no {NEW}"):
        offered = await hears(t, "oadrRegisterReport", since)
        t.expect(FORGETS, offered is not None, "no oadrRegisterReport")


def refused(t: VenTest, message: m.Message) -> m.Message:
    """Returns the reply to a registration that is not wanted."""
    reply = t.vtn.created(message, known=False)
    if t.vtn.registration_id:
        # R406: who registers anew gives up what was.
        t.vtn.forget()
    response = m.EiResponse(
        code=463, description="not admitted", request_id=reply.response.request_id
    )
    return m.CreatedPartyRegistration(
        response=response, vtn_id=reply.vtn_id, profiles=reply.profiles
    )


def code_said(found: Recorded | None) -> str:
    """Returns the code that a VEN answered with: in a request of its own, or in a reply."""
    if found is None:
        return ""
    return code_of(found.asked if found.asked_by is Side.VEN else found.answered)
