"""One connection of the reference, segment by segment. RFC 9293, Section 3.10.7, and what other RFCs add to it."""

import unittest

from support import ACK, FIN, RST, SYN, Script, State


class States(unittest.TestCase):
    def test_handshake(self):
        t = Script()
        t.connection.connect(0)
        self.assertEqual(t.sent(), ["SYN seq=0 len=0"])
        t.inject(SYN | ACK, 0, 1)
        self.assertEqual((t.sent(), t.events), (["ACK seq=1 ack=1 len=0"], ["app_connected"]))

    def test_wrong_answers_to_syn(self):
        t = Script()
        t.connection.connect(0)
        t.sent()
        t.inject(SYN | ACK, 0, 7)  # of another connection
        self.assertEqual(t.sent(), ["RST seq=7 len=0"])
        t.inject(RST | ACK, 0, 7)
        t.inject(RST, 0, 1)  # does not prove that it knows our SYN
        self.assertEqual(t.connection.state, State.SYN_SENT)
        t.inject(RST | ACK, 0, 1)
        self.assertEqual((t.events, t.connection.state), (["app_peer_rst"], State.CLOSED))

    def test_unacceptable_is_acknowledged(self):
        t = Script().establish()
        t.inject(ACK, 70000, 1, b"beyond the window")
        self.assertEqual(t.sent(), ["ACK seq=1 ack=1 len=0"])
        t.inject(ACK, 1, 1, b"abc")
        t.wait(0.1)
        t.sent()
        t.inject(ACK, 1, 1, b"abc")  # again
        self.assertEqual((t.sent(), t.received), (["ACK seq=1 ack=4 len=0"], b"abc"))

    def test_resets(self):
        """RFC 5961: only the number that is expected next resets; others in the window are asked about."""
        t = Script().establish()
        t.inject(RST, 70000)
        self.assertEqual(t.sent(), [])
        t.inject(RST, 2)
        t.inject(SYN, 1)
        self.assertEqual((t.sent(), t.connection.state), (["ACK seq=1 ack=1 len=0"] * 2, State.ESTABLISHED))
        t.inject(RST, 1)
        self.assertEqual((t.sent(), t.events[1:], t.connection.state), ([], ["app_peer_rst"], State.CLOSED))

    def test_acknowledgment_of_the_unsent(self):
        t = Script().establish()
        t.inject(ACK, 1, 500, b"text")
        self.assertEqual((t.sent(), t.received), (["ACK seq=1 ack=1 len=0"], b""))

    def test_overlap(self):
        """Segments may begin early, end late, come in any order, and contain each other."""
        t = Script().establish()
        text = bytes(range(100))
        for start, end in ((50, 60), (40, 80), (50, 100), (20, 30), (10, 25), (90, 95)):
            t.inject(ACK, 1 + start, 1, text[start:end])
            self.assertEqual(t.sent(), ["ACK seq=1 ack=1 len=0"], "a duplicate at once")
        t.inject(ACK, 1, 1, text[:15])
        self.assertEqual((t.received, t.sent()), (text[:30], ["ACK seq=1 ack=31 len=0"]))
        t.inject(ACK, 21, 1, text[20:45])
        self.assertEqual((t.received, t.sent()), (text, ["ACK seq=1 ack=101 len=0"]))

    def test_fin_before_its_data(self):
        t = Script().establish()
        t.inject(ACK | FIN, 4, 1, b"def")
        self.assertEqual(t.events, ["app_connected"])
        t.inject(ACK, 1, 1, b"abc")
        self.assertEqual((t.received, t.events[1:], t.sent()[-1]), (b"abcdef", ["app_peer_fin"], "ACK seq=1 ack=8 len=0"))
        self.assertEqual(t.connection.state, State.CLOSE_WAIT)

    def test_delayed_acknowledgment(self):
        t = Script().establish()
        t.inject(ACK, 1, 1, bytes(1460))
        self.assertEqual(t.sent(), [])
        t.inject(ACK, 1461, 1, bytes(1460))
        self.assertEqual(t.sent(), ["ACK seq=1 ack=2921 len=0"], "every second segment")
        t.inject(ACK, 2921, 1, b"x")
        self.assertEqual(t.sent(), [])
        t.wait(0.1)
        self.assertEqual(t.sent(), ["ACK seq=1 ack=2922 len=0"], "and at the next tick")

    def test_time_wait(self):
        t = Script().establish()
        t.connection.finish(t.now)
        self.assertEqual(t.sent(), ["FIN|ACK seq=1 ack=1 len=0"])
        t.inject(FIN | ACK, 1, 2)
        self.assertEqual((t.connection.state, t.sent()), (State.TIME_WAIT, ["ACK seq=2 ack=2 len=0"]))
        t.wait(1.5)
        t.inject(FIN | ACK, 1, 2)
        self.assertEqual(t.sent(), ["ACK seq=2 ack=2 len=0"])
        t.wait(1.5)
        self.assertEqual(t.connection.state, State.TIME_WAIT, "it began anew")
        t.wait(1)
        self.assertEqual((t.connection.state, t.events[-1]), (State.CLOSED, "release_connection"))

    def test_simultaneous_close(self):
        t = Script().establish()
        t.connection.finish(t.now)
        t.inject(FIN | ACK, 1, 1)
        self.assertEqual(t.connection.state, State.CLOSING)
        t.inject(ACK, 2, 2)
        self.assertEqual(t.connection.state, State.TIME_WAIT)

    def test_abort(self):
        t = Script().establish()
        t.connection.send(b"abc", t.now)
        t.connection.abort()
        self.assertEqual(t.sent()[-1], "RST seq=4 len=0")
        t = Script()
        t.connection.connect(0)
        t.connection.abort()
        self.assertEqual(t.sent(), ["SYN seq=0 len=0"], "the peer knows nothing to forget")

    def test_fin_while_connecting(self):
        t = Script()
        t.connection.connect(0)
        t.connection.finish(0)
        t.inject(SYN | ACK, 0, 1)
        self.assertEqual((t.sent()[1:], t.connection.state), (["FIN|ACK seq=1 ack=1 len=0"], State.FIN_WAIT_1))


if __name__ == "__main__":
    unittest.main()
