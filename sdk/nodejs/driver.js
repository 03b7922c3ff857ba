/** The way to the driver, which the calls of api.js take. */

import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { encode } from "./codec.js";
import { conn as connOf } from "./conn.js";
import { UnixDatagramSocket } from "./socket.js";

/** @typedef {import("./conn.js").Conn} Conn */

const HELLO = 0xa0;

/**
 * Tells the driver that we are here, and that connections of before are void.
 */
export function hello() {
  send(connOf("127.84.0.1", 8484, "", 0), Buffer.from("network_exp4"), HELLO);
}

/** Under this name a worker thread finds the socket's descriptor. */
const DESCRIPTOR = "lab driver";

/** @type {UnixDatagramSocket | undefined} */
let socket;

/**
 * Has all calls, also those of threads that are yet to be started, go to a socket that is connected to the driver.
 * @param {UnixDatagramSocket} connected
 */
export function attach(connected) {
  socket = connected;
  setEnvironmentData(DESCRIPTOR, connected.fd);
}

/**
 * Sends a message. Ends the program if nobody is there any more.
 * @param {Conn} conn
 * @param {Uint8Array} bytes
 * @param {number} flags
 */
export function send(conn, bytes, flags) {
  socket ??= inherited();
  try {
    socket.send(encode(conn, bytes, flags)); // a datagram: the kernel sends it whole, whatever other threads do
  } catch (error) {
    console.error(`the driver is gone: ${error}`);
    process.exit(1); // of a worker thread it ends that thread; main.js notices by itself
  }
}

/** @returns {UnixDatagramSocket} */
function inherited() {
  const fd = getEnvironmentData(DESCRIPTOR);
  if (isMainThread || typeof fd !== "number") throw new Error("main.js has not joined a driver");
  return new UnixDatagramSocket(fd);
}
