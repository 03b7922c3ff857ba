"""Segments: what lies in a TCP header, and how it is read and written. RFC 9293, Section 3.1.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    |          Source Port          |       Destination Port        |
    |                        Sequence Number                        |
    |                    Acknowledgment Number                      |
    | Offset| Rsrvd |     Flags     |            Window             |
    |           Checksum            |         Urgent Pointer        |
    |                           [Options]                           |
    :                             Data                              :
"""

import socket
import struct
from dataclasses import dataclass

from codec import Conn

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10

HEADER = struct.Struct("!HHIIBBHHH")
MSS_OPTION = struct.Struct("!BBH")


def unwrap(number: int, near: int) -> int:
    """Returns the integer closest to near whose low 32 bits are number.

    On the wire, sequence numbers begin again at 0 after 2**32 - 1, and to compare them is an art. Everywhere else in this TCP
    they simply go on: they are compared with < and subtracted with -. Here they are made so, and Path.build cuts them back.
    """
    return near + (number - near + 0x8000_0000) % 0x1_0000_0000 - 0x8000_0000


@dataclass(slots=True)
class Segment:
    seq: int
    ack: int
    flags: int
    window: int
    payload: bytes = b""
    mss: int | None = None  # of the Maximum Segment Size option, which only a SYN carries

    @property
    def length(self) -> int:
        """Sequence numbers that the segment occupies: SYN and FIN count as one each. RFC 9293, Section 3.4: SEG.LEN."""
        return len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)


def reset_for(segment: Segment) -> Segment | None:
    """Returns the answer to a segment that belongs to no connection. RFC 9293, Section 3.10.7.1."""
    if segment.flags & RST:
        return None
    if segment.flags & ACK:
        return Segment(segment.ack, 0, RST, 0)
    return Segment(0, segment.seq + segment.length, RST | ACK, 0)


class Path:
    """What all segments of a connection have in common: ports, and the addresses that the checksum covers."""

    def __init__(self, conn: Conn):
        family = socket.AF_INET6 if ":" in conn.src.ip else socket.AF_INET
        addresses = socket.inet_pton(family, conn.src.ip) + socket.inet_pton(family, conn.dst.ip)
        self.ports = conn.src.port, conn.dst.port
        # What we take is an Ethernet frame less the headers of IP and TCP. Of a peer that does not say what it takes, RFC 9293,
        # Section 3.7.1, assumes "536 (576 - 40) for IPv4 or 1220 (1280 - 60) for IPv6".
        self.mss, self.default_mss = (1440, 1220) if family == socket.AF_INET6 else (1460, 536)
        self.pseudo_header = int.from_bytes(addresses, "big") + socket.IPPROTO_TCP

    def build(self, segment: Segment) -> bytes:
        options = MSS_OPTION.pack(2, 4, segment.mss) if segment.mss is not None else b""
        offset = (HEADER.size + len(options)) // 4 << 4
        seq, ack = segment.seq & 0xFFFF_FFFF, segment.ack & 0xFFFF_FFFF
        fields = (*self.ports, seq, ack, offset, segment.flags, segment.window)
        checksum = -self._sum(HEADER.pack(*fields, 0, 0) + options + segment.payload) % 0xFFFF
        return HEADER.pack(*fields, checksum, 0) + options + segment.payload

    def parse(self, data: bytes) -> Segment:
        """Returns the segment of data. ValueError if it is damaged."""
        if len(data) < HEADER.size:
            raise ValueError("shorter than a header")
        _, _, seq, ack, offset, flags, window, _, _ = HEADER.unpack_from(data)
        start = (offset >> 4) * 4
        if not HEADER.size <= start <= len(data):
            raise ValueError("the data offset points outside of the segment")
        if self._sum(data) % 0xFFFF != 0:
            raise ValueError("wrong checksum")
        mss = find_mss(data[HEADER.size : start]) if flags & SYN else None
        return Segment(seq, ack, flags, window, data[start:], mss)

    def _sum(self, data: bytes) -> int:
        """Sums segment and pseudo header. The Internet checksum adds 16-bit words and carries what overflows back in at the low
        end. That is arithmetic modulo 2**16 - 1; and since 2**16 is 1 in it, one long integer has the same remainder
        as the sum of its words. A segment is undamaged if this is a multiple of 2**16 - 1."""
        words = int.from_bytes(data, "big")
        if len(data) % 2:
            words <<= 8  # RFC 9293, Section 3.1: "padding the last octet with zeros on its right"
        return self.pseudo_header + len(data) + words


def find_mss(options: bytes) -> int | None:
    """Returns the value of the Maximum Segment Size option. RFC 9293, Section 3.2: all other options are passed over."""
    at = 0
    while at < len(options) and options[at] != 0:  # 0 ends the list
        if options[at] == 1:  # no operation: a single byte
            at += 1
            continue
        size = options[at + 1] if at + 1 < len(options) else 0
        if size < 2 or at + size > len(options):
            return None
        if options[at] == 2 and size == 4:
            return int.from_bytes(options[at + 2 : at + 4], "big")
        at += size
    return None
