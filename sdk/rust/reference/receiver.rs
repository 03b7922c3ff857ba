//! The receiving half of a connection: what is acceptable, in which order it goes on, and when to acknowledge it.

use std::collections::BTreeMap;

use super::segment::Seq;

/// RCV.WND. What is in order goes straight to the application, so it never shrinks.
pub const WINDOW: u16 = 65535;

/// How many bytes to keep that came too early: a peer that repeats itself shall not fill our memory.
const HELD: usize = 2 * WINDOW as usize;

#[derive(Debug)]
pub struct Receiver {
    /// RCV.NXT: the sequence number expected next.
    pub nxt: Seq,
    /// An acknowledgment has to go out at once.
    pub ack_due: bool,
    /// Where FIN is, once we have seen it.
    fin: Option<Seq>,
    /// Bytes that came in order and were not acknowledged yet.
    unacked: usize,
    /// What came too early, by sequence number.
    held: BTreeMap<Seq, Vec<u8>>,
    held_bytes: usize,
    mss: usize,
}

impl Receiver {
    pub fn new(irs: Seq, mss: u16) -> Receiver {
        let held = BTreeMap::new();
        Receiver { nxt: irs + 1, ack_due: false, fin: None, unacked: 0, held, held_bytes: 0, mss: mss.into() }
    }

    /// RFC 9293, Section 3.10.7.4, first check: does the segment touch the window?
    pub fn accepts(&self, seq: Seq, len: Seq) -> bool {
        seq < self.end() && if len == 0 { seq >= self.nxt } else { seq + len > self.nxt }
    }

    /// Takes the text of an acceptable segment. Returns what can go to the application now: it may be more than came, or
    /// nothing.
    pub fn take(&mut self, seq: Seq, mut payload: Vec<u8>, fin: bool, push: bool) -> Vec<u8> {
        let after = seq + payload.len() as Seq;
        if fin && after < self.end() {
            self.fin = Some(after);
        }
        payload.truncate((self.end() - seq) as usize); // "trimming off any portions that lie outside the window"
        if seq > self.nxt {
            self.ack_due = true; // RFC 5681: "SHOULD send an immediate duplicate ACK": so the peer learns of the hole
            self.hold(seq, payload);
            return Vec::new();
        }
        let was_hole = !self.held.is_empty();
        let mut ready = Vec::new();
        self.advance(seq, payload, &mut ready);
        while let Some(seq) = self.held.keys().next().copied().filter(|seq| *seq <= self.nxt) {
            let payload = self.held.remove(&seq).unwrap_or_default();
            self.held_bytes -= payload.len();
            self.advance(seq, payload, &mut ready);
        }
        if self.fin == Some(self.nxt) {
            self.nxt += 1; // FIN has a sequence number of its own
        }
        // RFC 5681, Section 4.2: "an ACK SHOULD be generated for at least every second full-sized segment"; others wait for the
        // next tick. Not so at a hole, nor when the peer pushes: then it may have nothing more to send until we answer.
        self.ack_due |= was_hole || fin || push || self.unacked >= 2 * self.mss;
        ready
    }

    /// Reports whether FIN has come, and everything before it.
    pub fn has_finished(&self) -> bool {
        self.fin.map_or(false, |fin| self.nxt > fin)
    }

    /// RFC 9293, Section 3.8.6.3: "the delay MUST be less than 0.5 seconds".
    pub fn on_tick(&mut self) {
        self.ack_due |= self.unacked > 0;
    }

    /// A segment goes out that carries RCV.NXT.
    pub fn on_acked(&mut self) {
        self.ack_due = false;
        self.unacked = 0;
    }

    /// The first sequence number beyond the window.
    fn end(&self) -> Seq {
        self.nxt + Seq::from(WINDOW)
    }

    /// Appends to ready what is new in a payload that begins at or before RCV.NXT.
    fn advance(&mut self, seq: Seq, mut payload: Vec<u8>, ready: &mut Vec<u8>) {
        payload.drain(..payload.len().min((self.nxt - seq) as usize));
        self.nxt += payload.len() as Seq;
        self.unacked += payload.len();
        if ready.is_empty() {
            *ready = payload; // the usual case copies nothing
        } else {
            ready.append(&mut payload);
        }
    }

    fn hold(&mut self, seq: Seq, payload: Vec<u8>) {
        let known = self.held.get(&seq).map_or(0, Vec::len);
        if payload.len() > known && self.held_bytes - known + payload.len() <= HELD {
            self.held_bytes += payload.len() - known;
            self.held.insert(seq, payload);
        }
    }
}
