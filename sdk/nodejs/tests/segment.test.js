// Headers, options, checksums, and numbers that wrap.

import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import test from "node:test";
import { conn } from "../conn.js";
import { Path, findMss, resetFor, unwrap } from "../reference/segment.js";
import { ACK, BACK, CONN, Chance, RST, SYN, segment, vectors } from "./support.js";

const V6 = conn("fd07::1", 61084, "fd07:0:0:0:1:2:3:2", 80);

/**
 * The checksum as RFC 1071 describes it, word by word.
 * @param {Buffer} data
 */
function plainSum(data) {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) {
    sum += (data[at] << 8) + (data[at + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum;
}

test("golden segment", () => {
  const vector = vectors("golden.json").find(({ name }) => name === "tcp_tx");
  const { src, dst } = vector.conn;
  const path = new Path(conn(src.ip, src.port, dst.ip, dst.port));
  const bytes = Buffer.from(vector.bytes, "hex");
  const parsed = path.parse(bytes);
  assert.deepEqual(parsed, segment(SYN, 1000, 0, { window: 12_288, mss: 1460 }));
  assert.deepEqual(path.build(parsed), bytes);
});

test("what is built is parsed, and has a checksum that others accept", () => {
  const chance = new Chance(1);
  const there = conn(V6.dst.ip, V6.dst.port, V6.src.ip, V6.src.port);
  const addresses = { 4: "0a0700010a070002", 6: "fd070000000000000000000000000001fd070000000000000001000200030002" };
  for (const [from, to, pseudo] of /** @type {const} */ ([[CONN, BACK, addresses[4]], [V6, there, addresses[6]]])) {
    for (const size of [...Array(20).keys(), 1459, 1460, 65_000]) {
      const sent = segment(ACK, chance.below(2 ** 32), chance.below(2 ** 32), { payload: chance.bytes(size) });
      const data = new Path(from).build(sent);
      const length = Buffer.from([0, 6, data.length >> 8, data.length & 0xff]);
      assert.equal(plainSum(Buffer.concat([Buffer.from(pseudo, "hex"), length, data])), 0xffff);
      assert.deepEqual(new Path(to).parse(data), sent, "the peer computes over the same addresses");
    }
  }
});

test("each way to write an IPv6 address has the same checksum", () => {
  const build = (/** @type {string} */ ip) => new Path(conn(ip, 1, "fd07::2", 2)).build(segment(ACK, 1)).toString("hex");
  assert(isIPv6("::ffff:10.7.0.1"));
  assert.equal(build("::ffff:10.7.0.1"), build("0:0:0:0:0:ffff:a07:1"));
  assert.equal(build("fe80::1%lo"), build("fe80:0:0:0:0:0:0:1"));
  assert.equal(build("1::"), build("1:0:0:0:0:0:0:0"));
});

test("damage is noticed", () => {
  const path = new Path(CONN);
  const data = path.build(segment(ACK, 1, 2, { payload: Buffer.from("some bytes of text") }));
  for (let bit = 0; bit < 8 * data.length; bit++) {
    const damaged = Buffer.from(data);
    damaged[bit >> 3] ^= 1 << (bit & 7);
    assert.throws(() => path.parse(damaged), RangeError, `bit ${bit}`);
  }
  for (let size = 0; size < data.length; size++) assert.throws(() => path.parse(data.subarray(0, size)), RangeError, `${size} bytes`);
});

test("a checksum of all zeros or ones is accepted", () => {
  const path = new Path(CONN);
  let found = 0;
  for (let seq = 0; seq < 65_536; seq++) {
    const data = path.build(segment(ACK, seq));
    path.parse(data);
    if ([0, 0xffff].includes(data.readUInt16BE(16))) found++;
  }
  assert(found > 0);
});

test("options", () => {
  const cases = { "": undefined, "020405b4": 1460, "0101020405b4": 1460, "0300": undefined, "02": undefined, "0203ff": undefined,
    "00020405b4": undefined, "080a0000000000000000020400d8": 216, "020405": undefined, "0301": undefined };
  for (const [options, want] of Object.entries(cases)) assert.equal(findMss(Buffer.from(options, "hex")), want, options);
});

test("unwrap", () => {
  for (const near of [0, 5, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 7 * 2 ** 32 + 3, 2 ** 50]) {
    for (const distance of [-(2 ** 31), -70_000, -1, 0, 1, 70_000, 2 ** 31 - 1]) {
      assert.equal(unwrap((near + distance) >>> 0, near), near + distance);
    }
  }
});

test("the answer to a segment of no connection: RFC 9293, Section 3.10.7.1", () => {
  assert.equal(resetFor(segment(RST, 1, 2)), undefined);
  const payload = Buffer.from("abc");
  const { seq, flags } = resetFor(segment(ACK, 1, 77, { payload })) ?? {};
  assert.deepEqual([seq, flags], [77, RST]);
  const other = resetFor(segment(SYN, 1, 0, { payload }));
  assert.deepEqual([other?.seq, other?.ack, other?.flags], [0, 5, RST | ACK]);
});
