"""What a peer's XML signature means to us (R514)."""

from enum import StrEnum


class SignaturePolicy(StrEnum):
    """What is made of a peer's signatures."""

    #: A message without a good signature is not used.
    REQUIRED = "required"
    #: A signature is checked if there is one.
    ACCEPTED = "accepted"
    #: Signatures are not looked at; TLS says whom we talk to.
    IGNORED = "ignored"
