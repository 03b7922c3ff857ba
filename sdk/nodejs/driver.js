/** The way to the driver, which the calls of api.js take. */

import { getEnvironmentData, isMainThread, setEnvironmentData } from "node:worker_threads";
import { encode } from "./codec.js";
import { conn as connOf } from "./conn.js";
import { UnixDatagramSocket } from "./socket.js";

/** @typedef {import("./conn.js").Conn} Conn */

/** The flags of a hello, and of the answer to one that names extensions. */
export const HELLO = 0xa0;

/**
 * Tells the driver that we are here, what we know beyond version 1 of the protocol, and that connections of before are void.
 * @param {string[]} extensions
 */
export function hello(extensions) {
  send(connOf("127.84.0.1", 8484, "", 0), Buffer.from("network_exp4"), HELLO, extensions);
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
 * @param {string[]} [extensions]
 */
export function send(conn, bytes, flags, extensions) {
  socket ??= inherited();
  try {
    socket.send(encode(conn, bytes, flags, extensions)); // a datagram: the kernel sends it whole, whatever other threads do
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
