"""The program around a TCP: joins the driver, and calls the functions of outgoing.py for each of its messages.

    python3 main.py [DIRECTORY]

outgoing.py is taken from DIRECTORY, by default the one of this file. The driver has to run already. While it serves another
SDK this program waits. All functions of outgoing.py are called from one thread, one after the other.
"""

import errno
import os
import socket
import sys
import time
from collections.abc import Callable

import api
from codec import Conn, decode

LONGEST = 500_000  # a datagram as long as that is an error
RETRY = 0.5  # seconds between attempts while the driver is taken

# What the flags of a message from the driver mean.
APP_SEND, APP_FIN, APP_CONNECT, APP_RST, TCP_RX = 0x00, 0x01, 0x02, 0x04, 0x40


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


def handlers(outgoing) -> dict[int, Callable[[Conn, bytes], None]]:
    """Says which function of outgoing.py to call for which flags."""
    return {
        APP_CONNECT: lambda conn, _: outgoing.app_connect(conn),
        APP_SEND: outgoing.app_send,
        APP_FIN: lambda conn, _: outgoing.app_fin(conn),
        APP_RST: lambda conn, _: outgoing.app_rst(conn),
        TCP_RX: outgoing.tcp_rx,
    }


def serve(sock: socket.socket, outgoing) -> None:
    """Receives and dispatches for ever. What cannot be understood is reported and passed over."""
    calls = handlers(outgoing)
    while True:
        datagram = sock.recv(LONGEST)
        if datagram == b"\0":
            outgoing.tick()
            continue
        try:
            if len(datagram) == LONGEST:
                raise ValueError(f"{LONGEST} bytes or more")
            message = decode(datagram)
            call = calls[message.flags]
        except (ValueError, KeyError) as error:
            print(f"a datagram from the driver: {error!r}", file=sys.stderr)
            continue
        call(message.conn, message.bytes)


def main() -> None:
    sys.path[:0] = sys.argv[1:2]
    import outgoing  # here, because it may lie in that directory

    try:
        sock = join(os.environ.get("ANTEDON_LAB_DIR", "/tmp"))
        api.attach(sock)
        api.hello()
        serve(sock, outgoing)
    except OSError as error:
        sys.exit(f"the driver is gone, or was never there: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
