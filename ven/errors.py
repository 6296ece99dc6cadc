"""What can go wrong between a VEN and its VTN.

OpenADRError
+-- VenError
    +-- TransportError          the exchange did not happen
    |   +-- Unreachable         no connection, no answer in time, HTTP 5xx: try again later
    |   +-- Rejected            HTTP 404, 406, ...: the same message will fail again
    |   +-- BadReply            the answer cannot be used: not XML, wrong message, bad signature
    |   +-- WrongPeer           the server's certificate is not the pinned one
    +-- Refused                 the VTN answered with an application error code
    +-- Unregistered            there is no registration, so the VTN cannot be asked
    +-- NotPolling              the VTN pushes to this VEN, so it is not polled
    +-- PreProvisioned          the VTN has no EiRegisterParty, so it cannot be asked
    +-- StateError              the state file cannot be used
"""

from oadr.errors import OpenADRError

#: Of the VTN's words so many characters are shown.
_LONGEST = 300


class VenError(OpenADRError):
    """Root of what this package raises."""


class TransportError(VenError):
    """An exchange that did not happen.

    Attributes:
        reason: what happened, in one line.
        url: whom we tried to reach, empty if unknown.
    """

    #: Whether the same message may be sent again (all operations are idempotent).
    resend = True

    def __init__(self, reason: str, *, url: str = "") -> None:
        super().__init__(reason, url)
        self.reason = reason
        self.url = url

    def __str__(self) -> str:
        return f"{self.url}: {self.reason}" if self.url else self.reason


class Unreachable(TransportError):
    """No connection, no answer in time, or HTTP 429 or 5xx; worth another try, later.

    Attributes:
        status: the HTTP status; None if there was no answer at all.
        retry_after: seconds that the VTN asks us to wait, None if it said nothing.
    """

    def __init__(
        self,
        reason: str,
        *,
        url: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(reason, url=url)
        self.status = status
        self.retry_after = retry_after


class Rejected(TransportError):
    """An HTTP status that the same message would meet again: 404, 406, 413, 501.

    Attributes:
        status: the HTTP status.
    """

    resend = False

    def __init__(self, status: int, reason: str, *, url: str = "") -> None:
        super().__init__(reason, url=url)
        self.status = status


class BadReply(TransportError):
    """An answer that cannot be used; what it answered may have been done."""


class WrongPeer(TransportError):
    """The server at the address is not the VTN whose certificate is pinned."""


class Refused(VenError):
    """The VTN understood and said no.

    Attributes:
        code: application response code, see ``oadr.errors``.
        description: the VTN's words.
        message: name of the message that was refused.
    """

    def __init__(self, code: int, description: str, *, message: str) -> None:
        super().__init__(code, description, message)
        self.code = code
        self.description = description
        self.message = message

    def __str__(self) -> str:
        # A peer's words go into logs, where a book has no place.
        words = f": {self.description[:_LONGEST]}" if self.description else ""
        return f"the VTN refused {self.message} with {self.code}{words}"


class Unregistered(VenError):
    """Something needs a registration and there is none."""

    def __str__(self) -> str:
        return "this VEN is not registered; call create_party_registration() or run() first"


class NotPolling(VenError):
    """A VEN that the VTN pushes to does not poll (R51)."""

    def __str__(self) -> str:
        return "the VTN pushes to this VEN, so there is nothing to poll for (R51)"


class PreProvisioned(VenError):
    """A VTN that has no EiRegisterParty is not asked about registrations."""

    def __str__(self) -> str:
        return (
            "this VEN is pre-provisioned: its VTN has no EiRegisterParty, so the operator of the "
            "VTN enters and removes it"
        )


class StateError(VenError):
    """The state file cannot be used.

    Attributes:
        path: the file.
        problem: what is wrong and what to do.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"
