/**
 * The connection is established. From now on the driver hands over what the application writes.
 * @param {Conn} conn
 * @returns {void}
 */
export function appConnected(conn: Conn): void;
/**
 * The connection that peerConnect began is established. The driver finds the application that listens, and from now on hands over what
 * it writes.
 * @param {Conn} conn
 * @returns {void}
 */
export function peerConnected(conn: Conn): void;
/**
 * Hands the application bytes of the peer: in order, each once.
 * @param {Conn} conn
 * @param {Uint8Array} data
 * @returns {void}
 */
export function appRecv(conn: Conn, data: Uint8Array): void;
/**
 * The peer will send no more. The application reads the end of its stream, and may still write.
 * @param {Conn} conn
 * @returns {void}
 */
export function appPeerFin(conn: Conn): void;
/**
 * The peer has reset the connection, or it cannot be had. The driver closes the application's socket and forgets the connection; no
 * releaseConnection is needed.
 * @param {Conn} conn
 * @returns {void}
 */
export function appPeerRst(conn: Conn): void;
/**
 * Sends a segment: TCP header, options and payload, with the checksum in it. The driver adds the IP header.
 * @param {Conn} conn
 * @param {Uint8Array} segment
 * @returns {void}
 */
export function tcpTx(conn: Conn, segment: Uint8Array): void;
/**
 * Both directions are closed and nothing is left to do. The driver frees the port; segments no longer reach us.
 * @param {Conn} conn
 * @returns {void}
 */
export function releaseConnection(conn: Conn): void;
export type Conn = import("./conn.js").Conn;
export type Endpoint = import("./conn.js").Endpoint;
