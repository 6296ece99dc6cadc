"""Events, with a future."""
# mypy: ignore-errors
# ruff: noqa: F821, T201
# fmt: off

import asyncio

# mended: the page has ... here and in add_event; the test gives server and arguments.

async def generate_event():
    loop = asyncio.get_event_loop()
    opt_status_future = loop.create_future()
    server.add_event(**arguments, callback=opt_status_future)
    opt_status = await opt_status_future
    print(f"The opt status for this event is {opt_status}")
