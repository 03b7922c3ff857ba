/**
 * One connection: its state, and what each event does to it. RFC 9293, Section 3.10.
 *
 * What happens comes in through connect, accept, send, finish, abort, onSegment and onTimer, each with the time; what has to be done goes
 * out through the calls of api; deadline says when onTimer is wanted. There is no clock and no socket in here, so a test can be the
 * network, the application and the time.
 */

import { Receiver, WINDOW } from "./receiver.js";
import { ACK, FIN, Path, PSH, RST, SYN, lengthOf, unwrap } from "./segment.js";
import { Sender } from "./sender.js";
import { Timer } from "./timers.js";

/** @typedef {import("#api").Conn} Conn */
/** @typedef {import("./segment.js").Segment} Segment */
/** @typedef {Pick<typeof import("#api"), "appConnected" | "peerConnected" | "appRecv" | "appPeerFin" | "appPeerRst" | "tcpTx" | "releaseConnection">} Api */

// How long a segment may wander about in the network, in milliseconds. RFC 9293 takes two minutes; in a laboratory a second is plenty,
// and the driver lends out only 4,000 ports.
const MSL = 1000;

export const State = Object.freeze({
  LISTEN: "LISTEN",
  SYN_SENT: "SYN-SENT",
  SYN_RECEIVED: "SYN-RECEIVED",
  ESTABLISHED: "ESTABLISHED",
  FIN_WAIT_1: "FIN-WAIT-1",
  FIN_WAIT_2: "FIN-WAIT-2",
  CLOSE_WAIT: "CLOSE-WAIT",
  CLOSING: "CLOSING",
  LAST_ACK: "LAST-ACK",
  TIME_WAIT: "TIME-WAIT",
  CLOSED: "CLOSED",
});

/** @type {ReadonlySet<string>} in the others the peer has said that it is done */
const TAKES_TEXT = new Set([State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2]);

/** A connection in CLOSED stays there, and has told the driver what it needs to know. */
export class Connection {
  /** @type {string} */
  state = State.LISTEN; // until connect or accept
  #isCalled = false; // the peer began it: it came from LISTEN by a SYN
  /** @type {Receiver | undefined} */
  rcv; // once we have seen the peer's SYN
  #timeWait = new Timer();
  #api;

  /**
   * @param {Conn} conn
   * @param {Api} api the module, or what a test puts in its place
   * @param {number} iss
   */
  constructor(conn, api, iss) {
    this.conn = conn;
    this.path = new Path(conn);
    this.snd = new Sender(iss);
    this.#api = api;
  }

  // What the application asks for.

  /** @param {number} now */
  connect(now) {
    this.state = State.SYN_SENT;
    this.#flush(now);
  }

  /**
   * Somebody calls: the application listens, and this came for it.
   * @param {Segment} syn
   * @param {number} now
   */
  accept(syn, now) {
    this.onSegment(syn, now);
    if (this.state === State.LISTEN) this.#release(); // it was no SYN; the driver brings none such
  }

  /**
   * @param {Uint8Array} data
   * @param {number} now
   */
  send(data, now) {
    this.snd.push(data);
    this.#flush(now);
  }

  /**
   * The application has no more to send.
   * @param {number} now
   */
  finish(now) {
    this.snd.close();
    if (this.state === State.ESTABLISHED) this.state = State.FIN_WAIT_1;
    else if (this.state === State.CLOSE_WAIT) this.state = State.LAST_ACK;
    this.#flush(now);
  }

  /** The application is gone. The driver has forgotten the connection; the peer is told, if it knows of it. */
  abort() {
    if (this.rcv && this.state !== State.TIME_WAIT) this.#emit(this.snd.max, RST);
    this.state = State.CLOSED;
  }

  // What time brings.

