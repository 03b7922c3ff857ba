//! How long to wait for an acknowledgment: RFC 6298.

use std::time::{Duration, Instant};

/// Before anything was measured: "SHOULD set RTO <- 1 second".
const FIRST_RTO: Duration = Duration::from_secs(1);

/// "Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD be rounded up to 1 second."
const LEAST_RTO: Duration = Duration::from_secs(1);

const MOST_RTO: Duration = Duration::from_secs(60);

/// Of our clock, the tick.
const GRANULARITY: Duration = Duration::from_millis(100);

/// A moment to be woken at, or none. Nothing happens by itself: whoever has the clock asks.
pub type Timer = Option<Instant>;

pub fn has_expired(timer: Timer, now: Instant) -> bool {
    timer.map_or(false, |at| now >= at)
}

/// Estimates the time from a segment to its acknowledgment, and from that the retransmission timeout.
#[derive(Debug, Default)]
pub struct RoundTrip {
    /// SRTT and RTTVAR: the smoothed time, and how much it varies.
    pub estimate: Option<(Duration, Duration)>,
    /// Timeouts since the last sample.
    pub backoff: u32,
}

impl RoundTrip {
    pub fn rto(&self) -> Duration {
        let rto = self.estimate.map_or(FIRST_RTO, |(srtt, rttvar)| srtt + GRANULARITY.max(4 * rttvar));
        (rto.max(LEAST_RTO) * 2_u32.pow(self.backoff)).min(MOST_RTO)
    }

    /// Takes in a measured time. It must not be of a segment that was sent twice: nobody knows which of them was acknowledged
    /// (Karn's algorithm).
    pub fn sample(&mut self, rtt: Duration) {
        self.estimate = Some(match self.estimate {
            None => (rtt, rtt / 2),
            Some((srtt, rttvar)) => {
                let error = if rtt > srtt { rtt - srtt } else { srtt - rtt };
                ((7 * srtt + rtt) / 8, (3 * rttvar + error) / 4)
            }
        });
        self.backoff = 0;
    }

    /// The timer has expired: "The host MUST set RTO <- RTO * 2".
    pub fn back_off(&mut self) {
        self.backoff = (self.backoff + 1).min(6);
    }
}
