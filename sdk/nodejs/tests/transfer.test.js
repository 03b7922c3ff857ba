// The reference against itself, over networks that misbehave, in virtual time.

import assert from "node:assert/strict";
import test from "node:test";
import { Chance, FIN, GOOD, Network, State } from "./support.js";

const MB = 1_000_000;
const BAD = { ...GOOD, loss: 0.03, duplicate: 0.03, corrupt: 0.02, reorder: 0.1 };

/**
 * Sends up bytes to the right and down bytes to the left, closes, and checks that all of it arrived.
 * @param {import("./support.js").Quality} path
 * @param {number} seed
 * @param {number} up
 * @param {number} down
 */
function transfer(path, seed, up, down) {
  const network = new Network(path, seed);
  network.connect();
  const { left, right } = network;
  const chance = new Chance(~seed);
  const data = new Map([[left, chance.bytes(up)], [right, chance.bytes(down)]]);
  for (const [host, text] of data) {
    for (let at = 0; at < text.length; at += 1460) host.connection.send(text.subarray(at, at + 1460), network.now); // as the driver does
    host.connection.finish(network.now);
  }
  network.run(() => left.isClosed && right.isClosed);
  for (const host of [left, right]) {
    assert(host.received.equals(data.get(host.peer) ?? host.received.subarray(1)), `seed ${seed}: ${host.receivedBytes} bytes, or others: ${network}`);
    assert.deepEqual(host.events, ["connected", "peer fin", "released"], `seed ${seed}`);
  }
  return network;
}

test("3 MB up, 10 MB down", () => {
  const network = transfer(GOOD, 1, 3 * MB, 10 * MB);
  assert(network.now < 20_000, `${network.now} ms of virtual time: two round trips per window, at most`);
});

test("3 MB up, 10 MB down on a bad path", () => {
  const path = { ...GOOD, loss: 0.005, duplicate: 0.01, corrupt: 0.001, reorder: 0.01 };
  assert(transfer(path, 2, 3 * MB, 10 * MB).damaged > 5);
});

test("many bad paths", () => {
  let damaged = 0;
  for (let seed = 0; seed < 150; seed++) damaged += transfer(BAD, seed, 40_000, 60_000).damaged;
  assert(damaged > 150, `${damaged}`);
});

test("any segment of the handshake may get lost", () => {
  for (let lost = 0; lost < 3; lost++) {
    const network = new Network(GOOD, 1);
    let count = 0;
    network.left.drop = network.right.drop = () => count++ === lost;
    network.left.connection.connect(0);
    network.run(() => network.left.events.includes("connected"), 5000);
    network.left.connection.send(Buffer.from("hello"), network.now);
    network.run(() => network.right.received.equals(Buffer.from("hello")), 10_000);
  }
});

test("RFC 9293, Figure 8: both ends connect at the same time", () => {
  const network = new Network(GOOD, 1);
  network.right.connection.connect(0);
  network.connect();
  network.right.connection.send(Buffer.from("hello"), network.now);
  network.run(() => network.left.receivedBytes === 5, 5000);
});

for (const after of [0, 5, 20, 1000]) {
  for (const isLost of [false, true]) {
    test(`closing: the other end ${after} ms later, the first FIN ${isLost ? "lost" : "arrives"}`, () => close(after, isLost));
  }
}

/**
 * @param {number} after
 * @param {boolean} isLost
 */
function close(after, isLost) {
  const network = new Network(GOOD, 1);
  network.connect();
  const { left, right } = network;
  let fins = 0;
  left.drop = ({ flags }) => isLost && (flags & FIN) !== 0 && fins++ === 0;
  left.connection.finish(network.now);
  network.pass(after);
  right.connection.send(Buffer.from("the rest"), network.now);
  right.connection.finish(network.now);
  network.run(() => left.isClosed && right.isClosed, 20_000);
  assert.equal(fins > 0, isLost);
  assert.equal(left.received.toString(), "the rest");
  for (const host of [left, right]) assert.deepEqual(host.events, ["connected", "peer fin", "released"]);
}

test("the last acknowledgment gets lost", () => {
  const network = new Network(GOOD, 1);
  network.connect();
  const { left, right } = network;
  right.connection.finish(network.now);
  network.run(() => left.events.includes("peer fin"));
  let dropped = 0;
  right.drop = () => right.connection.state === State.TIME_WAIT && dropped++ === 0;
  left.connection.finish(network.now);
  network.run(() => left.isClosed, 3000);
  assert(dropped > 0);
  assert.equal(right.connection.state, State.TIME_WAIT);
});

test("an application that is gone", () => {
  const network = new Network(GOOD, 1);
  network.connect();
  network.left.connection.send(Buffer.from("hello"), network.now);
  network.left.connection.abort();
  network.run(() => network.right.isClosed, 1000);
  assert.deepEqual(network.right.events, ["connected", "peer rst"]);
});
