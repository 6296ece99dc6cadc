"""A VEN to test handlers, meters and loads with: as in production, nothing to set up.

    async with joined(handlers=[MyHandler()]) as world:
        event = await world.vtn.send_event("2:1h", starts_in=timedelta(hours=1))
        assert world.vtn.answers[event.event_id].opt_type == "optIn"
        await world.pass_time(hours=3)

The VEN is a real one. Its VTN is in the same process and says what a test makes it say;
every message is still written as XML, held against the schema and read again. Time
stands still until the test lets it pass. How to: ``docs/howto/test-your-handlers.md``.
"""

from runtime.clock import FakeClock
from runtime.fake_time import until
from ven.testing.line import Line
from ven.testing.replaying import replay
from ven.testing.vtn import HANG, NotTaken, ScriptedVTN
from ven.testing.world import World, joined

__all__ = [
    "HANG",
    "FakeClock",
    "Line",
    "NotTaken",
    "ScriptedVTN",
    "World",
    "joined",
    "replay",
    "until",
]
