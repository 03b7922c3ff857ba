// A TCP for tests of main.js: it answers every call with one that says what was called.

import { Worker } from "node:worker_threads";
import { appConnected, appPeerFin, appPeerRst, appRecv, releaseConnection, tcpTx } from "#api";

/** @typedef {import("#api").Conn} Conn */

/** @param {Conn} conn */
export function appConnect(conn) {
  appRecv(conn, Buffer.from("app_connect"));
}

/**
 * @param {Conn} conn
 * @param {Buffer} data
 */
export function appSend(conn, data) {
  appRecv(conn, Buffer.concat([Buffer.from("app_send "), data]));
  if (data.toString() === "later") setTimeout(() => appRecv(conn, Buffer.from("after a while")), 50);
}

/** @param {Conn} conn */
export function appFin(conn) {
  appPeerFin(conn);
  appPeerRst(conn);
  releaseConnection(conn);
  appConnected(conn);
}

/** @param {Conn} conn */
export function appRst(conn) {
  for (let i = 0; i < 4; i++) new Worker(new URL("./worker.js", import.meta.url), { workerData: conn });
}

/**
 * @param {Conn} conn
 * @param {Buffer} segment
 */
export function tcpRx(conn, segment) {
  tcpTx(conn, segment);
}
