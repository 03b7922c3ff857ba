package wire

import (
	"encoding/binary"
	"net/netip"
)

// UDPHeaderLen is the length of a UDP header.
const UDPHeaderLen = 8

// UDP is a UDP header (RFC 768):
//
//	 0      7 8     15 16    23 24    31
//	+--------+--------+--------+--------+
//	|     Source      |   Destination   |
//	|      Port       |      Port       |
//	+--------+--------+--------+--------+
//	|                 |                 |
//	|     Length      |    Checksum     |
//	+--------+--------+--------+--------+
type UDP struct {
	SrcPort, DstPort uint16
	Length           uint16 // of header and payload
	Checksum         uint16 // neither checked by ParseUDP nor computed by AppendTo; 0 over IPv4: none
}

// ParseUDP reads the UDP header at the start of b and returns the payload, cut to Length.
//
// req: RFC768 1-2
func ParseUDP(b []byte) (UDP, []byte, error) {
	if len(b) < UDPHeaderLen {
		return UDP{}, nil, ErrTruncated
	}
	h := UDP{
		SrcPort:  binary.BigEndian.Uint16(b[0:]),
		DstPort:  binary.BigEndian.Uint16(b[2:]),
		Length:   binary.BigEndian.Uint16(b[4:]),
		Checksum: binary.BigEndian.Uint16(b[6:]),
	}
	n := int(h.Length)
	switch {
	case n < UDPHeaderLen:
		return h, nil, ErrBadLength
	case n > len(b):
		return h, nil, ErrTruncated
	}
	return h, b[UDPHeaderLen:n:n], nil
}

// AppendTo appends the header to b, Length and Checksum as they are.
func (h *UDP) AppendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, h.SrcPort)
	b = binary.BigEndian.AppendUint16(b, h.DstPort)
	b = binary.BigEndian.AppendUint16(b, h.Length)
	return binary.BigEndian.AppendUint16(b, h.Checksum)
}

// ChecksumOK reports whether the checksum of the datagram that ParseUDP read from b is correct, or over IPv4 absent.
// Over IPv6 it may not be absent (RFC 8200, Section 8.1).
//
// req: RFC768 1-3, 1-4, RFC1122 4.1.3.4-1, RFC8200 8.1-3
func (h *UDP) ChecksumOK(src, dst netip.Addr, b []byte) bool {
	if h.Checksum == 0 {
		return src.Is4()
	}
	if int(h.Length) > len(b) {
		return false
	}
	return TransportChecksumOK(ProtoUDP, src, dst, b[:h.Length])
}

// UDPChecksum is TransportChecksum for a UDP datagram: "If the computed checksum is zero, it is transmitted as all ones"
// (RFC 768).
//
// req: RFC768 1-3, 1-4, RFC8200 8.1-2
func UDPChecksum(pseudo uint16, segs ...[]byte) uint16 {
	if sum := TransportChecksum(pseudo, segs...); sum != 0 {
		return sum
	}
	return 0xffff
}
