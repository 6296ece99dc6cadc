"""What adapters of handlers need to know of the server that they belong to."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from vtn.compat.calling import Callback


def new_id() -> str:
    """Returns an identifier that nobody has used."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The surroundings of a handler.

    Attributes:
        vtn_id: of the server.
        new_id: makes identifiers.
        keep_reader: takes the callback for the data of one data point: venID,
            reportSpecifierID, rID and the callback.
        has_reader: whether a data point has one.
        forget_readers: drops those of a VEN that offers its reports anew.
    """

    vtn_id: str
    new_id: Callable[[], str]
    keep_reader: Callable[[str, str, str, Callback], None]
    has_reader: Callable[[str, str, str], bool]
    forget_readers: Callable[[str], None]
