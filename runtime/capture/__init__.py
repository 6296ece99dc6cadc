"""The trace on disk: what a VTN or VEN has said and heard, bounded, for whoever asks later.

``record`` is what is kept of an exchange, ``segments`` the files, ``writer`` what a running
VTN or VEN puts into them beside its work. ``reader`` reads them while they are written,
``timeline`` and ``verdict`` say what people want to know of them, ``redact`` takes out what
is nobody's business, and ``bundle`` is the file with which an exchange leaves the machine.

Only ``record`` and ``writer`` are loaded by what runs; the rest when somebody looks.
"""

from runtime.capture.record import Exchange, Idle, Lost, Record
from runtime.capture.writer import Capture

__all__ = ["Capture", "Exchange", "Idle", "Lost", "Record"]
