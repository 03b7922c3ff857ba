/** Connections that others begin. */

import { begin, read } from "./outgoing.js";

/** @typedef {import("#api").Conn} Conn */

/**
 * A passive OPEN, and the SYN that came for it.
 * @param {Conn} conn
 * @param {Buffer} data
 */
export function peerConnect(conn, data) {
  const syn = read(conn, data);
  if (syn) begin(conn, (now, connection) => connection.accept(syn, now));
}
