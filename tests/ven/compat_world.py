"""A scripted VTN, a fake clock, and VENs that are made the way OpenLEADR's are."""

from random import Random
from typing import Any, TypeVar

from tests.ven.scripted import World
from ven import VEN

V = TypeVar("V", bound=VEN)


class Street(World):
    """``World`` with VENs for OpenLEADR's applications."""

    def made(self, cls: type[V], name: str = "school-7", **arguments: Any) -> V:
        """Returns a VEN of this class on the state file."""
        given: dict[str, Any] = {
            "allow_jitter": False,
            "store": self.state,
            "clock": self.clock,
            "random": Random(1),
            "exchange": self.vtn,
        }
        ven = cls(name, "http://vtn.example", **(given | arguments))
        self._open.append(ven)
        return ven

    def openleadr(self, **arguments: Any) -> VEN:
        """Returns a VEN on the state file; another one is its restart."""
        return self.made(VEN, **arguments)
