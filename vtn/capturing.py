"""The trace on disk of a VTN, by its configuration."""

from runtime.capture import Capture
from vtn.config import Settings, trace_folder


def capture_of(settings: Settings) -> Capture | None:
    """Returns what writes the trace; None if none is kept."""
    folder, trace = trace_folder(settings), settings.trace
    if folder is None or trace.keep == "nothing":
        return None
    return Capture(
        folder,
        max_bytes=trace.max_bytes,
        max_document=trace.max_document,
        every_poll=trace.keep == "all",
    )
