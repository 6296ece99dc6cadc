"""A VTN to test handlers and VENs with: everything as in production, nothing to set up.

    async with joined(handlers=[MyHandler()]) as world:
        assert (await world.ven.register()).code == 200
        await world.pass_time(minutes=5)

``joined`` gives a whole VTN within the process: no socket, no file, a start of
milliseconds. ``world.ven`` is a peer that says what a test makes it say; ``world.join``
joins a real VEN. Every message is still written as XML, held against the schema and
read again. ``running`` gives the same VTN on a port of this machine, for what needs
HTTP, certificates or signatures. Time stands still until the test lets it pass.

How to: ``docs/howto/test-your-handlers.md``.
"""

from runtime.clock import FakeClock
from runtime.fake_time import until
from vtn.testing.door import Answer
from vtn.testing.ear import Ear, Said
from vtn.testing.http import World, running
from vtn.testing.inside import JoinedWorld, NotAnswered, fingerprint_of, joined
from vtn.testing.peer import Peer, Registered
from vtn.testing.replaying import replay

__all__ = [
    "Answer",
    "Ear",
    "FakeClock",
    "JoinedWorld",
    "NotAnswered",
    "Peer",
    "Registered",
    "Said",
    "World",
    "fingerprint_of",
    "joined",
    "replay",
    "running",
    "until",
]
