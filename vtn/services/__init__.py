"""What the VTN does with each message, one file per service of the specification.

A service gets a decoded message and a proven caller, and returns the reply. It raises
``oadr.errors.ProtocolError`` to refuse; the endpoint turns that into the reply that
fits. Whatever it changed is committed before it returns.
"""

from collections.abc import Awaitable, Callable

from oadr import messages as m
from vtn.desk import Caller, Desk
from vtn.services import event, opt, poll, query, registration, report, source

Service = Callable[[Desk, Caller, m.Message], Awaitable[m.Message | None]]

#: Message class -> what handles it.
SERVICES: dict[type, Service] = {
    **query.HANDLES,
    **registration.HANDLES,
    **event.HANDLES,
    **report.HANDLES,
    **source.HANDLES,
    **opt.HANDLES,
    **poll.HANDLES,
}

__all__ = ["SERVICES", "Service"]
