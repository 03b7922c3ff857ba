/**
 * The program around a TCP: joins the driver, and calls the functions of outgoing.js for each of its messages.
 *
 *     node main.js [DIRECTORY]
 *
 * outgoing.js is taken from DIRECTORY, by default the one of this file, and so is incoming.js if it is there. The driver has to run already. While it serves another SDK
 * this program waits. The functions of outgoing.js are called from the event loop, one after the other, as those of timers are.
 */

import { unlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Calls } from "./calls.js";
import { decode } from "./codec.js";
import { attach, hello } from "./driver.js";
import { LONGEST, UnixDatagramSocket } from "./socket.js";

/** @typedef {typeof import("./template/outgoing.js")} Outgoing */
/** @typedef {import("./conn.js").Conn} Conn */

const RETRY = 500; // milliseconds between attempts while the driver is taken
const SILENCE = 5000; // milliseconds without a message, even a tick, until we ask whether the driver still lives

/** What the flags of a message from the driver mean. */
const APP_SEND = 0x00, APP_FIN = 0x01, APP_CONNECT = 0x02, APP_RST = 0x04, TCP_RX = 0x40;

/**
 * Returns a socket that is connected to the driver. Throws if there is none.
 * @param {string} directory
 */
async function enter(directory) {
  const own = join(directory, "network-exp4-sdk.socket");
  try {
    unlinkSync(own); // an earlier program has left it
  } catch (/** @type {any} */ error) {
    if (error.code !== "ENOENT") throw error;
  }
  const socket = new UnixDatagramSocket();
  socket.bind(own);
  for (;;) {
    try {
      socket.connect(join(directory, "network-exp4-driver.socket"));
      return socket;
    } catch (/** @type {any} */ error) {
      if (error.code !== "EPERM") throw error; // which says that the driver is connected to another SDK
      await sleep(RETRY);
    }
  }
}

/**
 * Calls the function of outgoing.js that a datagram asks for. What cannot be understood is reported and passed over.
 * @param {Outgoing} outgoing
 * @param {Calls} calls
 * @param {Buffer} datagram
 */
function dispatch(outgoing, calls, datagram) {
  if (datagram.length === 1 && datagram[0] === 0) return calls.settle([]); // the driver's tick: here there are timers
  let message;
  try {
    if (datagram.length === LONGEST) throw new RangeError(`${LONGEST} bytes or more`);
    message = decode(datagram);
  } catch (error) {
    return console.error(`a datagram from the driver: ${error}`);
  }
  if (calls.take(message)) return;
  const { conn, bytes, flags } = message;
  switch (flags) {
    case APP_CONNECT:
      return outgoing.appConnect(conn);
    case APP_SEND:
      return outgoing.appSend(conn, bytes);
    case APP_FIN:
      return outgoing.appFin(conn);
    case APP_RST:
      return outgoing.appRst(conn);
    case TCP_RX:
      return outgoing.tcpRx(conn, bytes);
    default:
      console.error(`a datagram from the driver: flags ${flags}`);
  }
}

async function main() {
  const sockets = process.env.ANTEDON_LAB_DIR ?? "/tmp";
  const directory = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
  const outgoing = await import(pathToFileURL(resolve(directory, "outgoing.js")).href);
  const calls = await Calls.load(directory);
  const socket = await enter(sockets).catch(leave);
  const silence = setTimeout(() => checkDriver(sockets, silence), SILENCE);
  socket.on("error", leave);
  socket.on("message", (datagram) => {
    silence.refresh();
    dispatch(outgoing, calls, datagram);
  });
  attach(socket);
  hello(calls.extensions);
  socket.listen();
}

/**
 * Leaves unless the driver refuses another SDK, because it serves this one: nothing else tells of a driver that has ended.
 * @param {string} directory
 * @param {NodeJS.Timeout} silence
 */
function checkDriver(directory, silence) {
  const probe = new UnixDatagramSocket();
  try {
    probe.connect(join(directory, "network-exp4-driver.socket"));
    leave("it serves nobody");
  } catch (/** @type {any} */ error) {
    if (error.code !== "EPERM") leave(error);
  } finally {
    probe.close();
  }
  silence.refresh();
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function leave(error) {
  console.error(`the driver is gone, or was never there: ${error}`);
  process.exit(1);
}

await main();
