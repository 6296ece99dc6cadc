"""``vtn.explain``: each reason for which a VEN does or does not see an event."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest

from oadr import codec
from oadr import messages as m
from tests.vtn import explain_stories as stories
from tests.vtn.kit_explain import EVENT, SCHOOLS, a_school, enrolled, explained, overview, row
from vtn.errors import NotFound
from vtn.explain import Explanation, Grade
from vtn.testing import JoinedWorld, Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What has happened, and what is said about it."""

    story: stories.Story
    headline: str
    grade: Grade = Grade.OK
    rows: tuple[tuple[str, str], ...] = ()


OK, WARN, FAIL = Grade.OK, Grade.WARN, Grade.FAIL
SITUATIONS = [
    Situation(
        story=stories.new,
        headline=r"school-9 will be sent this event at its next poll\.",
        rows=(
            ("enrolled", "yes, with a certificate whose end is not known"),
            ("registered", "since 00:00:00 UTC, registrationID .*, profile 2.0b"),
            ("polling", "every 10 s, last 0 s ago"),
            ("target", "group schools -> matches"),
            ("programme", "http://programme.example; school-9 takes part in any"),
            ("delivery", "made for it at 00:00:00 UTC; not sent yet; goes out at its next poll"),
        ),
    ),
    Situation(
        story=stories.sent,
        headline=r"school-9 has been sent this event once, at 00:00:00 UTC; its answer is "
        r"awaited\.",
        grade=WARN,
        rows=(
            ("delivery", ".*; sent once, last at 00:00:00 UTC; sent again from 00:00:10 UTC on"),
        ),
    ),
    Situation(
        story=stories.sent_again,
        headline=r"school-9 has been sent this event 4 times, last at 00:08:00 UTC, and has not "
        r"acknowledged it\.",
        grade=FAIL,
        rows=(("answer", "no oadrCreatedEvent has come from it since 00:08:00 UTC"),),
    ),
    Situation(
        story=stories.acknowledged,
        headline=r"school-9 has acknowledged this event at 00:00:00 UTC: optIn\.",
        rows=(("answer", "optIn at 00:00:00 UTC to modification 0"),),
    ),
    Situation(
        story=stories.opted_out,
        headline=r"school-9 has acknowledged this event at 00:00:00 UTC: optOut\.",
        rows=(("opt", "takes no part: .*the event is sent to it all the same"),),
    ),
    Situation(
        story=stories.answered_462,
        headline=r"school-9 has been sent this event and answered at 00:00:00 UTC with 462\.",
        grade=FAIL,
        rows=(("last error", r".*its oadrCreatedEvent, 462: event e-1: .*"),),
    ),
    Situation(
        story=stories.no_answer_wanted,
        headline=r"school-9 has been sent this event once, at 00:00:00 UTC; it wants no answer\.",
        rows=(("answer", "none is wanted: the event says never"),),
    ),
    Situation(
        story=stories.silent,
        headline=r"school-9 has not been sent this event: it has not polled since 00:00:00 UTC "
        r"\(1 h ago\)\.",
        grade=FAIL,
        rows=(("polling", "every 10 s, last 1 h ago: it is late"),),
    ),
    Situation(
        story=stories.never_polled,
        headline=r".* it has not polled since 00:00:00 UTC \(5 min ago\)\.",
        grade=FAIL,
    ),
    Situation(
        story=stories.modified,
        headline=r"school-9 will be sent modification 1 of this event at its next poll\. "
        r"It has modification 0\.",
        rows=(("answer", "optIn at .* to modification 0; not yet to modification 1"),),
    ),
    Situation(
        story=stories.cancelled,
        headline=r"school-9 will be sent modification 1 of this event at its next poll\. .*",
        rows=(("delivery", ".*, cancelled since 00:00:00 UTC; .*"),),
    ),
    Situation(
        story=stories.cancelled_and_taken,
        headline=r"school-9 has acknowledged at 00:00:00 UTC that this event is cancelled\.",
        rows=(("delivery", ".*; not any more"),),
    ),
    Situation(
        story=stories.over,
        headline=r"This event is over since 02:00:00 UTC; school-9 had acknowledged it at "
        r"00:00:00 UTC, optIn\.",
    ),
    Situation(
        story=stories.over_unseen,
        headline=r"This event is over since 02:00:00 UTC; school-9 had never been sent it\.",
        grade=FAIL,
    ),
    Situation(
        story=stories.unregistered,
        headline=r"school-9 cannot get this event: its registration has ended\.",
        grade=FAIL,
        rows=(("registered", "its registration has ended"),),
    ),
    Situation(
        story=stories.report_only,
        headline=r"school-9 cannot get this event: it has registered as a Report Only VEN .*",
        grade=FAIL,
        rows=(("report only", "it has registered with oadrReportOnly.*"),),
    ),
    Situation(
        story=stories.revoked,
        headline=r"school-9 cannot get this event: it is locked out\.",
        grade=FAIL,
        rows=(("enrolled", "yes, but its certificate was revoked at 00:00:00 UTC"),),
    ),
    Situation(
        story=stories.replaced,
        headline=r"school-9 cannot get this event: it has no certificate that counts\.",
        grade=FAIL,
    ),
    Situation(
        story=stories.of_others,
        headline=r"school-9 does not get this event: it is for group mills, and school-9 is in "
        r"none of these\.",
        grade=FAIL,
        rows=(("target", "group mills -> does not match; school-9 is in schools"),),
    ),
    Situation(
        story=stories.of_others_by_name,
        headline=r"school-9 does not get this event: it is for other VENs\.",
        grade=FAIL,
        rows=(("target", "names nobody: .*"),),
    ),
    Situation(
        story=stories.in_the_group_too_late,
        headline=r"school-9 does not get this event: it has come into mills only after the event "
        r"was made\.",
        grade=FAIL,
        rows=(("target", "group mills -> matches by now"),),
    ),
    Situation(
        story=stories.out_of_the_group,
        headline=r"school-9 will be sent this event at its next poll\.",
        rows=(("target", "group schools; it was in one of these .*"),),
    ),
    Situation(
        story=stories.of_a_resource,
        headline=r"school-9 does not get this event: it is for resource saw, .*",
        grade=FAIL,
        rows=(("target", "resource saw -> does not match; the resources of school-9: none"),),
    ),
    Situation(
        story=stories.in_another_programme,
        headline=r"school-9 will be sent this event at its next poll\.",
        rows=(("programme", "http://programme.example -> not one of its programmes: .*462.*"),),
    ),
    Situation(
        story=stories.behind_others,
        headline=r"school-9 will be sent this event when 1 other message that waits before it has "
        r"gone out\.",
        grade=WARN,
        rows=(("delivery", ".*; goes out after 1 message that waits before it"),),
    ),
    Situation(
        story=stories.begun,
        headline=r"school-9 has not been sent this event: .*",
        grade=FAIL,
        rows=(("start", "the event began at 01:00:00 UTC, before it could be sent"),),
    ),
    Situation(
        story=stories.wrongly_answered,
        headline=r"school-9 has been sent this event twice, .* and has not acknowledged it\.",
        grade=FAIL,
        rows=(("answer", r".*its oadrCreatedEvent was refused, 450: .*modification.* \(R48\)"),),
    ),
    Situation(
        story=stories.asks_for_one,
        headline=r"school-9 will be sent this event at its next poll\.",
        rows=(("last error", r".*its oadrRequestEvent: asked for 1 of the 2 events .* \(R27\)"),),
    ),
]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.story.__name__)
async def test_what_is_said_of_an_event_is_so(situation: Situation) -> None:
    async with a_school() as (world, peer):
        await situation.story(world, peer)
        found = await explained(world)
        assert re.fullmatch(situation.headline, found.headline), found.headline
        assert found.grade is situation.grade
        for name, words in situation.rows:
            assert re.fullmatch(words, row(found, name).words), row(found, name).words
        await check_next_poll(world, peer, found)