  /** When onTimer has to be called, unless something else happens before. */
  get deadline() {
    if (this.state === State.CLOSED) return Infinity;
    return Math.min(this.snd.timer.at, this.#timeWait.at, this.rcv?.timer.at ?? Infinity);
  }

  /** @param {number} now */
  onTimer(now) {
    if (this.state === State.CLOSED) return;
    if (this.#timeWait.hasExpired(now)) this.#release();
    else if (this.snd.timer.hasExpired(now) && !this.snd.onTimeout(now)) this.#reset();
    else if (this.rcv?.timer.hasExpired(now)) this.rcv.ackDue = true;
    this.#flush(now);
  }

  // What the network brings.

  /**
   * @param {Segment} wire with the numbers of the wire
   * @param {number} now
   */
  onSegment(wire, now) {
    const seg = { ...wire, ack: unwrap(wire.ack, this.snd.una) };
    if (this.rcv) {
      seg.seq = unwrap(wire.seq, this.rcv.nxt);
      this.#onArrival(this.rcv, seg, now);
    } else if (this.state === State.SYN_SENT) {
      this.#onSynSent(seg, now);
    } else if (this.state === State.LISTEN) {
      this.#onListen(seg, now);
    }
    this.#flush(now);
  }

  /**
   * RFC 9293, Section 3.10.7.2: nobody has sent anything yet.
   * @param {Segment} seg
   * @param {number} now
   */
  #onListen(seg, now) {
    if (seg.flags & RST) return; // "it does not refer to anything that has been sent"
    if (seg.flags & ACK) {
      this.#emit(seg.ack, RST); // "Any acknowledgment is bad if it arrives on a connection still in the LISTEN state."
    } else if (seg.flags & SYN) {
      this.#isCalled = true;
      this.#takeSyn(seg, now);
    }
  }

  /**
   * RFC 9293, Section 3.10.7.3: we have sent SYN, and this is the first that we hear.
   * @param {Segment} seg
   * @param {number} now
   */
  #onSynSent(seg, now) {
    const hasAck = (seg.flags & ACK) !== 0;
    const isAcceptable = hasAck && this.snd.iss < seg.ack && seg.ack <= this.snd.max;
    if (hasAck && !isAcceptable) {
      if (!(seg.flags & RST)) this.#emit(seg.ack, RST);
    } else if (seg.flags & RST) {
      if (isAcceptable) this.#reset(); // "error: connection reset": nobody listens there
    } else if (seg.flags & SYN) {
      this.#takeSyn(seg, now);
    }
  }

