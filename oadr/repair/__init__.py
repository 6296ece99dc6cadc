"""Makes sense of documents that peers write slightly wrong.

``parse`` stands in for ``oadr.codec.parse`` where a peer has a profile: ``strict`` mends
nothing, ``repair`` what has one meaning only, ``lenient`` also guesses and drops. ``REPAIRS``
names them all. A document is mended before it is validated, and what comes out is validated
like any other. A signature is verified on the document as it came.

Read ``document.py`` first, then ``mend.py``; there is one file for each family of repairs.
``shape.py`` says what may stand where, from the tables of the messages.
"""

from oadr.codec import MAX_BYTES
from oadr.repair.catalogue import REPAIRS, Repair, Tolerance
from oadr.repair.claim import claimed_ven_id
from oadr.repair.document import MAX_MENDED, Parsed, parse, would_help
from oadr.repair.message import mend_message

__all__ = [
    "MAX_BYTES",
    "MAX_MENDED",
    "REPAIRS",
    "Parsed",
    "Repair",
    "Tolerance",
    "claimed_ven_id",
    "mend_message",
    "parse",
    "would_help",
]
