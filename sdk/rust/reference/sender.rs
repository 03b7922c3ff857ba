//! The sending half of a connection: what to send when, what to send again, and for how long to try.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::congestion::NewReno;
use super::segment::{Segment, Seq, FIN, PSH, SYN};
use super::timers::{has_expired, RoundTrip, Timer};

/// RFC 9293, Section 3.8.3: R2 "SHOULD correspond to at least 100 seconds". For a SYN it "MUST be set large enough to provide
/// retransmission of the segment for at least 3 minutes"; we are as patient with the rest.
const PATIENCE: Duration = Duration::from_secs(180);

/// The variables are those of RFC 9293, Section 3.3.1. SYN and FIN have a sequence number each:
///
/// ```text
/// iss                una              nxt        max
///  |  SYN  |  acknowledged  |  on its way  |  to send (again)  |  waiting  |  FIN  |
/// ```
///
/// nxt lies before max after a timeout, when everything on its way counts as lost.
#[derive(Debug)]
pub struct Sender {
    pub iss: Seq,
    /// The oldest unacknowledged sequence number.
    pub una: Seq,
    /// The next one to send.
    nxt: Seq,
    /// Behind all that was ever sent.
    pub max: Seq,
    /// Where FIN is, once the application has no more.
    fin: Option<Seq>,
    /// Bytes from una on.
    pub buffer: VecDeque<u8>,
    pub window: Window,
    mss: Seq,
    pub rtt: RoundTrip,
    pub congestion: NewReno,
    timer: Timer,
    waiting_since: Instant,
    /// The segment at una is to be sent again, or the peer's closed window is to be probed.
    again: bool,
    /// The end of a segment, and when it was sent.
    timed: Option<(Seq, Instant)>,
}

/// What the peer says it has room for.
#[derive(Debug, Default)]
pub struct Window {
    /// SND.WND, counted from una.
    pub wnd: Seq,
    /// The widest it ever was.
    pub widest: Seq,
    /// SND.WL1 and SND.WL2: SEG.SEQ and SEG.ACK of the segment that set it.
    set_by: (Seq, Seq),
}

impl Sender {
    pub fn new(iss: Seq, now: Instant) -> Sender {
        let mss = 536; // until begin
        Sender {
            iss,
            una: iss,
            nxt: iss,
            max: iss,
            fin: None,
            buffer: VecDeque::new(),
            window: Window::default(),
            mss,
            rtt: RoundTrip::default(),
            congestion: NewReno::new(mss, iss, false),
            timer: None,
            waiting_since: now,
            again: false,
            timed: None,
        }
    }

    /// The peer's SYN has come, and with it the size of the segments it takes.
    pub fn begin(&mut self, mss: u16) {
        self.mss = mss.into();
        self.congestion = NewReno::new(self.mss, self.iss, self.rtt.backoff > 0);
    }

    pub fn push(&mut self, data: &[u8]) {
        if !self.is_closed() {
            self.buffer.extend(data);
        }
    }

    pub fn close(&mut self) {
        self.fin = Some(self.end_of_data());
    }

    pub fn is_closed(&self) -> bool {
        self.fin.is_some()
    }

    pub fn is_fin_acked(&self) -> bool {
        self.fin.map_or(false, |fin| self.una > fin)
    }

    /// Returns a segment that may be sent now, without what the other direction adds to it. To be called until there is none.
    pub fn next(&mut self, now: Instant) -> Option<Segment> {
        if self.nxt == self.iss {
            self.nxt += 1;
            let syn = Segment { seq: self.iss, flags: SYN, ..Segment::default() };
            return Some(self.note(syn, now));
        }
        if self.una == self.iss {
            return None; // data waits for the end of the handshake
        }
        if self.again {
            self.again = false;
            return Some(self.cut(self.una, self.mss.min(self.window.wnd).max(1), now));
        }
        let size = self.allowed();
        if size == 0 {
            return None;
        }
        let segment = self.cut(self.nxt, size, now);
        self.nxt += size;
        Some(segment)
    }

    /// To be called when next has no more: as long as anything is unacknowledged, sent or not, the timer runs. If nothing is on
    /// its way, the window is closed, and the timer makes us ask whether it still is.
    pub fn settle(&mut self, now: Instant) {
        if self.una == self.end() {
            self.timer = None;
        } else if self.timer.is_none() {
            self.timer = Some(now + self.rtt.rto());
            self.waiting_since = now;
        }
    }

