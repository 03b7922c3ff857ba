"""The receiving half of a connection: what is acceptable, in which order it goes on, and when to acknowledge it."""

import heapq

WINDOW = 65535  # RCV.WND. What is in order goes straight to the application, so it never shrinks
HELD = 2 * WINDOW  # a peer that repeats itself shall not fill our memory


class Receiver:
    def __init__(self, irs: int, mss: int) -> None:
        self.nxt = irs + 1  # RCV.NXT: the sequence number expected next
        self.fin: int | None = None  # where FIN is, once we have seen it
        self.ack_due = False  # an acknowledgment has to go out at once
        self.unacked = 0  # bytes that came in order and were not acknowledged yet
        self._mss = mss
        self._held: list[tuple[int, bytes]] = []  # came too early: a heap, ordered by sequence number
        self._held_bytes = 0

    def accepts(self, seq: int, length: int) -> bool:
        """RFC 9293, Section 3.10.7.4, first check: does the segment touch the window?"""
        if length == 0:
            return self.nxt <= seq < self.nxt + WINDOW
        return seq < self.nxt + WINDOW and seq + length > self.nxt

    def take(self, seq: int, payload: bytes, fin: bool, push: bool) -> bytes:
        """Takes the text of an acceptable segment. Returns what can go to the application now: it may be more than came, or
        nothing."""
        if fin and seq + len(payload) < self.nxt + WINDOW:
            self.fin = seq + len(payload)
        payload = payload[: self.nxt + WINDOW - seq]  # "trimming off any portions that lie outside the window"
        if seq > self.nxt:
            self.ack_due = True  # RFC 5681: "SHOULD send an immediate duplicate ACK": so the peer learns of the hole
            self._hold(seq, payload)
            return b""
        early = bool(self._held)
        ready = [self._advance(seq, payload)]
        while self._held and self._held[0][0] <= self.nxt:
            seq, payload = heapq.heappop(self._held)
            self._held_bytes -= len(payload)
            ready.append(self._advance(seq, payload))
        if self.fin == self.nxt:
            self.nxt += 1  # FIN has a sequence number of its own
        self._delay(early or fin or push)
        return b"".join(ready)

    def has_finished(self) -> bool:
        """Has FIN come, and everything before it?"""
        return self.fin is not None and self.nxt > self.fin

    def on_tick(self) -> None:
        """RFC 9293, Section 3.8.6.3: "the delay MUST be less than 0.5 seconds"."""
        if self.unacked:
            self.ack_due = True

    def on_acked(self) -> None:
        """A segment went out that carries RCV.NXT."""
        self.ack_due, self.unacked = False, 0

    def _advance(self, seq: int, payload: bytes) -> bytes:
        fresh = payload[self.nxt - seq :]  # without what we have already
        self.nxt += len(fresh)
        self.unacked += len(fresh)
        return fresh

    def _hold(self, seq: int, payload: bytes) -> None:
        if payload and self._held_bytes + len(payload) <= HELD and (seq, payload) not in self._held:
            heapq.heappush(self._held, (seq, payload))
            self._held_bytes += len(payload)

    def _delay(self, urgent: bool) -> None:
        """RFC 5681, Section 4.2: "an ACK SHOULD be generated for at least every second full-sized segment"; others wait for the
        next tick. Not so at a hole, nor when the peer pushes: then it may have nothing more to send until we answer."""
        self.ack_due = self.ack_due or urgent or self.unacked >= 2 * self._mss
