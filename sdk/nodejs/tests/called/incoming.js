import { Worker } from "node:worker_threads";
import { appRecv, peerConnected } from "#api";

/**
 * @param {import("#api").Conn} conn
 * @param {Buffer} segment
 */
export function peerConnect(conn, segment) {
  if (segment.toString() === "threads") {
    for (let i = 0; i < 4; i++) new Worker(new URL("./worker.js", import.meta.url), { workerData: conn });
    return;
  }
  peerConnected(conn);
  appRecv(conn, Buffer.concat([Buffer.from("peer_connect "), segment]));
}
