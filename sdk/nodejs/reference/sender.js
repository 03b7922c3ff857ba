/** The sending half of a connection: what to send when, what to send again, and for how long to try. */

import { NewReno } from "./congestion.js";
import { ByteQueue } from "./queue.js";
import { FIN, PSH, SYN } from "./segment.js";
import { RoundTrip, Timer } from "./timers.js";

const PATIENCE = 100_000; // milliseconds. RFC 9293, Section 3.8.3: R2 "SHOULD correspond to at least 100 seconds"
const PATIENCE_SYN = 180_000; // "MUST be set large enough to provide retransmission of the segment for at least 3 minutes"
const NOTHING = Buffer.alloc(0);

/** @typedef {{seq: number, flags: number, payload: Buffer}} Outbound a segment to send; its payload is to be read at once */

/**
 * The variables are those of RFC 9293, Section 3.3.1. SYN and FIN have a sequence number each:
 *
 *     iss                una              nxt        max
 *      |  SYN  |  acknowledged  |  on its way  |  to send (again)  |  waiting  |  FIN  |
 *
 * nxt lies before max after a timeout, when everything on its way counts as lost.
 */
export class Sender {
  wnd = 0; // the peer's window, counted from una
  widest = 0; // the widest it ever was
  /** @type {number | undefined} */
  fin; // where FIN is, once the application has no more
  timer = new Timer();
  rtt = new RoundTrip();
  #wl1 = 0; // SEG.SEQ and SEG.ACK of the segment that set wnd
  #wl2 = 0;
  #mss = 536; // until begin
  #queue = new ByteQueue(); // from una on
  #again = false; // the segment at una is to be sent again, or the peer's closed window is to be probed
  /** @type {{end: number, at: number} | undefined} */
  #timed; // the end of a segment, and when it was sent
  #waitingSince = 0;

