"""TLS handshakes that fail: whoever they keep out is seen by no HTTP server.

OpenSSL tells why, and the socket from where. Which certificate it was cannot be told: with a
certificate demanded, OpenSSL hands out none that it has not accepted.
"""

import errno
import logging
import socket
import ssl
import time
from collections import OrderedDict
from contextvars import ContextVar
from typing import Any

#: Real seconds in which an address gets one line.
QUIET = 60.0
#: Lines in that time, whoever comes.
MOST_LINES = 20
#: Addresses that are remembered.
MOST_ADDRESSES = 1000

#: What the system says when it has no room for one more connection.
_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
#: Real seconds; asyncio comes back after one.
_PAUSE = 0.5

#: asyncio begins each connection in the context in which it was accepted.
_address: ContextVar[str] = ContextVar("address", default="")

#: By the number that OpenSSL gives to what is wrong with a certificate.
_VERDICTS = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    23: "its certificate has been revoked",
    **dict.fromkeys((2, 18, 19, 20, 21), "its certificate is from no authority that is trusted"),
}
_DISTRUST = "it does not trust the certificate of this server"
_REASONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it shows no certificate",
    "HTTP_REQUEST": "it speaks plain HTTP",
    "NO_SHARED_CIPHER": "it knows none of the cipher suites that are allowed",
    "UNSUPPORTED_PROTOCOL": "it knows no version of TLS that is allowed",
    "WRONG_VERSION_NUMBER": "what it speaks is not TLS",
    "TLSV1_ALERT_UNKNOWN_CA": _DISTRUST,
    "SSLV3_ALERT_BAD_CERTIFICATE": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _DISTRUST,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _DISTRUST,
}


class Listening(socket.socket):
    """A socket that remembers for each connection from where it came."""

    #: Until when nothing is accepted, because the system has no room.
    _full_until = 0.0

    def accept(self) -> tuple[socket.socket, Any]:
        """Returns the next connection, and its address.

        When the system has no room, asyncio tries again as often as connections may wait, and
        writes down each time; so only the first attempt of a round is one.

        Raises:
            OSError: there is none.
        """
        if time.monotonic() < self._full_until:
            raise BlockingIOError(errno.EAGAIN, "no room for connections")
        try:
            connection, address = super().accept()
        except OSError as error:
            if error.errno in _NO_ROOM:
                self._full_until = time.monotonic() + _PAUSE
            raise
        _address.set(str(address[0]) if isinstance(address, tuple) else "")
        return connection, address


def listening_socket(family: int, address: Any) -> Listening:
    """Returns a socket that is bound, as asyncio would bind it.

    Raises:
        OSError: the address cannot be listened on.
    """
    made = Listening(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)
        try:
            made.bind(address)
        except OSError as error:
            # In asyncio's words.
            reason = (error.strerror or str(error)).lower()
            words = f"error while attempting to bind on address {address!r}: {reason}"
            raise OSError(error.errno, words) from None
    except BaseException:
        made.close()
        raise
    return made


class Handshakes:
    """Logs handshakes that fail, as few lines as tell it.

    Args:
        log: where to.
    """

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        # Address -> (when it gets its next line, how many there were without one).
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._minute = -QUIET
        self._lines = 0

    def watch(self, context: ssl.SSLContext) -> None:
        """Hears of the handshakes of all connections that a context makes from now on."""
        failed = self.failed

        class Watched(ssl.SSLObject):
            def do_handshake(self) -> None:
                try:
                    super().do_handshake()
                except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    raise
                except ssl.SSLError as error:
                    failed(_address.get(), error, time.monotonic())
                    raise

        context.sslobject_class = Watched

    def failed(self, address: str, error: ssl.SSLError, now: float) -> None:
        """Logs a handshake that failed, unless there is enough of it already.

        Args:
            address: from where it came; empty if that is not known.
            error: of OpenSSL.
            now: real seconds.
        """
        due, untold = self._seen.pop(address, (now, 0))
        told = now >= due and self._has_room(now)
        self._seen[address] = (now + QUIET, 0) if told else (due, untold + 1)
        if len(self._seen) > MOST_ADDRESSES:
            self._seen.popitem(last=False)
        if told:
            more = f"; {untold} more of it before" if untold else ""
            where = f" with {address}" if address else ""
            self._log.warning("no TLS%s: %s%s", where, words(error), more)

    def _has_room(self, now: float) -> bool:
        if now - self._minute >= QUIET:
            self._minute, self._lines = now, 0
        self._lines += 1
        return self._lines <= MOST_LINES


def words(error: ssl.SSLError) -> str:
    """Returns why a handshake failed, for people."""
    if isinstance(error, ssl.SSLCertVerificationError):
        known = _VERDICTS.get(error.verify_code, "its certificate is refused")
        return f"{known} ({error.verify_message})"
    reason = getattr(error, "reason", None) or "it breaks off"
    plain = reason.replace("_", " ").lower()
    return f"{_REASONS[reason]} ({plain})" if reason in _REASONS else plain
