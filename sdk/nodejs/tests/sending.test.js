// What the reference sends and when: windows, timeouts, losses.

import assert from "node:assert/strict";
import test from "node:test";
import { ByteQueue } from "../reference/queue.js";
import { RoundTrip } from "../reference/timers.js";
import { ACK, Chance, GOOD, Network, SYN, Script, State } from "./support.js";

test("segments have the size that the peer takes, and the path", () => {
  for (const [mss, want] of [[1460, 1460], [500, 500], [9000, 1460], [undefined, 536]]) {
    const t = new Script().establish({ mss });
    t.send(3000);
    assert.equal(t.sent()[0], `ACK seq=1 ack=1 len=${want}`);
  }
});

test("the peer's window", () => {
  const t = new Script().establish({ window: 2000 });
  t.send(5000);
  assert.deepEqual(t.sent(), ["ACK seq=1 ack=1 len=1460"], "the rest of the window is a crumb");
  t.inject(ACK, 1, 1461, "", { window: 3540 });
  assert.deepEqual(t.sent(), ["ACK seq=1461 ack=1 len=1460", "ACK seq=2921 ack=1 len=1460", "ACK seq=4381 ack=1 len=620"]);
});

test("an old segment does not set the window", () => {
  const t = new Script().establish();
  t.inject(ACK, 4, 1, "def", { window: 3000 });
  assert.equal(t.connection.snd.wnd, 3000);
  t.inject(ACK, 1, 1, "abc", { window: 9 }); // begins before the one above
  assert.equal(t.connection.snd.wnd, 3000);
});

test("a closed window is probed", () => {
  const t = new Script().establish({ window: 0 });
  t.send("hello");
  assert.deepEqual(t.sent(), []);
  for (let i = 0; i < 5; i++) {
    t.wait(61_000);
    const probes = t.sent();
    assert.deepEqual([...new Set(probes)], ["ACK seq=1 ack=1 len=1"]);
    t.inject(ACK, 1, 1, "", { window: 0 }); // it did not take the byte
  }
  t.inject(ACK, 1, 1, "", { window: 100 });
  assert.deepEqual(t.sent(), ["ACK seq=1 ack=1 len=5"], "the byte of the probe goes again");
  t.wait(1100);
  assert.equal(t.sent().length, 1, "the time of waiting says nothing of the network");
  t.inject(ACK, 1, 6);
  t.wait(200_000);
  assert.deepEqual([t.sent(), t.state], [[], State.ESTABLISHED]);
});

test("a probe that is taken", () => {
  const t = new Script().establish({ window: 0 });
  t.send("hello");
  t.wait(1100);
  t.sent();
  t.inject(ACK, 1, 2, "", { window: 100 });
  assert.deepEqual(t.sent(), ["ACK seq=2 ack=1 len=4"]);
});

test("a timeout backs off, and gives up", () => {
  const t = new Script().establish();
  t.send("hello");
  t.sent();
  const times = [];
  while (t.state === State.ESTABLISHED) {
    assert(t.now < 200_000);
    t.wait(t.connection.deadline - t.now);
    times.push(...t.sent().map(() => t.now / 1000));
  }
  assert.deepEqual(times, [1, 3, 7, 15, 31, 63]);
  assert.equal(t.events.pop(), "appPeerRst");
  assert(t.now > 100_000);
});

test("SYN is tried for three minutes", () => {
  const t = new Script();
  t.connection.connect(0);
  t.wait(3100);
  assert.deepEqual(t.sent(), Array(3).fill("SYN seq=0 len=0"));
  t.wait(176_000);
  assert.equal(t.state, State.SYN_SENT);
  t.wait(120_000);
  assert.deepEqual([t.state, t.events], [State.CLOSED, ["appPeerRst"]]);
});

