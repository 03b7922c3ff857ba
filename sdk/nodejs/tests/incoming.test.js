// Connections that others begin, segment by segment: RFC 9293, Section 3.10.7.2 and what follows of Section 3.10.7.4.

import assert from "node:assert/strict";
import test from "node:test";
import { ACK, FIN, RST, SYN, Script, State } from "./support.js";

/** Returns a connection in SYN-RECEIVED. */
function ringing() {
  const t = new Script();
  t.accept(SYN, 0);
  assert.deepEqual([t.sent(), t.state], [["SYN|ACK seq=0 ack=1 len=0"], State.SYN_RECEIVED]);
  return t;
}

test("handshake", () => {
  const t = ringing();
  assert.deepEqual(t.events, [], "nobody knows yet whether the caller exists");
  t.inject(ACK, 1, 1);
  assert.deepEqual([t.state, t.events], [State.ESTABLISHED, ["peerConnected"]]);
});

test("the first ACK brings text and FIN", () => {
  const t = ringing();
  t.inject(ACK | FIN, 1, 1, "all at once");
  assert.deepEqual([t.events, t.received, t.state], [["peerConnected", "appPeerFin"], "all at once", State.CLOSE_WAIT]);
});

test("text without an acknowledgment is dropped", () => {
  const t = ringing();
  t.inject(0, 1, 1, "early");
  assert.deepEqual([t.state, t.events, t.received], [State.SYN_RECEIVED, [], ""]);
});

test("text with SYN comes again", () => {
  const t = new Script();
  t.accept(SYN, 0, 0, "early");
  assert.deepEqual(t.sent(), ["SYN|ACK seq=0 ack=1 len=0"]);
  t.inject(ACK, 1, 1, "early and again");
  assert.equal(t.received, "early and again");
});

test("the answer is lost", () => {
  const t = ringing();
  for (const wait of [1000, 2000, 4000]) {
    t.wait(wait - 1);
    assert.deepEqual(t.sent(), []);
    t.wait(1);
    assert.deepEqual(t.sent(), ["SYN|ACK seq=0 ack=1 len=0"]);
  }
  t.inject(SYN, 0);
  assert.deepEqual(t.sent(), ["ACK seq=1 ack=1 len=0"], "as to whatever is not acceptable");
  t.inject(ACK, 1, 1);
  assert.deepEqual(t.events, ["peerConnected"]);
});

test("nobody answers", () => {
  const t = ringing();
  t.wait(300_000);
  assert.deepEqual([t.state, t.events, t.connection.deadline], [State.CLOSED, ["appPeerRst"], Infinity]);
});

test("the caller resets", () => {
  const t = ringing();
  t.inject(RST, 70_000);
  assert.equal(t.state, State.SYN_RECEIVED, "not in the window");
  t.inject(RST, 1);
  assert.deepEqual([t.state, t.sent(), t.events], [State.CLOSED, [], ["appPeerRst"]]);
});

test("an acknowledgment of another connection", () => {
  for (const ack of [0, 2, 500]) {
    const t = ringing();
    t.inject(ACK, 1, ack);
    assert.deepEqual([t.state, t.sent()], [State.SYN_RECEIVED, [`RST seq=${ack} len=0`]]);
  }
});

test("the listener refuses, or the driver has waited for long enough", () => {
  const t = ringing();
  t.connection.abort();
  assert.deepEqual([t.state, t.sent()], [State.CLOSED, ["RST seq=1 len=0"]]);
});

test("what is no SYN is no call", () => {
  const t = new Script();
  t.accept(SYN | ACK, 0, 7);
  assert.deepEqual([t.sent(), t.events], [["RST seq=7 len=0"], ["releaseConnection"]]);
  for (const flags of [RST, SYN | RST, RST | ACK, FIN]) {
    const t = new Script();
    t.accept(flags, 0, 7);
    assert.deepEqual([t.sent(), t.events, t.state], [[], ["releaseConnection"], State.CLOSED]);
  }
});

test("close", () => {
  const t = ringing();
  t.inject(ACK, 1, 1);
  t.finish();
  assert.deepEqual(t.sent(), ["FIN|ACK seq=1 ack=1 len=0"]);
  t.inject(FIN | ACK, 1, 2);
  t.wait(3000);
  assert.deepEqual(t.events, ["peerConnected", "appPeerFin", "releaseConnection"]);
});
