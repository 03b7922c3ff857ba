"""main.py and api.py as a process, with a driver that is this test."""

import os
import socket
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from support import A, B, ROOT

import main
from codec import Conn, Endpoint, decode, encode

CONN = Conn(A, B)
LIMIT = 20  # seconds for what takes milliseconds

# An outgoing.py that answers every call with one that says what was called.
ECHO = """
import threading
from api import *
def app_connect(conn): app_recv(conn, b"app_connect")
def app_send(conn, data): app_recv(conn, b"app_send " + data)
def app_fin(conn): app_peer_fin(conn); app_peer_rst(conn); release_connection(conn); app_connected(conn)
def app_rst(conn):
    threads = [threading.Thread(target=lambda: [app_recv(conn, b"x" * 1000) for _ in range(100)]) for _ in range(4)]
    for thread in threads: thread.start()
def tcp_rx(conn, data): tcp_tx(conn, data)
def tick(): app_recv(NOBODY, b"tick")
NOBODY = Conn(Endpoint("", 0), Endpoint("", 0))
"""


class Main(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        with open(self.path("outgoing.py"), "w") as file:
            file.write(ECHO)
        self.driver = self.bind("network-exp4-driver.socket")

    def path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def bind(self, name: str) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        sock.bind(self.path(name))
        sock.settimeout(LIMIT)
        return sock

    def start(self) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, os.path.join(ROOT, "main.py"), self.directory],
            env={**os.environ, "ANTEDON_LAB_DIR": self.directory},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def greet(self) -> subprocess.Popen:
        process = self.start()
        want = Conn(Endpoint("127.84.0.1", 8484), Endpoint("", 0)), b"network_exp4", 0xA0
        self.assertEqual(decode(self.driver.recv(500_000)), want)
        self.driver.connect(self.path("network-exp4-sdk.socket"))
        return process

    def answer(self) -> tuple[int, bytes]:
        message = decode(self.driver.recv(500_000))
        return message.flags, message.bytes

    def test_calls(self):
        self.bind("network-exp4-sdk.socket").close()  # left by an earlier one
        self.greet()
        for flags, data, answers in (
            (0x02, b"", [(0x00, b"app_connect")]),
            (0x00, b"text", [(0x00, b"app_send text")]),
            (0x01, b"", [(0x01, b""), (0x04, b""), (0x80, b""), (0x02, b"")]),
            (0x40, b"segment", [(0x40, b"segment")]),
        ):
            self.driver.send(encode(CONN, data, flags))
            self.assertEqual([self.answer() for _ in answers], answers)
        self.driver.send(b"\0")
        self.assertEqual(self.answer(), (0x00, b"tick"))

    def test_large(self):
        self.greet()
        text = os.urandom(100_000)
        self.driver.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.driver.send(encode(CONN, text, 0x00))
        (_, first), (_, second) = self.answer(), self.answer()
        self.assertEqual(first + second, b"app_send " + text)
        self.assertEqual(len(first), 65536)

    def test_calls_from_threads(self):
        self.greet()
        self.driver.send(encode(CONN, b"", 0x04))
        for _ in range(400):
            self.assertEqual(self.answer(), (0x00, b"x" * 1000))

    def test_rubbish_is_survived(self):
        process = self.greet()
        for rubbish in (b"", b"\1", b"hello", encode(CONN, b"", 0x33), encode(CONN, b"", 0x00)[:-1]):
            self.driver.send(rubbish)
        self.driver.send(encode(CONN, b"", 0x02))
        self.assertEqual(self.answer(), (0x00, b"app_connect"))
        process.terminate()
        self.assertEqual(process.stderr.read().count("a datagram from the driver"), 5)

    def test_waits_while_the_driver_is_taken(self):
        other = self.bind("other.socket")
        self.driver.connect(self.path("other.socket"))
        pauses = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:  # the other one goes, and the driver takes whoever comes next
                other.close()
                self.driver.close()
                os.unlink(self.path("network-exp4-driver.socket"))
                self.driver = self.bind("network-exp4-driver.socket")

        with mock.patch("time.sleep", pause):
            sock = main.join(self.directory)
        self.addCleanup(sock.close)
        self.assertEqual(pauses, [0.5] * 3)

    def test_without_a_driver(self):
        self.driver.close()
        for _ in ("nobody listens", "no socket"):
            process = self.start()
            _, said = process.communicate(timeout=LIMIT)
            self.assertEqual(process.returncode, 1)
            self.assertIn("driver", said)
            if os.path.exists(self.path("network-exp4-driver.socket")):
                os.unlink(self.path("network-exp4-driver.socket"))

    def test_driver_dies(self):
        process = self.greet()
        self.driver.settimeout(0)
        with self.assertRaises(BlockingIOError):
            while True:
                self.driver.send(b"\0")
        self.driver.close()  # with ticks on their way that want an answer
        _, said = process.communicate(timeout=LIMIT)
        self.assertEqual(process.returncode, 1, said)


if __name__ == "__main__":
    unittest.main()
