"""Rows for information: single steps on a poll, and how fast a VTN is up."""

import time
from collections.abc import Awaitable, Callable

from benchmarks.child import started
from benchmarks.keys import Keys
from benchmarks.kit_vtn import configure
from benchmarks.plan import Plan
from benchmarks.results import Row, Sample
from certs import KeyType

_TITLES = {
    "write": "a poll written",
    "read": "a poll read and validated",
    "sign": "a poll signed",
    "verify": "a signed poll read and verified",
}


def step(what: str, kind: KeyType, name: str) -> Callable[[Plan], Awaitable[Row]]:
    """Returns what measures a step.

    Args:
        what: one of the steps in ``_TITLES``.
        kind: of the key.
        name: of the row.
    """

    async def measure(plan: Plan) -> Row:
        keys = Keys.make(plan.folder / name, kind, vens=1)
        files = {"certificate": str(keys.vens[0].certificate), "key": str(keys.vens[0].key)}
        theirs: list[float] = []
        ours: list[float] = []
        async with (
            started("openleadr_pieces", **files) as (their_child, _),
            started("kit_pieces", fingerprint=keys.vens[0].fingerprint, **files) as (our_child, _),
        ):
            for number in range(plan.rounds + 1):
                for child, found in ((their_child, theirs), (our_child, ours)):
                    took = await child.call(what=what, times=plan.steps)
                    if number:  # the first round warms up
                        found.append(took * 1e3)
        signed = {KeyType.RSA: ", RSA-2048", KeyType.EC: ", P-256"}[kind]
        return Row(
            name=name,
            title=_TITLES[what] + (signed if what in ("sign", "verify") else ""),
            unit="ms",
            better="less",
            openleadr=Sample(rounds=tuple(theirs)),
            kit=Sample(rounds=tuple(ours)),
        )

    return measure


async def start(plan: Plan) -> Row:
    """How long it takes from the start of a process until its VTN listens."""
    config = str(configure(plan.folder / "start"))
    theirs: list[float] = []
    ours: list[float] = []
    for number in range(min(plan.rounds, 5) + 1):
        begin = time.perf_counter()
        async with started("openleadr_vtn", vens=1):
            their_time = time.perf_counter() - begin
        begin = time.perf_counter()
        async with started("kit_vtn", config=config):
            our_time = time.perf_counter() - begin
        if number:  # the first start makes the database
            theirs.append(their_time)
            ours.append(our_time)
    return Row(
        name="vtn-start",
        title="VTN from start to listening",
        unit="s",
        better="less",
        openleadr=Sample(rounds=tuple(theirs)),
        kit=Sample(rounds=tuple(ours)),
    )
