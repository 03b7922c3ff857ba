/**
 * A TCP for the driver: what the template leaves to you, done. Read connection.js next, then sender.js and receiver.js.
 *
 * It retransmits, closes in any order, answers resets, keeps what arrives out of order, verifies checksums, measures the round trip,
 * heeds the peer's window and the network's load, and gives back what it no longer needs. It leaves out what a laboratory can do
 * without: window scaling, selective acknowledgment, timestamps, urgent data, path MTU discovery, keep-alives.
 */

import { createHmac, randomBytes } from "node:crypto";
import * as api from "#api";
import { Alarm } from "./alarm.js";
import { Connection, State } from "./connection.js";
import { Path, resetFor } from "./segment.js";

/** @typedef {import("#api").Conn} Conn */
/** @typedef {{connection: Connection, alarm: Alarm}} Entry */

/** @type {Map<Conn, Entry>} */
const entries = new Map();

const secret = randomBytes(16);

/** @param {Conn} conn */
export function appConnect(conn) {
  begin(conn, (now, connection) => connection.connect(now));
}

/**
 * @param {Conn} conn
 * @param {Buffer} data
 */
export function appSend(conn, data) {
  happen(conn, (now, connection) => connection.send(data, now));
}

/** @param {Conn} conn */
export function appFin(conn) {
  happen(conn, (now, connection) => connection.finish(now));
}

/** @param {Conn} conn */
export function appRst(conn) {
  happen(conn, (_, connection) => connection.abort());
}

/**
 * @param {Conn} conn
 * @param {Buffer} data
 */
export function tcpRx(conn, data) {
  const segment = read(conn, data);
  if (!segment) return;
  if (entries.has(conn)) return happen(conn, (now, connection) => connection.onSegment(segment, now));
  const answer = resetFor(segment);
  if (answer) api.tcpTx(conn, new Path(conn).build(answer));
}

/**
 * Makes a connection, and has something happen to it.
 * @param {Conn} conn
 * @param {(now: number, connection: Connection) => void} event
 */
export function begin(conn, event) {
  entries.get(conn)?.alarm.set(Infinity); // of one by the same name, which the driver has forgotten
  const connection = new Connection(conn, api, initialSequenceNumber(conn, performance.now()));
  entries.set(conn, { connection, alarm: new Alarm(() => happen(conn, (now) => connection.onTimer(now))) });
  happen(conn, event);
}

/**
 * Returns a segment that came in. One that is damaged is reported, and none.
 * @param {Conn} conn
 * @param {Buffer} data
 */
export function read(conn, data) {
  try {
    return (entries.get(conn)?.connection.path ?? new Path(conn)).parse(data);
  } catch (error) {
    console.error(`a segment of ${conn.dst.ip}:${conn.dst.port}: ${error}`);
  }
}

/**
 * Has something happen to a connection, if there is one, and sets its alarm to what it waits for then.
 * @param {Conn} conn
 * @param {(now: number, connection: Connection) => void} event
 */
function happen(conn, event) {
  const entry = entries.get(conn);
  if (!entry) return;
  event(performance.now(), entry.connection);
  if (entry.connection.state === State.CLOSED) entries.delete(conn);
  entry.alarm.set(entry.connection.deadline);
}

/**
 * RFC 9293, Section 3.4.1: "ISN = M + F(localip, localport, remoteip, remoteport, secretkey)". M counts up every 4 microseconds, so that
 * an old connection's segments fall outside of a new one's window; F keeps others from guessing it.
 * @param {Conn} conn
 * @param {number} now milliseconds
 */
export function initialSequenceNumber(conn, now) {
  const digest = createHmac("sha256", secret).update(JSON.stringify([conn.src, conn.dst])).digest();
  return (Math.floor(now * 250) + digest.readUInt32BE()) % 2 ** 32;
}
