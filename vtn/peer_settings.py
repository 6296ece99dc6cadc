"""``[peers]`` in ``vtn.toml``."""

from dataclasses import dataclass

from oadr.repair import Tolerance
from runtime.sections import PlainSection


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerSettings(PlainSection):
    """``[peers]``: how much is put up with from VENs whose messages are not quite right.

    Attributes:
        profile: for VENs that have none of their own, see ``vtn ven set --peer``: ``strict``
            takes what is valid, ``repair`` also mends what has one meaning only, ``lenient``
            also guesses and leaves out what it does not know.
    """

    profile: Tolerance = Tolerance.STRICT
