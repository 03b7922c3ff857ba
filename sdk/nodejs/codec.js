/**
 * Datagrams between SDK and driver: BSON documents of one shape.
 *
 *     {conn: {src: {ip, port}, dst: {ip, port}}, bytes: binary, flags: integer}
 *
 * A hello may have a further key, extensions: an array of strings.
 *
 * BSON (bsonspec.org) is little-endian: a document is its own length in four bytes, then elements, then a zero byte; an element is
 * one byte that tells its type, its name with a zero byte after it, and its value. This file holds as much of it as such documents
 * need: it writes the types of the shape above, and reads these and 64-bit integers, and steps over every other type, so that
 * a driver may add keys that we do not know.
 */

import { conn as connOf } from "./conn.js";

/** @typedef {import("./conn.js").Conn} Conn */

/**
 * What one datagram says.
 * @typedef {object} Message
 * @property {Conn} conn
 * @property {Buffer} bytes
 * @property {number} flags
 * @property {string[]} extensions what a hello names beyond version 1 of the protocol
 */

const STRING = 0x02, DOCUMENT = 0x03, ARRAY = 0x04, BINARY = 0x05, INT32 = 0x10, INT64 = 0x12;

/** Types that say nothing to us but have a known size, so that we can step over them. */
const FIXED_SIZE = new Map([[0x01, 8], [0x06, 0], [0x07, 12], [0x08, 1], [0x09, 8], [0x0a, 0], [0x11, 8], [0x13, 16], [0x7f, 0], [0xff, 0]]);

const NOTHING = Buffer.alloc(0);
const DEEPEST = 16; // documents within documents; ours are two deep

/** @type {WeakMap<Conn, Buffer>} a connection sends many messages */
const encodedConns = new WeakMap();

/**
 * Returns the datagram of a message.
 * @param {Conn} conn
 * @param {Uint8Array} bytes
 * @param {number} flags
 * @param {string[]} [extensions]
 */
export function encode(conn, bytes, flags, extensions = []) {
  let head = encodedConns.get(conn);
  if (!head) encodedConns.set(conn, (head = encodeConn(conn)));
  const tail = extensions.length === 0 ? NOTHING : encodeStrings("extensions", extensions);
  const size = 4 + head.length + 7 + 5 + bytes.length + 7 + 4 + tail.length + 1;
  const out = Buffer.allocUnsafe(size);
  let at = out.writeInt32LE(size, 0);
  at += head.copy(out, at);
  at += out.write("\x05bytes\0", at, "latin1");
  at = out.writeInt32LE(bytes.length, at);
  out[at++] = 0; // a binary of the plain kind
  out.set(bytes, at);
  at += bytes.length;
  at += out.write("\x10flags\0", at, "latin1");
  at = out.writeInt32LE(flags, at);
  at += tail.copy(out, at);
  out[at] = 0;
  return out;
}

/**
 * Returns the message of a datagram; throws if it is none. The message's bytes lie in the datagram.
 * @param {Buffer} datagram
 * @returns {Message}
 */
export function decode(datagram) {
  const reader = new Reader(datagram);
  const { conn, bytes, flags, extensions } = reader.document(datagram.length, 0);
  if (reader.at !== datagram.length) throw new RangeError("bytes after the document");
  if (!Buffer.isBuffer(bytes)) throw new TypeError("bytes are no binary");
  if (!Number.isSafeInteger(flags)) throw new TypeError("flags are no integer");
  const [src, dst] = [endpoint(conn?.src), endpoint(conn?.dst)];
  return { conn: connOf(src.ip, src.port, dst.ip, dst.port), bytes, flags, extensions: strings(extensions) };
}

/** @param {Conn} conn */
function encodeConn({ src, dst }) {
  return document("conn", Buffer.concat([encodeEndpoint("src", src), encodeEndpoint("dst", dst)]));
}

/**
 * @param {string} name
 * @param {import("./conn.js").Endpoint} end
 */
function encodeEndpoint(name, { ip, port }) {
  return document(name, Buffer.concat([encodeString("ip", ip), Buffer.from("\x10port\0"), int32(port)]));
}