async def check_next_poll(world: JoinedWorld, peer: Peer, found: Explanation) -> None:
    """Checks that what is said of the next poll comes true."""
    body = await peer.raw("OadrPoll", _poll(peer))
    shot = body.message if body.status == 200 else None
    brought = isinstance(shot, m.DistributeEvent) and EVENT in [e.event_id for e in shot.events]
    assert brought == found.next_poll, (found.headline, shot)


def _poll(peer: Peer) -> bytes:
    return codec.encode(m.Poll(ven_id=peer.ven_id))


async def test_a_ven_that_never_registered_is_told_of() -> None:
    async with a_school(join=False) as (world, _):
        await stories.made(world)
        found = await explained(world)
        assert found.headline == "school-9 cannot get this event: it has never registered."
        assert row(found, "registered").grade is FAIL
        assert "oadrCreatePartyRegistration" in row(found, "registered").todo


async def test_a_group_that_would_help_is_named_with_its_command() -> None:
    async with a_school() as (world, peer):
        await stories.of_others(world, peer)
        todo = row(await explained(world), "target").todo
        assert todo == "for later events: vtn ven set school-9 --add-group mills"


async def test_a_name_of_a_peers_choosing_cannot_add_to_a_command() -> None:
    async with a_school() as (world, peer):
        await enrolled(world, "x; rm -rf /")
        await stories.of_others(world, peer)
        todo = row(await explained(world, ven="x; rm -rf /"), "target").todo
        assert todo.endswith("vtn ven set 'x; rm -rf /' --add-group mills")


