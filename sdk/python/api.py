"""The calls with which a TCP speaks to the driver.

The driver in turn calls the functions of outgoing.py, from main.py. Each call names the connection it is about with the conn
that app_connect was given. All of them may be called from any thread, return None, and block while the driver is busy:
that is how it slows us down. Nothing is ever reported back: a call about a connection that is gone does nothing.
"""

import os
import socket
import sys
from collections.abc import Iterable

from codec import Conn, Endpoint, encode

__all__ = [
    "Conn",
    "Endpoint",
    "app_connected",
    "app_recv",
    "app_peer_fin",
    "app_peer_rst",
    "tcp_tx",
    "release_connection",
    "peer_connected",
]

# What the flags of a message to the driver mean.
APP_RECV, APP_PEER_FIN, APP_CONNECTED, APP_PEER_RST = 0x00, 0x01, 0x02, 0x04
TCP_TX, RELEASE_CONNECTION, HELLO = 0x40, 0x80, 0xA0
PEER_CONNECTED = 0x12  # only if driver and program both know of incoming connections

LARGEST_RECV = 65536  # bytes in one message

_socket: socket.socket


def app_connected(conn: Conn) -> None:
    """The connection is established. From now on the driver hands over what the application writes."""
    _send(conn, b"", APP_CONNECTED)


def app_recv(conn: Conn, data: bytes) -> None:
    """Hands the application bytes of the peer: in order, each once."""
    for at in range(0, len(data), LARGEST_RECV):
        _send(conn, data[at : at + LARGEST_RECV], APP_RECV)


def app_peer_fin(conn: Conn) -> None:
    """The peer will send no more. The application reads the end of its stream, and may still write."""
    _send(conn, b"", APP_PEER_FIN)


def app_peer_rst(conn: Conn) -> None:
    """The peer has reset the connection, or it cannot be had. The driver closes the application's socket and forgets the
    connection; no release_connection is needed."""
    _send(conn, b"", APP_PEER_RST)


def tcp_tx(conn: Conn, segment: bytes) -> None:
    """Sends a segment: TCP header, options and payload, with the checksum in it. The driver adds the IP header."""
    _send(conn, segment, TCP_TX)


def release_connection(conn: Conn) -> None:
    """Both directions are closed and nothing is left to do. The driver frees the port; segments no longer reach us."""
    _send(conn, b"", RELEASE_CONNECTION)


def peer_connected(conn: Conn) -> None:
    """The handshake of a connection that peer_connect told of is done: what app_connected is for one that an application began.
    Only now is the application called that listens. If it does not want the connection, app_rst follows."""
    _send(conn, b"", PEER_CONNECTED)


def hello(extensions: Iterable[str] = ()) -> None:
    """Tells the driver that we are here, that connections of before are void, and what we know beyond version 1 of the
    protocol. main.py does this."""
    _send(Conn(Endpoint("127.84.0.1", 8484), Endpoint("", 0)), b"network_exp4", HELLO, extensions)


def attach(sock: socket.socket) -> None:
    """Has all calls go to sock, a datagram socket that is connected to the driver."""
    global _socket
    _socket = sock


def _send(conn: Conn, data: bytes, flags: int, extensions: Iterable[str] = ()) -> None:
    try:
        _socket.send(encode(conn, data, flags, extensions))  # a datagram: the kernel sends it whole, whatever other threads do
    except OSError as error:
        print(f"the driver is gone: {error}", file=sys.stderr)
        os._exit(1)  # from whatever thread this is