    /// Takes the acknowledgment in an acceptable segment, from una to max.
    pub fn on_ack(&mut self, seg: &Segment, now: Instant) {
        self.waiting_since = now;
        let wnd = Seq::from(seg.window);
        if seg.ack > self.una {
            self.on_progress(seg.ack, now);
        } else if seg.len() == 0 && wnd == self.window.wnd && wnd > 0 && self.una < self.max {
            // RFC 5681, Section 2: that is what a duplicate is
            self.again |= self.congestion.on_duplicate(self.una, self.max - self.una, self.max);
        }
        // Only newer segments tell of the window. RFC 9293, Section 3.10.7.4: "If (SND.WL1 < SEG.SEQ or …"
        if self.window.set_by <= (seg.seq, seg.ack) {
            if self.window.wnd == 0 && wnd > 0 {
                self.rtt.backoff = 0; // it was the window that kept us waiting, not the network
                self.timer = None;
            }
            self.window = Window { wnd, widest: wnd.max(self.window.widest), set_by: (seg.seq, seg.ack) };
        }
    }

    /// Looks at the timer. Returns whether to go on; if not, the peer has been silent for too long.
    pub fn on_tick(&mut self, now: Instant) -> bool {
        if !has_expired(self.timer, now) {
            return true;
        }
        if now - self.waiting_since > PATIENCE {
            return false;
        }
        if self.una > self.iss && (self.window.wnd == 0 || self.nxt == self.una) {
            // RFC 9293, Section 3.8.6.1: the peer's window is closed; we "must regularly transmit
            // at least one octet of new data (if available), or retransmit": the news that it is open may have been lost.
            self.again = true;
        } else {
            self.congestion.on_timeout(self.max - self.una, self.max, self.rtt.backoff == 0);
            self.rewind();
        }
        self.rtt.back_off();
        self.timer = Some(now + self.rtt.rto());
        true
    }

    /// Has everything that is not acknowledged sent again.
    pub fn rewind(&mut self) {
        self.nxt = self.una;
        self.again = false;
        self.timed = None;
    }

    fn on_progress(&mut self, ack: Seq, now: Instant) {
        if let Some((_, sent)) = self.timed.filter(|(end, _)| ack >= *end) {
            self.rtt.sample(now - sent);
            self.timed = None;
        }
        let done = self.buffer.len().min((ack - self.first()).max(0) as usize); // SYN and FIN are not in there
        self.buffer.drain(..done);
        let acked = ack - self.una;
        self.una = ack;
        self.nxt = self.nxt.max(ack);
        self.again = self.congestion.on_ack(ack, acked, self.max - ack);
        self.timer = None; // settle starts it anew
    }

    /// Returns how many sequence numbers, FIN's among them, the next segment may have: 0 to 1 MSS.
    fn allowed(&self) -> Seq {
        let waiting = self.end() - self.nxt;
        let room = self.una + self.window.wnd.min(self.congestion.cwnd) - self.nxt;
        let size = waiting.min(room).min(self.mss);
        if size <= 0 || (size < self.mss.min(waiting) && 2 * size < self.window.widest) {
            return 0; // RFC 9293, Section 3.8.6.2.1: rather wait than send crumbs into a narrow window
        }
        size
    }

    /// Makes a segment of size sequence numbers from seq on.
    fn cut(&mut self, seq: Seq, size: Seq, now: Instant) -> Segment {
        let start = (seq - self.first()).max(0) as usize;
        let end = self.buffer.len().min(start + size as usize);
        let payload: Vec<u8> = self.buffer.range(start.min(end)..end).copied().collect();
        let mut flags = 0;
        if !payload.is_empty() && end == self.buffer.len() {
            flags |= PSH;
        }
        if self.fin == Some(seq + payload.len() as Seq) && size > payload.len() as Seq {
            flags |= FIN;
        }
        self.note(Segment { seq, flags, payload, ..Segment::default() }, now)
    }

    fn note(&mut self, segment: Segment, now: Instant) -> Segment {
        let end = segment.seq + segment.len();
        if self.timed.is_none() && segment.seq >= self.max {
            self.timed = Some((end, now)); // one at a time, and none that goes out again
        }
        self.max = self.max.max(end);
        segment
    }

    /// The sequence number of the first byte in the buffer.
    fn first(&self) -> Seq {
        self.una.max(self.iss + 1)
    }

    fn end_of_data(&self) -> Seq {
        self.fin.unwrap_or_else(|| self.first() + self.buffer.len() as Seq)
    }

    /// The sequence number behind all that the application wants sent.
    fn end(&self) -> Seq {
        self.end_of_data() + Seq::from(self.is_closed())
    }
}
