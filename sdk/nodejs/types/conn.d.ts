/**
 * Returns the object that names a connection.
 * @param {string} srcIp
 * @param {number} srcPort
 * @param {string} dstIp
 * @param {number} dstPort
 * @returns {Readonly<Conn>}
 */
export function conn(srcIp: string, srcPort: number, dstIp: string, dstPort: number): Readonly<Conn>;
/**
 * One end of a connection.
 */
export type Endpoint = {
    ip: string;
    port: number;
};
/**
 * Names a connection. It never changes, and the same connection is always the same object: it can be compared with === and be the
 * key of a Map.
 */
export type Conn = {
    /**
     * this end, as the driver chose it
     */
    src: Readonly<Endpoint>;
    /**
     * the remote end
     */
    dst: Readonly<Endpoint>;
};
