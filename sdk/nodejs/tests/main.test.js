// main.js and api.js as a process, with a driver that is this test.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { decode, encode } from "../codec.js";
import { conn } from "../conn.js";
import { UnixDatagramSocket } from "../socket.js";
import { CONN, Chance, NOTHING } from "./support.js";

/** @typedef {import("node:test").TestContext} TestContext */

const MAIN = fileURLToPath(new URL("../main.js", import.meta.url));
const ECHO = fileURLToPath(new URL("./echo", import.meta.url));
const LIMIT = { timeout: 30_000 }; // for what takes milliseconds

/** A directory with a driver in it. */
class Lab {
  directory = mkdtempSync(join(tmpdir(), "lab"));
  #t;
  #driver;
  /** @type {import("../codec.js").Message[]} */
  #messages = [];
  #wake = () => {};
  said = "";

  /** @param {TestContext} t */
  constructor(t) {
    this.#t = t;
    t.after(() => rmSync(this.directory, { recursive: true }));
    this.#driver = this.bind("network-exp4-driver.socket");
    this.#driver.listen();
    this.#driver.on("message", (datagram) => {
      this.#messages.push(decode(datagram));
      this.#wake();
    });
  }

  /** @param {string} name */
  bind(name) {
    const socket = new UnixDatagramSocket();
    this.#t.after(() => socket.close());
    socket.bind(join(this.directory, name));
    return socket;
  }

  /** @param {string} name */
  connect(name) {
    this.#driver.connect(join(this.directory, name));
  }

  /** @param {Buffer} datagram */
  send(datagram) {
    this.#driver.send(datagram);
  }

  /**
   * @param {number} flags
   * @param {Buffer | string} bytes
   */
  call(flags, bytes = NOTHING) {
    this.send(encode(CONN, Buffer.from(bytes), flags));
  }

  async receive() {
    while (this.#messages.length === 0) await new Promise((resolve) => (this.#wake = () => resolve(undefined)));
    return this.#messages.splice(0, 1)[0];
  }

  async answer() {
    const { flags, bytes } = await this.receive();
    return [flags, bytes.toString()];
  }

  start(outgoing = ECHO) {
    const child = spawn(process.execPath, [MAIN, outgoing], {
      env: { ...process.env, ANTEDON_LAB_DIR: this.directory },
      stdio: ["ignore", "inherit", "pipe"],
    });
    child.stderr.setEncoding("utf8").on("data", (text) => (this.said += text));
    this.#t.after(() => child.kill("SIGKILL"));
    return child;
  }

  async greet(outgoing = ECHO) {
    const child = this.start(outgoing);
    const { conn: name, bytes, flags } = await this.receive();
    assert.equal(name, conn("127.84.0.1", 8484, "", 0));
    assert.deepEqual([bytes.toString(), flags], ["network_exp4", 0xa0]);
    this.connect("network-exp4-sdk.socket");
    return child;
  }

  /** The driver ends. */
  end() {
    unlinkSync(join(this.directory, "network-exp4-driver.socket"));
    this.#driver.close();
  }
}

test("each message calls its function, each call sends its message", LIMIT, async (t) => {
  const lab = new Lab(t);
  lab.bind("network-exp4-sdk.socket").close(); // left by an earlier program
  await lab.greet();
  lab.send(Buffer.from([0])); // a tick: nothing comes of it
  /** @type {[number, string, [number, string][]][]} */
  const calls = [
    [0x02, "", [[0x00, "app_connect"]]],
    [0x00, "text", [[0x00, "app_send text"]]],
    [0x01, "", [[0x01, ""], [0x04, ""], [0x80, ""], [0x02, ""]]],
    [0x40, "segment", [[0x40, "segment"]]],
  ];
  for (const [flags, bytes, answers] of calls) {
    lab.call(flags, bytes);
    for (const answer of answers) assert.deepEqual(await lab.answer(), answer);
  }
  assert.equal(lab.said, "");
});

test("large messages are cut", LIMIT, async (t) => {
  const lab = new Lab(t);
  await lab.greet();
  const text = new Chance(1).bytes(100_000);
  lab.call(0x00, text);
  const [first, second] = [await lab.receive(), await lab.receive()];
  assert.equal(first.bytes.length, 65_536);
  assert.deepEqual(Buffer.concat([first.bytes, second.bytes]).subarray("app_send ".length), text);
});

test("calls from worker threads", LIMIT, async (t) => {
  const lab = new Lab(t);
  await lab.greet();
  lab.call(0x04);
  for (let i = 0; i < 400; i++) assert.deepEqual(await lab.answer(), [0x00, "x".repeat(1000)]);
});

test("timers run while nothing comes in", LIMIT, async (t) => {
  const lab = new Lab(t);
  await lab.greet();
  lab.call(0x00, "later");
  assert.deepEqual(await lab.answer(), [0x00, "app_send later"]);
  assert.deepEqual(await lab.answer(), [0x00, "after a while"]);
});

test("rubbish is survived", LIMIT, async (t) => {
  const lab = new Lab(t);
  const child = await lab.greet();
  const message = encode(CONN, NOTHING, 0x00);
  for (const rubbish of [NOTHING, Buffer.from([1]), Buffer.from("hello"), encode(CONN, NOTHING, 0x33), message.subarray(0, -1)]) {
    lab.send(rubbish);
  }
  lab.call(0x02);
  assert.deepEqual(await lab.answer(), [0x00, "app_connect"]);
  child.kill();
  await once(child, "close");
  assert.equal(lab.said.split("a datagram from the driver").length - 1, 5, lab.said);
});

test("waits while the driver is taken", LIMIT, async (t) => {
  const lab = new Lab(t);
  const other = lab.bind("other.socket");
  lab.connect("other.socket");
  lab.start();
  const probe = new UnixDatagramSocket();
  t.after(() => probe.close());
  for (let isThere = false; !isThere; await new Promise(setImmediate)) { // the program binds its socket, and then tries to connect
    try {
      probe.connect(join(lab.directory, "network-exp4-sdk.socket"));
      isThere = true;
    } catch (/** @type {any} */ error) {
      assert(error.code === "ENOENT", error);
    }
  }
  other.close();
  assert.throws(() => lab.send(Buffer.from([0])), { code: "ECONNREFUSED" }); // by which the driver learns of it, and is free
  assert.equal((await lab.receive()).flags, 0xa0);
  assert.equal(lab.said, "");
});

test("without a driver", LIMIT, async (t) => {
  const lab = new Lab(t);
  lab.end();
  const [code] = await once(lab.start(), "close");
  assert.equal(code, 1);
  assert.match(lab.said, /driver is gone, or was never there: .*ENOENT/);
});

test("the driver ends", LIMIT, async (t) => {
  const lab = new Lab(t);
  const child = await lab.greet();
  lab.call(0x00, "later"); // an answer is on its way
  lab.end();
  const [code] = await once(child, "close");
  assert.equal(code, 1, lab.said);
  assert.match(lab.said, /the driver is gone/);
});

test("the driver ends in silence", LIMIT, async (t) => {
  const lab = new Lab(t);
  const child = await lab.greet();
  lab.end();
  const [code] = await once(child, "close");
  assert.equal(code, 1, lab.said);
  assert.match(lab.said, /the driver is gone/);
});
