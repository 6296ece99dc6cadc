"""Identifiers and transport, with a VEN under test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conformance.actions import Register, Start
from conformance.case import Skipped, Suite, VenTest, ven_case
from conformance.cases.answering import (
    again,
    answer,
    asks,
    expect_refused,
    expect_taken,
    hears,
    needed,
    say,
    settled,
    soon,
)
from conformance.cases.ven_registration import NEW, code_said
from conformance.checks import Side
from conformance.demands import Demand, demand
from oadr import messages as m

ODD_IDS = demand(
    42,
    "odd_request_ids",
    "An event is taken whatever the requestID looks like that it comes with.",
)
OTHER_VTN = demand(21, "refuses_other_vtn", "Events of another VTN are refused: 452.")
OWN_VTN = demand(
    21, "takes_own_vtn", "Events of the VTN of the registration are taken, whatever its vtnID."
)
VTN_CASE = demand(
    512, "vtn_id_case", "A vtnID in other letters, capital or small, is that of another VTN: 452."
)
OTHER_VEN = demand(400, "refuses_other_ven", "A message for another venID is refused: 452.")
VEN_CASE = demand(
    512, "ven_id_case", "A venID in other letters, capital or small, is another's: 452."
)
ACCEPT = demand("HTTP", "accept", "The header Accept, if it is sent, says application/xml.")
METHOD = demand("HTTP", "refuses_method", "Another method than POST is refused: HTTP 501.")
TYPE = demand("HTTP", "refuses_type", "A push of another content type is refused: HTTP 406.")
ODD_NAMES = demand(
    512, "odd_identifiers", "A venID and an eventID that look like numbers stay as they are."
)
INVALID = demand("HTTP", "refuses_invalid", "What is pushed and is not valid is refused: HTTP 406.")
#: What looks like a number or needs care in XML, and is text all the same.
ODD = ("0042", "1.10", "true", "Tom & Co", "<a>")


@ven_case("K1_0042A", "odd requestIDs", rules=(41, 42, 303), suite=Suite.GENERAL)
async def odd_request_ids(t: VenTest) -> None:
    """A requestID is any text, and comes back as it was.

    1. The VTN distributes an event again and again, with requestIDs that look like numbers or
       hold characters that XML writes in another way.
    2. The VEN answers each time, with the requestID unchanged.
    """
    await settled(t)
    event = soon(t)
    for request_id in ODD:
        since = await say(t, event, request_id=request_id)
        if not expect_taken(t, ODD_IDS, await answer(t, event, since)):
            return


@ven_case("K1_0021A", "events of another VTN", rules=(21,), suite=Suite.GENERAL)
async def other_vtn(t: VenTest) -> None:
    """Somebody else than its VTN sends events to a VEN.

    1. The VTN distributes an event with another vtnID.
    2. The VEN refuses: 452.
    """
    await refuses_vtn(t, "somebody-else", OTHER_VTN)


@ven_case("K1_0021B", "messages for another VEN", rules=(21, 400, 512), suite=Suite.GENERAL)
async def other_ven(t: VenTest) -> None:
    """A message comes that is for another VEN.

    1. The VTN sends oadrRequestReregistration with another venID.
    2. The VEN refuses: 452.
    3. The VTN sends it with the venID in other letters; the VEN refuses.
    """
    await settled(t)
    turned = t.vtn.ven_id.swapcase()
    for ven_id, wanted in (("somebody-else", OTHER_VEN), (turned, VEN_CASE)):
        if ven_id == t.vtn.ven_id:
            continue
        found = await asks(t, m.RequestReregistration(ven_id=ven_id))
        code = code_said(found) or "no answer"
        t.expect(wanted, code == "452", f"{code} for {ven_id!r}, which is not it", found)


@ven_case("K1_0512A", "vtnID in small letters", rules=(21, 512), suite=Suite.GENERAL)
async def small_vtn_id(t: VenTest) -> None:
    """A VTN may be called anything.

    1. The VEN registers with a VTN whose vtnID is ``myvtn``.
    2. The VTN distributes an event, and the VEN takes it.
    """
    await takes_vtn(t, "myvtn")


@ven_case("K1_0512B", "vtnID of digits", rules=(21, 512), suite=Suite.GENERAL)
async def numeric_vtn_id(t: VenTest) -> None:
    """A vtnID may look like a number.

    1. The VEN registers with a VTN whose vtnID is ``0042``.
    2. The VTN distributes an event, and the VEN takes it.
    """
    await takes_vtn(t, "0042")


@ven_case("K1_0512C", "vtnID in other letters", rules=(21, 512), suite=Suite.GENERAL)
async def turned_vtn_id(t: VenTest) -> None:
    """Capital and small letters are not the same in a vtnID.

    1. The VTN distributes an event with its vtnID, capital letters made small and vice versa.
    2. The VEN refuses: 452.
    """
    turned = t.vtn.vtn_id.swapcase()
    if turned == t.vtn.vtn_id:
        raise Skipped("the vtnID of the kit has no letters")
    await refuses_vtn(t, turned, VTN_CASE)


@ven_case("K1_0512D", "identifiers of digits", rules=(21, 512), suite=Suite.GENERAL)
async def odd_identifiers(t: VenTest) -> None:
    """Identifiers are text, also if they look like numbers.

    1. The VEN registers, and is given the venID ``0042``.
    2. The VTN distributes an event with an eventID of digits, ``00`` in front.
    3. The VEN takes it, and calls itself and the event so.
    """
    before, t.vtn.ven_id = t.vtn.ven_id, "0042"
    try:
        await anew(t)
        # Never used before, as digits go.
        event = soon(t, event_id=f"00{t.vtn.now():%m%d%H%M%S}")
        since = await say(t, event)
        expect_taken(t, ODD_NAMES, await answer(t, event, since))
    finally:
        t.vtn.ven_id = before
        if not t.device.fresh:
            await anew(t)


@ven_case("K1_0053A", "headers of requests", rules=(53,), suite=Suite.GENERAL)
async def headers(t: VenTest) -> None:
    """The requests of a VEN have the headers of the profile.

    1. The VEN registers, or registers again, and says what else there is to say.
    """
    if t.vtn.registration_id:
        needed(await again(t), f"no {NEW}")
    await settled(t)
    for one in t.tape.recorded:
        accept = one.request_headers.get("accept", "")
        if one.asked_by is Side.VEN and accept:
            ok = accept.partition(";")[0].strip().lower() == "application/xml"
            if not t.expect(ACCEPT, ok, f"Accept: {accept}", one):
                return


@ven_case("K1_0053B", "invalid pushes", rules=(51, 53), suite=Suite.GENERAL, pull=False)
async def invalid_pushes(t: VenTest) -> None:
    """A VEN survives pushes that are no messages; what answers polls is in K1_0500B.

    1. The VTN pushes something that is no XML; HTTP 406.
    2. The VTN pushes an event without its vtnID, which the schema does not allow; HTTP 406.
    3. The VTN pushes an event as text/plain; HTTP 406.
    4. The VTN sends it with PUT; HTTP 501.
    5. The VTN pushes the event as it should be, and the VEN takes it.
    """
    await settled(t)
    event = soon(t)
    t.vtn.events[event.event_id] = event
    wrong = t.vtn.written(t.vtn.snapshot(response=False))
    for body in (b"It works!", wrong.replace(b"ei:vtnID", b"ei:venID", 2)):
        found = await t.vtn.pushed(body)
        t.expect(INVALID, found.status == 406, f"HTTP {found.status or found.problem}", found)
    message = t.vtn.snapshot(response=False)
    found = await t.vtn.pushed(message, headers={"Content-Type": "text/plain"})
    t.expect(TYPE, found.status == 406, f"HTTP {found.status or found.problem}", found)
    found = await t.vtn.pushed(message, method="PUT")
    t.expect(METHOD, found.status == 501, f"HTTP {found.status or found.problem}", found)
    since = await say(t)
    expect_taken(t, OWN_VTN, await answer(t, event, since))


async def refuses_vtn(t: VenTest, vtn_id: str, wanted: Demand) -> None:
    """Demands that events with a vtnID that is not that of the VTN are refused."""
    await settled(t)
    event = soon(t)
    since = await say(t, event, vtn_id=vtn_id)
    expect_refused(t, wanted, await answer(t, event, since), 452)


async def takes_vtn(t: VenTest, vtn_id: str) -> None:
    """Demands that events of a VTN with that vtnID are taken."""
    async with called(t, vtn_id):
        event = soon(t)
        since = await say(t, event)
        expect_taken(t, OWN_VTN, await answer(t, event, since))


@asynccontextmanager
async def called(t: VenTest, vtn_id: str) -> AsyncIterator[None]:
    """Has the VTN called otherwise for a while, and the VEN registered there."""
    before, t.vtn.vtn_id = t.vtn.vtn_id, vtn_id
    try:
        await anew(t)
        yield
    finally:
        t.vtn.vtn_id = before
        if not t.device.fresh:
            await again(t)


async def anew(t: VenTest) -> None:
    """Has the VEN register as a new one."""
    since = len(t.tape)
    await t.do(Register() if t.vtn.registration_id else Start())
    needed(await hears(t, NEW, since), f"no {NEW}")
    await settled(t)
