"""Handlers of openleadr, timed: a poll that one decides."""

from typing import Any

from openleadr.service import poll_service

from benchmarks.child import Channel
from benchmarks.timing import each

#: openleadr has no types.
_poll_service: Any = poll_service


async def main(channel: Channel) -> None:
    """Does what it is told; answers with seconds for one, by what was done."""
    service = _poll_service.PollService("vtn", polling_method="external")
    service.on_poll = on_poll
    channel.answer(None)
    while (command := await channel.next()) is not None:
        took = await each(
            lambda: service.handle_message("oadrPoll", {"ven_id": "ven-1"}), command["times"]
        )
        channel.answer({"service": took})


async def on_poll(ven_id: str) -> None:
    """Decides that nothing waits."""
