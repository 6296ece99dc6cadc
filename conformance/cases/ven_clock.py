"""The clock of a VEN under test."""

from datetime import timedelta

from conformance.actions import OfferReports
from conformance.case import Suite, VenTest, ven_case
from conformance.cases.answering import hears, needed, settled
from conformance.checks import Severity
from conformance.demands import demand
from oadr import messages as m

OFFERS = "oadrRegisterReport"
#: The rule says "roughly"; a clock that is wrong by more acts in the wrong interval.
ROUGHLY = timedelta(minutes=5)
ROUGHLY_RIGHT = demand(
    114,
    "clock_roughly_right",
    "The clock of a VEN is right by some minutes: createdDateTime of its metadata is now.",
    Severity.WARNING,
)


@ven_case("K1_0114", "clock", rules=(114,), suite=Suite.GENERAL)
async def clock(t: VenTest) -> None:
    """The clock of a VEN is roughly right, so that it acts when it should.

    1. The VEN sends its metadata, which say when they were made.
    """
    await settled(t)
    if await hears(t, OFFERS, 0, 0) is None:
        await t.do(OfferReports())
    heard = needed(await hears(t, OFFERS, 0), "the VEN sends no metadata")
    said = t.said(heard, m.RegisterReport)
    reports = said.reports if said is not None else ()
    t.need(reports, "the VEN offers no reports, and so says no time")
    wrong = max(abs(heard.at - one.created_date_time) for one in reports)
    # What the line takes counts as well on a clock that runs faster.
    right = wrong <= ROUGHLY + t.device.unit * 4
    t.expect(ROUGHLY_RIGHT, right, f"it is wrong by {wrong}", heard)
