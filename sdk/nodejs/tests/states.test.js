// One connection of the reference, segment by segment. RFC 9293, Section 3.10.7, and what other RFCs add to it.

import assert from "node:assert/strict";
import test from "node:test";
import { ACK, FIN, RST, SYN, Script, State } from "./support.js";

test("handshake", () => {
  const t = new Script();
  t.connection.connect(0);
  assert.deepEqual(t.sent(), ["SYN seq=0 len=0"]);
  t.inject(SYN | ACK, 0, 1);
  assert.deepEqual([t.sent(), t.events], [["ACK seq=1 ack=1 len=0"], ["appConnected"]]);
});

test("wrong answers to SYN", () => {
  const t = new Script();
  t.connection.connect(0);
  t.sent();
  t.inject(SYN | ACK, 0, 7); // of another connection
  assert.deepEqual(t.sent(), ["RST seq=7 len=0"]);
  t.inject(RST | ACK, 0, 7);
  t.inject(RST, 0, 1); // does not prove that it knows our SYN
  assert.equal(t.state, State.SYN_SENT);
  t.inject(RST | ACK, 0, 1);
  assert.deepEqual([t.events, t.state], [["appPeerRst"], State.CLOSED]);
});

test("what is not acceptable is acknowledged", () => {
  const t = new Script().establish();
  t.inject(ACK, 70_000, 1, "beyond the window");
  assert.deepEqual(t.sent(), ["ACK seq=1 ack=1 len=0"]);
  t.inject(ACK, 1, 1, "abc");
  t.wait(100);
  t.sent();
  t.inject(ACK, 1, 1, "abc"); // again
  assert.deepEqual([t.sent(), t.received], [["ACK seq=1 ack=4 len=0"], "abc"]);
});

test("RFC 5961: only the number that is expected next resets; others in the window are asked about", () => {
  const t = new Script().establish();
  t.inject(RST, 70_000);
  assert.deepEqual(t.sent(), []);
  t.inject(RST, 2);
  t.inject(SYN, 1);
  assert.deepEqual([t.sent(), t.state], [["ACK seq=1 ack=1 len=0", "ACK seq=1 ack=1 len=0"], State.ESTABLISHED]);
  t.inject(RST, 1);
  assert.deepEqual([t.sent(), t.events, t.state], [[], ["appConnected", "appPeerRst"], State.CLOSED]);
});

test("an acknowledgment of what was never sent", () => {
  const t = new Script().establish();
  t.inject(ACK, 1, 500, "text");
  assert.deepEqual([t.sent(), t.received], [["ACK seq=1 ack=1 len=0"], ""]);
});

test("segments may begin early, end late, come in any order, and contain each other", () => {
  const t = new Script().establish();
  const text = String.fromCharCode(...Array(100).keys());
  for (const [start, end] of [[50, 60], [40, 80], [50, 100], [20, 30], [10, 25], [90, 95]]) {
    t.inject(ACK, 1 + start, 1, text.slice(start, end));
    assert.deepEqual(t.sent(), ["ACK seq=1 ack=1 len=0"], "a duplicate at once");
  }
  t.inject(ACK, 1, 1, text.slice(0, 15));
  assert.deepEqual([t.received, t.sent()], [text.slice(0, 30), ["ACK seq=1 ack=31 len=0"]]);
  t.inject(ACK, 21, 1, text.slice(20, 45));
  assert.deepEqual([t.received, t.sent()], [text, ["ACK seq=1 ack=101 len=0"]]);
});

test("a peer that repeats itself does not fill the memory", () => {
  const t = new Script().establish();
  const text = "x".repeat(1000);
  for (let i = 0; i < 1000; i++) t.inject(ACK, 2 + (i % 200), 1, text);
  t.inject(ACK, 1, 1, "x");
  assert.equal(t.received.length, 130 + 1000 + 1, "two windows of bytes, in 131 segments, each a byte further on");
});

test("FIN before its data", () => {
  const t = new Script().establish();
  t.inject(ACK | FIN, 4, 1, "def");
  assert.deepEqual(t.events, ["appConnected"]);
  t.inject(ACK, 1, 1, "abc");
  assert.deepEqual([t.received, t.events.slice(1)], ["abcdef", ["appPeerFin"]]);
  assert.deepEqual([t.sent().pop(), t.state], ["ACK seq=1 ack=8 len=0", State.CLOSE_WAIT]);
});

test("acknowledgments may wait", () => {
  const t = new Script().establish();
  const full = "x".repeat(1460);
  t.inject(ACK, 1, 1, full);
  assert.deepEqual(t.sent(), []);
  t.inject(ACK, 1461, 1, full);
  assert.deepEqual(t.sent(), ["ACK seq=1 ack=2921 len=0"], "every second segment");
  t.inject(ACK, 2921, 1, "x");
  t.wait(99);
  assert.deepEqual(t.sent(), []);
  t.wait(1);
  assert.deepEqual(t.sent(), ["ACK seq=1 ack=2922 len=0"], "and after a while");
});

test("TIME-WAIT", () => {
  const t = new Script().establish();
  t.finish();
  assert.deepEqual(t.sent(), ["FIN|ACK seq=1 ack=1 len=0"]);
  t.inject(FIN | ACK, 1, 2);
  assert.deepEqual([t.state, t.sent()], [State.TIME_WAIT, ["ACK seq=2 ack=2 len=0"]]);
  t.wait(1500);
  t.inject(FIN | ACK, 1, 2);
  assert.deepEqual(t.sent(), ["ACK seq=2 ack=2 len=0"]);
  t.wait(1500);
  assert.equal(t.state, State.TIME_WAIT, "it began anew");
  t.wait(1000);
  assert.deepEqual([t.state, t.events.pop()], [State.CLOSED, "releaseConnection"]);
});

test("both ends close at the same time", () => {
  const t = new Script().establish();
  t.finish();
  t.inject(FIN | ACK, 1, 1);
  assert.equal(t.state, State.CLOSING);
  t.inject(ACK, 2, 2);
  assert.equal(t.state, State.TIME_WAIT);
});

test("the application is gone", () => {
  const t = new Script().establish();
  t.send("abc");
  t.connection.abort();
  assert.equal(t.sent().pop(), "RST seq=4 len=0");
  assert.equal(t.connection.deadline, Infinity, "nothing is left to wait for");
  const early = new Script();
  early.connection.connect(0);
  early.connection.abort();
  assert.deepEqual(early.sent(), ["SYN seq=0 len=0"], "the peer knows nothing to forget");
});

test("FIN while connecting", () => {
  const t = new Script();
  t.connection.connect(0);
  t.finish();
  t.inject(SYN | ACK, 0, 1);
  assert.deepEqual([t.sent().slice(1), t.state], [["FIN|ACK seq=1 ack=1 len=0"], State.FIN_WAIT_1]);
});
