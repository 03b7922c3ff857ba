//! One connection: its state, and what each event does to it. RFC 9293, Section 3.10.
//!
//! What happens comes in through connect, accept, send, finish, abort, on_segment and on_tick, each with the time; what has to
//! be done then lies in calls. There is no clock, thread or socket in here, so a test can be the network, the application and
//! the time.

use std::mem;
use std::time::{Duration, Instant};

use super::receiver::{Receiver, WINDOW};
use super::segment::{unwrap, Path, Segment, Seq, ACK, FIN, PSH, RST, SYN};
use super::sender::Sender;
use super::timers::{has_expired, Timer};

/// How long a segment may wander about in the network. RFC 9293 takes two minutes; in a laboratory a second is plenty, and the
/// driver lends out only 4,000 ports.
const MSL: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
    Closed,
}

/// What a connection wants done: the calls of api.rs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    Connected,
    PeerConnected,
    Recv(Vec<u8>),
    PeerFin,
    PeerRst,
    Tx(Vec<u8>),
    Release,
}

/// A connection in Closed stays there, and has told the driver what it needs to know.
#[derive(Debug)]
pub struct Connection {
    pub path: Path,
    pub state: State,
    pub snd: Sender,
    /// The peer began it: it came from Listen by a SYN.
    is_called: bool,
    /// Once we have seen the peer's SYN.
    rcv: Option<Receiver>,
    time_wait: Timer,
    calls: Vec<Call>,
}

impl Connection {
    /// Returns a connection in Listen, which it leaves with connect or accept.
    pub fn new(path: Path, iss: u32, now: Instant) -> Connection {
        let snd = Sender::new(iss.into(), now);
        Connection { path, state: State::Listen, snd, is_called: false, rcv: None, time_wait: None, calls: Vec::new() }
    }

    /// Hands out what has to be done, in this order. To be called after each event.
    pub fn take_calls(&mut self) -> Vec<Call> {
        mem::take(&mut self.calls)
    }

    // What the application asks for.

    pub fn connect(&mut self, now: Instant) {
        self.state = State::SynSent;
        self.flush(now);
    }

    /// Somebody calls: the application listens, and this came for it.
    pub fn accept(&mut self, syn: Segment, now: Instant) {
        self.on_segment(syn, now);
        if self.state == State::Listen {
            self.release(); // it was no SYN; the driver brings none such
        }
    }

    pub fn send(&mut self, data: &[u8], now: Instant) {
        self.snd.push(data);
        self.flush(now);
    }

    /// The application has no more to send.
    pub fn finish(&mut self, now: Instant) {
        self.snd.close();
        match self.state {
            State::Established => self.state = State::FinWait1,
            State::CloseWait => self.state = State::LastAck,
            _ => {}
        }
        self.flush(now);
    }

    /// The application is gone. The driver has forgotten the connection; the peer is told, if it knows of it.
    pub fn abort(&mut self) {
        if self.rcv.is_some() && self.state != State::TimeWait {
            self.emit_reset(self.snd.max);
        }
        self.state = State::Closed;
    }

    // What time brings.

    pub fn on_tick(&mut self, now: Instant) {
        if self.state == State::Closed {
            return;
        }
        if has_expired(self.time_wait, now) {
            self.release();
        } else if !self.snd.on_tick(now) {
            self.reset();
        } else if let Some(rcv) = &mut self.rcv {
            rcv.on_tick();
        }
        self.flush(now);
    }

    // What the network brings.

    pub fn on_segment(&mut self, mut seg: Segment, now: Instant) {
        seg.ack = unwrap(seg.ack, self.snd.una);
        if let Some(mut rcv) = self.rcv.take() {
            seg.seq = unwrap(seg.seq, rcv.nxt);
            self.on_arrival(&mut rcv, seg, now);
            self.rcv = Some(rcv);
        } else if self.state == State::SynSent {
            self.on_syn_sent(seg, now);
        } else if self.state == State::Listen {
            self.on_listen(seg, now);
        }
        self.flush(now);
    }

    /// RFC 9293, Section 3.10.7.2: nobody has sent anything yet.
    fn on_listen(&mut self, seg: Segment, now: Instant) {
        if seg.has(RST) {
            return; // "it does not refer to anything that has been sent"
        }
        if seg.has(ACK) {
            self.emit_reset(seg.ack); // "Any acknowledgment is bad if it arrives on a connection still in the LISTEN state."
        } else if seg.has(SYN) {
            self.is_called = true;
            self.take_syn(seg, now);
        }
    }

    /// RFC 9293, Section 3.10.7.3: we have sent SYN, and this is the first that we hear.
    fn on_syn_sent(&mut self, seg: Segment, now: Instant) {
        let acceptable = seg.has(ACK) && self.snd.iss < seg.ack && seg.ack <= self.snd.max;
        if seg.has(ACK) && !acceptable {
            if !seg.has(RST) {
                self.emit_reset(seg.ack);
            }
        } else if seg.has(RST) {
            if acceptable {
                self.reset(); // "error: connection reset": nobody listens there
            }
        } else if seg.has(SYN) {
            self.take_syn(seg, now);
        }
    }

    /// Data that comes with a SYN is left to be sent again: we acknowledge the SYN alone.
    fn take_syn(&mut self, seg: Segment, now: Instant) {
        let mut rcv = Receiver::new(seg.seq, self.path.mss);
        self.snd.begin(self.path.mss.min(seg.mss.filter(|mss| *mss > 0).unwrap_or(self.path.default_mss)));
        if seg.has(ACK) {
            self.snd.on_ack(&seg, now);
            self.establish();
            rcv.ack_due = true;
        } else {
            self.state = State::SynReceived; // both ends have sent SYN at the same time, or we were in Listen
            self.snd.rewind(); // SYN goes out again, now with an acknowledgment
        }
        self.rcv = Some(rcv);
    }

