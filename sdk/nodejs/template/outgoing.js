/**
 * Your TCP goes here.
 *
 * The driver calls these functions when an application wants something of a connection, or when a segment comes in from the network.
 * You answer with the calls of api.js:
 *
 *     import { appConnected, appRecv, appPeerFin, appPeerRst, tcpTx, releaseConnection } from "#api";
 *
 * A connection is named by conn: conn.src.ip, conn.src.port are this end, conn.dst the remote one. It can be the key of a Map in
 * which you keep what you must remember of each connection: its state, sequence numbers, what is not acknowledged yet.
 *
 * All functions are called from the event loop, one after the other, and so are those that you give to setTimeout: with it, look
 * whether something has to be sent again. In Node.js there is no tick.
 */

/** @typedef {import("#api").Conn} Conn */

/**
 * An application wants a connection from conn.src to conn.dst.
 *
 * Choose an initial sequence number, remember the connection, send SYN with tcpTx. When the handshake is done, call appConnected; if
 * the peer answers with RST, appPeerRst.
 * @param {Conn} conn
 * @returns {void}
 */
export function appConnect(conn) {}

/**
 * The application wrote data, one byte or more.
 *
 * Send it in segments, and keep it until the peer has acknowledged it.
 * @param {Conn} conn
 * @param {Buffer} data yours to keep
 * @returns {void}
 */
export function appSend(conn, data) {}

/**
 * The application will write no more.
 *
 * Send FIN after all of its data. The other direction stays open: the peer may go on sending.
 * @param {Conn} conn
 * @returns {void}
 */
export function appFin(conn) {}

/**
 * The application's socket was reset or failed.
 *
 * Send RST and forget the connection, its timers too: neither tcpRx nor any other call will follow for it.
 * @param {Conn} conn
 * @returns {void}
 */
export function appRst(conn) {}

/**
 * A segment came in: TCP header, options and payload, without an IP header. Its checksum is right.
 *
 * Acknowledge what it brings; hand data that is in order to the application with appRecv. When it carries FIN and everything before
 * it is there, call appPeerFin. When both directions are closed, call releaseConnection.
 * @param {Conn} conn
 * @param {Buffer} segment yours to keep
 * @returns {void}
 */
export function tcpRx(conn, segment) {}
