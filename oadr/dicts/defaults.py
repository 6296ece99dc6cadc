"""What an application may leave out of a message."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from oadr.dicts.node import TEXT, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What stands in for what an application leaves out.

    Attributes:
        now: for the time when something was created.
        new_id: makes requestIDs and other new IDs.
        vtn_id: of the VTN that talks; empty if nobody knows.
        ven_id: of the VEN that talks or is talked to; empty if nobody knows.
    """

    now: datetime
    new_id: Callable[[], str]
    vtn_id: str = ""
    ven_id: str = ""

    def request_id(self, node: Node) -> str:
        """Returns the requestID of a payload, or a new one."""
        return node.maybe(TEXT, "request_id") or self.new_id()

    def ven_of(self, node: Node) -> str | None:
        """Returns the venID of a payload, else the known one, else None."""
        return node.maybe(TEXT, "ven_id") or self.ven_id or None

    def sure_ven_of(self, node: Node) -> str:
        """Returns the venID of a payload, else the known one.

        Raises:
            ValueError: there is neither.
        """
        return self.ven_of(node) or node.need(TEXT, "ven_id")

    def vtn_of(self, node: Node) -> str:
        """Returns the vtnID of a payload, else the known one.

        Raises:
            ValueError: there is neither.
        """
        return node.maybe(TEXT, "vtn_id") or self.vtn_id or node.need(TEXT, "vtn_id")
