/** Bytes that wait: new ones come at the end, old ones leave from the front, and any of those between can be looked at. */
export class ByteQueue {
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length() {
    return this.#end - this.#start;
  }

  /** @param {Uint8Array} data is copied */
  push(data) {
    if (this.#end + data.length > this.#buffer.length) this.#makeRoom(this.length + data.length);
    this.#buffer.set(data, this.#end);
    this.#end += data.length;
  }

  /**
   * Removes bytes from the front.
   * @param {number} count
   */
  drop(count) {
    this.#start += count;
    if (this.#start === this.#end) { // an idle connection costs nothing
      this.#buffer = Buffer.alloc(0);
      this.#start = this.#end = 0;
    }
  }

  /**
   * Returns bytes counted from the front, fewer where there are fewer. They are to be read before the next push.
   * @param {number} at
   * @param {number} count
   */
  peek(at, count) {
    const from = this.#start + at;
    return this.#buffer.subarray(from, Math.min(from + count, this.#end));
  }

  /** @param {number} size bytes in all. Twice as much is allotted, so that each byte is moved a few times at most */
  #makeRoom(size) {
    const live = this.peek(0, this.length);
    if (2 * size > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafe(2 * size);
      this.#buffer.set(live);
    } else {
      this.#buffer.copyWithin(0, this.#start, this.#end);
    }
    this.#end = live.length;
    this.#start = 0;
  }
}
