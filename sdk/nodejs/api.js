/**
 * The seven calls with which a TCP speaks to the driver.
 *
 *     import { appConnected, peerConnected, appRecv, appPeerFin, appPeerRst, tcpTx, releaseConnection } from "#api";
 *
 * The driver in turn has main.js call the functions of outgoing.js, and of incoming.js if there is one. Each call names the connection it
 * is about with the conn that appConnect or peerConnect was given. All of them may be called from any thread, return nothing, and block while the driver is busy: that is how
 * it slows us down. Nothing is ever reported back: a call about a connection that is gone does nothing. What you hand over is yours
 * again when the call returns.
 */

import { send } from "./driver.js";

/** @typedef {import("./conn.js").Conn} Conn */
/** @typedef {import("./conn.js").Endpoint} Endpoint */

/** What the flags of a message to the driver mean. */
const APP_RECV = 0x00, APP_PEER_FIN = 0x01, APP_CONNECTED = 0x02, APP_PEER_RST = 0x04, PEER_CONNECTED = 0x12;
const TCP_TX = 0x40, RELEASE_CONNECTION = 0x80;

const LARGEST_RECV = 65536; // bytes in one message
const NOTHING = new Uint8Array(0);

/**
 * The connection is established. From now on the driver hands over what the application writes.
 * @param {Conn} conn
 * @returns {void}
 */
export function appConnected(conn) {
  send(conn, NOTHING, APP_CONNECTED);
}

/**
 * The connection that peerConnect began is established. The driver finds the application that listens, and from now on hands over what
 * it writes.
 * @param {Conn} conn
 * @returns {void}
 */
export function peerConnected(conn) {
  send(conn, NOTHING, PEER_CONNECTED);
}

/**
 * Hands the application bytes of the peer: in order, each once.
 * @param {Conn} conn
 * @param {Uint8Array} data
 * @returns {void}
 */
export function appRecv(conn, data) {
  for (let at = 0; at < data.length; at += LARGEST_RECV) send(conn, data.subarray(at, at + LARGEST_RECV), APP_RECV);
}

/**
 * The peer will send no more. The application reads the end of its stream, and may still write.
 * @param {Conn} conn
 * @returns {void}
 */
export function appPeerFin(conn) {
  send(conn, NOTHING, APP_PEER_FIN);
}

/**
 * The peer has reset the connection, or it cannot be had. The driver closes the application's socket and forgets the connection; no
 * releaseConnection is needed.
 * @param {Conn} conn
 * @returns {void}
 */
export function appPeerRst(conn) {
  send(conn, NOTHING, APP_PEER_RST);
}

/**
 * Sends a segment: TCP header, options and payload, with the checksum in it. The driver adds the IP header.
 * @param {Conn} conn
 * @param {Uint8Array} segment
 * @returns {void}
 */
export function tcpTx(conn, segment) {
  send(conn, segment, TCP_TX);
}

/**
 * Both directions are closed and nothing is left to do. The driver frees the port; segments no longer reach us.
 * @param {Conn} conn
 * @returns {void}
 */
export function releaseConnection(conn) {
  send(conn, NOTHING, RELEASE_CONNECTION);
}
