"""Makes a program that can be called of the one in outgoing.py."""

import threading

from api import app_recv, peer_connected


def peer_connect(conn, segment):
    """Answers as the others do, or has four threads speak at the same time."""
    if segment != b"threads":
        peer_connected(conn)
        app_recv(conn, b"peer_connect " + segment)
        return

    def speak():
        for _ in range(100):
            peer_connected(conn)

    threads = [threading.Thread(target=speak) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
