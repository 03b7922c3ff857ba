/**
 * With this file your TCP can be called: `antedon lab driver --incoming 8080` then gives it the connections that others open to a program
 * that listens on port 8080 of this machine. Write outgoing.ts first. As long as you want none of it, delete this file, and incoming.js
 * that was made of it: calls are refused then.
 */

import type { Conn } from "#api";

/**
 * Somebody calls: a SYN came from conn.dst for a program that listens at conn.src. (RFC 9293, Sections 3.5 and 3.10.7.2)
 *
 * Choose an initial sequence number, remember the connection where outgoing.ts finds it, send SYN and ACK in one segment with tcpTx,
 * again if nothing comes back. When the ACK arrives, by tcpRx, perhaps with data, call peerConnected in place of appConnected: only then
 * the program that listens learns of it. From there on all is as if an application had begun. If the caller sends RST before, call
 * appPeerRst.
 * @param segment yours to keep
 */
export function peerConnect(conn: Conn, segment: Buffer): void {}
