"""How much the network may be asked to carry: slow start, congestion avoidance, fast recovery. RFC 5681 and RFC 6582 (NewReno)."""


class NewReno:
    """Numbers in, numbers out: cwnd is how many bytes may be on their way. What it returns says whether to send the first
    unacknowledged segment again."""

    def __init__(self, mss: int, iss: int, syn_lost: bool) -> None:
        self.mss = mss
        initial = min(10 * mss, max(2 * mss, 14600))  # RFC 6928
        self.cwnd = mss if syn_lost else initial  # RFC 5681, Section 3.1: after a lost SYN "MUST be one segment"
        self.ssthresh: float = float("inf")  # slow start below it, congestion avoidance above
        self.recovering = False
        self.recover = iss  # losses below it belong to an event that was answered already
        self.duplicates = 0
        self._credit = 0  # bytes acknowledged since cwnd last grew in congestion avoidance

    def on_ack(self, ack: int, acked: int, flight: int) -> bool:
        """An acknowledgment of acked bytes has come; flight bytes are still on their way."""
        self.duplicates = 0
        if not self.recovering:
            self._grow(acked)
            return False
        if ack >= self.recover:  # everything of then has arrived
            self.recovering = False
            self.cwnd = min(int(self.ssthresh), max(flight, self.mss) + self.mss)
            return False
        # A partial acknowledgment: the next hole begins right here. "Retransmit the first unacknowledged segment."
        self.cwnd = max(self.cwnd - acked + (self.mss if acked >= self.mss else 0), self.mss)
        return True

    def on_duplicate(self, una: int, flight: int, highest: int) -> bool:
        """A duplicate acknowledgment: something left the network, but not what the peer waits for."""
        self.duplicates += 1
        if self.recovering:
            self.cwnd += self.mss
            return False
        if self.duplicates != 3 or una <= self.recover:
            return False
        self.ssthresh = max(flight // 2, 2 * self.mss)
        self.cwnd = int(self.ssthresh) + 3 * self.mss  # three segments have arrived behind the hole
        self.recovering, self.recover = True, highest
        return True

    def on_timeout(self, flight: int, highest: int, first: bool) -> None:
        """Nothing comes back any more. A segment that times out for the second time halves nothing again."""
        if first:
            self.ssthresh = max(flight // 2, 2 * self.mss)
        self.cwnd = self.mss
        self.recovering, self.recover = False, highest
        self.duplicates = self._credit = 0

    def _grow(self, acked: int) -> None:
        if self.cwnd < self.ssthresh:
            self.cwnd += min(acked, self.mss)  # doubles in a round trip
            return
        self._credit += acked
        if self._credit >= self.cwnd:  # one segment in a round trip
            self._credit -= self.cwnd
            self.cwnd += self.mss
