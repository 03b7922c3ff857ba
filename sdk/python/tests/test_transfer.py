"""The reference against itself, over networks that misbehave, in virtual time."""

import random
import time
import unittest

from support import FIN, Network, Path, State

MIB = 1_000_000
BAD = Path(loss=0.03, duplicate=0.03, corrupt=0.02, reorder=0.1)


def transfer(path: Path, seed: int, up: int, down: int) -> Network:
    """Sends up bytes to the right and down bytes to the left, closes, and checks that all of it arrived."""
    network = Network(path, seed)
    network.connect()
    data = {network.left: random.Random(seed).randbytes(up), network.right: random.Random(~seed).randbytes(down)}
    for host, text in data.items():
        for at in range(0, len(text), 1460):  # as the driver hands it over
            host.connection.send(text[at : at + 1460], network.now)
        host.connection.finish(network.now)
    hosts = network.left, network.right
    network.run(lambda: all(host.connection.state is State.CLOSED for host in hosts))
    for host in hosts:
        assert host.received == data[host.peer], f"seed {seed}: got {len(host.received)} of {len(data[host.peer])} bytes or others"
        assert host.events == ["connected", "peer fin", "released"], f"seed {seed}: {host.events}"
    return network


class Transfer(unittest.TestCase):
    def test_large(self):
        began = time.monotonic()
        network = transfer(Path(), 1, 3 * MIB, 10 * MIB)
        self.assertLess(network.now, 20, "virtual seconds: two round trips per window, at most")
        print(f"13 MB in {time.monotonic() - began:.1f} s", end=" ", flush=True)

    def test_large_on_a_bad_path(self):
        network = transfer(Path(loss=0.005, duplicate=0.01, corrupt=0.001, reorder=0.01), 2, 3 * MIB, 10 * MIB)
        self.assertGreater(network.damaged, 5)

    def test_seeds(self):
        damaged = 0
        for seed in range(150):
            with self.subTest(seed=seed):
                damaged += transfer(BAD, seed, 40_000, 60_000).damaged
        self.assertGreater(damaged, 150)

    def test_each_handshake_segment_lost(self):
        for lost in range(3):
            network = Network(Path(), 1)
            count = iter(range(10_000))
            network.left.drop = network.right.drop = lambda _: next(count) == lost
            network.left.connection.connect(0)
            network.run(lambda: "connected" in network.left.events, 5)
            network.left.connection.send(b"hello", network.now)
            network.run(lambda: network.right.received == b"hello", 10)

    def test_simultaneous_open(self):
        """RFC 9293, Figure 8."""
        network = Network(Path(), 1)
        network.right.connection.connect(0)
        network.connect()
        network.right.connection.send(b"hello", network.now)
        network.run(lambda: network.left.received == b"hello", 5)

    def test_every_order_of_closing(self):
        """Who closes first, whether the other answers at once, and whether the first FIN is lost."""
        for second_after in (0, 0.005, 0.02, 1.0):
            for lose in (False, True):
                with self.subTest(second_after=second_after, lose=lose):
                    self.close(second_after, lose)

    def close(self, second_after: float, lose: bool) -> None:
        network = Network(Path(), 1)
        network.connect()
        left, right = network.left, network.right
        fins = []
        left.drop = lambda segment: lose and segment.flags & FIN and not fins and not fins.append(segment)
        left.connection.finish(network.now)
        end = network.now + second_after
        network.run(lambda: network.now >= end)
        right.connection.send(b"the rest", network.now)
        right.connection.finish(network.now)
        network.run(lambda: right.connection.state is left.connection.state is State.CLOSED, 20)
        self.assertEqual(left.received, b"the rest")
        for host in (left, right):
            self.assertEqual(host.events, ["connected", "peer fin", "released"])

    def test_last_acknowledgment_lost(self):
        network = Network(Path(), 1)
        network.connect()
        left, right = network.left, network.right
        right.connection.finish(network.now)
        network.run(lambda: "peer fin" in left.events)
        dropped = []
        right.drop = lambda _: right.connection.state is State.TIME_WAIT and not dropped and not dropped.append(1)
        left.connection.finish(network.now)
        network.run(lambda: left.connection.state is State.CLOSED, 3)
        self.assertTrue(dropped)
        self.assertEqual(right.connection.state, State.TIME_WAIT)

    def test_abort(self):
        network = Network(Path(), 1)
        network.connect()
        network.left.connection.send(b"hello", network.now)
        network.left.connection.abort()
        network.run(lambda: network.right.connection.state is State.CLOSED, 1)
        self.assertEqual(network.right.events, ["connected", "peer rst"])


if __name__ == "__main__":
    unittest.main()
