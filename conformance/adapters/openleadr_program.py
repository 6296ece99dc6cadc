"""openleadr as a program of its own: it keeps state on its classes.

``python -m conformance.adapters.openleadr_program SOCKET`` imports openleadr once, and then
has a child of its own for whoever connects: each is as new as openleadr can be. The child does
what lines of JSON say, and ends with the connection; the program ends with its input.

    {"do": "vtn", "args": {"vtn_id": "openleadr"}}      makes and starts a VTN
    {"do": "create_event", "args": {...}}               has it do something
"""

import asyncio
import logging
import os
import select
import signal
import socket
import sys
from typing import Any, NoReturn

from conformance.adapters.openleadr_lines import Refused, read, written

#: Longest line, bytes.
_LONGEST = 2**24
log = logging.getLogger("openadr.conformance.openleadr")


async def serve(connection: socket.socket) -> None:
    """Does what comes over a connection, until it ends."""
    from conformance.adapters.openleadr_ven_side import Ven
    from conformance.adapters.openleadr_vtn_side import Vtn

    makers: dict[str, Any] = {"vtn": Vtn, "ven": Ven}
    reader, writer = await asyncio.open_connection(sock=connection, limit=_LONGEST)
    thing: Any = None
    while line := await reader.readline():
        order = read(line)
        try:
            if order["do"] in makers:
                thing = makers[order["do"]](**order["args"])
                result = await thing.start()
            else:
                result = await getattr(thing, order["do"])(**order["args"])
            answer = {"result": result}
        except Refused as refused:
            answer = {"cannot": str(refused)}
        except Exception as error:
            log.exception("%s", order["do"])
            answer = {"failed": f"{type(error).__name__}: {error}"}
        writer.write(written(answer))
        await writer.drain()


def _child(connection: socket.socket, listener: socket.socket) -> NoReturn:
    listener.close()
    try:
        asyncio.run(serve(connection))
    except BaseException:
        log.exception("the child breaks off")
    finally:
        # What the parent has is not to be ended twice.
        os._exit(0)


def main() -> None:
    """Has a child for each connection, until its input ends."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # openleadr prints; what is not ours goes where logs go.
    said, sys.stdout = sys.stdout, sys.stderr
    # Imported before it is needed, so that the children have it.
    import conformance.adapters.openleadr_ven_side
    import conformance.adapters.openleadr_vtn_side  # noqa: F401

    # Children are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen(64)
        print("ready", file=said, flush=True)
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = listener.accept()
            if os.fork() == 0:
                _child(connection, listener)
            connection.close()


if __name__ == "__main__":
    main()
