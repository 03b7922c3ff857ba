// codec.js against the vectors that all SDKs share.

import assert from "node:assert/strict";
import test from "node:test";
import { decode, encode } from "../codec.js";
import { conn } from "../conn.js";
import { Chance, vectors } from "./support.js";

const golden = [...vectors("golden.json").filter((vector) => vector.conn), ...vectors("incoming.json")];

test("golden vectors", () => {
  assert(golden.length > 20);
  for (const { name, hex, conn: { src, dst }, bytes, flags, strict, extensions } of golden) {
    const got = decode(Buffer.from(hex, "hex"));
    const want = { conn: conn(src.ip, src.port, dst.ip, dst.port), bytes: Buffer.from(bytes, "hex"), flags };
    assert.deepEqual(got, { ...want, extensions: extensions ?? got.extensions }, name); // golden.json does not tell of these
    if (strict) assert.equal(encode(want.conn, want.bytes, flags, extensions).toString("hex"), hex, name);
  }
});

test("bad vectors", () => {
  for (const { name, hex, why } of vectors("bad.json")) assert.throws(() => decode(Buffer.from(hex, "hex")), Error, `${name}: ${why}`);
});

test("cut datagrams are refused", () => {
  for (const { hex } of golden) {
    const datagram = Buffer.from(hex, "hex");
    for (let size = 0; size < datagram.length; size += 1 + Math.floor(datagram.length / 200)) {
      assert.throws(() => decode(datagram.subarray(0, size)));
    }
  }
});

test("damaged datagrams are understood or refused", () => {
  const chance = new Chance(1);
  let refused = 0;
  for (let i = 0; i < 5000; i++) {
    const datagram = Buffer.from(golden[chance.below(golden.length)].hex, "hex");
    for (let count = 1 + chance.below(4); count > 0; count--) datagram[chance.below(Math.min(200, datagram.length))] = chance.below(256);
    let message;
    try {
      message = decode(datagram);
    } catch (error) {
      assert(error instanceof Error);
      refused++;
      continue;
    }
    assert(Number.isInteger(message.conn.src.port));
  }
  assert(refused > 1000, `${refused}`);
});

test("documents within documents without end are refused", () => {
  let document = Buffer.from("0500000000", "hex");
  for (let i = 0; i < 5000; i++) {
    const length = Buffer.alloc(4);
    length.writeInt32LE(document.length + 8);
    document = Buffer.concat([length, Buffer.from("\x03a\0"), document, Buffer.from([0])]);
  }
  assert.throws(() => decode(document), RangeError);
});

test("the same connection is the same object", () => {
  const one = decode(Buffer.from(golden[0].hex, "hex")).conn;
  assert.equal(decode(Buffer.from(golden[0].hex, "hex")).conn, one);
  assert.notEqual(conn(one.src.ip, one.src.port, one.dst.ip, one.dst.port ^ 1), one);
  assert(Object.isFrozen(one) && Object.isFrozen(one.src) && Object.isFrozen(one.dst));
});
