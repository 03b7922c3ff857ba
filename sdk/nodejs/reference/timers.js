/** How long to wait for an acknowledgment: RFC 6298. All times are milliseconds on any clock that never runs backwards. */

const FIRST_RTO = 1000; // before anything was measured: "SHOULD set RTO <- 1 second"
const LEAST_RTO = 1000; // "Whenever RTO is computed, if it is less than 1 second, then the RTO SHOULD be rounded up to 1 second."
const MOST_RTO = 60_000;
const GRANULARITY = 1; // of Node's timers

/** Estimates the time from a segment to its acknowledgment, and from that the retransmission timeout. */
export class RoundTrip {
  /** @type {number | undefined} */
  srtt; // smoothed
  rttvar = 0; // how much it varies
  backoff = 0; // timeouts since the last sample

  get rto() {
    const rto = this.srtt === undefined ? FIRST_RTO : this.srtt + Math.max(GRANULARITY, 4 * this.rttvar);
    return Math.min(Math.max(rto, LEAST_RTO) * 2 ** this.backoff, MOST_RTO);
  }

  /**
   * Takes in a measured time. It must not be of a segment that was sent twice: nobody knows which of them was acknowledged (Karn's
   * algorithm).
   * @param {number} rtt
   */
  sample(rtt) {
    if (this.srtt === undefined) {
      this.srtt = rtt;
      this.rttvar = rtt / 2;
    } else {
      this.rttvar += (Math.abs(this.srtt - rtt) - this.rttvar) / 4;
      this.srtt += (rtt - this.srtt) / 8;
    }
    this.backoff = 0;
  }

  /** The timer has expired: "The host MUST set RTO <- RTO * 2". */
  backOff() {
    this.backoff = Math.min(this.backoff + 1, 6);
  }
}

/** A moment to be woken at. Nothing happens by itself: outgoing.js has the clock, and asks. */
export class Timer {
  at = Infinity;

  /** @param {number} at */
  start(at) {
    this.at = at;
  }

  stop() {
    this.at = Infinity;
  }

  isRunning() {
    return this.at < Infinity;
  }

  /** @param {number} now */
  hasExpired(now) {
    return now >= this.at;
  }
}
