"""The code blocks of OpenLEADR's documentation pages, and the programs made of them.

Each block of a page is a file in the folder of that page. It differs from the page in the
import of the server and in mends; each mend is a comment that says what the page has and
why that cannot run.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Block(NamedTuple):
    """One code block of a page: the line that it begins at, its heading, its program."""

    line: int
    heading: str
    program: str


#: Page -> folder -> its blocks in order.
PAGES: dict[str, tuple[str, tuple[Block, ...]]] = {
    "server.rst of OpenLEADR 0.5.34": (
        "current",
        (
            Block(18, "1-minute VTN example", "one_minute"),
            Block(107, "Registration", "registration"),
            Block(145, "Events, with dicts", "events_dicts"),
            Block(170, "Events, with objects", "events_objects"),
            Block(195, "Events, raw", "events_raw"),
            Block(229, "Events, with a future", "events_future"),
            Block(252, "A word on event targets", "events_targets"),
            Block(295, "Signing Messages", "signing"),
            Block(335, "on_register_report", "on_register_report"),
            Block(358, "on_create_party_registration", "on_create_party_registration"),
            Block(393, "on_poll", "on_poll"),
            Block(410, "on_created_event", "on_created_event"),
        ),
    ),
    "server.rst of the first OpenLEADR": (
        "early",
        (
            Block(31, "Registration", "registration"),
            Block(120, "Non-OpenADR signals from the server", "online_offline"),
            Block(143, "Signing Messages", "signing"),
            Block(193, "on_register_report", "on_register_report"),
            Block(216, "on_update_report", "on_update_report"),
            Block(231, "on_poll", "on_poll"),
            Block(251, "on_create_party_registration", "on_create_party_registration"),
        ),
    ),
    "server.rst of pyOpenADR": (
        "pyopenadr",
        (Block(27, "Registration", "registration"),),
    ),
}


def runs(*programs: str) -> Callable[[F], F]:
    """Marks a test as one that runs these programs."""

    def mark(test: F) -> F:
        test.runs = programs  # type: ignore[attr-defined]
        return test

    return mark
