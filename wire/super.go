package wire

import "encoding/binary"

// A TCP super-packet, which stands for many packets until a device cuts it, may be longer than an IP packet can be. The header
// of such a one is as Linux has it ("BIG TCP").

// JumboLen is the length of the hop-by-hop options header that IPv6.AppendTo adds to a super-packet longer than 64 KiB. It
// holds a jumbo payload option (RFC 2675, Section 2):
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Next Header  |  Hdr Ext Len  |  Option Type  |  Opt Data Len |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                     Jumbo Payload Length                      |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
const JumboLen = 8

// appendJumbo appends that header. "Jumbo Payload Length: … Length of the IPv6 packet in octets, excluding the IPv6 header but
// including the Hop-by-Hop Options header".
func appendJumbo(b []byte, next Proto, payloadLen int) []byte {
	b = append(b, byte(next), 0, IPv6OptJumbo, 4)
	return binary.BigEndian.AppendUint32(b, uint32(JumboLen+payloadLen))
}

// HasJumbo reports whether b begins with the headers that IPv6.AppendTo writes for a TCP super-packet longer than 64 KiB.
func HasJumbo(b []byte) bool {
	const at = IPv6HeaderLen
	return len(b) >= at+JumboLen && b[0]>>4 == 6 && b[4] == 0 && b[5] == 0 && Proto(b[6]) == ProtoHopByHop &&
		Proto(b[at]) == ProtoTCP && b[at+1] == 0 && b[at+2] == IPv6OptJumbo && b[at+3] == 4
}

// SetNextHeader sets the type of what follows the fixed header at the start of b.
func SetNextHeader(b []byte, p Proto) { b[6] = byte(p) }

// ParseIPv4Super is ParseIPv4 for a packet that is known to be a super-packet, by what came with it and not by itself. Its total
// length may be 0: then it is as long as b.
func ParseIPv4Super(b []byte) (IPv4, []byte, error) { return parseIPv4(b, true) }

// ParseIPv6Super is ParseIPv6 for a packet that is known to be a super-packet, by what came with it and not by itself. Its payload
// length may stand in a jumbo payload option.
func ParseIPv6Super(b []byte) (IPv6, []byte, error) { return parseIPv6(b, true) }

// takeJumbo steps over the jumbo payload option's header of packet b, if there is one.
//
// RFC 2675, Section 3: "The Jumbo Payload Length must be greater than 65,535."
func (h *IPv6) takeJumbo(b []byte) error {
	if !HasJumbo(b) {
		return nil
	}
	h.PayloadLen = int(binary.BigEndian.Uint32(b[IPv6HeaderLen+4:]))
	if h.PayloadLen <= maxDatagram {
		return ErrBadLength
	}
	h.Proto, h.NextOffset, h.ProtoOffset = ProtoTCP, IPv6HeaderLen, IPv6HeaderLen+JumboLen
	return nil
}
