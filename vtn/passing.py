"""The way of a message through the middleware of the VTN to its service."""

from collections.abc import Callable

from oadr import codec
from oadr import messages as m
from oadr.errors import ProtocolError
from oadr.replies import refuse
from vtn.desk import Caller, Desk
from vtn.services import SERVICES, Service
from vtn.services.poll import ALLOWED


async def through(desk: Desk, caller: Caller, message: m.Message) -> m.Message | None:
    """Returns the reply to a message of a proven caller; None for an empty one.

    Raises:
        ProtocolError: it is refused, by the service or by a middleware.
    """
    service: Service = SERVICES[type(message)]

    async def serve(inner: m.Message) -> m.Message | None:
        try:
            return await service(desk, caller, inner)
        except ProtocolError:
            raise
        except BaseException:
            # A middleware may have lost its patience after something has been written.
            desk.behind = True
            raise

    return await desk.middleware.run(  # type: ignore[no-any-return]  # checked in there
        message,
        caller.context(desk),
        serve,
        _checker(message, caller),
        _unsendable,
    )


def _checker(message: m.Message, caller: Caller) -> Callable[[object], str]:
    """Returns what says what is wrong with a reply to the message."""

    def wrong(reply: object) -> str:
        expected = _expected(message)
        if reply is None and not expected:
            return ""
        if not isinstance(reply, expected):
            found = "nothing" if reply is None else type(reply).__name__
            names = " or ".join(sorted(codec.message_name(cls) for cls in expected))
            return f"{found} for {codec.message_name(message)}; expected {names or 'nothing'}"
        name = codec.message_name(reply)
        addressed = getattr(reply, "ven_id", None)
        if isinstance(message, m.Poll) and addressed not in (None, _ven_id(caller)):
            return f"{name} for another VEN"
        return _unsendable(reply)

    return wrong


def _unsendable(message: m.Message) -> str:
    """Says what is wrong with a message that a middleware has made or changed."""
    try:
        codec.decode(codec.encode(message))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it is no message
        return f"{codec.message_name(message)} that cannot be sent: {error}"
    return ""


def _expected(message: m.Message) -> tuple[type[m.Message], ...]:
    """Returns the classes of what may answer a message."""
    if isinstance(message, m.Poll):
        return ALLOWED
    if isinstance(message, m.Response):
        return ()
    return (type(refuse(message, ProtocolError(""), vtn_id="")),)


def _ven_id(caller: Caller) -> str | None:
    return caller.member.ven_id if caller.member else None
