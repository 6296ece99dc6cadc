"""OpenADR 2.0a: EiEvent alone, in payloads without an envelope (R506, section 3.7).

There is one model of an event, that of ``oadr.messages``; 2.0a is a narrower way to write
it. ``in_profile_a`` narrows what a VTN says, ``codec`` writes and reads the documents.
"""

from oadr.profile_a.codec import (
    CONTENT_TYPE,
    MESSAGES,
    NAMESPACE,
    decode,
    encode,
    message_of,
    parse,
    schema,
)
from oadr.profile_a.simple import LEVEL, SIGNAL_NAME, in_profile_a, simple_of

__all__ = [
    "CONTENT_TYPE",
    "LEVEL",
    "MESSAGES",
    "NAMESPACE",
    "SIGNAL_NAME",
    "decode",
    "encode",
    "in_profile_a",
    "message_of",
    "parse",
    "schema",
    "simple_of",
]
