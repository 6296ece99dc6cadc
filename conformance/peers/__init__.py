"""The parties that the kit plays itself: a VEN that tests a VTN, and a VTN that tests a VEN.

They say what a case makes them say, right or wrong, and know nothing of ``vtn`` and
``ven``. All that is said goes onto a ``Tape``, where the checks hear it.
"""

from conformance.peers.identity import Identity
from conformance.peers.tape import Recorded, Tape
from conformance.peers.ven import Received, ScriptedVen
from conformance.peers.vtn import ScriptedVtn

__all__ = ["Identity", "Received", "Recorded", "ScriptedVen", "ScriptedVtn", "Tape"]
