"""openleadr's own server in this process, without the traces that it leaves on its classes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openleadr.server import OpenADRServer
from openleadr.service.vtn_service import VTNService

_SERVER: Any = OpenADRServer


def traces() -> dict[str, Any]:
    """Returns what servers of openleadr share: the attributes of their class of services."""
    return dict(vars(VTNService))


@contextmanager
def stock_server(**arguments: Any) -> Iterator[Any]:
    """A server of openleadr; afterwards its classes are as they were.

    Args:
        arguments: of its constructor.
    """
    before = traces()
    try:
        yield _SERVER(**arguments)
    finally:
        for name in set(traces()) - set(before):
            delattr(VTNService, name)
        for name, value in before.items():
            if vars(VTNService).get(name) is not value:
                setattr(VTNService, name, value)


async def listening(server: Any) -> None:
    """Runs a server of openleadr and gives it the ``url`` that ours has."""
    await server.run()
    host, port = server.app_runner.addresses[0][:2]
    server.url = f"http://{host}:{port}{server.http_path_prefix}"
