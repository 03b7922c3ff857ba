/**
 * One end of a connection.
 * @typedef {object} Endpoint
 * @property {string} ip
 * @property {number} port
 */

/**
 * Names a connection. It never changes, and the same connection is always the same object: it can be compared with === and be the
 * key of a Map.
 * @typedef {object} Conn
 * @property {Readonly<Endpoint>} src this end, as the driver chose it
 * @property {Readonly<Endpoint>} dst the remote end
 */

/** @type {Map<string, WeakRef<Readonly<Conn>>>} the names that somebody holds */
const known = new Map();

const gone = new FinalizationRegistry((/** @type {string} */ key) => {
  if (!known.get(key)?.deref()) known.delete(key);
});

/**
 * Returns the object that names a connection.
 * @param {string} srcIp
 * @param {number} srcPort
 * @param {string} dstIp
 * @param {number} dstPort
 * @returns {Readonly<Conn>}
 */
export function conn(srcIp, srcPort, dstIp, dstPort) {
  const key = `${srcIp} ${srcPort} ${dstIp} ${dstPort}`;
  const found = known.get(key)?.deref();
  if (found) return found;
  const made = Object.freeze({
    src: Object.freeze({ ip: srcIp, port: srcPort }),
    dst: Object.freeze({ ip: dstIp, port: dstPort }),
  });
  known.set(key, new WeakRef(made));
  gone.register(made, key);
  return made;
}
