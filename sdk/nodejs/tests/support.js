/** What several tests need: the vectors, chance from a seed, and a network in memory with a clock of its own. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { conn } from "../conn.js";
import { Connection, State } from "../reference/connection.js";
import { ACK, FIN, PSH, RST, SYN, resetFor } from "../reference/segment.js";

/** @typedef {import("../reference/segment.js").Segment} Segment */

export const CONN = conn("10.7.0.1", 61084, "10.7.0.2", 80);
export const BACK = conn("10.7.0.2", 80, "10.7.0.1", 61084); // as the peer sees it
export const NOTHING = Buffer.alloc(0);

/**
 * @param {string} name
 * @returns {any[]}
 */
export function vectors(name) {
  return JSON.parse(readFileSync(new URL(`../../../lab/exp4/testdata/${name}`, import.meta.url), "utf8"));
}

/**
 * Returns a segment.
 * @param {number} flags
 * @param {number} seq
 * @param {number} [ack]
 * @param {Partial<Segment>} [more]
 * @returns {Segment}
 */
export function segment(flags, seq, ack = 0, more = {}) {
  return { seq, ack, flags, window: 65_535, payload: NOTHING, mss: undefined, ...more };
}

/** Chance that is the same for the same seed (mulberry32). */
export class Chance {
  #state;

  /** @param {number} seed */
  constructor(seed) {
    this.#state = seed;
  }

  /** Returns a number from 0 to 1, without 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** @param {number} limit */
  below(limit) {
    return Math.floor(this.next() * limit);
  }

  /** @param {number} size */
  bytes(size) {
    return Buffer.from(Uint8Array.from({ length: size }, () => this.below(256)));
  }
}

/** @typedef {{delay: number, loss: number, duplicate: number, corrupt: number, reorder: number}} Quality how bad a network is: probabilities, and milliseconds */

/** @type {Readonly<Quality>} */
export const GOOD = Object.freeze({ delay: 10, loss: 0, duplicate: 0, corrupt: 0, reorder: 0 });

/** One end: takes the place of the api for its connection, and notes what the application would see. */
class Host {
  /** @type {Buffer[]} */
  #received = [];
  /** @type {string[]} */
  events = [];
  sent = 0; // segments
  receivedBytes = 0;
  /** @type {(segment: Segment) => boolean} by which a test loses chosen segments */
  drop = () => false;

  /**
   * @param {Network} network
   * @param {import("#api").Conn} conn
   * @param {number} iss
   */
  constructor(network, conn, iss) {
    this.network = network;
    this.connection = new Connection(conn, this, iss);
    /** @type {Host} */
    this.peer = this;
  }

  get received() {
    return Buffer.concat(this.#received);
  }

  get isClosed() {
    return this.connection.state === State.CLOSED;
  }

  appConnected = () => void this.events.push("connected");
  peerConnected = () => void this.events.push("connected");
  appPeerFin = () => void this.events.push("peer fin");
  appPeerRst = () => void this.events.push("peer rst");
  releaseConnection = () => void this.events.push("released");

  /** @type {typeof import("#api").appRecv} */
  appRecv = (_, data) => {
    this.#received.push(Buffer.from(data));
    this.receivedBytes += data.length;
  };

  /** @type {typeof import("#api").tcpTx} */
  tcpTx = (_, data) => {
    this.sent++;
    const copy = Buffer.from(data);
    if (!this.drop(this.connection.path.parse(copy))) this.network.carry(this.peer, copy);
  };

  /** @param {Buffer} data */
  input(data) {
    const { path, conn } = this.connection;
    let segment;
    try {
      segment = path.parse(data);
    } catch {
      this.network.damaged++;
      return;
    }
    if (!this.isClosed) return this.connection.onSegment(segment, this.network.now);
    const answer = resetFor(segment);
    if (answer) this.tcpTx(conn, path.build(answer));
  }
}

/** Two hosts and the time. What happens depends on the seed alone. */
export class Network {
  now = 0;
  damaged = 0;
  /** @type {{at: number, to: Host, data: Buffer}[]} in the order in which they arrive */
  #queue = [];
  #chance;

  /**
   * @param {Quality} path
   * @param {number} seed
   */
  constructor(path, seed) {
    this.path = path;
    this.#chance = new Chance(seed);
    this.left = new Host(this, CONN, 0xffff_f000); // both wrap soon, one of them at half
    this.right = new Host(this, BACK, 0x7fff_ff00);
    [this.left.peer, this.right.peer] = [this.right, this.left];
  }

