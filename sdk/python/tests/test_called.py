"""One connection of the reference that the peer begins, segment by segment. RFC 9293, Section 3.10.7.2 and SYN-RECEIVED in 3.10.7.4."""

import unittest

from support import ACK, FIN, RST, SYN, Script, State

SYN_ACK = "SYN|ACK seq=0 ack=1 len=0"


class Called(unittest.TestCase):
    def test_handshake(self):
        t = Script()
        t.inject(SYN, 0, mss=1000)
        self.assertEqual((t.sent(), t.events, t.connection.state), ([SYN_ACK], [], State.SYN_RECEIVED))
        t.inject(ACK, 1, 1)
        self.assertEqual((t.sent(), t.events, t.connection.state), ([], ["peer_connected"], State.ESTABLISHED))
        t.connection.send(bytes(1500), t.now)
        self.assertEqual(t.sent()[0], "ACK seq=1 ack=1 len=1000", "the MSS of its SYN")

    def test_listen(self):
        """Nothing but a SYN begins a connection."""
        t = Script()
        t.inject(RST, 0)
        t.inject(RST | ACK, 0, 7)
        t.inject(FIN, 0)
        self.assertEqual(t.sent(), [])
        t.inject(ACK, 0, 7)
        t.inject(SYN | ACK, 0, 8)
        self.assertEqual((t.sent(), t.connection.state), (["RST seq=7 len=0", "RST seq=8 len=0"], State.LISTEN))

    def test_text_with_the_acknowledgment(self):
        """The application is called before it gets anything."""
        t = Script().answer()
        t.app_recv = lambda conn, data: t.events.append(data)
        t.inject(ACK | FIN, 1, 1, b"GET /")
        self.assertEqual(t.events, ["peer_connected", b"GET /", "app_peer_fin"])
        self.assertEqual((t.sent(), t.connection.state), (["ACK seq=1 ack=7 len=0"], State.CLOSE_WAIT))

    def test_text_with_the_syn(self):
        t = Script()
        t.inject(SYN, 0, payload=b"early")
        self.assertEqual((t.sent(), t.received), ([SYN_ACK], b""))
        t.inject(ACK, 1, 1, b"early")
        self.assertEqual(t.received, b"early")

    def test_text_before_the_acknowledgment(self):
        """The segment that acknowledges our SYN was lost; any other does it as well."""
        t = Script().answer()
        t.inject(ACK, 6, 1, b"later")
        self.assertEqual((t.events, t.sent()), (["peer_connected"], ["ACK seq=1 ack=1 len=0"]))
        t.inject(ACK, 1, 1, b"first")
        self.assertEqual(t.received, b"firstlater")

    def test_syn_again(self):
        t = Script().answer()
        t.inject(SYN, 0)
        self.assertEqual((t.sent(), t.connection.state), ([SYN_ACK], State.SYN_RECEIVED))
        t.inject(ACK, 1, 1)
        t.inject(SYN, 0)
        self.assertEqual(t.sent(), ["ACK seq=1 ack=1 len=0"], "once it is established there is nothing to repeat")

    def test_lost_answer(self):
        """It is sent again, ever more slowly; what follows begins slowly then. RFC 5681, Section 3.1."""
        t = Script().answer()
        t.wait(1.1)
        self.assertEqual(t.sent(), [SYN_ACK])
        t.wait(2)
        self.assertEqual(t.sent(), [SYN_ACK])
        t.inject(ACK, 1, 1)
        t.connection.send(bytes(5000), t.now)
        self.assertEqual(t.sent(), ["ACK seq=1 ack=1 len=1460"])
        t.inject(ACK, 1, 1461)
        self.assertEqual(len(t.sent()), 2, "slow start, with no threshold yet")

    def test_nobody_acknowledges(self):
        t = Script().answer()
        t.wait(300)
        self.assertEqual((t.events, t.connection.state), (["app_peer_rst"], State.CLOSED))

    def test_wrong_acknowledgment(self):
        t = Script().answer()
        t.inject(ACK, 1, 0)
        t.inject(ACK, 1, 2)
        self.assertEqual((t.sent(), t.events), (["RST seq=0 len=0", "RST seq=2 len=0"], []))
        t.inject(ACK, 1, 1)
        self.assertEqual(t.events, ["peer_connected"])

    def test_resets(self):
        t = Script().answer()
        t.inject(RST, 2)
        self.assertEqual((t.sent(), t.connection.state), (["ACK seq=1 ack=1 len=0"], State.SYN_RECEIVED), "a guess")
        t.inject(RST, 1)
        self.assertEqual((t.sent(), t.events, t.connection.state), ([], ["app_peer_rst"], State.CLOSED))

    def test_another_syn(self):
        """The peer has begun anew: "return this connection to the LISTEN state". The driver will tell us of that SYN when it comes again."""
        t = Script().answer()
        t.inject(SYN, 500)
        self.assertEqual((t.sent(), t.events, t.connection.state), ([], ["release_connection"], State.CLOSED))

    def test_abort(self):
        t = Script().answer()
        t.connection.abort()
        self.assertEqual((t.sent(), t.events), (["RST seq=1 len=0"], []))

    def test_close(self):
        """By either side first, as any connection."""
        t = Script().answer()
        t.inject(ACK, 1, 1)
        t.connection.finish(t.now)
        t.inject(ACK | FIN, 1, 2)
        self.assertEqual((t.sent(), t.connection.state), (["FIN|ACK seq=1 ack=1 len=0", "ACK seq=2 ack=2 len=0"], State.TIME_WAIT))


if __name__ == "__main__":
    unittest.main()
