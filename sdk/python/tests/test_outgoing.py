"""The functions of the reference's outgoing.py and incoming.py, and of the template's."""

import importlib.util
import inspect
import os
import unittest
from contextlib import redirect_stderr
from io import StringIO
from unittest import mock

from support import A, ACK, B, FIN, RST, ROOT, SYN, Segment

import api
import incoming
import outgoing
from codec import Conn
from segment import Path

CONN = Conn(A, B)
CALLS = ("app_connected", "app_recv", "app_peer_fin", "app_peer_rst", "tcp_tx", "release_connection", "peer_connected")


class Outgoing(unittest.TestCase):
    def setUp(self):
        outgoing.connections.clear()
        self.calls = []
        for name in CALLS:
            note = lambda conn, *data, name=name: self.calls.append((name, *data))  # noqa: E731
            patch = mock.patch.object(api, name, note)
            patch.start()
            self.addCleanup(patch.stop)

    def rx(self, segment: Segment) -> None:
        outgoing.tcp_rx(CONN, Path(Conn(B, A)).build(segment))

    def tx(self) -> list[Segment]:
        return [Path(CONN).parse(data) for name, *rest in self.calls if name == "tcp_tx" for data in rest]

    def test_session(self):
        outgoing.app_connect(CONN)
        iss = self.tx()[0].seq
        self.rx(Segment(500, iss + 1, SYN | ACK, 65535, mss=1460))
        outgoing.app_send(CONN, b"GET /")
        self.rx(Segment(501, iss + 6, ACK, 65535, b"page"))
        self.rx(Segment(505, iss + 6, ACK | FIN, 65535))
        outgoing.app_fin(CONN)
        self.rx(Segment(506, iss + 7, ACK, 65535))
        said = [call for call in self.calls if call[0] != "tcp_tx"]
        self.assertEqual(said, [("app_connected",), ("app_recv", b"page"), ("app_peer_fin",), ("release_connection",)])
        self.assertEqual(outgoing.connections, {})

    def test_call(self):
        incoming.peer_connect(CONN, Path(Conn(B, A)).build(Segment(500, 0, SYN, 65535, mss=1460)))
        answer = self.tx()[0]
        self.assertEqual((answer.ack, answer.flags, answer.mss), (501, SYN | ACK, 1460))
        self.rx(Segment(501, answer.seq + 1, ACK | FIN, 65535, b"GET /"))
        outgoing.app_send(CONN, b"page")
        outgoing.app_fin(CONN)
        self.rx(Segment(507, answer.seq + 6, ACK, 65535))
        said = [call for call in self.calls if call[0] != "tcp_tx"]
        self.assertEqual(said, [("peer_connected",), ("app_recv", b"GET /"), ("app_peer_fin",), ("release_connection",)])
        self.assertEqual(outgoing.connections, {})

    def test_refused_call(self):
        """Nobody listens: the caller hears of it once the driver has looked."""
        incoming.peer_connect(CONN, Path(Conn(B, A)).build(Segment(500, 0, SYN, 65535)))
        iss = self.tx()[0].seq
        self.rx(Segment(501, iss + 1, ACK, 65535))
        outgoing.app_rst(CONN)
        self.assertEqual(self.tx()[-1], Segment(iss + 1, 0, RST, 65535))
        self.assertEqual(outgoing.connections, {})

    def test_damaged_call(self):
        """The caller sends it again, and the driver has to tell us then as if it were the first."""
        with redirect_stderr(StringIO()) as said:
            incoming.peer_connect(CONN, b"\0" * 12 + b"\x50" + b"\0" * 7)
        self.assertIn("checksum", said.getvalue())
        self.assertEqual((self.calls, outgoing.connections), ([("release_connection",)], {}))

    def test_stray_segment(self):
        self.rx(Segment(7, 9, ACK, 0))
        self.assertEqual(self.tx(), [Segment(9, 0, RST, 0)])
        self.rx(Segment(7, 9, RST, 0))
        self.assertEqual(len(self.tx()), 1)

    def test_damaged_segment(self):
        with redirect_stderr(StringIO()) as said:
            outgoing.tcp_rx(CONN, b"\0" * 12 + b"\x50" + b"\0" * 7)
        self.assertIn("checksum", said.getvalue())
        self.assertEqual(self.calls, [])

    def test_unknown_connection(self):
        outgoing.app_send(CONN, b"x")
        outgoing.app_fin(CONN)
        outgoing.app_rst(CONN)
        outgoing.tick()
        self.assertEqual(self.calls, [])

    def test_reset_by_application(self):
        outgoing.app_connect(CONN)
        outgoing.app_rst(CONN)
        self.assertEqual(outgoing.connections, {})

    def test_initial_sequence_numbers(self):
        first = outgoing.initial_sequence_number(CONN, 100.0)
        self.assertEqual(outgoing.initial_sequence_number(CONN, 101.0), (first + 250_000) % 2**32)
        self.assertNotEqual(outgoing.initial_sequence_number(Conn(B, A), 100.0), first)

    def test_template_has_the_same_functions(self):
        names = {outgoing: ("app_connect", "app_send", "app_fin", "app_rst", "tcp_rx", "tick"), incoming: ("peer_connect",)}
        for module, functions in names.items():
            path = os.path.join(ROOT, "template", os.path.basename(module.__file__))
            spec = importlib.util.spec_from_file_location("template", path)
            template = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(template)
            for name in functions:
                empty, full = getattr(template, name), getattr(module, name)
                self.assertTrue(inspect.getdoc(empty), name)
                self.assertEqual(len(inspect.signature(empty).parameters), len(inspect.signature(full).parameters))


if __name__ == "__main__":
    unittest.main()
