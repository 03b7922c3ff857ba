"""What several tests need: the reference on the path, the vectors, and a network in memory with a clock of its own."""

import heapq
import json
import os
import random
import sys
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
VECTORS = os.path.join(ROOT, "..", "..", "lab", "exp4", "testdata")
sys.path[:0] = [ROOT, os.path.join(ROOT, "reference")]

from codec import Conn, Endpoint  # noqa: E402
from connection import Connection, State  # noqa: E402
from segment import ACK, FIN, PSH, RST, SYN, Segment, reset_for  # noqa: E402

A = Endpoint("10.7.0.1", 61084)
B = Endpoint("10.7.0.2", 80)


def vectors(name: str) -> list[dict]:
    with open(os.path.join(VECTORS, name)) as file:
        return json.load(file)


@dataclass(eq=False)
class Path:
    """How bad the network is: probabilities, and seconds."""

    delay: float = 0.01
    loss: float = 0
    duplicate: float = 0
    corrupt: float = 0
    reorder: float = 0


@dataclass(eq=False)
class Host:
    """One end: takes the place of module api for its connection, and notes what the application would see."""

    network: "Network"
    connection: Connection | None = None
    received: bytearray = field(default_factory=bytearray)
    events: list[str] = field(default_factory=list)
    sent: int = 0  # segments
    peer: "Host | None" = None
    drop: object = None  # function of a sent segment, by which a test loses chosen ones

    def app_connected(self, conn):
        self.events.append("connected")

    peer_connected = app_connected

    def app_recv(self, conn, data):
        self.received += data

    def app_peer_fin(self, conn):
        self.events.append("peer fin")

    def app_peer_rst(self, conn):
        self.events.append("peer rst")

    def release_connection(self, conn):
        self.events.append("released")

    def tcp_tx(self, conn, segment):
        self.sent += 1
        if self.drop is None or not self.drop(self.connection.path.parse(segment)):
            self.network.carry(self, segment)

    def input(self, data: bytes) -> None:
        path = self.connection.path
        try:
            segment = path.parse(data)
        except ValueError:
            self.network.damaged += 1
            return
        if self.connection.state is not State.CLOSED:
            self.connection.on_segment(segment, self.network.now)
        elif answer := reset_for(segment):
            self.tcp_tx(self.connection.conn, path.build(answer))


class Network:
    """Two hosts and the time. What happens depends on seed alone."""

    def __init__(self, path: Path, seed: int, iss: tuple[int, int] = (0xFFFF_F000, 0x7FFF_FF00)) -> None:
        self.path, self.random, self.now, self.damaged = path, random.Random(seed), 0.0, 0
        self.queue: list[tuple[float, int, Host, bytes]] = []
        self.count = 0
        self.left, self.right = Host(self), Host(self)
        self.left.peer, self.right.peer = self.right, self.left
        self.left.connection = Connection(Conn(A, B), self.left, iss[0])
        self.right.connection = Connection(Conn(B, A), self.right, iss[1])

    def carry(self, sender: Host, segment: bytes) -> None:
        chance, path = self.random.random, self.path
        for _ in range(1 + (chance() < path.duplicate)):
            if chance() < path.loss:
                continue
            data = bytearray(segment)
            if chance() < path.corrupt:
                data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)  # a checksum misses some that flip two
            delay = path.delay * (1 + 3 * self.random.random() * (chance() < path.reorder))
            self.count += 1
            heapq.heappush(self.queue, (self.now + delay, self.count, sender.peer, bytes(data)))

    def run(self, until, limit: float = 3600) -> None:
        """Lets time pass until until() holds; AssertionError if it does not within limit seconds of virtual time."""
        end, tick = self.now + limit, self.now + 0.1
        while not until():
            if self.now > end:
                raise AssertionError(f"after {limit} s: {self}")
            if self.queue and self.queue[0][0] <= tick:
                self.now, _, host, segment = heapq.heappop(self.queue)
                host.input(segment)
                continue
            self.now, tick = tick, tick + 0.1
            for host in (self.left, self.right):
                if host.connection.state is not State.CLOSED:
                    host.connection.on_tick(self.now)

    def connect(self) -> None:
        self.left.connection.connect(self.now)
        self.run(lambda: "connected" in self.left.events and "connected" in self.right.events)

    def __str__(self) -> str:
        ends = [f"{h.connection.state.value} {len(h.received)} bytes, {h.events}" for h in (self.left, self.right)]
        return f"now {self.now:.1f}; left {ends[0]}; right {ends[1]}"


NAMES = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"))


class Script:
    """One connection, whose peer is the test: inject is what the network brings, sent returns what it was given.

    Numbers are relative: the first byte of either side is 1, its SYN is 0.
    """

    ISS, IRS = 1000, 0xFFFF_FFF0

    def __init__(self, conn: Conn = Conn(A, B)) -> None:
        self.now, self.events, self.received, self._out = 0.0, [], bytearray(), []
        self.connection = Connection(conn, self, self.ISS)

    def __getattr__(self, name):
        """The calls of api that carry nothing but their name."""
        if name not in ("app_connected", "app_peer_fin", "app_peer_rst", "release_connection", "peer_connected"):
            raise AttributeError(name)
        return lambda conn: self.events.append(name)

    def app_recv(self, conn, data):
        self.received += data

    def tcp_tx(self, conn, segment):
        self._out.append(self.connection.path.parse(segment))

    def sent(self) -> list[str]:
        """Returns what was sent since the last call, such as "SYN|ACK seq=0 ack=1 len=0"."""
        out, self._out = self._out, []
        return [self._print(segment) for segment in out]

    def inject(self, flags: int, seq: int, ack: int = 0, payload: bytes = b"", window: int = 65535, mss: int | None = None):
        numbers = (self.IRS + seq) % 2**32, (self.ISS + ack) % 2**32
        self.connection.on_segment(Segment(*numbers, flags, window, payload, mss), self.now)

    def wait(self, seconds: float) -> None:
        """Lets time pass, with ticks."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.connection.on_tick(self.now)

    def establish(self, window: int = 65535, mss: int | None = 1460) -> "Script":
        self.connection.connect(self.now)
        self.inject(SYN | ACK, 0, 1, window=window, mss=mss)
        self.sent()
        return self

    def answer(self) -> "Script":
        """The peer calls; the handshake is not done yet."""
        self.inject(SYN, 0, mss=1460)
        self.sent()
        return self

    def _print(self, segment: Segment) -> str:
        flags = "|".join(name for bit, name in NAMES if segment.flags & bit and bit != PSH)
        seq = (segment.seq - self.ISS) % 2**32
        ack = f" ack={(segment.ack - self.IRS) % 2**32}" if segment.flags & ACK else ""
        return f"{flags} seq={seq}{ack} len={len(segment.payload)}"
