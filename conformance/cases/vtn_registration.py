"""Registration, with a VTN under test."""

from datetime import timedelta

from conformance.actions import CancelRegistration, RequestReregistration
from conformance.case import VtnTest, vtn_case
from conformance.cases.of_ven import (
    answer_of,
    of_each_kind,
    received,
    refused,
    taken,
    unanswered,
)
from conformance.checks.exchange import code_of
from conformance.checks.xml import duration, text
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.offers import OFFERS
from oadr import messages as m

QUERY_ANSWERED = demand(
    401, "query_answered", "A VTN answers oadrQueryRegistration with oadrCreatedPartyRegistration."
)
REGISTERED = demand(
    403, "registers", "A VTN registers a VEN that it admits, and gives it venID and registrationID."
)
METADATA_FIRST = demand(
    405, "metadata_first", "A VTN sends its metadata in answer to the first poll, or pushes it."
)
POLL_INTERVAL = demand(
    403, "poll_interval", "A VEN that polls is told an interval longer than zero, each time."
)
CANCELS = demand(
    407, "cancels", "A VTN ends a registration when its VEN cancels it, and says so with 200."
)
FORGETS = demand(
    407, "forgets", "A VEN whose registration was cancelled is refused, or not answered."
)
COMES_BACK = demand(401, "comes_back", "A VEN that has cancelled may register again.")
SENDS_CANCELLATION = demand(
    407, "sends_cancellation", "A VTN that cancels a registration tells the VEN so."
)
CANCELS_RIGHT_ONE = demand(
    407, "cancels_right_one", "A VTN names the registrationID that it has given the VEN."
)
TAKES_CONFIRMATION = demand(
    407, "takes_confirmation", "A VTN takes oadrCanceledPartyRegistration for its cancellation."
)
ASKS_AGAIN = demand(
    401, "asks_again", "A VTN that wants a VEN to register again sends oadrRequestReregistration."
)
REREGISTERS = demand(403, "reregisters", "A VTN takes the same registration once more, with 200.")
STARTS_AFRESH = demand(
    406, "starts_afresh", "After a new registration without IDs a VTN begins with its metadata."
)
WRONG_ID = demand(
    400, "wrong_id_refused", "A VTN refuses a registrationID that it has not given with 452."
)
NOTHING_ERASED = demand(
    400, "nothing_erased", "A wrong registrationID erases nothing: the VEN is still registered."
)
UNREGISTERED = demand(
    517,
    "unregistered_463",
    "A VEN that is not registered is refused with 463 in the fitting message, or not answered;"
    " without TLS 452 is as good, as nothing but its venID tells who it is.",
)


async def refused_afterwards(t: VtnTest, ven_id: str) -> None:
    """Looks whether a VEN is unknown after the end of its registration."""
    asked = await t.ven.send(m.RequestEvent(request_id=t.ven.new_id(), ven_id=ven_id))
    t.expect(FORGETS, refused(asked) or unanswered(asked), answer_of(asked), asked)


async def first_metadata(t: VtnTest) -> tuple[bool, str, Recorded | None]:
    """Returns whether the VTN begins with its metadata, and what else came.

    The VEN that is pushed to sends its own at once: a VTN may wait for them.
    """
    if t.push:
        await t.ven.introduce(OFFERS)
        pushed = await received(t, "oadrRegisterReport")
        return pushed is not None, "no oadrRegisterReport", None
    first = await t.ven.poll()
    name = first.answered.name if first.answered is not None else first.title
    return name == "oadrRegisterReport", name, first


@vtn_case("N1_0010", "query before registration", rules=(401, 404))
async def query_before_registration(t: VtnTest) -> None:
    """A VEN that is not registered asks what the VTN supports.

    1. The VEN sends oadrQueryRegistration.
    2. The VTN answers with its profiles and transports, and without identifiers of the VEN.
    """
    await t.unregistered()
    asked = await t.ven.query()
    name = asked.answered.name if asked.answered is not None else asked.title
    t.expect(QUERY_ANSWERED, name == "oadrCreatedPartyRegistration", name, asked)


@vtn_case("N1_0015", "poll interval", rules=(403,), push=False)
async def poll_interval(t: VtnTest) -> None:
    """A VEN that polls learns how often; one that is pushed to has nothing to poll for.

    1. The VEN registers.
    2. The VTN says how often to poll.
    3. The VEN registers once more, with its identifiers.
    4. The VTN says it again.
    """
    await t.unregistered()
    first = await t.ven.register()
    t.need(t.ven.registered, "the VTN does not register the VEN")
    for registered in (first, await t.ven.reregister()):
        answered = registered.answered
        element = None if answered is None else answered.element
        asked = duration(element, "oadr:oadrRequestedOadrPollFreq/xcal:duration")
        seen = "none of a certain length" if asked is None else f"{asked.total_seconds():g} s"
        t.expect(POLL_INTERVAL, (asked or timedelta(0)) > timedelta(0), seen, registered)


@vtn_case("N1_0020", "bootstrap", rules=(301, 309, 403, 405))
async def bootstrap(t: VtnTest) -> None:
    """A VEN comes for the first time.

    1. The VEN sends oadrCreatePartyRegistration.
    2. The VTN registers it, and says how often to poll.
    3. The VTN sends its metadata: in answer to the first poll; by push, before or after those
       of the VEN.
    4. The VEN sends its own metadata, and asks for its events.
    """
    await t.unregistered()
    registered = await t.ven.register()
    answered = registered.answered
    element = None if answered is None else answered.element
    ok = code_of(answered) == "200" and text(element, "ei:registrationID")
    t.expect(REGISTERED, bool(ok), registered.title, registered)
    t.need(t.ven.registered, "the VTN does not register the VEN")
    t.expect(METADATA_FIRST, *await first_metadata(t))
    if not t.push:
        await t.ven.introduce(OFFERS)
    await t.ven.request_event()


