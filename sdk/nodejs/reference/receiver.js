/** The receiving half of a connection: what is acceptable, in which order it goes on, and when to acknowledge it. */

import { Timer } from "./timers.js";

export const WINDOW = 65_535; // RCV.WND. What is in order goes straight to the application, so it never shrinks
const HELD = 2 * WINDOW; // bytes: a peer that repeats itself shall not fill our memory
const DELAY = 100; // milliseconds. RFC 9293, Section 3.8.6.3: "the delay MUST be less than 0.5 seconds"

export class Receiver {
  /** @type {number | undefined} */
  fin; // where FIN is, once we have seen it
  ackDue = false; // an acknowledgment has to go out at once
  timer = new Timer(); // for acknowledgments that may wait
  #unacked = 0; // bytes that came in order and were not acknowledged yet
  #mss;
  /** @type {{seq: number, payload: Buffer}[]} */
  #held = []; // came too early; ordered by sequence number
  #heldBytes = 0;

  /**
   * @param {number} irs
   * @param {number} mss
   */
  constructor(irs, mss) {
    this.nxt = irs + 1; // RCV.NXT: the sequence number expected next
    this.#mss = mss;
  }

  /**
   * RFC 9293, Section 3.10.7.4, first check: does the segment touch the window?
   * @param {number} seq
   * @param {number} length
   */
  accepts(seq, length) {
    if (length === 0) return this.nxt <= seq && seq < this.nxt + WINDOW;
    return seq < this.nxt + WINDOW && seq + length > this.nxt;
  }

  /**
   * Takes the text of an acceptable segment. Returns what can go to the application now: it may be more than came, or nothing.
   * @param {number} seq
   * @param {Buffer} payload
   * @param {{fin: boolean, push: boolean}} flags
   * @param {number} now
   */
  take(seq, payload, { fin, push }, now) {
    if (fin && seq + payload.length < this.nxt + WINDOW) this.fin = seq + payload.length;
    payload = payload.subarray(0, this.nxt + WINDOW - seq); // "trimming off any portions that lie outside the window"
    if (seq > this.nxt) {
      this.ackDue = true; // RFC 5681: "SHOULD send an immediate duplicate ACK": so the peer learns of the hole
      this.#hold(seq, payload);
      return [];
    }
    const filledHole = this.#held.length > 0;
    const ready = [this.#advance(seq, payload), ...this.#release()];
    if (this.fin === this.nxt) this.nxt++; // FIN has a sequence number of its own
    this.#delay(filledHole || fin || push, now);
    return ready.filter((piece) => piece.length > 0);
  }

  /** Has FIN come, and everything before it? */
  hasFinished() {
    return this.fin !== undefined && this.nxt > this.fin;
  }

  /** A segment went out that carries RCV.NXT. */
  onAcked() {
    this.ackDue = false;
    this.#unacked = 0;
    this.timer.stop();
  }

  /**
   * Returns what of payload is new, and goes on behind it.
   * @param {number} seq
   * @param {Buffer} payload
   */
  #advance(seq, payload) {
    const fresh = payload.subarray(this.nxt - seq);
    this.nxt += fresh.length;
    this.#unacked += fresh.length;
    return fresh;
  }

  /** Returns what was held and is now in order. */
  #release() {
    const ready = [];
    let count = 0;
    for (; count < this.#held.length && this.#held[count].seq <= this.nxt; count++) {
      const { seq, payload } = this.#held[count];
      this.#heldBytes -= payload.length;
      ready.push(this.#advance(seq, payload));
    }
    this.#held.splice(0, count);
    return ready;
  }

  /**
   * @param {number} seq
   * @param {Buffer} payload
   */
  #hold(seq, payload) {
    if (payload.length === 0 || this.#heldBytes + payload.length > HELD) return;
    let low = 0, high = this.#held.length; // where it belongs, behind those that begin where it does
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#held[middle].seq <= seq) low = middle + 1;
      else high = middle;
    }
    const before = this.#held[low - 1];
    if (before?.seq === seq && before.payload.length >= payload.length) return; // it came before
    this.#held.splice(low, 0, { seq, payload });
    this.#heldBytes += payload.length;
  }

  /**
   * RFC 5681, Section 4.2: "an ACK SHOULD be generated for at least every second full-sized segment"; others wait for the timer. Not so
   * at a hole, nor when the peer pushes: then it may have nothing more to send until we answer.
   * @param {boolean} urgent
   * @param {number} now
   */
  #delay(urgent, now) {
    if (urgent || this.#unacked >= 2 * this.#mss) this.ackDue = true;
    else if (this.#unacked > 0 && !this.timer.isRunning()) this.timer.start(now + DELAY);
  }
}