async def test_a_certificate_that_ends_soon_is_to_be_renewed() -> None:
    async with a_school() as (world, _):
        await stories.made(world)
        now = world.clock.now()
        await world.operator.renew(
            "school-9",
            "NEXT",
            now=now,
            overlap=timedelta(days=2),
            not_after=now + timedelta(days=9),
        )
        enrolment = row(await explained(world), "enrolled")
        assert enrolment.grade is WARN
        assert enrolment.words.startswith(
            "yes, certificate valid for 9 days; 1 other accepted until"
        )
        # The authority of this VTN is elsewhere.
        assert enrolment.todo == (
            "oadr-certs renew school-9 where the authority is, then "
            "vtn ven renew school-9 --certificate FILE"
        )


async def test_push_that_fails_is_told_with_its_address_and_reason() -> None:
    async with a_school(push=True) as (world, peer):
        peer.ear.answer_next(*[503] * 50)
        await stories.made(world)
        await world.pass_time(minutes=1)
        found = await explained(world)
        assert found.next_poll is None
        assert "has not been reached with this event: the push of 00:0" in found.headline
        push = row(found, "push")
        assert push.grade is FAIL
        assert push.words.startswith(f"to {peer.push_address} fails")
        assert "HTTP 503" in push.words
        assert "oadrDistributeEvent that was pushed: HTTP 503" in row(found, "last error").words


async def test_push_that_succeeds_is_told_with_when() -> None:
    async with a_school(push=True) as (world, peer):
        await stories.made(world)
        await world.rest()
        assert peer.pushed
        found = await explained(world)
        assert row(found, "push").words == f"to {peer.push_address}, last at 00:00:00 UTC"
        assert found.grade is not FAIL


async def test_what_a_stranger_or_a_mistyped_name_could_mean_is_suggested() -> None:
    async with a_school() as (world, peer):
        await stories.new(world, peer)
        with pytest.raises(NotFound, match=r"did you mean school-9\? see: vtn ven list"):
            await explained(world, ven="School9")
        with pytest.raises(NotFound, match=r"no event 'e-2'; did you mean e-1\?"):
            await explained(world, "e-2")
        with pytest.raises(NotFound, match=r"there is no VEN 'qqq'; see: vtn ven list"):
            await explained(world, ven="qqq")


async def test_without_an_event_each_open_one_has_its_line() -> None:
    async with a_school() as (world, peer):
        assert (
            await overview(world)
        ).ven.headline == "school-9 is there, and no event is open for it."
        await stories.acknowledged(world, peer)
        await world.send_event(to=SCHOOLS, event_id="later", starts_in=timedelta(hours=9))
        found = await overview(world)
        assert (
            found.ven.headline
            == "school-9 is there, and nothing is in the way of its 2 open events."
        )
        assert [name for name, _ in found.events] == [EVENT, "later"]
        await world.pass_time(hours=1)
        found = await overview(world)
        assert found.ven.grade is FAIL
        assert found.ven.headline.startswith("school-9 gets no events: it has not polled since")


async def test_the_last_errors_are_told_once_each_with_rule_and_count() -> None:
    async with a_school() as (world, peer):
        for _ in range(30):
            await peer.post(m.CancelOpt(request_id="r", opt_id="none", ven_id=peer.ven_id))
            await world.pass_time(seconds=1)
        await peer.raw("EiEvent", b"<nothing/>")
        found = (await overview(world)).ven
        errors = [one.words for one in found.findings if "UTC  its" in one.words]
        assert len(errors) == 2
        assert "406" in errors[0]
        assert "its oadrCancelOpt was refused, 452" in errors[1]
        assert "30 times since 00:00:00 UTC" in errors[1]