  /**
   * @param {Host} to
   * @param {Buffer} segment
   */
  carry(to, segment) {
    const { delay, loss, duplicate, corrupt, reorder } = this.path;
    const chance = this.#chance;
    for (let copies = chance.next() < duplicate ? 2 : 1; copies > 0; copies--) {
      if (chance.next() < loss) continue;
      const data = Buffer.from(segment);
      if (chance.next() < corrupt) data[chance.below(data.length)] ^= 1 << chance.below(8); // a checksum misses some that flip two
      const late = chance.next() < reorder ? 3 * chance.next() : 0;
      const at = this.now + delay * (1 + late);
      let i = this.#queue.length;
      while (i > 0 && this.#queue[i - 1].at > at) i--;
      this.#queue.splice(i, 0, { at, to, data });
    }
  }

  /**
   * Lets time pass until something holds; fails if it does not within so many milliseconds of virtual time.
   * @param {() => boolean} until
   */
  run(until, limit = 3_600_000) {
    const end = this.now + limit;
    while (!until()) assert(this.#step(end), `after ${limit} ms: ${this}`);
  }

  /**
   * Lets so much time pass.
   * @param {number} milliseconds
   */
  pass(milliseconds) {
    const end = this.now + milliseconds;
    while (this.#step(end));
    this.now = end;
  }

  /**
   * Has the next thing happen that happens before end; returns whether there is any.
   * @param {number} end
   */
  #step(end) {
    const hosts = [this.left, this.right];
    const arrival = this.#queue[0]?.at ?? Infinity;
    const alarm = Math.min(...hosts.map((host) => host.connection.deadline));
    if (Math.min(arrival, alarm) > end) return false;
    this.now = Math.max(this.now, Math.min(arrival, alarm));
    if (alarm < arrival) {
      for (const { connection } of hosts) if (connection.deadline <= this.now) connection.onTimer(this.now);
    } else {
      const { to, data } = this.#queue.splice(0, 1)[0];
      to.input(data);
    }
    return true;
  }

  connect() {
    this.left.connection.connect(this.now);
    this.run(() => [this.left, this.right].every((host) => host.events.includes("connected")));
  }

  toString() {
    const ends = [this.left, this.right].map((h) => `${h.connection.state} ${h.receivedBytes} bytes, ${h.events}`);
    return `now ${this.now}; left ${ends[0]}; right ${ends[1]}`;
  }
}

/**
 * One connection, whose peer is the test: inject is what the network brings, sent returns what it was given. Numbers are relative: the first
 * byte of either side is 1, its SYN is 0.
 */
export class Script {
  static ISS = 1000;
  static IRS = 0xffff_fff0;

  now = 0;
  /** @type {string[]} */
  events = [];
  received = "";
  /** @type {Segment[]} */
  #out = [];

  constructor() {
    const note = (/** @type {string} */ name) => () => void this.events.push(name);
    this.connection = new Connection(
      CONN,
      {
        appConnected: note("appConnected"),
        peerConnected: note("peerConnected"),
        appPeerFin: note("appPeerFin"),
        appPeerRst: note("appPeerRst"),
        releaseConnection: note("releaseConnection"),
        appRecv: (_, data) => void (this.received += Buffer.from(data).toString("latin1")),
        tcpTx: (_, data) => void this.#out.push(this.connection.path.parse(Buffer.from(data))),
      },
      Script.ISS,
    );
  }

  get state() {
    return this.connection.state;
  }

  /** Returns what was sent since the last call, such as "SYN|ACK seq=0 ack=1 len=0". */
  sent() {
    const out = this.#out;
    this.#out = [];
    return out.map((segment) => this.#print(segment));
  }

  /**
   * @param {number} flags
   * @param {number} seq
   * @param {number} [ack]
   * @param {string} [text]
   * @param {Partial<Segment>} [more]
   */
  inject(flags, seq, ack = 0, text = "", more = {}) {
    this.connection.onSegment({ ...this.#asSent(flags, seq, ack, text), ...more }, this.now);
  }

  /**
   * Somebody calls.
   * @param {number} flags
   * @param {number} seq
   * @param {number} [ack]
   * @param {string} [text]
   */
  accept(flags, seq, ack = 0, text = "") {
    this.connection.accept({ ...this.#asSent(flags, seq, ack, text), mss: 1460 }, this.now);
  }

  /**
   * Returns a segment with the numbers that it has on the wire.
   * @param {number} flags
   * @param {number} seq
   * @param {number} ack
   * @param {string} text
   */
  #asSent(flags, seq, ack, text) {
    return segment(flags, (Script.IRS + seq) >>> 0, (Script.ISS + ack) >>> 0, { payload: Buffer.from(text, "latin1") });
  }

  /** @param {number | string} text or how many bytes */
  send(text) {
    this.connection.send(typeof text === "number" ? Buffer.alloc(text) : Buffer.from(text), this.now);
  }

  finish() {
    this.connection.finish(this.now);
  }

  /**
   * Lets time pass.
   * @param {number} milliseconds
   */
  wait(milliseconds) {
    const end = this.now + milliseconds;
    while (this.connection.deadline <= end) {
      this.now = Math.max(this.now, this.connection.deadline);
      this.connection.onTimer(this.now);
    }
    this.now = end;
  }

  /** @param {Partial<Segment>} [more] of the peer's SYN */
  establish(more = {}) {
    this.connection.connect(this.now);
    this.inject(SYN | ACK, 0, 1, "", { mss: 1460, ...more });
    this.sent();
    return this;
  }

  /** @param {Segment} segment */
  #print({ flags, seq, ack, payload }) {
    const names = Object.entries({ SYN, FIN, RST, ACK }).filter(([, bit]) => flags & bit).map(([name]) => name);
    const acked = flags & ACK ? ` ack=${(ack - Script.IRS) >>> 0}` : "";
    return `${names.join("|")} seq=${(seq - Script.ISS) >>> 0}${acked} len=${payload.length}`;
  }
}

export { ACK, FIN, PSH, RST, SYN, State };
