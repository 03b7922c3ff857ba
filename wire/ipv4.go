package wire

import (
	"encoding/binary"
	"net/netip"
)

// Lengths of an IPv4 header, without options and with as many as fit.
const (
	IPv4HeaderLen    = 20
	MaxIPv4HeaderLen = 60
)

// IPv4 is an IPv4 header (RFC 791, Section 3.1):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|Version|  IHL  |Type of Service|          Total Length         |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|         Identification        |Flags|      Fragment Offset    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Time to Live |    Protocol   |         Header Checksum       |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                       Source Address                          |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Destination Address                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                    Options                    |    Padding    |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type IPv4 struct {
	TOS        uint8 // DSCP and ECN (RFC 2474, RFC 3168)
	TotalLen   int   // header and payload; AppendTo computes it
	ID         uint16
	DF, MF     bool
	FragOffset int // in bytes
	TTL        uint8
	Proto      Proto
	Checksum   uint16 // of the header; AppendTo computes it
	Src, Dst   netip.Addr
	Options    []byte // with padding; nil if there are none

	// Problem is what to answer a packet with that ParseIPv4 rejected for its options.
	Problem Problem
}

const (
	ipv4DF      = 0x4000
	ipv4MF      = 0x2000
	ipv4Offset  = 0x1fff // in units of 8 bytes
	maxDatagram = 65535  // no IP packet is longer, reassembled or not
)

// DSCP returns the differentiated services code point: 6 bits.
func (h *IPv4) DSCP() uint8 { return h.TOS >> 2 }

// ECN returns the congestion mark.
func (h *IPv4) ECN() ECN { return ECN(h.TOS & 3) }

// IsFragment reports whether the packet is one fragment of several.
func (h *IPv4) IsFragment() bool { return h.MF || h.FragOffset != 0 }

// Len returns the length of the header AppendTo writes.
func (h *IPv4) Len() int { return IPv4HeaderLen + (len(h.Options)+3)&^3 }

// ParseIPv4 reads the IPv4 header at the start of b, checks lengths, header checksum and the form of the options, and
// returns the payload, cut where the packet ends: a frame may be padded.
//
// req: RFC791 3.1-3, 3.2-1, RFC1122 3.2.1.2-1, RFC6864 4.1-3
func ParseIPv4(b []byte) (IPv4, []byte, error) { return parseIPv4(b, false) }

func parseIPv4(b []byte, super bool) (IPv4, []byte, error) {
	if len(b) < IPv4HeaderLen {
		return IPv4{}, nil, ErrTruncated
	}
	if b[0]>>4 != 4 {
		return IPv4{}, nil, ErrBadVersion
	}
	frag := binary.BigEndian.Uint16(b[6:])
	h := IPv4{
		TOS:        b[1],
		TotalLen:   int(binary.BigEndian.Uint16(b[2:])),
		ID:         binary.BigEndian.Uint16(b[4:]),
		DF:         frag&ipv4DF != 0,
		MF:         frag&ipv4MF != 0,
		FragOffset: int(frag&ipv4Offset) * 8,
		TTL:        b[8],
		Proto:      Proto(b[9]),
		Checksum:   binary.BigEndian.Uint16(b[10:]),
		Src:        netip.AddrFrom4([4]byte(b[12:])),
		Dst:        netip.AddrFrom4([4]byte(b[16:])),
	}
	if super && h.TotalLen == 0 && h.Proto == ProtoTCP {
		h.TotalLen = len(b)
	}
	n, total := int(b[0]&0x0f)*4, h.TotalLen
	switch {
	case n < IPv4HeaderLen:
		return h, nil, ErrBadHeaderLength
	case total < n:
		return h, nil, ErrBadLength
	case total > len(b):
		return h, nil, ErrTruncated
	case Checksum(b[:n]) != 0:
		return h, nil, ErrBadChecksum
	}
	if n > IPv4HeaderLen {
		h.Options = b[IPv4HeaderLen:n:n]
		if err := h.checkOptions(); err != nil {
			return h, nil, err
		}
	}
	payload := b[n:total:total]
	if h.IsFragment() && !h.fragmentFits(n, len(payload)) {
		return h, nil, ErrBadLength
	}
	return h, payload, nil
}

// fragmentFits reports whether a fragment ends where one can end: within a datagram and, unless it is the last, on an
// 8-byte boundary (RFC 791, Section 3.2).
func (h *IPv4) fragmentFits(headerLen, payloadLen int) bool {
	return headerLen+h.FragOffset+payloadLen <= maxDatagram && (!h.MF || payloadLen%8 == 0)
}

// AppendTo appends the header of a packet with payloadLen bytes of payload to b. It computes TotalLen and Checksum,
// without changing h, and pads the options with zeros. It panics if an address is not IPv4 or the options do not fit.
// The total length of a super-packet that is longer than the field can say is 0.
//
// req: RFC791 3.1-2, 3.2-1, 3.2-7
func (h *IPv4) AppendTo(b []byte, payloadLen int) []byte {
	start, n := len(b), h.Len()
	if n > MaxIPv4HeaderLen {
		panic("wire: more than 40 bytes of IPv4 options")
	}
	frag := uint16(h.FragOffset/8) & ipv4Offset
	if h.DF {
		frag |= ipv4DF
	}
	if h.MF {
		frag |= ipv4MF
	}
	total := n + payloadLen
	if total > maxDatagram {
		total = 0
	}
	src, dst := h.Src.As4(), h.Dst.As4()
	b = append(b, 4<<4|byte(n/4), h.TOS)
	b = binary.BigEndian.AppendUint16(b, uint16(total))
	b = binary.BigEndian.AppendUint16(b, h.ID)
	b = binary.BigEndian.AppendUint16(b, frag)
	b = append(b, h.TTL, byte(h.Proto), 0, 0)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	b = append(b, h.Options...)
	for len(b) < start+n {
		b = append(b, IPv4OptEnd)
	}
	binary.BigEndian.PutUint16(b[start+10:], Checksum(b[start:]))
	return b
}
