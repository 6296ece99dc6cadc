"""The OpenADR 2.0b protocol, pure: no sockets, no database, no clock, no global state.

Where next: ``oadr.messages`` holds every message of the schema as a frozen
dataclass, ``oadr.codec`` turns them into XML and back, ``oadr.signature`` signs and
verifies, and ``oadr.event``, ``oadr.report``, ``oadr.opt`` and ``oadr.registration``
hold the logic that both parties share. Time, identifiers and randomness are always
arguments.
"""
