"""A building controller with a VEN inside: ``python examples/building_controller.py ven.toml``.

The configuration says where the VTN is; meters, decisions and actions are below.
"""

import asyncio
import os
import sys

from oadr.messages import Event
from ven import VEN
from ven.hooks import Context, IntervalCall


async def main(config: str = "ven.toml") -> None:
    """Measures, takes part in events of up to four hours, and acts on each interval."""
    ven = VEN.from_config(config)

    @ven.meter("main-meter", measurement="powerReal", unit="W", every="10s")
    async def main_meter() -> float:
        return round(400 + 100 * os.getloadavg()[0], 1)  # in place of a real register

    @ven.on_event
    async def decide(event: Event, ctx: Context) -> str:
        return "optIn" if event.active_period.duration.total_seconds() <= 4 * 3600 else "optOut"

    @ven.on_interval  # at each start and end, the randomised start included
    async def act(event: Event, interval: IntervalCall, ctx: Context) -> None:
        print(f"{event.event_id}: set points {2 * interval.level:+} K", flush=True)

    await ven.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
