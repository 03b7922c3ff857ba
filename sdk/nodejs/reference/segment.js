/**
 * Segments: what lies in a TCP header, and how it is read and written. RFC 9293, Section 3.1.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |          Source Port          |       Destination Port        |
 *     |                        Sequence Number                        |
 *     |                    Acknowledgment Number                      |
 *     | Offset| Rsrvd |     Flags     |            Window             |
 *     |           Checksum            |         Urgent Pointer        |
 *     |                           [Options]                           |
 *     :                             Data                              :
 */

import { isIPv6 } from "node:net";

/** @typedef {import("#api").Conn} Conn */

export const FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10;

const HEADER = 20; // bytes without options
const TCP = 6; // its number among the protocols over IP
const NOTHING = Buffer.alloc(0);

/**
 * @typedef {object} Segment
 * @property {number} seq
 * @property {number} ack
 * @property {number} flags
 * @property {number} window
 * @property {Buffer} payload
 * @property {number} [mss] of the Maximum Segment Size option, which only a SYN carries
 */

/**
 * Returns the number closest to near whose low 32 bits are those of number.
 *
 * On the wire, sequence numbers begin again at 0 after 2**32 - 1, and to compare them is an art. Everywhere else in this TCP they simply
 * go on: they are compared with < and subtracted with -, and are exact up to 2**53, eight petabytes. Here they are made so: `| 0` cuts a
 * difference to 32 bits with a sign. Path.build cuts them back with `>>> 0`.
 * @param {number} number
 * @param {number} near
 */
export function unwrap(number, near) {
  return near + ((number - near) | 0);
}

/**
 * Returns how many sequence numbers a segment occupies: SYN and FIN count as one each. RFC 9293, Section 3.4: SEG.LEN.
 * @param {Segment} segment
 */
export function lengthOf({ payload, flags }) {
  return payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
}

/**
 * Returns the answer to a segment that belongs to no connection, if it deserves one. RFC 9293, Section 3.10.7.1.
 * @param {Segment} segment
 * @returns {Segment | undefined}
 */
export function resetFor(segment) {
  if (segment.flags & RST) return undefined;
  const answer = { window: 0, payload: NOTHING };
  if (segment.flags & ACK) return { ...answer, seq: segment.ack, ack: 0, flags: RST };
  return { ...answer, seq: 0, ack: segment.seq + lengthOf(segment), flags: RST | ACK };
}

/** What all segments of a connection have in common: ports, and the addresses that the checksum covers. */
export class Path {
  #pseudoHeader; // summed up, but for the length

  /** @param {Conn} conn */
  constructor({ src, dst }) {
    const v6 = isIPv6(src.ip);
    const words = v6 ? wordsOfIPv6 : wordsOfIPv4;
    this.ports = [src.port, dst.port];
    // What we take is an Ethernet frame less the headers of IP and TCP. Of a peer that does not say what it takes, RFC 9293,
    // Section 3.7.1, assumes "536 (576 - 40) for IPv4 or 1220 (1280 - 60) for IPv6".
    this.mss = v6 ? 1440 : 1460;
    this.defaultMss = v6 ? 1220 : 536;
    this.#pseudoHeader = [...words(src.ip), ...words(dst.ip)].reduce((sum, word) => sum + word, TCP);
  }

  /**
   * Returns the segment as it goes over the wire.
   * @param {Segment} segment
   */
  build({ seq, ack, flags, window, payload, mss }) {
    const start = HEADER + (mss === undefined ? 0 : 4);
    const out = Buffer.alloc(start + payload.length);
    out.writeUInt16BE(this.ports[0], 0);
    out.writeUInt16BE(this.ports[1], 2);
    out.writeUInt32BE(seq >>> 0, 4);
    out.writeUInt32BE(ack >>> 0, 8);
    out[12] = (start / 4) << 4;
    out[13] = flags;
    out.writeUInt16BE(window, 14);
    if (mss !== undefined) out.writeUInt32BE(0x0204_0000 + mss, HEADER); // kind 2, four bytes long
    payload.copy(out, start);
    out.writeUInt16BE(0xffff - (this.#sum(out) % 0xffff), 16);
    return out;
  }

  /**
   * Returns the segment of data; throws if it is damaged. The payload lies in data.
   * @param {Buffer} data
   * @returns {Segment}
   */
  parse(data) {
    if (data.length < HEADER) throw new RangeError("shorter than a header");
    const start = (data[12] >> 4) * 4;
    if (start < HEADER || start > data.length) throw new RangeError("the data offset points outside of the segment");
    if (this.#sum(data) % 0xffff !== 0) throw new RangeError("wrong checksum");
    const flags = data[13];
    return {
      seq: data.readUInt32BE(4),
      ack: data.readUInt32BE(8),
      flags,
      window: data.readUInt16BE(14),
      payload: data.subarray(start),
      mss: flags & SYN ? findMss(data.subarray(HEADER, start)) : undefined,
    };
  }

  /**
   * Sums segment and pseudo header. The Internet checksum adds 16-bit words and carries what overflows back in at the low end. That is
   * arithmetic modulo 2**16 - 1; so we let the sum grow, and take the remainder at the end. A segment is undamaged if it is a multiple
   * of 2**16 - 1.
   * @param {Buffer} data
   */
  #sum(data) {
    let sum = this.#pseudoHeader + data.length;
    const even = data.length & ~1;
    for (let i = 0; i < even; i += 2) sum += (data[i] << 8) | data[i + 1];
    if (even < data.length) sum += data[even] << 8; // RFC 9293, Section 3.1: "padding the last octet with zeros on its right"
    return sum;
  }
}

/** @param {string} ip */
function wordsOfIPv4(ip) {
  const [a, b, c, d] = ip.split(".").map(Number);
  return [(a << 8) | b, (c << 8) | d];
}

/** @param {string} ip such as fd07::1 or ::ffff:10.7.0.1 */
function wordsOfIPv6(ip) {
  const plain = ip.replace(/%.*$/, "").replace(/[^:]+\..+$/, (v4) => wordsOfIPv4(v4).map((word) => word.toString(16)).join(":"));
  const [head, tail] = plain.split("::").map((half) => half.split(":").filter(Boolean).map((word) => parseInt(word, 16)));
  return tail === undefined ? head : [...head, ...tail]; // the words left out are zeros
}

/**
 * Returns the value of the Maximum Segment Size option. RFC 9293, Section 3.2: all other options are passed over.
 * @param {Buffer} options
 */
export function findMss(options) {
  let at = 0;
  while (at < options.length && options[at] !== 0) { // 0 ends the list
    if (options[at] === 1) { // no operation: a single byte
      at++;
      continue;
    }
    const size = options[at + 1] ?? 0;
    if (size < 2 || at + size > options.length) return undefined;
    if (options[at] === 2 && size === 4) return options.readUInt16BE(at + 2);
    at += size;
  }
  return undefined;
}
