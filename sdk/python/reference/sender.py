"""The sending half of a connection: what to send when, what to send again, and for how long to try."""

from congestion import NewReno
from segment import FIN, PSH, SYN
from timers import RoundTrip, Timer

# RFC 9293, Section 3.8.3: R2 "SHOULD correspond to at least 100 seconds". For a SYN it "MUST be set large enough to provide
# retransmission of the segment for at least 3 minutes"; we are as patient with the rest.
PATIENCE = 180.0


class Sender:
    """The variables are those of RFC 9293, Section 3.3.1. SYN and FIN have a sequence number each:

        iss                una              nxt        max
         |  SYN  |  acknowledged  |  on its way  |  to send (again)  |  waiting  |  FIN  |

    nxt lies before max after a timeout, when everything on its way counts as lost.
    """

    def __init__(self, iss: int) -> None:
        self.iss = iss
        self.una = iss  # the oldest unacknowledged sequence number
        self.nxt = iss  # the next one to send
        self.max = iss  # behind all that was ever sent
        self.wnd = 0  # the peer's window, counted from una
        self.widest = 0  # the widest it ever was
        self.wl1 = self.wl2 = 0  # SEG.SEQ and SEG.ACK of the segment that set it
        self.mss = 536  # until the peer's SYN says what it takes
        self.buffer = bytearray()  # bytes from una on
        self.fin: int | None = None  # where FIN is, once the application has no more
        self.timer = Timer()
        self.rtt = RoundTrip()
        self.congestion = NewReno(self.mss, iss, False)
        self._again = False  # the segment at una is to be sent again, or the peer's closed window is to be probed
        self._timed: tuple[int, float] | None = None  # the end of a segment, and when it was sent
        self._waiting_since = 0.0

    def begin(self) -> None:
        """Our SYN is acknowledged: from now on data can go out."""
        self.congestion = NewReno(self.mss, self.iss, self.rtt.backoff > 0)

    def push(self, data: bytes) -> None:
        self.buffer += data

    def close(self) -> None:
        if self.fin is None:
            self.fin = self._first() + len(self.buffer)

    def is_fin_acked(self) -> bool:
        return self.fin is not None and self.una > self.fin

    def next(self, now: float) -> tuple[int, int, bytes] | None:
        """Returns sequence number, flags and payload of a segment that may be sent now. To be called until there is none."""
        if self.nxt == self.iss:
            return self._send(self.iss, 0, SYN, now)
        if self.una == self.iss:
            return None  # data waits for the end of the handshake
        if self._again:
            self._again = False
            return self._cut(self.una, max(1, min(self.mss, self.wnd)), now)
        size = self._allowed()
        if size == 0:
            return None
        out = self._cut(self.nxt, size, now)
        self.nxt += size
        return out

    def settle(self, now: float) -> None:
        """To be called when next has no more: as long as anything is unacknowledged, sent or not, the timer runs. If nothing is on
        its way, the window is closed, and the timer makes us ask whether it still is."""
        if self.una == self._end():
            self.timer.stop()
        elif not self.timer.is_running():
            self.timer.start(now + self.rtt.rto)
            self._waiting_since = now

    def on_ack(self, ack: int, seq: int, window: int, empty: bool, now: float) -> None:
        """Takes an acknowledgment from una to max, of a segment that begins at seq."""
        self._waiting_since = now
        if ack > self.una:
            self._on_progress(ack, now)
        elif empty and window == self.wnd > 0 and self.una < self.max:  # RFC 5681, Section 2: what a duplicate is
            self._again |= self.congestion.on_duplicate(self.una, self.max - self.una, self.max)
        # Only newer segments tell of the window. RFC 9293, Section 3.10.7.4: "If (SND.WL1 < SEG.SEQ or …"
        if (self.wl1, self.wl2) <= (seq, ack):
            if self.wnd == 0 and window > 0:
                self.rtt.backoff = 0  # it was the window that kept us waiting, not the network
                self.timer.stop()
            self.wnd, self.wl1, self.wl2 = window, seq, ack
            self.widest = max(self.widest, window)

    def on_timeout(self, now: float) -> bool:
        """The timer has expired. Returns whether to go on; if not, the peer has been silent for too long."""
        if now - self._waiting_since > PATIENCE:
            return False
        if self.una > self.iss and (self.wnd == 0 or self.nxt == self.una):
            # RFC 9293, Section 3.8.6.1: the peer's window is closed; we "must regularly transmit
            # at least one octet of new data (if available), or retransmit": the news that it is open may have been lost.
            self._again = True
        else:
            self.congestion.on_timeout(self.max - self.una, self.max, self.rtt.backoff == 0)
            self.rewind()
        self.rtt.back_off()
        self.timer.start(now + self.rtt.rto)
        return True

    def rewind(self) -> None:
        """Has everything that is not acknowledged sent again."""
        self.nxt = self.una
        self._again = False
        self._timed = None

    def _on_progress(self, ack: int, now: float) -> None:
        if self._timed is not None and ack >= self._timed[0]:
            self.rtt.sample(now - self._timed[1])
            self._timed = None
        del self.buffer[: ack - self._first()]
        acked, self.una = ack - self.una, ack
        self.nxt = max(self.nxt, ack)
        self._again = self.congestion.on_ack(ack, acked, self.max - ack)
        self.timer.stop()  # settle starts it anew

    def _allowed(self) -> int:
        """Returns how many sequence numbers, FIN's among them, the next segment may have: 0 to 1 MSS."""
        waiting = self._end() - self.nxt
        room = self.una + min(self.wnd, self.congestion.cwnd) - self.nxt
        size = min(waiting, room, self.mss)
        if size <= 0 or (size < min(self.mss, waiting) and 2 * size < self.widest):
            return 0  # RFC 9293, Section 3.8.6.2.1: rather wait than send crumbs into a narrow window
        return size

    def _cut(self, seq: int, size: int, now: float) -> tuple[int, int, bytes]:
        start = seq - self._first()
        payload = bytes(self.buffer[start : start + size])
        flags = PSH if payload and start + size >= len(self.buffer) else 0
        if seq + len(payload) == self.fin and size > len(payload):
            flags |= FIN
        return self._send(seq, len(payload), flags, now, payload)

    def _send(self, seq: int, length: int, flags: int, now: float, payload: bytes = b"") -> tuple[int, int, bytes]:
        end = seq + length + bool(flags & (SYN | FIN))
        if self._timed is None and seq >= self.max:  # one at a time, and none that goes out again
            self._timed = end, now
        self.max = max(self.max, end)
        if flags & SYN:
            self.nxt = end
        return seq, flags, payload

    def _first(self) -> int:
        """Returns the sequence number of the first byte in the buffer."""
        return max(self.una, self.iss + 1)

    def _end(self) -> int:
        """Returns the sequence number behind all that the application wants sent."""
        return self._first() + len(self.buffer) if self.fin is None else self.fin + 1
