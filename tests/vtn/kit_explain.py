"""A VTN within the process, and what it explains of its VENs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from vtn import upkeep
from vtn.audience import Audience
from vtn.config import Settings
from vtn.explain import Explanation, Finding, Overview, explain, explain_ven
from vtn.testing import JoinedWorld, Peer, fingerprint_of, joined

#: No reports are asked for, so that nothing but events waits.
QUIET: dict[str, dict[str, list[object]]] = {"reports": {"request": []}}
SCHOOLS = Audience(groups=frozenset({"schools"}))
EVENT = "e-1"


@asynccontextmanager
async def a_school(
    *, join: bool = True, push: bool = False
) -> AsyncIterator[tuple[JoinedWorld, Peer]]:
    """A VTN with one VEN of the group schools, which has a certificate."""
    async with joined(QUIET) as world:
        peer = await enrolled(world, "school-9", groups=("schools",), push=push)
        if join:
            await peer.join()
            await world.rest()
        yield world, peer


async def enrolled(
    world: JoinedWorld, name: str, *, groups: Sequence[str] = (), push: bool = False
) -> Peer:
    """One more VEN that is enrolled, and has not registered."""
    fingerprint = fingerprint_of(name)
    await world.operator.enrol(name, now=world.clock.now(), fingerprint=fingerprint, groups=groups)
    return world.peer(name, fingerprint=fingerprint, push=push)


def secure(world: JoinedWorld) -> Settings:
    """The configuration of the VTN, as if it listened with TLS."""
    settings = world.server.settings
    return replace(settings, http=replace(settings.http, plain=False))


async def explained(
    world: JoinedWorld, event_id: str = EVENT, *, ven: str = "school-9"
) -> Explanation:
    """What the VTN explains about an event at a VEN."""
    await upkeep.flush(world.desk)
    now = world.clock.now()
    return await explain(world.store, secure(world), ven=ven, event_id=event_id, now=now)


async def overview(world: JoinedWorld, *, ven: str = "school-9") -> Overview:
    """What the VTN explains about a VEN."""
    await upkeep.flush(world.desk)
    return await explain_ven(world.store, secure(world), ven=ven, now=world.clock.now())


def row(found: Explanation, name: str) -> Finding:
    """The row of that name."""
    (one,) = [one for one in found.findings if one.name == name]
    return one