    fn establish(&mut self) {
        self.state = if self.snd.is_closed() { State::FinWait1 } else { State::Established };
        self.calls.push(if self.is_called { Call::PeerConnected } else { Call::Connected });
    }

    /// RFC 9293, Section 3.10.7.4: the checks, in their order, for all states in which the peer's SYN is known.
    fn on_arrival(&mut self, rcv: &mut Receiver, seg: Segment, now: Instant) {
        let goes_on = self.check_seq(rcv, &seg, now)
            && self.check_rst(rcv, &seg)
            && check_syn(rcv, &seg)
            && self.check_ack(rcv, &seg, now);
        if goes_on {
            self.take_text(rcv, seg, now);
        }
    }

    fn check_seq(&mut self, rcv: &mut Receiver, seg: &Segment, now: Instant) -> bool {
        let acceptable = rcv.accepts(seg.seq, seg.len());
        if !acceptable && !seg.has(RST) {
            rcv.ack_due = true; // "an acknowledgment should be sent in reply"
            if self.state == State::TimeWait && seg.has(FIN) {
                self.enter_time_wait(now); // our last one was lost
            }
        }
        acceptable
    }

    /// RFC 9293 has one in SynReceived that was called "return to the LISTEN state". The one who listens is the driver: the next
    /// SYN is the next connection.
    fn check_rst(&mut self, rcv: &mut Receiver, seg: &Segment) -> bool {
        if !seg.has(RST) {
            return true;
        }
        if seg.seq != rcv.nxt {
            rcv.ack_due = true; // RFC 5961, Section 3.2: whoever guesses is asked again, "a challenge ACK"
        } else if matches!(self.state, State::Closing | State::LastAck | State::TimeWait) {
            self.release();
        } else {
            self.reset();
        }
        false
    }

    fn check_ack(&mut self, rcv: &mut Receiver, seg: &Segment, now: Instant) -> bool {
        if !seg.has(ACK) {
            return false;
        }
        if self.state == State::SynReceived {
            if seg.ack <= self.snd.una || seg.ack > self.snd.max {
                self.emit_reset(seg.ack);
                return false;
            }
            self.establish();
        }
        if seg.ack > self.snd.max || seg.ack < self.snd.una - self.snd.window.widest {
            rcv.ack_due = true; // of what we never sent, or too old to be true: RFC 5961, Section 5.2
            return false;
        }
        if seg.ack >= self.snd.una {
            self.snd.on_ack(seg, now);
        }
        if self.snd.is_fin_acked() {
            self.on_fin_acked(now);
        }
        self.state != State::Closed
    }

    fn on_fin_acked(&mut self, now: Instant) {
        match self.state {
            State::FinWait1 => self.state = State::FinWait2,
            State::Closing => self.enter_time_wait(now),
            State::LastAck => self.release(),
            _ => {}
        }
    }

    fn take_text(&mut self, rcv: &mut Receiver, seg: Segment, now: Instant) {
        if !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2) {
            return; // in the others the peer has said that it is done
        }
        let (fin, push) = (seg.has(FIN), seg.has(PSH));
        if seg.payload.is_empty() && !fin {
            return;
        }
        let data = rcv.take(seg.seq, seg.payload, fin, push);
        if !data.is_empty() {
            self.calls.push(Call::Recv(data));
        }
        if rcv.has_finished() {
            self.on_peer_fin(now);
        }
    }

    fn on_peer_fin(&mut self, now: Instant) {
        self.calls.push(Call::PeerFin);
        match self.state {
            State::Established => self.state = State::CloseWait,
            State::FinWait1 => self.state = State::Closing,
            _ => self.enter_time_wait(now),
        }
    }

    /// We have acknowledged FIN but cannot know whether that arrives: stay, to answer should FIN come again.
    fn enter_time_wait(&mut self, now: Instant) {
        self.state = State::TimeWait;
        self.time_wait = Some(now + 2 * MSL);
    }

    fn reset(&mut self) {
        self.state = State::Closed;
        self.calls.push(Call::PeerRst);
    }

    fn release(&mut self) {
        self.state = State::Closed;
        self.calls.push(Call::Release);
    }

    // What goes out.

    /// Sends what may be sent and what has to be acknowledged. Every event ends here.
    fn flush(&mut self, now: Instant) {
        if matches!(self.state, State::Listen | State::Closed) {
            return;
        }
        while let Some(segment) = self.snd.next(now) {
            self.emit(segment);
        }
        self.snd.settle(now);
        if self.rcv.as_ref().map_or(false, |rcv| rcv.ack_due) {
            // Not from nxt: after a timeout that lies before the peer's window, and the peer would take this for old.
            self.emit(Segment { seq: self.snd.max, ..Segment::default() });
        }
    }

    /// Adds what every segment of ours says of the other direction.
    fn emit(&mut self, mut segment: Segment) {
        if segment.has(SYN) {
            segment.mss = Some(self.path.mss);
        }
        if let Some(rcv) = &mut self.rcv {
            segment.flags |= ACK;
            segment.ack = rcv.nxt;
            rcv.on_acked();
        }
        segment.window = WINDOW;
        self.calls.push(Call::Tx(self.path.build(&segment)));
    }

    fn emit_reset(&mut self, seq: Seq) {
        let reset = Segment { seq, flags: RST, ..Segment::default() };
        self.calls.push(Call::Tx(self.path.build(&reset)));
    }
}

fn check_syn(rcv: &mut Receiver, seg: &Segment) -> bool {
    rcv.ack_due |= seg.has(SYN); // RFC 5961, Section 4.2
    !seg.has(SYN)
}
