"""An SDK program that answers every call with one that says what was called."""

import threading

from api import Conn, Endpoint, app_connected, app_peer_fin, app_peer_rst, app_recv, release_connection, tcp_tx


def app_connect(conn):
    app_recv(conn, b"app_connect")


def app_send(conn, data):
    app_recv(conn, b"app_send " + data)


def app_fin(conn):
    app_peer_fin(conn)
    app_peer_rst(conn)
    release_connection(conn)
    app_connected(conn)


def app_rst(conn):
    """Four threads speak at the same time."""

    def speak():
        for _ in range(100):
            app_recv(conn, b"x" * 1000)

    threads = [threading.Thread(target=speak) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def tcp_rx(conn, segment):
    tcp_tx(conn, segment)


def tick():
    app_recv(Conn(Endpoint("", 0), Endpoint("", 0)), b"tick")
