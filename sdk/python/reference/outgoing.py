"""A TCP for the driver: what the template leaves to you, done. Read connection.py next, then sender.py and receiver.py.

It retransmits, closes in any order, answers resets, keeps what arrives out of order, verifies checksums, measures the round
trip, heeds the peer's window and the network's load, and gives back what it no longer needs. It leaves out what a laboratory can
do without: window scaling, selective acknowledgment, timestamps, urgent data, path MTU discovery, keep-alives.
"""

import hashlib
import os
import sys
import time

import api
from api import Conn
from connection import Connection, State
from segment import Path, reset_for

connections: dict[Conn, Connection] = {}

_secret = os.urandom(16)


def app_connect(conn: Conn) -> None:
    connections[conn] = Connection(conn, api, initial_sequence_number(conn, time.monotonic()))
    connections[conn].connect(time.monotonic())


def app_send(conn: Conn, data: bytes) -> None:
    if connection := connections.get(conn):
        connection.send(data, time.monotonic())


def app_fin(conn: Conn) -> None:
    if connection := connections.get(conn):
        connection.finish(time.monotonic())


def app_rst(conn: Conn) -> None:
    if connection := connections.pop(conn, None):
        connection.abort()


def tcp_rx(conn: Conn, data: bytes) -> None:
    connection = connections.get(conn)
    try:
        segment = (connection.path if connection else Path(conn)).parse(data)
    except ValueError as error:
        print(f"a segment of {conn.dst.ip}:{conn.dst.port}: {error}", file=sys.stderr)
        return
    if connection:
        connection.on_segment(segment, time.monotonic())
        forget_closed(connection)
    elif answer := reset_for(segment):
        api.tcp_tx(conn, Path(conn).build(answer))


def tick() -> None:
    now = time.monotonic()
    for connection in list(connections.values()):
        connection.on_tick(now)
        forget_closed(connection)


def forget_closed(connection: Connection) -> None:
    if connection.state is State.CLOSED:
        del connections[connection.conn]


def initial_sequence_number(conn: Conn, now: float) -> int:
    """RFC 9293, Section 3.4.1: "ISN = M + F(localip, localport, remoteip, remoteport, secretkey)". M counts up every 4
    microseconds, so that an old connection's segments fall outside of a new one's window; F keeps others from guessing it."""
    digest = hashlib.blake2s(repr(conn).encode(), key=_secret, digest_size=4).digest()
    return (int(now * 250_000) + int.from_bytes(digest, "big")) % 2**32
