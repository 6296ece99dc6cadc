"""The way from a VEN to its VTN, for tests that cut it."""

from oadr.enums import ServiceName
from oadr.errors import OpenADRError
from oadr.messages import Message
from ven.errors import TransportError, Unreachable
from ven.transport import Exchange


class Line:
    """Reaches a VTN while it is up; ``Unreachable`` is raised otherwise, as without a network.

    Args:
        exchange: reaches the VTN.

    Attributes:
        up: set it to False to cut the line.
        lost: set it to True to lose the answers: the VTN hears the VEN, and not vice versa.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.up = True
        self.lost = False
        self._exchange = exchange

    async def __call__(self, service: ServiceName, message: Message) -> Message | None:
        """Sends a message and returns the answer.

        Raises:
            Unreachable: the line is cut, the answer lost, or the VTN cannot answer.
        """
        if not self.up:
            raise Unreachable("the line is cut")
        try:
            reply = await self._exchange(service, message)
        except TransportError:
            raise
        except OpenADRError as error:
            raise Unreachable(str(error)) from error
        if self.lost:
            raise Unreachable("the answer got lost")
        return reply
