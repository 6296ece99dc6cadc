"""What the operator of a VTN does while a VEN says this and that."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from oadr.errors import OpenADRError
from tests.fuzz.vtn_side import VtnSide
from vtn.operator.ven import Changes
from vtn.store import event as event_rows
from vtn.testing import Peer, fingerprint_of

MINUTE = timedelta(minutes=1)


class Acts(VtnSide):
    """A VTN whose operator acts on one VEN."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self._events: list[str] = []
        self._requests: list[str] = []
        self._names = 0

    def _sender(self) -> str:
        return f"mallory{self._names or ''}"

    def _one(self, known: Sequence[str]) -> str:
        """Returns one of the latest IDs of a kind, any of those before, or none that ever was."""
        if not known or self.random.random() < 0.1:
            return "never"
        return self.random.choice(known[-2:] if self.random.random() < 0.7 else known)

    def _acts(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self._event, self._event, self._modify, self._modify, self._cancel_event,
            self._ask, self._end_report, self._reregister, self._end_registration, self._revoke,
            self._renew, self._require_signatures, self._pass_time, self._pass_time,
        ]  # fmt: skip

    async def _act(self, act: Awaitable[object]) -> None:
        """Lets the operator do something; to be told that it cannot be done is fine."""
        try:
            await act
        except OpenADRError as error:
            self.tally.outcomes[f"operator: {type(error).__name__}"] += 1

    async def _event(self) -> None:
        event_id = f"walk-{len(self._events)}"
        self._events.append(event_id)
        starts_in = self.random.choice([MINUTE, 10 * MINUTE, 120 * MINUTE])
        await self._act(
            self.world.send_event(
                "1:5m,2:10m", event_id=event_id, starts_in=starts_in, to=["mallory"]
            )
        )

    async def _modify(self) -> None:
        async with self.world.store.read() as tx:
            found = await event_rows.get(tx, event_id=self._one(self._events))
        if found is not None:
            period = replace(found.event.active_period, ramp_up=self.random.randint(1, 9) * MINUTE)
            changed = replace(found.event, active_period=period)
            now = self.world.clock.now()
            await self._act(self.world.operator.modify_event(changed, now=now))

    async def _cancel_event(self) -> None:
        now = self.world.clock.now()
        await self._act(self.world.operator.cancel_event(self._one(self._events), now=now))

    async def _ask(self) -> None:
        now = self.world.clock.now()
        await self._act(self.world.operator.request_metadata("mallory", now=now))

    async def _end_report(self) -> None:
        now, follow = self.world.clock.now(), self.random.random() < 0.5
        name = self._one(self._requests)
        await self._act(self.world.operator.cancel_report(name, now=now, follow=follow))

    async def _reregister(self) -> None:
        now = self.world.clock.now()
        await self._act(self.world.operator.request_reregistration("mallory", now=now))

    async def _end_registration(self) -> None:
        if self.random.random() < 0.3:
            now = self.world.clock.now()
            await self._act(self.world.operator.cancel_registration("mallory", now=now))

    async def _revoke(self) -> None:
        if self.random.random() < 0.2:
            await self._act(self.world.operator.revoke("mallory", now=self.world.clock.now()))

    async def _renew(self) -> None:
        """Has the VEN use another certificate from now on."""
        self._names += 1
        fingerprint = fingerprint_of(self._sender())
        now, overlap = self.world.clock.now(), self.random.choice([0, 60]) * MINUTE
        await self.world.operator.renew("mallory", fingerprint, now=now, overlap=overlap)
        peer = self._peer(self._sender())
        peer.ven_id, peer.registration_id = self.ven.ven_id, self.ven.registration_id
        peer.name = "mallory"
        self.ven: Peer = peer

    async def _require_signatures(self) -> None:
        if self.random.random() < 0.1:
            await self._set(signature_policy="required")
        else:
            await self._set(signature_policy="default")

    async def _set(self, **changes: Any) -> None:
        now = self.world.clock.now()
        await self.world.operator.change("mallory", Changes(**changes), now=now)

    async def _pass_time(self) -> None:
        await self.world.pass_time(minutes=self.random.choice([0.1, 1, 5, 20, 90]))
        await self._keep()
