"""A TLS context that follows its files while a server is listening.

Loading a newer revocation list into a context that is in use only adds it to the old one: OpenSSL
then takes the later of the two by their dates, which have whole seconds, and certificates cannot
be taken out at all. So nothing is changed in place. `LiveContext` is a context that makes each
connection with another, current context inside it, and builds a fresh one when a file has changed.
A fresh one also forgets every TLS session, so nobody resumes past a revocation.

asyncio, and aiohttp with it, asks its context for `wrap_bio` at every connection, blocking
servers ask for `wrap_socket`: both are answered by the current context. The outer context is
configured the same way and no less strict, should anybody use it directly.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from certs.errors import CertsError
from certs.files import stamp

#: TLS 1.2 sessions can be resumed as long as their context lives, 2 hours by OpenSSL's default,
#: and are not verified again. Five minutes bound how long an expired certificate gets by.
MAX_AGE = timedelta(minutes=5)

_log = logging.getLogger(__name__)


class LiveContext(ssl.SSLContext):
    """A context that uses new files from the next handshake on.

    Set everything through the files: what is set on this object after it was made (a callback,
    a cipher list) does not reach the contexts inside, `sslobject_class` apart. A file
    that cannot be used, for example a certificate whose key has not been replaced yet, is logged,
    and the last good state counts.
    """

    def __new__(cls, protocol: int, *_args: object, **_kwargs: object) -> Self:
        """Make the context below; the rest is for `__init__`."""
        return super().__new__(cls, protocol)

    def __init__(
        self,
        protocol: int,
        configure: Callable[[ssl.SSLContext], None],
        watch: Sequence[Path],
        *,
        max_age: timedelta = MAX_AGE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Build the first context.

        Args:
            protocol: `ssl.PROTOCOL_TLS_SERVER` or `ssl.PROTOCOL_TLS_CLIENT`.
            configure: sets up a new context from the files.
            watch: the files.
            max_age: a context is replaced after this time even if no file changes.
            clock: seconds that only grow.

        Raises:
            CertsError: what `configure` raises for the first context.
        """
        configure(self)
        self._make = (protocol, configure, tuple(watch))
        self._max_age_seconds = max_age.total_seconds()
        self._clock = clock
        self._lock = threading.Lock()
        self._stamps = self._look()
        self._built_at = clock()
        self._current = self._build()
        #: How many contexts were built; it changes when the files did.
        self.generation = 1

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """Return a connection over memory buffers, made by the current context."""
        current = self.current()
        current.sslobject_class = self.sslobject_class
        return current.wrap_bio(*args, **kwargs)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Return a connection over a socket, made by the current context."""
        return self.current().wrap_socket(*args, **kwargs)

    def current(self) -> ssl.SSLContext:
        """Return the context for the next connection, a new one if a file has changed."""
        with self._lock:
            stamps = self._look()
            aged = self._clock() - self._built_at >= self._max_age_seconds
            if stamps != self._stamps or aged:
                self._stamps, self._built_at = stamps, self._clock()
                self._rebuild()
            return self._current

    def _rebuild(self) -> None:
        try:
            self._current = self._build()
        except CertsError as error:
            _log.warning("TLS files not read again, the last good ones count: %s", error)
        else:
            self.generation += 1

    def _build(self) -> ssl.SSLContext:
        protocol, configure, _ = self._make
        context = ssl.SSLContext(protocol)
        configure(context)
        return context

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(stamp(path) for path in self._make[2])
