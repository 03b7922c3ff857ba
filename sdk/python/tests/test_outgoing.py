"""The functions of the reference's outgoing.py, and of the template's."""

import importlib.util
import inspect
import os
import unittest
from contextlib import redirect_stderr
from io import StringIO
from unittest import mock

from support import A, ACK, B, FIN, RST, ROOT, SYN, Segment

import api
import outgoing
from codec import Conn
from segment import Path

CONN = Conn(A, B)
CALLS = ("app_connected", "app_recv", "app_peer_fin", "app_peer_rst", "tcp_tx", "release_connection")


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
        spec = importlib.util.spec_from_file_location("template", os.path.join(ROOT, "template", "outgoing.py"))
        template = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(template)
        for name in ("app_connect", "app_send", "app_fin", "app_rst", "tcp_rx", "tick"):
            function = getattr(template, name)
            self.assertTrue(inspect.getdoc(function), name)
            self.assertEqual(len(inspect.signature(function).parameters), len(inspect.signature(getattr(outgoing, name)).parameters))


if __name__ == "__main__":
    unittest.main()
