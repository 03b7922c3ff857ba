/** How much the network may be asked to carry: slow start, congestion avoidance, fast recovery. RFC 5681 and RFC 6582 (NewReno). */

/**
 * Numbers in, numbers out: cwnd is how many bytes may be on their way. What its methods return says whether to send the first
 * unacknowledged segment again.
 */
export class NewReno {
  ssthresh = Infinity; // slow start below it, congestion avoidance above
  isRecovering = false;
  #recover; // losses below it belong to an event that was answered already
  #duplicates = 0;
  #credit = 0; // bytes acknowledged since cwnd last grew in congestion avoidance

  /**
   * @param {number} mss
   * @param {number} iss
   * @param {boolean} synLost
   */
  constructor(mss, iss, synLost) {
    this.mss = mss;
    this.#recover = iss;
    const initial = Math.min(10 * mss, Math.max(2 * mss, 14_600)); // RFC 6928
    this.cwnd = synLost ? mss : initial; // RFC 5681, Section 3.1: after a lost SYN "MUST be one segment"
  }

  /**
   * An acknowledgment of acked bytes has come; flight bytes are still on their way.
   * @param {number} ack
   * @param {number} acked
   * @param {number} flight
   */
  onAck(ack, acked, flight) {
    this.#duplicates = 0;
    if (!this.isRecovering) {
      this.#grow(acked);
      return false;
    }
    if (ack >= this.#recover) { // everything of then has arrived
      this.isRecovering = false;
      this.cwnd = Math.min(this.ssthresh, Math.max(flight, this.mss) + this.mss);
      return false;
    }
    // A partial acknowledgment: the next hole begins right here. "Retransmit the first unacknowledged segment."
    this.cwnd = Math.max(this.cwnd - acked + (acked >= this.mss ? this.mss : 0), this.mss);
    return true;
  }

  /**
   * A duplicate acknowledgment: something left the network, but not what the peer waits for.
   * @param {number} una
   * @param {number} flight
   * @param {number} highest
   */
  onDuplicate(una, flight, highest) {
    this.#duplicates++;
    if (this.isRecovering) {
      this.cwnd += this.mss;
      return false;
    }
    if (this.#duplicates !== 3 || una <= this.#recover) return false;
    this.ssthresh = Math.max(Math.floor(flight / 2), 2 * this.mss);
    this.cwnd = this.ssthresh + 3 * this.mss; // three segments have arrived behind the hole
    this.isRecovering = true;
    this.#recover = highest;
    return true;
  }

  /**
   * Nothing comes back any more. A segment that times out for the second time halves nothing again.
   * @param {number} flight
   * @param {number} highest
   * @param {boolean} first
   */
  onTimeout(flight, highest, first) {
    if (first) this.ssthresh = Math.max(Math.floor(flight / 2), 2 * this.mss);
    this.cwnd = this.mss;
    this.isRecovering = false;
    this.#recover = highest;
    this.#duplicates = this.#credit = 0;
  }

  /** @param {number} acked */
  #grow(acked) {
    if (this.cwnd < this.ssthresh) {
      this.cwnd += Math.min(acked, this.mss); // doubles in a round trip
      return;
    }
    this.#credit += acked;
    if (this.#credit >= this.cwnd) { // one segment in a round trip
      this.#credit -= this.cwnd;
      this.cwnd += this.mss;
    }
  }
}
