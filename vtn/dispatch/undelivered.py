"""How a message gets to a VEN that listens, and what it means when it does not."""

from typing import Protocol

from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import OpenADRError
from vtn.roster import Member


class Undelivered(OpenADRError):
    """A message that did not get through, or whose answer cannot be used.

    Attributes:
        final: the VEN does not take this message; it makes no sense to send it again (404,
            406 and 501 of section 2.12).
        retry_after: seconds that the VEN wants to be left alone; None if it has not said.
        garbled: the VEN took it, and answered with what is no answer.
        rule: the conformance rule, if one is broken.
    """

    def __init__(
        self,
        text: str,
        *,
        final: bool = False,
        retry_after: float | None = None,
        garbled: bool = False,
        rule: str = "",
    ) -> None:
        super().__init__(text)
        self.final = final
        self.retry_after = retry_after
        self.garbled = garbled
        self.rule = rule

    def __str__(self) -> str:
        text = str(self.args[0])
        return f"{text} ({self.rule})" if self.rule else text


class Deliver(Protocol):
    """Brings a message to a VEN that listens, and its answer back."""

    async def __call__(
        self, member: Member, service: ServiceName, message: m.Message
    ) -> m.Message | None:
        """Returns what the VEN answers; None if its answer is empty.

        Args:
            member: the VEN; it has a ``push_address``.
            service: whose address the message goes to.
            message: what to say.

        Raises:
            Undelivered: it did not get through.
        """
