//! How much the network may be asked to carry: slow start, congestion avoidance, fast recovery. RFC 5681 and RFC 6582 (NewReno).

use super::segment::Seq;

/// Numbers in, numbers out. What the functions return says whether to send the first unacknowledged segment again.
#[derive(Debug)]
pub struct NewReno {
    /// How many bytes may be on their way.
    pub cwnd: Seq,
    /// Slow start below it, congestion avoidance above.
    pub ssthresh: Seq,
    pub phase: Phase,
    mss: Seq,
    /// Losses below it belong to an event that was answered already.
    recover: Seq,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Phase {
    /// All is well, but for so many duplicate acknowledgments; credit is what was acknowledged since cwnd last grew.
    Open { duplicates: u32, credit: Seq },
    /// A segment was lost, and what was sent up to recover has not all arrived yet.
    Recovery,
}

const OPEN: Phase = Phase::Open { duplicates: 0, credit: 0 };

impl NewReno {
    pub fn new(mss: Seq, iss: Seq, syn_lost: bool) -> NewReno {
        let initial = (10 * mss).min(14600.max(2 * mss)); // RFC 6928
        let cwnd = if syn_lost { mss } else { initial }; // RFC 5681, Section 3.1: after a lost SYN "MUST be one segment"
        NewReno { cwnd, ssthresh: Seq::MAX, phase: OPEN, mss, recover: iss }
    }

    /// An acknowledgment of acked bytes has come; flight bytes are still on their way.
    #[must_use]
    pub fn on_ack(&mut self, ack: Seq, acked: Seq, flight: Seq) -> bool {
        match &mut self.phase {
            Phase::Open { duplicates, credit } => {
                *duplicates = 0;
                if self.cwnd < self.ssthresh {
                    self.cwnd += acked.min(self.mss); // doubles in a round trip
                    return false;
                }
                *credit += acked;
                if *credit >= self.cwnd {
                    *credit -= self.cwnd;
                    self.cwnd += self.mss; // one segment in a round trip
                }
                false
            }
            Phase::Recovery if ack >= self.recover => {
                self.phase = OPEN; // everything of then has arrived
                self.cwnd = self.ssthresh.min(flight.max(self.mss) + self.mss);
                false
            }
            Phase::Recovery => {
                // A partial acknowledgment: the next hole begins right here. "Retransmit the first unacknowledged segment."
                let deflated = self.cwnd - acked + if acked >= self.mss { self.mss } else { 0 };
                self.cwnd = deflated.max(self.mss);
                true
            }
        }
    }

    /// A duplicate acknowledgment: something left the network, but not what the peer waits for.
    #[must_use]
    pub fn on_duplicate(&mut self, una: Seq, flight: Seq, highest: Seq) -> bool {
        match &mut self.phase {
            Phase::Recovery => {
                self.cwnd += self.mss;
                false
            }
            Phase::Open { duplicates, .. } => {
                *duplicates += 1;
                if *duplicates != 3 || una <= self.recover {
                    return false;
                }
                self.ssthresh = (flight / 2).max(2 * self.mss);
                self.cwnd = self.ssthresh + 3 * self.mss; // three segments have arrived behind the hole
                self.phase = Phase::Recovery;
                self.recover = highest;
                true
            }
        }
    }

    /// Nothing comes back any more. A segment that times out for the second time halves nothing again.
    pub fn on_timeout(&mut self, flight: Seq, highest: Seq, first: bool) {
        if first {
            self.ssthresh = (flight / 2).max(2 * self.mss);
        }
        self.cwnd = self.mss;
        self.phase = OPEN;
        self.recover = highest;
    }
}
