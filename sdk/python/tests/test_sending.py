"""What the reference sends and when: windows, timeouts, losses."""

import unittest

from support import ACK, SYN, Network, Path, Script, State

from timers import RoundTrip


class Sending(unittest.TestCase):
    def test_mss(self):
        for announced, want in ((1460, 1460), (500, 500), (9000, 1460), (None, 536)):
            t = Script().establish(mss=announced)
            t.connection.send(bytes(3000), t.now)
            self.assertEqual(t.sent()[0], f"ACK seq=1 ack=1 len={want}")

    def test_window(self):
        t = Script().establish(window=2000)
        t.connection.send(bytes(5000), t.now)
        self.assertEqual(t.sent(), ["ACK seq=1 ack=1 len=1460"], "the rest of the window is a crumb")
        t.inject(ACK, 1, 1461, window=3540)
        self.assertEqual(t.sent(), ["ACK seq=1461 ack=1 len=1460", "ACK seq=2921 ack=1 len=1460", "ACK seq=4381 ack=1 len=620"])

    def test_old_segment_does_not_set_the_window(self):
        t = Script().establish()
        t.inject(ACK, 4, 1, b"def", window=3000)
        self.assertEqual(t.connection.snd.wnd, 3000)
        t.inject(ACK, 1, 1, b"abc", window=9)  # begins before the one above
        self.assertEqual(t.connection.snd.wnd, 3000)

    def test_zero_window(self):
        t = Script().establish(window=0)
        t.connection.send(b"hello", t.now)
        self.assertEqual(t.sent(), [])
        for _ in range(5):
            t.wait(61)
            probes = t.sent()
            self.assertTrue(probes)
            self.assertEqual(set(probes), {"ACK seq=1 ack=1 len=1"})
            t.inject(ACK, 1, 1, window=0)  # it did not take the byte
        t.inject(ACK, 1, 1, window=100)
        self.assertEqual(t.sent(), ["ACK seq=1 ack=1 len=5"], "the byte of the probe goes again")
        t.wait(1.1)
        self.assertEqual(len(t.sent()), 1, "the time of waiting says nothing of the network")
        t.inject(ACK, 1, 6)
        t.wait(200)
        self.assertEqual((t.sent(), t.connection.state), ([], State.ESTABLISHED))

    def test_probe_that_is_taken(self):
        t = Script().establish(window=0)
        t.connection.send(b"hello", t.now)
        t.wait(1.1)
        t.sent()
        t.inject(ACK, 1, 2, window=100)
        self.assertEqual(t.sent(), ["ACK seq=2 ack=1 len=4"])

    def test_timeout_backs_off_and_gives_up(self):
        t = Script().establish()
        t.connection.send(b"hello", t.now)
        times, began = [], t.now
        while t.connection.state is State.ESTABLISHED:
            t.wait(0.1)
            times += [round(t.now - began)] * len(t.sent())
            self.assertLess(t.now, 300)
        self.assertEqual(times, [0, 1, 3, 7, 15, 31, 63, 123])
        self.assertEqual(t.events[-1], "app_peer_rst")
        self.assertGreater(t.now, 180)

    def test_syn_timeout(self):
        t = Script()
        t.connection.connect(0)
        t.wait(3.1)
        self.assertEqual(t.sent(), ["SYN seq=0 len=0"] * 3)
        t.wait(176)
        self.assertEqual(t.connection.state, State.SYN_SENT, "three minutes at least")
        t.wait(120)
        self.assertEqual((t.connection.state, t.events), (State.CLOSED, ["app_peer_rst"]))

    def test_lost_syn_costs_the_initial_window(self):
        t = Script()
        t.connection.connect(0)
        t.wait(1.1)
        t.inject(SYN | ACK, 0, 1, mss=1460)
        t.sent()
        t.connection.send(bytes(20_000), t.now)
        self.assertEqual(len(t.sent()), 1)

    def test_slow_start(self):
        t = Script().establish()
        t.connection.send(bytes(60_000), t.now)
        self.assertEqual(len(t.sent()), 10, "RFC 6928")
        t.inject(ACK, 1, 1 + 2 * 1460)
        self.assertEqual(len(t.sent()), 3, "two have left, and the window has grown by one")

    def test_fast_retransmit(self):
        t = Script().establish()
        t.connection.send(bytes(14_600), t.now)
        t.sent()
        for want in ([], [], ["ACK seq=1 ack=1 len=1460"], [], []):
            t.inject(ACK, 1, 1)
            self.assertEqual(t.sent(), want)
        t.inject(ACK, 1, 1 + 4 * 1460)  # up to a second hole
        self.assertEqual(t.sent(), [f"ACK seq={1 + 4 * 1460} ack=1 len=1460"])
        t.inject(ACK, 1, 14_601)
        self.assertEqual((t.sent(), t.connection.snd.congestion.recovering), ([], False))

    def test_timeout_goes_back(self):
        t = Script().establish()
        t.connection.send(bytes(5 * 1460), t.now)
        t.sent()
        t.wait(1.1)
        self.assertEqual(t.sent(), ["ACK seq=1 ack=1 len=1460"], "one segment")
        t.inject(ACK, 1, 1 + 2 * 1460)
        self.assertEqual(len(t.sent()), 2, "then two")
        t.inject(ACK, 1, 1 + 5 * 1460)
        self.assertEqual((t.sent(), t.connection.snd.buffer), ([], b""))

    def test_round_trip_time(self):
        estimate = RoundTrip()
        self.assertEqual(estimate.rto, 1)
        estimate.sample(2.0)
        self.assertEqual((estimate.srtt, estimate.rttvar, estimate.rto), (2, 1, 6))
        estimate.sample(1.0)
        self.assertEqual((estimate.srtt, estimate.rttvar), (1.875, 1.0))
        estimate.back_off()
        self.assertEqual(estimate.rto, 2 * (1.875 + 4))
        for _ in range(100):
            estimate.sample(0.01)
        self.assertEqual(estimate.rto, 1)

    def test_round_trip_is_measured(self):
        network = Network(Path(delay=0.4), 1)
        network.connect()
        network.left.connection.send(bytes(100_000), network.now)
        network.run(lambda: len(network.right.received) == 100_000, 30)
        self.assertAlmostEqual(network.left.connection.snd.rtt.srtt, 0.8, delta=0.1)
        self.assertLess(network.left.sent, 85, "no timeout that was not due")

    def test_karn(self):
        t = Script().establish()
        t.connection.send(b"hello", t.now)
        before = t.connection.snd.rtt.srtt
        t.wait(1.1)
        t.inject(ACK, 1, 6)
        self.assertEqual(t.connection.snd.rtt.srtt, before, "of which of the two?")


if __name__ == "__main__":
    unittest.main()
