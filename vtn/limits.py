"""How much one peer may send: a bucket of tokens each, filled at a steady rate."""

from collections import OrderedDict

#: Peers that are remembered; the one that was quiet longest is forgotten first, which
#: gives it a full bucket again.
MAX_PEERS = 200_000


class RateLimit:
    """Counts messages of each peer.

    Args:
        rate: messages a second in the long run.
        burst: messages at once.
    """

    def __init__(self, *, rate: float, burst: float) -> None:
        self.rate = rate
        self.burst = burst
        # Peer -> (tokens, since when, refusals in a row).
        self._buckets: OrderedDict[str, tuple[float, float, int]] = OrderedDict()

    def wait(self, peer: str, now: float) -> float:
        """Takes a token; returns 0, or how many seconds the peer has to wait for one.

        Args:
            peer: whoever is counted.
            now: seconds that only grow.
        """
        tokens, since, refusals = self._buckets.get(peer, (self.burst, now, 0))
        tokens = min(self.burst, tokens + (now - since) * self.rate)
        refused = tokens < 1
        self._buckets[peer] = (tokens, now, refusals + 1) if refused else (tokens - 1, now, 0)
        self._buckets.move_to_end(peer)
        if len(self._buckets) > MAX_PEERS:
            self._buckets.popitem(last=False)
        return (1 - tokens) / self.rate if refused else 0.0

    def charge(self, peer: str, tokens: float) -> None:
        """Takes more tokens of a peer, who may owe them then, for a message that costs more."""
        left, since, refusals = self._buckets.get(peer, (self.burst, 0.0, 0))
        self._buckets[peer] = (left - tokens, since, refusals)

    def refusals(self, peer: str) -> int:
        """Returns how many messages of a peer in a row were too many, up to its last one."""
        return self._buckets.get(peer, (0.0, 0.0, 0))[2]
