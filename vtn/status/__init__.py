"""Whether all is well with a VTN, and if not, what to do.

``state`` reads everything that counts; ``matters`` says what deserves attention, and touches
nothing; ``vtn.cli.status`` shows it.
"""

from vtn.status.matter import Matter
from vtn.status.matters import matters
from vtn.status.state import State, read_state

__all__ = ["Matter", "State", "matters", "read_state"]
