"""Rows of polls with nothing waiting: plain, signed with RSA, signed with P-256."""

import itertools
import math
import statistics
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import cores
from benchmarks.child import Child, started
from benchmarks.join import document, join
from benchmarks.keys import Keys
from benchmarks.kit_vtn import configure
from benchmarks.load import Load, Target, WrongReplyError
from benchmarks.plan import Plan
from benchmarks.results import Row, Sample
from certs import KeyType
from oadr import codec
from oadr import messages as m
from oadr.signature import Fingerprints, ReplayCache, SigningKey, verify

#: VENs at once, each on one connection. A server that answers fast needs many, or it has
#: nothing to do while the generator waits for its core.
_PLAIN_VENS, _SIGNED_VENS = 64, 8
_EXPECTED = (b"oadrResponse", b"responseCode>200<")


@dataclass(slots=True, kw_only=True)
class _Subject:
    """One of the two servers with its VENs, and what its rounds gave."""

    child: Child
    load: Load
    ven_ids: list[str]
    keys: Keys | None
    signers: list[SigningKey]
    #: What each VEN sends where no signature has to be new.
    plain: list[bytes] = field(default_factory=list)
    #: Tells documents apart by a comment in each; None where they are to be the same.
    numbers: Iterator[int] | None = None
    messages: int = 1
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)

    async def round(self) -> float:
        """Sends the messages of a round; returns how many were answered in a second."""
        each = math.ceil(self.messages / len(self.ven_ids))
        bodies = [self._polls(n, each) for n in range(len(self.ven_ids))]
        count = each * len(bodies)
        before = cores.cpu_seconds(self.child.pid)
        took = self.load.run(bodies)
        used = cores.cpu_seconds(self.child.pid) - before
        self._check_last()
        self.costs.append(used / count * 1e3)
        self.busy.append(used / took)
        self.rates.append(count / took)
        return self.rates[-1]

    async def prepare(self, seconds: float) -> None:
        """Warms the server up and finds how many messages it answers in a round."""
        for share in (0.1, 0.3, 1.0):
            self.messages = max(1, round(await self.round() * seconds * share))
        self.rates.clear()
        self.costs.clear()
        self.busy.clear()

    def _polls(self, ven: int, count: int) -> list[bytes]:
        if self.keys is None:
            numbers = self.numbers
            if numbers is None:
                return [self.plain[ven]] * count
            return [self.plain[ven] + b"<!--%09d-->" % next(numbers) for _ in range(count)]
        poll, key = m.Poll(ven_id=self.ven_ids[ven]), self.signers[ven]
        return [document(poll, key) for _ in range(count)]

    def _check_last(self) -> None:
        root = codec.parse(self.load.last)
        if self.keys is not None:
            verify(
                root,
                trusted=Fingerprints(self.keys.vtn.fingerprint),
                now=datetime.now(UTC),
                replay=ReplayCache(tolerance=timedelta(minutes=1)),
                who="vtn",
            )
        reply = codec.message_of(codec.signed_object_of(root))
        if not isinstance(reply, m.Response) or not reply.response.ok:
            raise WrongReplyError(f"expected an oadrResponse with code 200, got {reply}")

    def sample(self) -> Sample:
        """Returns what counts."""
        return Sample(
            rounds=tuple(self.rates),
            cpu=statistics.median(self.costs),
            extra={"share_of_core": statistics.median(self.busy)},
        )


async def idle(plan: Plan) -> Row:
    """Polls over plain HTTP."""
    return await _row(plan, "idle-poll", "idle poll, plain HTTP", keys=None, factor=3)


async def fresh(plan: Plan) -> Row:
    """The same where no document comes twice, so that this project reads each of them."""
    title = "the same, no document twice"
    return await _row(plan, "fresh-poll", title, keys=None, factor=None, repeated=False)


async def rsa(plan: Plan) -> Row:
    """Polls over mutual TLS, request and reply signed with RSA-2048."""
    keys = Keys.make(plan.folder / "rsa", KeyType.RSA, vens=_SIGNED_VENS)
    return await _row(plan, "rsa-poll", "signed poll, RSA-2048", keys=keys, factor=50)


async def p256(plan: Plan) -> Row:
    """Polls over mutual TLS, request and reply signed with ECDSA on P-256."""
    keys = Keys.make(plan.folder / "p256", KeyType.EC, vens=_SIGNED_VENS)
    return await _row(plan, "p256-poll", "signed poll, P-256", keys=keys, factor=1.5)


async def _row(
    plan: Plan,
    name: str,
    title: str,
    *,
    keys: Keys | None,
    factor: float | None,
    repeated: bool = True,
) -> Row:
    async with AsyncExitStack() as stack:
        theirs = await stack.enter_async_context(_openleadr(keys))
        ours = await stack.enter_async_context(_kit(plan.folder / f"{name}-vtn", keys))
        for subject in (theirs, ours):
            polls = await theirs.child.call(ven_ids=subject.ven_ids)
            subject.plain = [poll.encode() for poll in polls]
            subject.numbers = None if repeated else itertools.count()
            await subject.prepare(plan.seconds)
        for _ in range(plan.rounds):
            await theirs.round()
            await ours.round()
    return Row(
        name=name,
        title=title,
        unit="/s",
        better="more",
        openleadr=theirs.sample(),
        kit=ours.sample(),
        factor=factor,
    )


def _count(keys: Keys | None) -> int:
    return len(keys.vens) if keys else _PLAIN_VENS


@asynccontextmanager
async def _openleadr(keys: Keys | None) -> AsyncIterator[_Subject]:
    options = keys.as_options() if keys else None
    async with (
        started("openleadr_vtn", vens=_count(keys), keys=options) as (child, ready),
        _loaded(child, ready["port"], ready["ven_ids"], keys) as subject,
    ):
        yield subject


@asynccontextmanager
async def _kit(folder: Path, keys: Keys | None) -> AsyncIterator[_Subject]:
    async with started("kit_vtn", config=str(configure(folder, keys))) as (child, ready):
        scheme = "https" if keys else "http"
        url = f"{scheme}://127.0.0.1:{ready['port']}/OpenADR2/Simple/2.0b"
        ven_ids = []
        for n in range(_count(keys)):
            joined = await join(
                url,
                f"ven-{n}",
                context=keys.client_context(n) if keys else None,
                key=keys.vens[n].signing_key() if keys else None,
            )
            ven_ids.append(joined.ven_id)
        async with _loaded(child, ready["port"], ven_ids, keys) as subject:
            yield subject


@asynccontextmanager
async def _loaded(
    child: Child, port: int, ven_ids: list[str], keys: Keys | None
) -> AsyncIterator[_Subject]:
    expected = (*_EXPECTED, b"SignatureValue") if keys else _EXPECTED
    load = Load(Target(port=port, service="OadrPoll", expected=expected))
    load.open([keys.client_context(n) if keys else None for n in range(_count(keys))])
    try:
        yield _Subject(
            child=child,
            load=load,
            ven_ids=ven_ids,
            keys=keys,
            signers=[pair.signing_key() for pair in keys.vens] if keys else [],
        )
    finally:
        load.close()
