"""What a program says about what its VEN reports: states, and corrections.

Spec: rules R334, R346 and R510.
"""

from collections.abc import Sequence
from dataclasses import replace

from oadr.messages import ResourceStatus
from ven.engine.machine import Machine
from ven.meter import Sample
from ven.state.resource import EVERYWHERE


class Reported:
    """The part of the client that is about what is reported."""

    _machine: Machine

    async def override(self, on: bool = True, *, resource_id: str = EVERYWHERE) -> None:
        """Says that a person overrides a resource, or does so no longer (R510).

        The VTN sees it in the status that it asks for; it stands over restarts.

        Args:
            on: whether it is overridden.
            resource_id: the resource; all if left out.

        Raises:
            StateError: it cannot be written down.
        """
        await self._machine.load()
        await self._machine.core.state.resources.change(
            resource_id, lambda said: replace(said, manual_override=on)
        )

    async def set_status(self, status: ResourceStatus, *, resource_id: str = EVERYWHERE) -> None:
        """Says how a resource is, its capacity and set points included (R334).

        It is what the VTN is told where no meter of yours reports a status. It stands over
        restarts.

        Args:
            status: all that there is to say.
            resource_id: the resource; all if left out.

        Raises:
            StateError: it cannot be written down.
        """
        await self._machine.load()
        await self._machine.core.state.resources.change(resource_id, lambda _: status)

    async def correct_readings(self, r_id: str, samples: Sequence[Sample]) -> int:
        """Puts samples in place of what was measured, or where nothing was (R346).

        Reports that have been made of that time are made again, complete, and sent.

        Args:
            r_id: the data point.
            samples: each replaces the one with the same start.

        Returns:
            How many reports are sent again.

        Raises:
            ValueError: there is no such data point, or it is too long ago.
            StateError: it cannot be written down.
        """
        await self._machine.load()
        return await self._machine.reporting.correct(r_id, samples)
