/**
 * One of Node's timers for a deadline that moves with almost every segment. To move it later costs nothing: the timer goes off at the
 * earlier time, and is then set to what is left.
 */
export class Alarm {
  #deadline = Infinity;
  #at = Infinity; // when the timer goes off
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #ring;

  /** @param {() => void} ring */
  constructor(ring) {
    this.#ring = ring;
  }

  /** @param {number} deadline by performance.now(); Infinity for never */
  set(deadline) {
    this.#deadline = deadline;
    if (deadline === Infinity) this.#stop();
    else if (deadline < this.#at) this.#start();
  }

  #start() {
    this.#stop();
    this.#at = this.#deadline;
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, Math.ceil(this.#at - performance.now())));
  }

  #expire() {
    this.#at = Infinity;
    if (performance.now() >= this.#deadline) this.#ring();
    else this.#start();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#at = Infinity;
  }
}
