/** Connections that others begin. */

import { releaseConnection } from "#api";
import { begin, read } from "./outgoing.js";

/** @typedef {import("#api").Conn} Conn */

/**
 * A passive OPEN, and the SYN that came for it.
 * @param {Conn} conn
 * @param {Buffer} data
 */
export function peerConnect(conn, data) {
  const syn = read(conn, data);
  if (!syn) return releaseConnection(conn); // so that the SYN, when it comes again, is a call again
  begin(conn, (now, connection) => connection.accept(syn, now));
}
