"""Replay protection: each signed message counts once, and only near its time.

A receiver cannot tell a message from a copy of it, except by the timestamp and the nonce
that the signature covers. Timestamps bound how long nonces must be remembered.

Spec: rule 514; profile specification, section 10.6.
"""

import threading
from collections import deque
from datetime import datetime, timedelta

from oadr.errors import SignatureError

#: Longest nonce that is accepted and written, in characters.
MAX_NONCE = 256


class ReplayCache:
    """Nonces received lately, for each peer.

    A nonce is remembered for twice the tolerance: a message may be dated one tolerance
    ahead, and stays timely one tolerance after its date. Each message adds one entry and
    drops those whose time has passed, so the cost per message is constant on average.

    A peer that sends more than ``max_per_peer`` messages in that time is refused until
    entries expire. Forgetting the oldest instead would let it be replayed. Peers are
    counted apart, so none can use up the room of another.

    The memory is that of one process. After a restart, or when the clock is set back, a
    message that is still timely is accepted once more.

    Args:
        tolerance: largest difference between the timestamp and the receiver's clock, in
            either direction; > 0.
        max_per_peer: entries for each peer, >= 1. The default allows 80 messages a second
            at a tolerance of one minute.
    """

    __slots__ = ("_expiry", "_lock", "_max_per_peer", "_nonces", "_tolerance")

    def __init__(self, *, tolerance: timedelta, max_per_peer: int = 10_000) -> None:
        if tolerance <= timedelta(0):
            raise ValueError(f"tolerance is {tolerance}; expected more than zero")
        if max_per_peer < 1:
            raise ValueError(f"max_per_peer is {max_per_peer}; expected 1 or more")
        self._tolerance = tolerance
        self._max_per_peer = max_per_peer
        self._lock = threading.Lock()
        self._nonces: dict[str, set[str]] = {}
        # In the order of arrival: (forgotten after, who, nonce).
        self._expiry: deque[tuple[datetime, str, str]] = deque()

    @property
    def tolerance(self) -> timedelta:
        """Largest accepted difference between timestamp and clock."""
        return self._tolerance

    @property
    def size(self) -> int:
        """How many nonces are remembered, of all peers."""
        return len(self._expiry)

    def admit(self, who: str, nonce: str, timestamp: datetime, now: datetime) -> None:
        """Lets a message pass and remembers its nonce.

        To be called after the signature has verified: whoever can make entries for a peer
        can have the peer's messages refused.

        Args:
            who: the peer whose signature it is, such as its venID or fingerprint.
            nonce: of the message, 1 to ``MAX_NONCE`` characters.
            timestamp: when the peer says it sent the message.
            now: the receiver's clock.

        Raises:
            SignatureError: the message is too old, from the future, a replay, or one too
                many.
        """
        if not 0 < len(nonce) <= MAX_NONCE:
            raise SignatureError(f"the nonce does not have 1 to {MAX_NONCE} characters")
        self._check_time(timestamp, now)
        # Long documents are verified in threads.
        with self._lock:
            self._forget(now)
            nonces = self._nonces.get(who, set())
            if nonce in nonces:
                raise SignatureError("the message was received before: its nonce is known")
            if len(nonces) >= self._max_per_peer:
                raise SignatureError("too many signed messages in too short a time")
            nonces.add(nonce)
            self._nonces[who] = nonces
            self._expiry.append((now + 2 * self._tolerance, who, nonce))

    def _check_time(self, timestamp: datetime, now: datetime) -> None:
        if now - timestamp > self._tolerance:
            raise SignatureError("the message was signed too long ago; check both clocks")
        if timestamp - now > self._tolerance:
            raise SignatureError("the message was signed in the future; check both clocks")

    def _forget(self, now: datetime) -> None:
        while self._expiry and self._expiry[0][0] < now:
            _, who, nonce = self._expiry.popleft()
            nonces = self._nonces[who]
            nonces.discard(nonce)
            if not nonces:
                del self._nonces[who]