test("a lost SYN costs the initial window", () => {
  const t = new Script();
  t.connection.connect(0);
  t.wait(1100);
  t.inject(SYN | ACK, 0, 1, "", { mss: 1460 });
  t.sent();
  t.send(20_000);
  assert.equal(t.sent().length, 1);
});

test("slow start", () => {
  const t = new Script().establish();
  t.send(60_000);
  assert.equal(t.sent().length, 10, "RFC 6928");
  t.inject(ACK, 1, 1 + 2 * 1460);
  assert.equal(t.sent().length, 3, "two have left, and the window has grown by one");
});

test("fast retransmit", () => {
  const t = new Script().establish();
  t.send(14_600);
  t.sent();
  for (const want of [[], [], ["ACK seq=1 ack=1 len=1460"], [], []]) {
    t.inject(ACK, 1, 1);
    assert.deepEqual(t.sent(), want);
  }
  t.inject(ACK, 1, 1 + 4 * 1460); // up to a second hole
  assert.deepEqual(t.sent(), [`ACK seq=${1 + 4 * 1460} ack=1 len=1460`]);
  t.inject(ACK, 1, 14_601);
  assert.deepEqual([t.sent(), t.connection.snd.congestion.isRecovering], [[], false]);
});

test("a timeout goes back to the beginning", () => {
  const t = new Script().establish();
  t.send(5 * 1460);
  t.sent();
  t.wait(1100);
  assert.deepEqual(t.sent(), ["ACK seq=1 ack=1 len=1460"], "one segment");
  t.inject(ACK, 1, 1 + 2 * 1460);
  assert.equal(t.sent().length, 2, "then two");
  t.inject(ACK, 1, 1 + 5 * 1460);
  assert.deepEqual([t.sent(), t.connection.deadline], [[], Infinity]);
});

test("RFC 6298: round trip time and timeout", () => {
  const estimate = new RoundTrip();
  assert.equal(estimate.rto, 1000);
  estimate.sample(2000);
  assert.deepEqual([estimate.srtt, estimate.rttvar, estimate.rto], [2000, 1000, 6000]);
  estimate.sample(1000);
  assert.deepEqual([estimate.srtt, estimate.rttvar], [1875, 1000]);
  estimate.backOff();
  assert.equal(estimate.rto, 2 * (1875 + 4000));
  for (let i = 0; i < 100; i++) estimate.sample(10);
  assert.equal(estimate.rto, 1000);
});

test("round trips are measured", () => {
  const network = new Network({ ...GOOD, delay: 400 }, 1);
  network.connect();
  const { left, right } = network;
  left.connection.send(Buffer.alloc(100_000), network.now);
  network.run(() => right.receivedBytes === 100_000, 30_000);
  const { srtt = 0 } = left.connection.snd.rtt;
  assert(Math.abs(srtt - 800) <= 100, `${srtt}`);
  assert(left.sent < 85, "no timeout that was not due");
});

test("Karn: what was sent twice is not measured", () => {
  const t = new Script().establish();
  t.send("hello");
  const { srtt } = t.connection.snd.rtt;
  t.wait(1100);
  t.inject(ACK, 1, 6);
  assert.equal(t.connection.snd.rtt.srtt, srtt, "of which of the two?");
});

test("the queue holds what was pushed, whatever was dropped", () => {
  const chance = new Chance(1);
  const queue = new ByteQueue();
  let want = Buffer.alloc(0);
  for (let i = 0; i < 3000; i++) {
    if (chance.next() < 0.5) {
      const data = chance.bytes(chance.below(300));
      queue.push(data);
      want = Buffer.concat([want, data]);
    } else {
      const count = chance.below(Math.min(want.length, 300) + 1);
      queue.drop(count);
      want = want.subarray(count);
    }
    const at = chance.below(want.length + 1), count = chance.below(2000);
    assert.equal(queue.length, want.length);
    assert(queue.peek(at, count).equals(want.subarray(at, at + count)), `step ${i}`);
  }
});
