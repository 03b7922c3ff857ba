"""One connection: its state, and what each event does to it. RFC 9293, Section 3.10.

What happens comes in through connect, send, finish, abort, on_segment and on_tick, each with the time; what has to be done
goes out through the calls of api. There is no clock, thread or socket in here, so a test can be the network, the
application and the time.
"""

from enum import Enum

from receiver import WINDOW, Receiver
from segment import ACK, FIN, PSH, RST, SYN, Path, Segment, unwrap
from sender import Sender
from timers import Timer

# How long a segment may wander about in the network. RFC 9293 takes two minutes; in a laboratory a second is plenty, and the
# driver lends out only 4,000 ports.
MSL = 1.0


class State(Enum):
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"
    CLOSED = "CLOSED"


TAKES_TEXT = {State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2}  # in the others the peer has said that it is done


class Connection:
    """A connection in CLOSED stays there, and has told the driver what it needs to know."""

    def __init__(self, conn, api, iss: int) -> None:
        self.conn = conn
        self.api = api  # the module, or what a test puts in its place
        self.path = Path(conn)
        self.state = State.LISTEN  # until connect, or the peer's SYN
        self.called = False  # the peer began it
        self.snd = Sender(iss)
        self.rcv: Receiver | None = None  # once we have seen the peer's SYN
        self.time_wait = Timer()

    # What the application asks for.

    def connect(self, now: float) -> None:
        self.state = State.SYN_SENT
        self._flush(now)

    def send(self, data: bytes, now: float) -> None:
        self.snd.push(data)
        self._flush(now)

    def finish(self, now: float) -> None:
        """The application has no more to send."""
        self.snd.close()
        if self.state is State.ESTABLISHED:
            self.state = State.FIN_WAIT_1
        elif self.state is State.CLOSE_WAIT:
            self.state = State.LAST_ACK
        self._flush(now)

    def abort(self) -> None:
        """The application is gone. The driver has forgotten the connection; the peer is told, if it knows of it."""
        if self.rcv is not None and self.state is not State.TIME_WAIT:
            self._emit(self.snd.max, RST)
        self.state = State.CLOSED

    # What time brings.

    def on_tick(self, now: float) -> None:
        if self.state is State.CLOSED:
            return
        if self.time_wait.has_expired(now):
            self._release()
        elif self.snd.timer.has_expired(now) and not self.snd.on_timeout(now):
            self._reset()
        elif self.rcv is not None:
            self.rcv.on_tick()
        self._flush(now)

    # What the network brings.

    def on_segment(self, seg: Segment, now: float) -> None:
        seg.ack = unwrap(seg.ack, self.snd.una)
        if self.rcv is not None:
            seg.seq = unwrap(seg.seq, self.rcv.nxt)
            self._on_arrival(seg, now)
        elif self.state is State.SYN_SENT:
            self._on_syn_sent(seg, now)
        elif self.state is State.LISTEN:
            self._on_listen(seg, now)
        self._flush(now)

    def _on_listen(self, seg: Segment, now: float) -> None:
        """RFC 9293, Section 3.10.7.2: nobody has sent anything yet. Only a SYN is any good."""
        if seg.flags & RST:
            return
        if seg.flags & ACK:  # "Any acknowledgment is bad if it arrives on a connection still in the LISTEN state."
            self._emit(seg.ack, RST)
        elif seg.flags & SYN:
            self.called = True
            self._take_syn(seg, now)  # text that came with it is left: the peer will send it again

    def _on_syn_sent(self, seg: Segment, now: float) -> None:
        """RFC 9293, Section 3.10.7.3: we have sent SYN, and this is the first that we hear."""
        acceptable = bool(seg.flags & ACK) and self.snd.iss < seg.ack <= self.snd.max
        if seg.flags & ACK and not acceptable:
            if not seg.flags & RST:
                self._emit(seg.ack, RST)
        elif seg.flags & RST:
            if acceptable:
                self._reset()  # "error: connection reset": nobody listens there
        elif seg.flags & SYN:
            self._take_syn(seg, now)

    def _take_syn(self, seg: Segment, now: float) -> None:
        self.rcv = Receiver(seg.seq, self.path.mss)
        self.snd.mss = min(self.path.mss, seg.mss or self.path.default_mss)
        if seg.flags & ACK:
            self.snd.begin()
            self.snd.on_ack(seg.ack, seg.seq, seg.window, False, now)
            self._establish()
            self.rcv.ack_due = True
        else:  # both ends have sent SYN at the same time, or we were in LISTEN
            self.state = State.SYN_RECEIVED
            self.snd.rewind()  # SYN goes out, perhaps again, now with an acknowledgment

    def _establish(self) -> None:
        self.state = State.FIN_WAIT_1 if self.snd.fin is not None else State.ESTABLISHED
        if self.called:
            self.api.peer_connected(self.conn)
            return
        self.api.app_connected(self.conn)

    def _on_arrival(self, seg: Segment, now: float) -> None:
        """RFC 9293, Section 3.10.7.4: the checks, in their order, for all states in which the peer's SYN is known."""
        if self._check_seq(seg, now) and self._check_rst(seg) and self._check_syn(seg) and self._check_ack(seg, now):
            self._take_text(seg, now)

    def _check_seq(self, seg: Segment, now: float) -> bool:
        if self.rcv.accepts(seg.seq, seg.length):
            return True
        if self.state is State.SYN_RECEIVED and seg.flags & (SYN | ACK | RST) == SYN:
            self.snd.rewind()  # the peer asks again: our SYN with its acknowledgment was lost, so both go out once more
        elif not seg.flags & RST:
            self.rcv.ack_due = True  # "an acknowledgment should be sent in reply"
            if self.state is State.TIME_WAIT and seg.flags & FIN:  # our last one was lost
                self.time_wait.start(now + 2 * MSL)
        return False

    def _check_rst(self, seg: Segment) -> bool:
        if not seg.flags & RST:
            return True
        if seg.seq != self.rcv.nxt:
            self.rcv.ack_due = True  # RFC 5961, Section 3.2: whoever guesses is asked again, "a challenge ACK"
        elif self.state in (State.CLOSING, State.LAST_ACK, State.TIME_WAIT):
            self._release()
        else:
            self._reset()
        return False

    def _check_syn(self, seg: Segment) -> bool:
        if not seg.flags & SYN:
            return True
        if self.state is State.SYN_RECEIVED and self.called:
            self._release()  # "return this connection to the LISTEN state": it is the driver that listens
        else:
            self.rcv.ack_due = True  # RFC 5961, Section 4.2
        return False

    def _check_ack(self, seg: Segment, now: float) -> bool:
        if not seg.flags & ACK:
            return False
        if self.state is State.SYN_RECEIVED:
            if not self.snd.una < seg.ack <= self.snd.max:
                self._emit(seg.ack, RST)
                return False
            self.snd.begin()
            self._establish()
        if seg.ack > self.snd.max or seg.ack < self.snd.una - self.snd.widest:
            self.rcv.ack_due = True  # of what we never sent, or too old to be true: RFC 5961, Section 5.2
            return False
        if seg.ack >= self.snd.una:
            self.snd.on_ack(seg.ack, seg.seq, seg.window, seg.length == 0, now)
        if self.snd.is_fin_acked():
            self._on_fin_acked(now)
        return self.state is not State.CLOSED

    def _on_fin_acked(self, now: float) -> None:
        if self.state is State.FIN_WAIT_1:
            self.state = State.FIN_WAIT_2
        elif self.state is State.CLOSING:
            self._enter_time_wait(now)
        elif self.state is State.LAST_ACK:
            self._release()

    def _take_text(self, seg: Segment, now: float) -> None:
        if self.state not in TAKES_TEXT or not (seg.payload or seg.flags & FIN):
            return
        data = self.rcv.take(seg.seq, seg.payload, bool(seg.flags & FIN), bool(seg.flags & PSH))
        if data:
            self.api.app_recv(self.conn, data)
        if self.rcv.has_finished():
            self._on_peer_fin(now)

    def _on_peer_fin(self, now: float) -> None:
        self.api.app_peer_fin(self.conn)
        if self.state is State.ESTABLISHED:
            self.state = State.CLOSE_WAIT
        elif self.state is State.FIN_WAIT_1:
            self.state = State.CLOSING
        elif self.state is State.FIN_WAIT_2:
            self._enter_time_wait(now)

    def _enter_time_wait(self, now: float) -> None:
        """We have acknowledged FIN but cannot know whether that arrives: stay, to answer should FIN come again."""
        self.state = State.TIME_WAIT
        self.time_wait.start(now + 2 * MSL)

    def _reset(self) -> None:
        self.state = State.CLOSED
        self.api.app_peer_rst(self.conn)

    def _release(self) -> None:
        self.state = State.CLOSED
        self.api.release_connection(self.conn)

    # What goes out.

    def _flush(self, now: float) -> None:
        """Sends what may be sent and what has to be acknowledged. Every event ends here."""
        if self.state in (State.LISTEN, State.CLOSED):
            return
        while out := self.snd.next(now):
            self._emit(*out)
        self.snd.settle(now)
        if self.rcv is not None and self.rcv.ack_due:
            # Not from nxt: after a timeout that lies before the peer's window, and the peer would take this for old.
            self._emit(self.snd.max, ACK)

    def _emit(self, seq: int, flags: int, payload: bytes = b"") -> None:
        ack, mss = 0, self.path.mss if flags & SYN else None
        if self.rcv is not None and not flags & RST:
            ack, flags = self.rcv.nxt, flags | ACK
            self.rcv.on_acked()
        self.api.tcp_tx(self.conn, self.path.build(Segment(seq, ack, flags, WINDOW, payload, mss)))
