"""Headers, options, checksums, and numbers that wrap."""

import ipaddress
import random
import unittest

from support import A, ACK, B, SYN, Segment, reset_for, vectors

from codec import Conn, Endpoint
from segment import Path, find_mss, unwrap

IPV4 = Conn(A, B)
IPV6 = Conn(Endpoint("fd07::1", 61084), Endpoint("fd07::2", 80))


def plain_sum(data: bytes) -> int:
    """The checksum as RFC 1071 describes it, word by word."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total


class Segments(unittest.TestCase):
    def test_golden(self):
        vector = next(v for v in vectors("golden.json") if v["name"] == "tcp_tx")
        segment = bytes.fromhex(vector["bytes"])
        path = Path(Conn(*(Endpoint(**vector["conn"][end]) for end in ("src", "dst"))))
        parsed = path.parse(segment)
        self.assertEqual(parsed, Segment(1000, 0, SYN, 12288, b"", 1460))
        self.assertEqual(path.build(parsed).hex(), segment.hex())

    def test_round_trip(self):
        chance = random.Random(1)
        for conn, there in ((IPV4, Conn(B, A)), (IPV6, Conn(IPV6.dst, IPV6.src))):
            pseudo = b"".join(ipaddress.ip_address(end.ip).packed for end in conn) + b"\0\6"
            for size in [*range(20), 1459, 1460, 65000]:
                segment = Segment(chance.randrange(2**32), chance.randrange(2**32), ACK, 7, chance.randbytes(size))
                data = Path(conn).build(segment)
                self.assertEqual(plain_sum(pseudo + len(data).to_bytes(4, "big") + data), 0xFFFF)
                self.assertEqual(Path(there).parse(data), segment, "the peer computes over the same addresses")

    def test_damage(self):
        data = Path(IPV4).build(Segment(1, 2, ACK, 3, b"some bytes of text"))
        for bit in range(8 * len(data)):
            damaged = bytearray(data)
            damaged[bit // 8] ^= 1 << bit % 8
            with self.assertRaises(ValueError):
                Path(IPV4).parse(bytes(damaged))
        for size in range(len(data)):
            with self.assertRaises(ValueError):
                Path(IPV4).parse(data[:size])

    def test_all_zero_sum(self):
        """A sum of zero: the checksum is then all ones or all zeros, which mean the same."""
        for low in range(65536):
            data = Path(IPV4).build(Segment(low, 0, ACK, 0))
            if data[16:18] in (b"\0\0", b"\xff\xff"):
                Path(IPV4).parse(data)
                return
        self.fail("no such segment")

    def test_options(self):
        cases = {"": None, "020405b4": 1460, "0101020405b4": 1460, "0300": None, "02": None, "0203ff": None, "00020405b4": None,
                 "080a0000000000000000020400d8": 216, "020405": None, "0301": None}
        for options, want in cases.items():
            self.assertEqual(find_mss(bytes.fromhex(options)), want, options)

    def test_unwrap(self):
        for near in (0, 5, 2**31, 2**32 - 1, 2**32, 7 * 2**32 + 3):
            for distance in (-(2**31), -70000, -1, 0, 1, 70000, 2**31 - 1):
                self.assertEqual(unwrap((near + distance) % 2**32, near), near + distance)

    def test_reset_for(self):
        self.assertIsNone(reset_for(Segment(1, 2, 0x04, 0)))
        self.assertEqual(reset_for(Segment(1, 77, ACK, 0, b"abc")), Segment(77, 0, 0x04, 0))
        self.assertEqual(reset_for(Segment(1, 0, SYN, 0, b"abc")), Segment(0, 5, 0x14, 0))


if __name__ == "__main__":
    unittest.main()