  /** @param {number} iss */
  constructor(iss) {
    this.iss = iss;
    this.una = iss; // the oldest unacknowledged sequence number
    this.nxt = iss; // the next one to send
    this.max = iss; // behind all that was ever sent
    this.congestion = new NewReno(this.#mss, iss, false);
  }

  /**
   * The peer's SYN has come, and with it the size of the segments it takes.
   * @param {number} mss
   */
  begin(mss) {
    this.#mss = mss;
    this.congestion = new NewReno(mss, this.iss, this.rtt.backoff > 0);
  }

  /** @param {Uint8Array} data */
  push(data) {
    this.#queue.push(data);
  }

  close() {
    this.fin ??= this.#first() + this.#queue.length;
  }

  isFinAcked() {
    return this.fin !== undefined && this.una > this.fin;
  }

  /**
   * Returns a segment that may be sent now. To be called until there is none.
   * @param {number} now
   * @returns {Outbound | undefined}
   */
  next(now) {
    if (this.nxt === this.iss) {
      this.nxt++;
      return this.#note({ seq: this.iss, flags: SYN, payload: NOTHING }, now);
    }
    if (this.una === this.iss) return undefined; // data waits for the end of the handshake
    if (this.#again) {
      this.#again = false;
      return this.#cut(this.una, Math.max(1, Math.min(this.#mss, this.wnd)), now);
    }
    const size = this.#allowed();
    if (size === 0) return undefined;
    this.nxt += size;
    return this.#cut(this.nxt - size, size, now);
  }

  /**
   * To be called when next has no more: as long as anything is unacknowledged, sent or not, the timer runs. If nothing is on its way, the
   * window is closed, and the timer makes us ask whether it still is.
   * @param {number} now
   */
  settle(now) {
    if (this.una === this.#end()) {
      this.timer.stop();
    } else if (!this.timer.isRunning()) {
      this.timer.start(now + this.rtt.rto);
      this.#waitingSince = now;
    }
  }

  /**
   * Takes an acknowledgment from una to max.
   * @param {{ack: number, seq: number, window: number}} segment where it begins, and what it says
   * @param {boolean} empty it carries nothing else
   * @param {number} now
   */
  onAck({ ack, seq, window }, empty, now) {
    this.#waitingSince = now;
    if (ack > this.una) {
      this.#onProgress(ack, now);
    } else if (empty && window === this.wnd && window > 0 && this.una < this.max) { // RFC 5681, Section 2: what a duplicate is
      if (this.congestion.onDuplicate(this.una, this.max - this.una, this.max)) this.#again = true;
    }
    // Only newer segments tell of the window. RFC 9293, Section 3.10.7.4: "If (SND.WL1 < SEG.SEQ or (SND.WL1 = SEG.SEQ and
    // SND.WL2 =< SEG.ACK))"
    if (this.#wl1 < seq || (this.#wl1 === seq && this.#wl2 <= ack)) {
      if (this.wnd === 0 && window > 0) {
        this.rtt.backoff = 0; // it was the window that kept us waiting, not the network
        this.timer.stop();
      }
      [this.wnd, this.#wl1, this.#wl2] = [window, seq, ack];
      this.widest = Math.max(this.widest, window);
    }
  }

  /**
   * The timer has expired. Returns whether to go on; if not, the peer has been silent for too long.
   * @param {number} now
   */
  onTimeout(now) {
    if (now - this.#waitingSince > (this.una === this.iss ? PATIENCE_SYN : PATIENCE)) return false;
    if (this.una > this.iss && (this.wnd === 0 || this.nxt === this.una)) {
      // RFC 9293, Section 3.8.6.1: the peer's window is closed; we "must regularly transmit at least one octet of new data (if
      // available), or retransmit": the news that it is open may have been lost.
      this.#again = true;
    } else {
      this.congestion.onTimeout(this.max - this.una, this.max, this.rtt.backoff === 0);
      this.rewind();
    }
    this.rtt.backOff();
    this.timer.start(now + this.rtt.rto);
    return true;
  }

  /** Has everything that is not acknowledged sent again. */
  rewind() {
    this.nxt = this.una;
    this.#again = false;
    this.#timed = undefined;
  }

  /**
   * @param {number} ack
   * @param {number} now
   */
  #onProgress(ack, now) {
    if (this.#timed && ack >= this.#timed.end) {
      this.rtt.sample(now - this.#timed.at);
      this.#timed = undefined;
    }
    this.#queue.drop(Math.min(ack - this.#first(), this.#queue.length)); // FIN is not in it
    const acked = ack - this.una;
    this.una = ack;
    this.nxt = Math.max(this.nxt, ack);
    this.#again = this.congestion.onAck(ack, acked, this.max - ack);
    this.timer.stop(); // settle starts it anew
  }

  /** Returns how many sequence numbers, FIN's among them, the next segment may have: 0 to 1 MSS. */
  #allowed() {
    const waiting = this.#end() - this.nxt;
    const room = this.una + Math.min(this.wnd, this.congestion.cwnd) - this.nxt;
    const size = Math.min(waiting, room, this.#mss);
    const isCrumb = size < Math.min(this.#mss, waiting) && 2 * size < this.widest;
    return size <= 0 || isCrumb ? 0 : size; // RFC 9293, Section 3.8.6.2.1: rather wait than send crumbs into a narrow window
  }

  /**
   * @param {number} seq
   * @param {number} size sequence numbers
   * @param {number} now
   */
  #cut(seq, size, now) {
    const at = seq - this.#first();
    const payload = this.#queue.peek(at, size);
    let flags = payload.length > 0 && at + size >= this.#queue.length ? PSH : 0;
    if (seq + payload.length === this.fin && size > payload.length) flags |= FIN;
    return this.#note({ seq, flags, payload }, now);
  }

  /**
   * Takes note of a segment that goes out.
   * @param {Outbound} out
   * @param {number} now
   */
  #note(out, now) {
    const end = out.seq + out.payload.length + (out.flags & (SYN | FIN) ? 1 : 0);
    if (!this.#timed && out.seq >= this.max) this.#timed = { end, at: now }; // one at a time, and none that goes out again
    this.max = Math.max(this.max, end);
    return out;
  }

  /** Returns the sequence number of the first byte in the queue. */
  #first() {
    return Math.max(this.una, this.iss + 1);
  }

  /** Returns the sequence number behind all that the application wants sent. */
  #end() {
    return this.fin === undefined ? this.#first() + this.#queue.length : this.fin + 1;
  }
}