/**
 * Returns an array: a document with the names "0", "1", …
 * @param {string} name
 * @param {string[]} strings
 */
function encodeStrings(name, strings) {
  return document(name, Buffer.concat(strings.map((text, i) => encodeString(`${i}`, text))), ARRAY);
}

/**
 * @param {string} name
 * @param {string} value
 */
function encodeString(name, value) {
  const text = Buffer.from(`${value}\0`);
  return Buffer.concat([Buffer.from(`\x02${name}\0`), int32(text.length), text]);
}

/**
 * @param {string} name
 * @param {Buffer} elements
 */
function document(name, elements, type = DOCUMENT) {
  return Buffer.concat([Buffer.from([type]), Buffer.from(`${name}\0`), int32(elements.length + 5), elements, Buffer.from([0])]);
}

/** @param {number} value */
function int32(value) {
  const out = Buffer.alloc(4);
  out.writeInt32LE(value);
  return out;
}

/**
 * Returns the strings in an array. Whatever else is found there is none of ours.
 * @param {any} value
 * @returns {string[]}
 */
function strings(value) {
  if (typeof value !== "object" || Buffer.isBuffer(value)) return [];
  return Object.values(value ?? {}).filter((item) => typeof item === "string");
}

/** @param {any} value */
function endpoint(value) {
  const { ip, port } = value ?? {};
  if (typeof ip !== "string" || !Number.isInteger(port) || port < 0 || port > 65535) throw new TypeError("no address and port");
  return { ip, port };
}

/** Reads values one after the other. What it cannot read it throws on: Buffer does so beyond its end. */
class Reader {
  at = 0;

  /** @param {Buffer} data */
  constructor(data) {
    this.data = data;
  }

  /**
   * Reads a document, of which nothing may lie at or beyond limit.
   * @param {number} limit
   * @param {number} depth
   * @returns {any} an object without a prototype: a key may have any name
   */
  document(limit, depth) {
    const start = this.at;
    const end = start + this.#length(5); // which counts its own four bytes
    if (end > limit || this.data[end - 1] !== 0 || depth > DEEPEST) throw new RangeError("a document does not end where it says");
    const out = Object.create(null);
    while (this.at < end - 1) {
      const type = this.data.readUInt8(this.at++);
      const name = this.#name(end - 1);
      out[name] = this.#value(type, end - 1, depth);
      if (this.at > end - 1) throw new RangeError("a value does not end within its document");
    }
    this.at = end;
    return out;
  }

  /**
   * @param {number} type
   * @param {number} limit
   * @param {number} depth
   */
  #value(type, limit, depth) {
    switch (type) {
      case INT32:
        return this.data.readInt32LE(this.#skip(4));
      case INT64:
        return Number(this.data.readBigInt64LE(this.#skip(8)));
      case STRING:
        return this.#string(limit);
      case BINARY: {
        const length = this.#length(0);
        const start = this.#skip(1 + length) + 1; // after a byte that tells the kind of binary
        return this.data.subarray(start, start + length);
      }
      case DOCUMENT:
      case ARRAY:
        return this.document(limit, depth + 1);
    }
    const size = FIXED_SIZE.get(type);
    if (size === undefined) throw new TypeError(`an element of type ${type}`);
    this.#skip(size);
    return null;
  }

  /** @param {number} limit */
  #string(limit) {
    const length = this.#length(1);
    const start = this.#skip(length);
    if (this.at > limit || this.data[this.at - 1] !== 0) throw new RangeError("a string does not end where it says");
    return utf8.decode(this.data.subarray(start, this.at - 1));
  }

  /** @param {number} limit */
  #name(limit) {
    const start = this.at;
    const end = this.data.indexOf(0, start);
    if (end < 0 || end >= limit) throw new RangeError("a name does not end");
    this.at = end + 1;
    return utf8.decode(this.data.subarray(start, end));
  }

  /** @param {number} least */
  #length(least) {
    const length = this.data.readInt32LE(this.at);
    if (length < least) throw new RangeError(`a length of ${length}`);
    this.at += 4;
    return length;
  }

  /** @param {number} size */
  #skip(size) {
    const start = this.at;
    this.at += size;
    return start;
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
