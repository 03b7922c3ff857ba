"""How long to wait for an acknowledgment: RFC 6298. All times are seconds on any clock that never runs backwards."""

FIRST_RTO = 1.0  # before anything was measured: "SHOULD set RTO <- 1 second"
LEAST_RTO = 1.0  # "Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD be rounded up to 1 second."
MOST_RTO = 60.0
GRANULARITY = 0.1  # of our clock, the tick


class RoundTrip:
    """Estimates the time from a segment to its acknowledgment, and from that the retransmission timeout."""

    def __init__(self) -> None:
        self.srtt: float | None = None  # smoothed
        self.rttvar = 0.0  # how much it varies
        self.backoff = 0  # timeouts since the last sample

    @property
    def rto(self) -> float:
        rto = FIRST_RTO if self.srtt is None else self.srtt + max(GRANULARITY, 4 * self.rttvar)
        return min(max(rto, LEAST_RTO) * 2**self.backoff, MOST_RTO)

    def sample(self, rtt: float) -> None:
        """Takes in a measured time. It must not be of a segment that was sent twice: nobody knows which of them was acknowledged
        (Karn's algorithm)."""
        if self.srtt is None:
            self.srtt, self.rttvar = rtt, rtt / 2
        else:
            self.rttvar += (abs(self.srtt - rtt) - self.rttvar) / 4
            self.srtt += (rtt - self.srtt) / 8
        self.backoff = 0

    def back_off(self) -> None:
        """The timer has expired: "The host MUST set RTO <- RTO * 2"."""
        self.backoff = min(self.backoff + 1, 6)


class Timer:
    """A moment to be woken at. Nothing happens by itself: whoever has the clock asks."""

    def __init__(self) -> None:
        self.at: float | None = None

    def start(self, at: float) -> None:
        self.at = at

    def stop(self) -> None:
        self.at = None

    def is_running(self) -> bool:
        return self.at is not None

    def has_expired(self, now: float) -> bool:
        return self.at is not None and now >= self.at
