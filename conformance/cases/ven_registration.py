"""Registration, with a VEN under test."""

from conformance.actions import Start
from conformance.case import VenTest, ven_case
from conformance.demands import demand

COMES = demand(401, "registers_on_start", "A VEN that is not registered registers when it starts.")
OFFERS_FIRST = demand(
    309, "metadata_after_registration", "A VEN sends its metadata after its first registration."
)
ASKS_FOR_EVENTS = demand(
    405, "asks_for_events", "A VEN asks for its events after a new registration."
)


@ven_case("N1_0020", "bootstrap", rules=(301, 309, 401, 405))
async def bootstrap(t: VenTest) -> None:
    """A VEN comes for the first time.

    1. The VEN sends oadrCreatePartyRegistration, and is registered.
    2. The VEN sends its metadata.
    3. The VEN asks for its events.
    """
    await t.do(Start())
    found = await t.vtn.hear("oadrCreatePartyRegistration")
    if not t.expect(COMES, found is not None, "no oadrCreatePartyRegistration"):
        return
    offered = await t.vtn.hear("oadrRegisterReport")
    t.expect(OFFERS_FIRST, offered is not None, "no oadrRegisterReport")
    asked = await t.vtn.hear("oadrRequestEvent")
    t.expect(ASKS_FOR_EVENTS, asked is not None, "no oadrRequestEvent")
