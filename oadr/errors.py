"""What can go wrong in the protocol, each error with the code a peer is told.

OpenADRError
+-- ProtocolError             carries an application response code (section 8.7)
|   +-- OutOfSequence         450
|   +-- NotAllowed            451
|   +-- InvalidId             452
|   +-- NotRecognized         453
|   +-- InvalidData           454
|   +-- ComplianceError       459
|   +-- SignalNotSupported    460
|   +-- ReportNotSupported    461
|   +-- TargetMismatch        462
|   +-- NotRegistered         463
|   +-- DeploymentError       469
+-- XMLError                  the bytes are not a schema-valid payload: HTTP 406
+-- SignatureError            the signature is missing, wrong, old or replayed
"""

from typing import ClassVar


class OpenADRError(Exception):
    """Root of every error that this project raises on purpose, its other packages included."""


class ProtocolError(OpenADRError):
    """A message that is schema-valid and still wrong.

    Attributes:
        code: application response code told to the peer, 400 to 499.
        rule: number of the conformance rule that was broken, such as ``"R21"``;
            empty where no single rule applies. Logged; also part of the text.
    """

    code: ClassVar[int] = 459

    def __init__(self, description: str, *, rule: str = "") -> None:
        super().__init__(description)
        # A handler may have put another exception into it, or nothing at all.
        self.description = str(description)
        self.rule = rule

    def __str__(self) -> str:
        return f"{self.description} ({self.rule})" if self.rule else self.description


class OutOfSequence(ProtocolError):
    """A modification number or uid that does not follow."""

    code = 450


class NotAllowed(ProtocolError):
    """Something that may not be done, such as changing the past."""

    code = 451


class InvalidId(ProtocolError):
    """A venID, vtnID, eventID, optID, rID or request ID that is not the expected one."""

    code = 452


class NotRecognized(ProtocolError):
    """A report name, signal name or the like that nobody defined."""

    code = 453


class InvalidData(ProtocolError):
    """A value that no implementation can act on."""

    code = 454


class ComplianceError(ProtocolError):
    """Any other breach of the profile."""

    code = 459


class SignalNotSupported(ProtocolError):
    """A signal that this deployment does not implement."""

    code = 460


class ReportNotSupported(ProtocolError):
    """A report that this deployment does not implement."""

    code = 461


class TargetMismatch(ProtocolError):
    """A target or market context that does not concern the receiver."""

    code = 462


class NotRegistered(ProtocolError):
    """The peer is not registered, or not entitled to what it asks."""

    code = 463


class DeploymentError(ProtocolError):
    """Any other refusal of this deployment."""

    code = 469


class XMLError(OpenADRError):
    """The bytes are not a well-formed, schema-valid ``oadrPayload``.

    Attributes:
        reason: one printable line of 300 characters at most, for the log and for the peer.
        line: line of the document where it went wrong, 0 if unknown.
    """

    def __init__(self, reason: str, *, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}" if self.line else self.reason


class SignatureError(OpenADRError):
    """A message signature that must not be trusted.

    Attributes:
        reason: what is wrong, in words that leak no key and no content.
        rule: the conformance rule, normally ``"R514"``.
    """

    def __init__(self, reason: str, *, rule: str = "R514") -> None:
        super().__init__(reason)
        self.reason = reason
        self.rule = rule

    def __str__(self) -> str:
        return f"{self.reason} ({self.rule})"


def error_for_code(code: int) -> type[ProtocolError]:
    """Returns the error class for a response code; ``ComplianceError`` if none fits."""
    classes = {cls.code: cls for cls in ProtocolError.__subclasses__()}
    return classes.get(code, ComplianceError)