  /**
   * Data that comes with a SYN is left to be sent again: we acknowledge the SYN alone.
   * @param {Segment} seg
   * @param {number} now
   */
  #takeSyn(seg, now) {
    this.rcv = new Receiver(seg.seq, this.path.mss);
    this.snd.begin(Math.min(this.path.mss, seg.mss || this.path.defaultMss));
    if (seg.flags & ACK) {
      this.snd.onAck(seg, false, now);
      this.#establish();
      this.rcv.ackDue = true;
    } else { // both ends have sent SYN at the same time, or we were in LISTEN
      this.state = State.SYN_RECEIVED;
      this.snd.rewind(); // SYN goes out again, now with an acknowledgment
    }
  }

  #establish() {
    this.state = this.snd.fin === undefined ? State.ESTABLISHED : State.FIN_WAIT_1;
    if (this.#isCalled) this.#api.peerConnected(this.conn);
    else this.#api.appConnected(this.conn);
  }

  /**
   * RFC 9293, Section 3.10.7.4: the checks, in their order, for all states in which the peer's SYN is known.
   * @param {Receiver} rcv
   * @param {Segment} seg
   * @param {number} now
   */
  #onArrival(rcv, seg, now) {
    if (this.#checkSeq(rcv, seg, now) && this.#checkRst(rcv, seg) && this.#checkSyn(rcv, seg) && this.#checkAck(rcv, seg, now)) {
      this.#takeText(rcv, seg, now);
    }
  }

  /**
   * @param {Receiver} rcv
   * @param {Segment} seg
   * @param {number} now
   */
  #checkSeq(rcv, seg, now) {
    if (rcv.accepts(seg.seq, lengthOf(seg))) return true;
    if (!(seg.flags & RST)) {
      rcv.ackDue = true; // "an acknowledgment should be sent in reply"
      if (this.state === State.TIME_WAIT && seg.flags & FIN) this.#timeWait.start(now + 2 * MSL); // our last one was lost
    }
    return false;
  }

  /**
   * RFC 9293 has one in SYN-RECEIVED that was called "return to the LISTEN state". The one who listens is the driver: the next SYN is the
   * next connection.
   * @param {Receiver} rcv
   * @param {Segment} seg
   */
  #checkRst(rcv, seg) {
    if (!(seg.flags & RST)) return true;
    if (seg.seq !== rcv.nxt) rcv.ackDue = true; // RFC 5961, Section 3.2: whoever guesses is asked again, "a challenge ACK"
    else if (this.state === State.CLOSING || this.state === State.LAST_ACK || this.state === State.TIME_WAIT) this.#release();
    else this.#reset();
    return false;
  }

  /**
   * @param {Receiver} rcv
   * @param {Segment} seg
   */
  #checkSyn(rcv, seg) {
    if (!(seg.flags & SYN)) return true;
    rcv.ackDue = true; // RFC 5961, Section 4.2
    return false;
  }

  /**
   * @param {Receiver} rcv
   * @param {Segment} seg
   * @param {number} now
   */
  #checkAck(rcv, seg, now) {
    const { snd } = this;
    if (!(seg.flags & ACK)) return false;
    if (this.state === State.SYN_RECEIVED) {
      if (seg.ack <= snd.una || seg.ack > snd.max) {
        this.#emit(seg.ack, RST);
        return false;
      }
      this.#establish();
    }
    if (seg.ack > snd.max || seg.ack < snd.una - snd.widest) {
      rcv.ackDue = true; // of what we never sent, or too old to be true: RFC 5961, Section 5.2
      return false;
    }
    if (seg.ack >= snd.una) snd.onAck(seg, lengthOf(seg) === 0, now);
    if (snd.isFinAcked()) this.#onFinAcked(now);
    return this.state !== State.CLOSED;
  }

  /** @param {number} now */
  #onFinAcked(now) {
    if (this.state === State.FIN_WAIT_1) this.state = State.FIN_WAIT_2;
    else if (this.state === State.CLOSING) this.#enterTimeWait(now);
    else if (this.state === State.LAST_ACK) this.#release();
  }

  /**
   * @param {Receiver} rcv
   * @param {Segment} seg
   * @param {number} now
   */
  #takeText(rcv, { seq, payload, flags }, now) {
    const fin = (flags & FIN) !== 0;
    if (!TAKES_TEXT.has(this.state) || (payload.length === 0 && !fin)) return;
    for (const piece of rcv.take(seq, payload, { fin, push: (flags & PSH) !== 0 }, now)) this.#api.appRecv(this.conn, piece);
    if (rcv.hasFinished()) this.#onPeerFin(now);
  }

  /** @param {number} now */
  #onPeerFin(now) {
    this.#api.appPeerFin(this.conn);
    if (this.state === State.ESTABLISHED) this.state = State.CLOSE_WAIT;
    else if (this.state === State.FIN_WAIT_1) this.state = State.CLOSING;
    else if (this.state === State.FIN_WAIT_2) this.#enterTimeWait(now);
  }

  /**
   * We have acknowledged FIN but cannot know whether that arrives: stay, to answer should FIN come again.
   * @param {number} now
   */
  #enterTimeWait(now) {
    this.state = State.TIME_WAIT;
    this.#timeWait.start(now + 2 * MSL);
  }

  #reset() {
    this.state = State.CLOSED;
    this.#api.appPeerRst(this.conn);
  }

  #release() {
    this.state = State.CLOSED;
    this.#api.releaseConnection(this.conn);
  }

  // What goes out.

  /**
   * Sends what may be sent and what has to be acknowledged. Every event ends here.
   * @param {number} now
   */
  #flush(now) {
    if (this.state === State.LISTEN || this.state === State.CLOSED) return;
    for (let out; (out = this.snd.next(now)); ) this.#emit(out.seq, out.flags, out.payload);
    this.snd.settle(now);
    // Not from nxt: after a timeout that lies before the peer's window, and the peer would take this for old.
    if (this.rcv?.ackDue) this.#emit(this.snd.max, ACK);
  }

  /**
   * @param {number} seq
   * @param {number} flags
   * @param {Buffer} [payload]
   */
  #emit(seq, flags, payload = Buffer.alloc(0)) {
    const segment = { seq, ack: 0, flags, window: WINDOW, payload, mss: flags & SYN ? this.path.mss : undefined };
    if (this.rcv && !(flags & RST)) {
      segment.ack = this.rcv.nxt;
      segment.flags |= ACK;
      this.rcv.onAcked();
    }
    this.#api.tcpTx(this.conn, this.path.build(segment));
  }
}
