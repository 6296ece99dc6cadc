"""A utility's VTN inside your own program: ``python examples/utility_vtn.py vtn.toml``.

``vtn init`` makes the configuration; ``vtn ven enrol`` and ``vtn event create`` work beside it.
"""

import asyncio
import sys

from vtn.hooks import Context, EventAnswer, EventHandler, ReportHandler, Update
from vtn.server import Server


class Programme(EventHandler, ReportHandler):
    """Shows what VENs answer and measure; a real one would decide something."""

    async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
        """Shows who takes part."""
        print(f"{ctx.ven_name}: {answer.opt_type} to {answer.event_id}", flush=True)

    async def on_update_report(self, update: Update, ctx: Context) -> None:
        """Shows readings; the database has them already."""
        for one in update.readings:
            print(f"{ctx.ven_name}: {one.r_id} {one.value} at {one.start}", flush=True)


async def main(config: str = "vtn.toml") -> None:
    """Runs until Ctrl-C or SIGTERM."""
    server = Server.from_config(config, handlers=[Programme()])
    await server.serve(ready=lambda: print(server.url, flush=True))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
