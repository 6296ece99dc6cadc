"""What a VTN does between messages: notice changes, write down sightings, tidy up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from runtime.tasks import Tasks
from vtn import expiry, pulse
from vtn.desk import Caller, Desk
from vtn.roster import Member
from vtn.services import offering, pending, serving
from vtn.store import StorageError, delivery, outbox, party, push, refusal, repair
from vtn.store import pending as pending_rows

log = logging.getLogger("openadr.vtn.upkeep")

#: Real seconds between looks for what another process has changed.
WATCH = 0.5
#: Real seconds between writing down when VENs were last seen.
FLUSH = 5.0
#: Real seconds between closing what is over.
TIDY = 30.0
#: Real seconds between looks for reports of this VTN that are due.
SERVE = 1.0
#: How long messages that were answered, and refusals, are kept for whoever looks into them.
KEPT = timedelta(days=30)


def start(desk: Desk, tasks: Tasks) -> None:
    """Starts the work in the background.

    Args:
        desk: the VTN.
        tasks: where it runs, until it is cancelled.
    """
    pulse.warn_of_another(desk.store)
    pulse.beat(desk.store)
    certificates = expiry.Watch()
    certificates.look_at_own(desk.settings)
    for name, work, pause in (
        ("watch for changes", watch, WATCH),
        ("write down sightings", flush, FLUSH),
        ("look for silent VENs", silent, FLUSH),
        ("close what is over", tidy, TIDY),
        ("send reports", serving.serve, SERVE),
        ("ask again for reports", pending.overdue, TIDY),
        ("see what is on offer", offering.renew, TIDY),
        ("write down certificates", learn, FLUSH),
        ("look what expires", certificates.look, FLUSH),
        ("say that the VTN runs", _beat, FLUSH),
    ):
        tasks.start(_repeat(desk, work, pause, name), name=name)


async def _repeat(
    desk: Desk, work: Callable[[Desk], Awaitable[None]], pause: float, name: str
) -> None:
    said = ""
    while True:
        await asyncio.sleep(pause)
        try:
            await work(desk)
            said = ""
        except StorageError as error:
            # A full disk or a long lock passes; the next round tries again. It is said once, or
            # the log would fill the disk.
            if str(error) != said:
                log.error("cannot %s: %s", name, error)
            said = str(error)
        except Exception:
            # A fault in one round must not end the work for as long as the VTN runs.
            log.exception("fault in the work to %s", name)


async def _beat(desk: Desk) -> None:
    pulse.beat(desk.store)


async def watch(desk: Desk) -> None:
    """Takes over what another process has written, or an exchange that broke off then."""
    if await desk.store.changed_elsewhere():
        desk.behind = True
    if not desk.behind:
        return
    # Cleared first: an exchange may break off while we read.
    desk.behind = False
    try:
        for pk in await desk.roster.refresh(desk.store):
            desk.points.pop(pk, None)
    except BaseException:
        desk.behind = True
        raise


async def flush(desk: Desk) -> None:
    """Writes down when VENs were last seen, how push went, and what failed, in one batch."""
    if not (desk.sightings or desk.pushes or desk.refusals or desk.knocks or desk.repairs):
        return
    sightings, desk.sightings = desk.sightings, {}
    pushes, desk.pushes = desk.pushes, {}
    refusals = desk.refusals.take()
    knocks = desk.knocks.take()
    repairs = desk.repairs.take()
    try:
        async with desk.store.begin() as tx:
            await party.touch(tx, last_seen=sightings)
            await push.note(tx, rows=pushes.values())
            await refusal.note(tx, rows=refusals)
            await pending_rows.note(tx, rows=knocks)
            await repair.note(tx, rows=repairs)
    except StorageError:
        desk.sightings = sightings | desk.sightings
        desk.pushes = pushes | desk.pushes
        desk.refusals.give_back(refusals)
        desk.knocks.give_back(knocks)
        desk.repairs.give_back(repairs)
        raise


async def learn(desk: Desk) -> None:
    """Writes down what the certificates say that VENs have shown for the first time."""
    await desk.shown.write(desk.store)


async def silent(desk: Desk) -> None:
    """Tells the handlers of VENs that have missed their polls.

    VENs that are pushed to owe none; ``vtn.dispatch.push`` finds out whether they are there.
    """
    now = desk.clock.now()
    usual = patience(desk, desk.settings.registration.poll_interval)
    for member in desk.roster:
        if not member.online or member.last_seen is None or member.push_address is not None:
            continue
        own = member.poll_interval
        if now - member.last_seen > (usual if own is None else patience(desk, own)):
            offline(desk, member)


def patience(desk: Desk, interval: timedelta) -> timedelta:
    """Returns how long a VEN may be silent that polls at this interval."""
    # Half an interval of grace, for the jitter that VENs are told to add.
    allowed = interval * desk.settings.registration.offline_after + interval / 2
    return max(allowed, timedelta(seconds=1))


def offline(desk: Desk, member: Member) -> None:
    """Takes note that a VEN is not there any more, and tells the handlers."""
    member.online = False
    seen = f"{member.last_seen:%Y-%m-%d %H:%M:%S} UTC" if member.last_seen else "the beginning"
    log.info("offline since %s", seen, extra={"ven": member.ven_name})
    if desk.hooks.has("on_ven_offline"):
        caller = Caller(member=member, fingerprint="", secure=False, received_at=desk.clock.now())
        # Not awaited here: a handler that hangs must not hold up those of other VENs.
        desk.tasks.start(
            desk.hooks.notify("on_ven_offline", caller.context(desk)), name="on_ven_offline"
        )


async def tidy(desk: Desk) -> None:
    """Closes the deliveries of events that are over (R66), and forgets old messages."""
    now = desk.clock.now()
    async with desk.store.begin() as tx:
        await delivery.retire(tx, now=now)
        await outbox.prune(tx, before=now - KEPT)
        await refusal.prune(tx, before=now - KEPT)
