/** Connections that others begin: what is agreed with the driver, and the way to incoming.js. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { HELLO } from "./driver.js";

/** @typedef {import("./codec.js").Message} Message */
/** @typedef {(typeof import("./template/incoming.js"))["peerConnect"]} PeerConnect */

const PEER_CONNECT = 0x12; // the flags of a message from the driver
const EXTENSION = "incoming"; // in a hello, and in the driver's answer

export class Calls {
  #isAgreed = false;
  #peerConnect;

  /** @param {PeerConnect} [peerConnect] none if nobody shall call */
  constructor(peerConnect) {
    this.#peerConnect = peerConnect;
  }

  /**
   * Looks for incoming.js, which a program need not have.
   * @param {string} directory
   */
  static async load(directory) {
    const path = resolve(directory, "incoming.js");
    if (!existsSync(path)) return new Calls();
    const incoming = await import(pathToFileURL(path).href);
    return new Calls(incoming.peerConnect);
  }

  /** What our hello names. */
  get extensions() {
    return this.#peerConnect ? [EXTENSION] : [];
  }

  /**
   * If the answer to our hello is still due, this is it: the extensions that the driver knows, too.
   * @param {string[]} extensions
   */
  settle(extensions) {
    if (!this.#peerConnect || this.#isAgreed) return;
    this.#isAgreed = extensions.includes(EXTENSION);
    if (this.#isAgreed) return;
    this.#peerConnect = undefined;
    console.error("the driver knows nothing of incoming connections: nobody will call");
  }

  /**
   * Takes the driver's answer, and then the calls. Returns false if a message is none of these.
   * @param {Message} message
   */
  take({ conn, bytes, flags, extensions }) {
    if (this.#peerConnect && !this.#isAgreed && flags === HELLO) {
      this.settle(extensions);
      return true;
    }
    this.settle([]); // a driver that knows of calls answers before it says anything else
    if (!this.#isAgreed || flags !== PEER_CONNECT) return false;
    this.#peerConnect?.(conn, bytes);
    return true;
  }
}
