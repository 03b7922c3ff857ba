/**
 * Datagram sockets of the family AF_UNIX, which Node.js does not have: libc's functions, called through koffi.
 */

import { EventEmitter } from "node:events";
import { constants, endianness } from "node:os";
import { getSystemErrorName } from "node:util";
import koffi from "koffi";

/** Of Linux, the same on all of its architectures but MIPS. */
const AF_UNIX = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0o2000000, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, SHUT_RDWR = 2, POLLIN = 1;

const isLittleEndian = endianness() === "LE"; // as this machine is

const libc = koffi.load(null);
const c = {
  socket: libc.func("int socket(int domain, int type, int protocol)"),
  bind: libc.func("int bind(int fd, const void *address, unsigned int size)"),
  connect: libc.func("int connect(int fd, const void *address, unsigned int size)"),
  recv: libc.func("long recv(int fd, void *buffer, size_t size, int flags)"),
  send: libc.func("long send(int fd, const void *buffer, size_t size, int flags)"),
  poll: libc.func("int poll(void *fds, unsigned long count, int timeout)"),
  shutdown: libc.func("int shutdown(int fd, int how)"),
  close: libc.func("int close(int fd)"),
};

export const LONGEST = 500_000; // bytes; a datagram as long as that, or longer, has lost its end
const AT_ONCE = 64; // datagrams received before timers and others have their turn

/**
 * Emits "message" with each datagram, a Buffer that is the listener's to keep, once listen was called; "error" once, if the socket
 * has failed, and nothing after it. An error of a system call has its name as code, as those of node:fs do.
 */
export class UnixDatagramSocket extends EventEmitter {
  #buffer = Buffer.alloc(0); // until listen
  #pollfd = Buffer.alloc(8); // a field, so that it lives as long as poll looks at it
  #isWaiting = false; // in poll
  #isClosed = false;

  /** @param {number} [fd] a socket there is already; by default a new one */
  constructor(fd) {
    super();
    this.fd = fd ?? check("socket", c.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  }

  /** @param {string} path must not exist */
  bind(path) {
    check("bind", c.bind(this.fd, ...address(path)));
  }

  /** @param {string} path */
  connect(path) {
    check("connect", c.connect(this.fd, ...address(path)));
  }

  /**
   * Sends a datagram. Blocks while the other end's queue is full.
   * @param {Uint8Array} datagram
   */
  send(datagram) {
    while (c.send(this.fd, datagram, datagram.length, MSG_NOSIGNAL) < 0) {
      if (koffi.errno() !== constants.errno.EINTR) check("send", -1);
    }
  }

  /**
   * Begins to receive. A thread of libuv's pool waits in poll(2), so that the event loop runs on; what has come is then received
   * here, without one more change of threads for each datagram.
   */
  listen() {
    this.#buffer = Buffer.alloc(LONGEST);
    const view = new DataView(this.#pollfd.buffer, this.#pollfd.byteOffset); // int fd; short events, revents
    view.setInt32(0, this.fd, isLittleEndian);
    view.setInt16(4, POLLIN, isLittleEndian);
    process.once("exit", this.#wake); // Node.js waits for its threads
    this.#wait();
  }

  /** Emits nothing more. */
  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    process.off("exit", this.#wake);
    if (this.#isWaiting) this.#wake();
    else c.close(this.fd);
  }

  /** Ends the wait in poll. */
  #wake = () => c.shutdown(this.fd, SHUT_RDWR);

  #wait() {
    this.#isWaiting = true;
    c.poll.async(this.#pollfd, 1, -1, () => {
      this.#isWaiting = false;
      if (this.#isClosed) c.close(this.fd);
      else this.#receive();
    });
  }

  #receive() {
    for (let i = 0; i < AT_ONCE; i++) {
      const size = Number(c.recv(this.fd, this.#buffer, LONGEST, MSG_DONTWAIT));
      if (size < 0) {
        const code = koffi.errno();
        if (code === constants.errno.EAGAIN || code === constants.errno.EINTR) break;
        this.emit("error", systemError("recv", code));
        return;
      }
      this.emit("message", Buffer.from(this.#buffer.subarray(0, size)));
      if (this.#isClosed) return;
    }
    this.#wait();
  }
}

/**
 * Returns a struct sockaddr_un and its size.
 * @param {string} path
 * @returns {[Buffer, number]}
 */
function address(path) {
  const out = Buffer.alloc(110); // short family; char path[108], which ends with a zero byte
  if (Buffer.byteLength(path) > 107) throw new RangeError(`too long for a socket's path: ${path}`);
  new DataView(out.buffer, out.byteOffset).setUint16(0, AF_UNIX, isLittleEndian);
  out.write(path, 2);
  return [out, out.length];
}

/**
 * Throws if a system call has failed.
 * @param {string} call
 * @param {number} result
 */
function check(call, result) {
  if (result < 0) throw systemError(call, koffi.errno());
  return result;
}

/**
 * @param {string} call
 * @param {number} number
 */
function systemError(call, number) {
  const code = getSystemErrorName(-number);
  return Object.assign(new Error(`${call}: ${code}`), { code, errno: number, syscall: call });
}
