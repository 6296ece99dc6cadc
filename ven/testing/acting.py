"""What the application of a VEN decided and did, as a trace tells it."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from oadr import codec
from oadr import messages as m
from oadr.enums import OptType
from oadr.errors import OpenADRError, error_for_code
from runtime.capture.record import Exchange
from ven.client import Client
from ven.hooks import Context


def decoded(data: bytes) -> Any:
    """Returns the message in a document; None if there is none of 2.0b."""
    try:
        return codec.decode(data) if data.strip() else None
    except OpenADRError:
        return None


class Decider:
    """Decides about events as it was decided.

    Args:
        exchanges: of the trace.
    """

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._first: dict[tuple[str, int], m.EventResponse] = {}
        for one in exchanges:
            for message in (decoded(one.request), decoded(one.response)):
                for answer in getattr(message, "responses", ()):
                    if isinstance(answer, m.EventResponse):
                        key = answer.event_id, answer.modification_number
                        # What comes later is a change of mind.
                        self._first.setdefault(key, answer)

    async def on_event(self, event: m.Event, ctx: Context) -> OptType | None:
        """Returns the first answer to this modification; None if there was none."""
        answer = self._first.get((event.event_id, event.descriptor.modification_number))
        if answer is None:
            return None
        if answer.code != 200:
            raise error_for_code(answer.code)(answer.description or "as in the trace")
        return answer.opt_type


async def act(ven: Client, one: Exchange) -> None:
    """Has a VEN say what its application had it say, if it has not said it by itself."""
    message = decoded(one.request)
    with suppress(OpenADRError):
        match message:
            case m.CreatedEvent():
                for answer in message.responses:
                    if answer.code == 200:
                        await ven.opt(answer.event_id, answer.opt_type)
            case m.CreateOpt():
                await ven.create_opt(
                    message.opt_type,
                    message.opt_reason,
                    availability=message.availability,
                    event_id=message.event_id,
                    market_context=message.market_context,
                    target=message.target,
                    device_class=message.device_class,
                    opt_id=message.opt_id,
                )
            case m.CancelOpt():
                await ven.cancel_opt(message.opt_id)
            case m.CancelPartyRegistration():
                await ven.cancel_party_registration()
