"""codec.py against the vectors that all SDKs share."""

import random
import unittest

from support import vectors

from codec import Conn, Endpoint, Message, decode, encode


def golden():
    return [vector for vector in vectors("golden.json") + vectors("incoming.json") if "conn" in vector]


class Codec(unittest.TestCase):
    def test_golden(self):
        self.assertGreater(len(golden()), 30)
        for vector in golden():
            with self.subTest(vector["name"]):
                ends = (Endpoint(**vector["conn"][end]) for end in ("src", "dst"))
                message = decode(bytes.fromhex(vector["hex"]))
                extensions = tuple(vector.get("extensions", message.extensions))  # golden.json does not say which there are
                want = Message(Conn(*ends), bytes.fromhex(vector["bytes"]), vector["flags"], extensions)
                self.assertEqual(message, want)
                if vector["strict"]:
                    self.assertEqual(encode(*want).hex(), vector["hex"])

    def test_extensions(self):
        """Whatever else is there is not ours: it is passed over."""
        names = encode(Conn(Endpoint("", 0), Endpoint("", 0)), b"", 0xA0, ["one", "two"])
        self.assertEqual(decode(names).extensions, ("one", "two"))
        self.assertEqual(decode(names.replace(b"\x02" + b"1\0\4\0\0\0two\0", b"\x01" + b"1\0" + bytes(8))).extensions, ("one",))
        self.assertEqual(decode(names.replace(b"extensions", b"extensionz")).extensions, ())

    def test_bad(self):
        for vector in vectors("bad.json"):
            with self.subTest(vector["name"], why=vector["why"]), self.assertRaises(ValueError):
                decode(bytes.fromhex(vector["hex"]))

    def test_cut(self):
        for vector in golden():
            datagram = bytes.fromhex(vector["hex"])
            for size in range(0, len(datagram), 1 + len(datagram) // 200):
                with self.assertRaises(ValueError):
                    decode(datagram[:size])

    def test_damaged(self):
        """Whatever arrives, it is understood or refused."""
        chance = random.Random(1)
        datagrams = [bytes.fromhex(vector["hex"]) for vector in golden()]
        refused = 0
        for _ in range(5000):
            datagram = bytearray(chance.choice(datagrams))
            for _ in range(chance.randint(1, 4)):
                datagram[chance.randrange(min(200, len(datagram)))] = chance.randrange(256)
            try:
                message = decode(bytes(datagram))
                self.assertIsInstance(message.conn.src.port, int)
            except ValueError:
                refused += 1
        self.assertGreater(refused, 1000)

    def test_depth(self):
        document = b"\x05\0\0\0\0"
        for _ in range(5000):
            document = (len(document) + 8).to_bytes(4, "little") + b"\x03a\0" + document + b"\0"
        with self.assertRaises(ValueError):
            decode(document)


if __name__ == "__main__":
    unittest.main()
