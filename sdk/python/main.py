"""The program around a TCP: joins the driver, and calls the functions of outgoing.py for each of its messages.

    python3 main.py [DIRECTORY]

outgoing.py is taken from DIRECTORY, by default the one of this file. The driver has to run already. While it serves another
SDK this program waits. All functions of outgoing.py are called from one thread, one after the other.

If incoming.py lies beside outgoing.py, the program takes connections that others begin, too, from drivers that have any.
"""

import errno
import importlib
import os
import socket
import sys
import time
from collections.abc import Callable

import api
from codec import Conn, Message, decode

LONGEST = 500_000  # a datagram as long as that is an error
RETRY = 0.5  # seconds between attempts while the driver is taken

# What the flags of a message from the driver mean.
APP_SEND, APP_FIN, APP_CONNECT, APP_RST, TCP_RX = 0x00, 0x01, 0x02, 0x04, 0x40
PEER_CONNECT, ANSWER = 0x12, 0xA0  # for programs with an incoming.py

INCOMING = "incoming"  # what such a program names in its hello, and the driver in its answer

Handlers = dict[int, Callable[[Conn, bytes], None]]


def join(directory: str) -> socket.socket:
    """Returns a socket that is connected to the driver. OSError if there is none."""
    own = os.path.join(directory, "network-exp4-sdk.socket")
    if os.path.lexists(own):
        os.unlink(own)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(own)
    while True:
        try:
            sock.connect(os.path.join(directory, "network-exp4-driver.socket"))
            return sock
        except PermissionError as error:  # EPERM: the driver is connected to another SDK; EACCES is another matter
            if error.errno != errno.EPERM:
                raise
            time.sleep(RETRY)


def find_incoming(outgoing):
    """Returns the function peer_connect of the incoming.py beside outgoing.py; None if there is none."""
    if not os.path.exists(os.path.join(os.path.dirname(outgoing.__file__), "incoming.py")):
        return None
    return getattr(importlib.import_module("incoming"), "peer_connect", None)


def handlers(outgoing) -> Handlers:
    """Says which function of outgoing.py to call for which flags."""
    return {
        APP_CONNECT: lambda conn, _: outgoing.app_connect(conn),
        APP_SEND: outgoing.app_send,
        APP_FIN: lambda conn, _: outgoing.app_fin(conn),
        APP_RST: lambda conn, _: outgoing.app_rst(conn),
        TCP_RX: outgoing.tcp_rx,
    }


def serve(sock: socket.socket, calls: Handlers, tick: Callable[[], None]) -> None:
    """Receives and dispatches for ever. What cannot be understood is reported and passed over."""
    while True:
        datagram = sock.recv(LONGEST)
        if datagram == b"\0":
            tick()
            continue
        try:
            message = understand(datagram)
            if message.flags not in calls:
                raise ValueError(f"unknown flags {message.flags:#x}")
        except ValueError as error:
            print(f"a datagram from the driver: {error}", file=sys.stderr)
            continue
        calls[message.flags](message.conn, message.bytes)


def understand(datagram: bytes) -> Message:
    if len(datagram) == LONGEST:
        raise ValueError(f"{LONGEST} bytes or more")
    return decode(datagram)


def takes_calls(sock: socket.socket) -> bool:
    """Waits for what the driver says to a hello that names INCOMING: does it know what that is?

    One that does answers with a hello of its own, before anything else. One of version 1 does not answer, and begins with what
    it always says, a tick at the latest. So it is enough to look at the first datagram, which is left for serve if it is no answer.
    """
    try:
        first = understand(sock.recv(LONGEST, socket.MSG_PEEK))
    except ValueError:
        return False
    if first.flags != ANSWER:
        return False
    sock.recv(LONGEST)
    return INCOMING in first.extensions


def main() -> None:
    sys.path[:0] = sys.argv[1:2]
    import outgoing  # here, because it may lie in that directory

    calls, peer_connect = handlers(outgoing), find_incoming(outgoing)
    try:
        sock = join(os.environ.get("ANTEDON_LAB_DIR", "/tmp"))
        api.attach(sock)
        api.hello([INCOMING] if peer_connect else [])
        if peer_connect and takes_calls(sock):
            calls[PEER_CONNECT] = peer_connect
        elif peer_connect:
            print("the driver knows nothing of incoming connections: nobody will call", file=sys.stderr)
        serve(sock, calls, outgoing.tick)
    except OSError as error:
        sys.exit(f"the driver is gone, or was never there: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
