"""Registration, with a VTN under test."""

from conformance.case import VtnTest, vtn_case
from conformance.checks.exchange import code_of
from conformance.checks.xml import text
from conformance.demands import demand
from conformance.peers.offers import OFFERS

QUERY_ANSWERED = demand(
    401, "query_answered", "A VTN answers oadrQueryRegistration with oadrCreatedPartyRegistration."
)
REGISTERED = demand(
    403, "registers", "A VTN registers a VEN that it admits, and gives it venID and registrationID."
)
METADATA_FIRST = demand(
    405, "metadata_first", "A VTN sends its metadata in answer to the first poll, or pushes it."
)


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


@vtn_case("N1_0020", "bootstrap", rules=(301, 309, 403, 405))
async def bootstrap(t: VtnTest) -> None:
    """A VEN comes for the first time.

    1. The VEN sends oadrCreatePartyRegistration.
    2. The VTN registers it, and says how often to poll.
    3. The VTN sends its metadata: in answer to the first poll, or by push.
    4. The VEN sends its own metadata, and asks for its events.
    """
    await t.unregistered()
    registered = await t.ven.register()
    answered = registered.answered
    element = None if answered is None else answered.element
    ok = code_of(answered) == "200" and text(element, "ei:registrationID")
    t.expect(REGISTERED, bool(ok), registered.title, registered)
    t.need(t.ven.registered, "the VTN does not register the VEN")
    first = None
    if not t.push:
        first = await t.ven.poll()
        name = first.answered.name if first.answered is not None else first.title
        t.expect(METADATA_FIRST, name == "oadrRegisterReport", name, first)
    else:
        pushed = await t.ven.receive("oadrRegisterReport")
        t.expect(METADATA_FIRST, pushed is not None, "no oadrRegisterReport")
    await t.ven.introduce(OFFERS)
    await t.ven.request_event()