@vtn_case("N1_0030", "the VEN cancels", rules=(401, 407))
async def ven_cancels(t: VtnTest) -> None:
    """A VEN ends its registration, and comes back.

    1. The registered VEN sends oadrCancelPartyRegistration.
    2. The VTN answers oadrCanceledPartyRegistration with 200.
    3. The VEN asks for events under its old venID, and is refused.
    4. The VEN registers anew.
    """
    await t.joined()
    ven_id = t.ven.ven_id
    cancelled = await t.ven.cancel_registration()
    t.expect(CANCELS, taken(cancelled), answer_of(cancelled), cancelled)
    t.ven.forget()
    await refused_afterwards(t, ven_id)
    again = await t.ven.register()
    t.expect(COMES_BACK, t.ven.registered, answer_of(again), again)


@vtn_case("N1_0040", "the VTN cancels", rules=(400, 407))
async def vtn_cancels(t: VtnTest) -> None:
    """A VTN ends a registration.

    1. The operator has the VTN cancel the registration of the VEN.
    2. The VTN sends oadrCancelPartyRegistration with the registrationID that it has given.
    3. The VEN answers oadrCanceledPartyRegistration, and the VTN takes that.
    4. The VEN asks for events under its old venID, and is refused.
    """
    await t.joined()
    ven_id, registration_id = t.ven.ven_id, t.ven.registration_id
    await t.do(CancelRegistration())
    told = await received(t, "oadrCancelPartyRegistration")
    t.expect(SENDS_CANCELLATION, told is not None, "nothing of the kind came")
    if told is None:
        return
    named = text(told.document.element, "ei:registrationID")
    seen = f"{named!r}, given {registration_id!r}"
    t.expect(CANCELS_RIGHT_ONE, named == registration_id, seen, told.recorded)
    if told.answer is not None:
        t.expect(TAKES_CONFIRMATION, taken(told.answer), answer_of(told.answer), told.answer)
    else:
        # The answer was the reply to the push, and the VTN has yet to read it.
        await t.wait()
    await refused_afterwards(t, ven_id)


@vtn_case("N1_0050", "the VTN wants another registration", rules=(401, 403, 406))
async def vtn_wants_reregistration(t: VtnTest) -> None:
    """A VTN has a VEN register once more.

    1. The operator has the VTN ask the VEN to register again.
    2. The VTN sends oadrRequestReregistration; the VEN answers oadrResponse.
    3. The VEN registers with the identifiers that it has, and keeps them.
    """
    await t.joined()
    await t.do(RequestReregistration())
    told = await received(t, "oadrRequestReregistration")
    t.expect(ASKS_AGAIN, told is not None, "nothing of the kind came")
    again = await t.ven.reregister()
    t.expect(REREGISTERS, taken(again), answer_of(again), again)


@vtn_case("N1_0060", "new registration of a registered VEN", rules=(405, 406))
async def new_registration(t: VtnTest) -> None:
    """A VEN that has lost its memory registers as if it were new.

    1. The VEN is registered, and nothing waits for it.
    2. The VEN registers without registrationID and venID.
    3. The VTN starts afresh: it sends its metadata as to a new VEN.
    """
    await t.joined()
    if t.push:
        # What follows must not be taken for the metadata of the first registration.
        await received(t, "oadrRegisterReport")
    again = await t.ven.register()
    t.expect(REGISTERED, taken(again), answer_of(again), again)
    t.expect(STARTS_AFRESH, *await first_metadata(t))


@vtn_case("N1_0070", "wrong registrationID", rules=(400, 407))
async def wrong_registration_id(t: VtnTest) -> None:
    """A VEN names a registration that is not its own, and nothing comes of it.

    1. The registered VEN cancels with a wrong registrationID; the VTN refuses with 452.
    2. The VEN registers once more with a wrong registrationID; the VTN refuses with 452.
    3. The VEN asks for its events, and is served.
    """
    await t.joined()
    wrong = f"no-{t.ven.registration_id}"
    cancelled = await t.ven.cancel_registration(wrong)
    t.expect(WRONG_ID, refused(cancelled, "452"), answer_of(cancelled), cancelled)
    ids = {"registration_id": wrong, "ven_id": t.ven.ven_id}
    registered = await t.ven.send(t.ven.registration(**ids))
    t.expect(WRONG_ID, refused(registered, "452"), answer_of(registered), registered)
    asked = await t.ven.request_event()
    t.expect(NOTHING_ERASED, taken(asked), answer_of(asked), asked)


@vtn_case("N1_0080", "traffic without registration", rules=(405, 517))
async def unregistered_traffic(t: VtnTest) -> None:
    """A VEN goes on after its registration has ended.

    1. The VEN registers, and cancels its registration.
    2. The VEN sends one message of each kind under its old venID.
    3. The VTN refuses each with 463 in the fitting message (without TLS with 452 as well), or
       does not answer; a poll may be answered with oadrRequestReregistration.
    """
    await t.joined()
    ven_id = t.ven.ven_id
    await t.ven.cancel_registration()
    t.ven.forget()
    codes = ("463",) if t.ven.identity.client_tls is not None else ("463", "452")
    for message in of_each_kind(t, ven_id):
        sent = await t.ven.send(message)
        led_back = sent.title == "oadrPoll: oadrRequestReregistration"
        fine = unanswered(sent) or led_back or refused(sent, *codes)
        t.expect(UNREGISTERED, fine, answer_of(sent), sent)
