"""Nothing goes out with a certificate that has expired, nor to a VTN whose certificate has (R516).

The handshake looks at both, and connections are kept for longer than that holds.
"""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from certs.der import read_certificate
from certs.standing import OwnEnd, Standing
from ven.errors import Unreachable
from ven.expiry import NEXT


class Guard:
    """Asked before each exchange; takes a look at two dates.

    Args:
        certificate: file of the VEN's own; None if it has none.
        clock: the real time, in seconds since 1970: certificates know no other.
        saw: told when the certificate of the VTN expires, each time that another is shown.
    """

    def __init__(
        self,
        certificate: Path | None,
        *,
        clock: Callable[[], float] = time.time,
        saw: Callable[[datetime], None] = lambda _: None,
    ) -> None:
        self._saw = saw
        self._own = OwnEnd(*(() if certificate is None else (certificate,)), clock=clock)
        self._standing = Standing(clock=clock)
        self._shown: bytes | None = None

    def check(self, url: str) -> None:
        """Checks that our own certificate may still be used (R516).

        Raises:
            Unreachable: it has expired; with another in its file all goes on.
        """
        end = self._own.at
        if end is not None and self._own.expired:
            raise Unreachable(
                f"the certificate of this VEN has expired: {end:%Y-%m-%d %H:%M} UTC; nothing is "
                f"sent with it (R516). To go on, {NEXT}",
                url=url,
            )

    def fault(self, der: bytes) -> str:
        """Returns why a certificate of the VTN may not be used any more; empty if it may.

        What is revoked is found by the handshake: another list is a reason for another one.
        """
        if der != self._shown:
            self._shown = der
            self._note(der)
        return self._standing.problem(der)

    def _note(self, der: bytes) -> None:
        try:
            self._saw(read_certificate(der).not_after)
        except ValueError:
            return
