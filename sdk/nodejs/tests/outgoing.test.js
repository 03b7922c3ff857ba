// The functions of the reference's outgoing.js, with a driver that is this test; and that the template has the same ones.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { decode } from "../codec.js";
import { attach } from "../driver.js";
import { peerConnect } from "../reference/incoming.js";
import * as outgoing from "../reference/outgoing.js";
import { Path } from "../reference/segment.js";
import { UnixDatagramSocket } from "../socket.js";
import * as called from "../template/incoming.js";
import * as template from "../template/outgoing.js";
import { ACK, BACK, CONN, FIN, RST, SYN, segment } from "./support.js";

/** @typedef {import("../reference/segment.js").Segment} Segment */

const LIMIT = { timeout: 30_000 };
const CALLS = new Map([[0x00, "appRecv"], [0x01, "appPeerFin"], [0x02, "appConnected"], [0x04, "appPeerRst"], [0x12, "peerConnected"], [0x80, "releaseConnection"]]);

/** @param {import("node:test").TestContext} t */
function driver(t) {
  const directory = mkdtempSync(join(tmpdir(), "lab"));
  const [here, there] = [new UnixDatagramSocket(), new UnixDatagramSocket()];
  t.after(() => {
    for (const socket of [here, there]) socket.close();
    rmSync(directory, { recursive: true });
  });
  there.bind(join(directory, "driver"));
  here.connect(join(directory, "driver"));
  attach(here);
  /** @type {string[]} */
  const calls = [];
  /** @type {Segment[]} */
  const segments = [];
  let wake = () => {};
  there.on("message", (datagram) => {
    const { flags, bytes } = decode(datagram);
    const name = CALLS.get(flags);
    if (name) calls.push(`${name} ${bytes}`.trim());
    else segments.push(new Path(CONN).parse(bytes));
    wake();
  });
  there.listen();
  return {
    calls,
    async sent() {
      while (segments.length === 0) await new Promise((resolve) => (wake = () => resolve(undefined)));
      return segments.splice(0, 1)[0];
    },
    /** @param {string} call */
    async called(call) {
      while (!calls.includes(call)) await new Promise((resolve) => (wake = () => resolve(undefined)));
    },
  };
}

/** @param {Segment} segment */
const arrive = (segment) => outgoing.tcpRx(CONN, new Path(BACK).build(segment));

test("a session", LIMIT, async (t) => {
  const { calls, sent, called } = driver(t);
  outgoing.appConnect(CONN);
  const { seq: iss } = await sent();
  arrive(segment(SYN | ACK, 500, iss + 1, { mss: 1460 }));
  await called("appConnected");
  outgoing.appSend(CONN, Buffer.from("GET /"));
  arrive(segment(ACK, 501, iss + 6, { payload: Buffer.from("page") }));
  arrive(segment(ACK | FIN, 505, iss + 6));
  outgoing.appFin(CONN);
  arrive(segment(ACK, 506, iss + 7));
  await called("releaseConnection");
  assert.deepEqual(calls, ["appConnected", "appRecv page", "appPeerFin", "releaseConnection"]);
});

test("a call", LIMIT, async (t) => {
  const { calls, sent, called } = driver(t);
  peerConnect(CONN, new Path(BACK).build(segment(SYN, 500, 0, { mss: 1460 })));
  const { seq: iss, ack, flags } = await sent();
  assert.deepEqual([flags, ack], [SYN | ACK, 501]);
  arrive(segment(ACK, 501, iss + 1, { payload: Buffer.from("GET /") }));
  outgoing.appSend(CONN, Buffer.from("page"));
  outgoing.appFin(CONN);
  arrive(segment(ACK | FIN, 506, iss + 6));
  await called("appPeerFin");
  assert.deepEqual(calls, ["peerConnected", "appRecv GET /", "appPeerFin"]);
  outgoing.appRst(CONN);
  peerConnect(CONN, new Path(BACK).build(segment(RST, 500)));
  await called("releaseConnection");
});

test("a call that cannot be read is given back, and may come again", LIMIT, async (t) => {
  const { calls, sent, called } = driver(t);
  const said = t.mock.method(console, "error", () => {});
  const syn = new Path(BACK).build(segment(SYN, 500, 0));
  const damaged = Buffer.from(syn);
  damaged[4] ^= 1;
  peerConnect(CONN, damaged);
  await called("releaseConnection");
  peerConnect(CONN, syn);
  const { ack, flags } = await sent();
  assert.deepEqual([flags, ack, calls, said.mock.callCount()], [SYN | ACK, 501, ["releaseConnection"], 1]);
  outgoing.appRst(CONN);
});

test("what is not acknowledged is sent again, by a timer", LIMIT, async (t) => {
  const { sent } = driver(t);
  outgoing.appConnect(CONN);
  const first = await sent();
  assert.deepEqual(await sent(), first); // after a second
  outgoing.appRst(CONN);
});

test("segments of no connection, and damaged ones", LIMIT, async (t) => {
  const { calls, sent } = driver(t);
  const said = t.mock.method(console, "error", () => {});
  outgoing.tcpRx(CONN, Buffer.from("000000000000000000000000500000000000", "hex"));
  outgoing.tcpRx(CONN, Buffer.from("0000000000000000000000005000000000000000", "hex"));
  assert.equal(said.mock.callCount(), 2);
  arrive(segment(RST, 7, 9));
  arrive(segment(ACK, 7, 9));
  const { seq, flags } = await sent();
  assert.deepEqual([seq, flags, calls], [9, RST, []]);
});

test("calls for unknown connections do nothing", () => {
  outgoing.appSend(CONN, Buffer.from("x"));
  outgoing.appFin(CONN);
  outgoing.appRst(CONN);
});

test("initial sequence numbers count up, from where nobody can guess", () => {
  const first = outgoing.initialSequenceNumber(CONN, 100_000);
  assert.equal(outgoing.initialSequenceNumber(CONN, 101_000), (first + 250_000) % 2 ** 32);
  assert.notEqual(outgoing.initialSequenceNumber(BACK, 100_000), first);
});

test("the template has the same functions, in JavaScript and in TypeScript", () => {
  const names = /** @type {const} */ (["appConnect", "appSend", "appFin", "appRst", "tcpRx"]);
  assert.deepEqual(Object.keys(template).sort(), [...names].sort());
  assert.deepEqual([Object.keys(called), called.peerConnect.length], [["peerConnect"], peerConnect.length]);
  const incoming = readFileSync(new URL("../typescript/incoming.ts", import.meta.url), "utf8");
  assert.match(incoming, /\*\/\nexport function peerConnect\(conn: Conn, segment: Buffer\): void {}/);
  const typescript = readFileSync(new URL("../typescript/outgoing.ts", import.meta.url), "utf8");
  for (const name of names) {
    assert.equal(template[name].length, outgoing[name].length);
    assert.match(typescript, new RegExp(`\\*/\nexport function ${name}\\(conn: Conn(, (data|segment): Buffer)?\\): void {}`));
  }
});
