"""The trace on disk of a VTN, by its configuration."""

from typing import TYPE_CHECKING

from runtime.capture import Capture
from vtn.config import Settings, trace_folder

if TYPE_CHECKING:
    from vtn.store import Store


def capture_of(settings: Settings, store: "Store | None" = None) -> Capture | None:
    """Returns what writes the trace; None if none is kept.

    Args:
        settings: the configuration.
        store: a database that somebody else has opened; the configuration does not say
            where that is, so a trace is written only where it says that.
    """
    trace = settings.trace
    folder = trace_folder(settings) if store is None else trace.folder
    if folder is None or trace.keep == "nothing":
        return None
    return Capture(
        folder,
        max_bytes=trace.max_bytes,
        max_document=trace.max_document,
        every_poll=trace.keep == "all",
    )
