"""Connections that others begin: what the template's incoming.py leaves to you, done.

Only the first segment is special. How it is answered is in connection.py: LISTEN and SYN-RECEIVED are states like others.
"""

import sys
import time

import api
from api import Conn
from connection import Connection
from outgoing import connections, forget_closed, initial_sequence_number


def peer_connect(conn: Conn, data: bytes) -> None:
    """A passive OPEN at the last moment: whatever ports programs listen on, only now is there a connection to keep."""
    now = time.monotonic()
    connection = Connection(conn, api, initial_sequence_number(conn, now))
    try:
        syn = connection.path.parse(data)
    except ValueError as error:
        print(f"a segment of {conn.dst.ip}:{conn.dst.port}: {error}", file=sys.stderr)
        api.release_connection(conn)  # so that the SYN, when it comes again, is a call again
        return
    connections[conn] = connection
    connection.on_segment(syn, now)
    forget_closed(connection)
