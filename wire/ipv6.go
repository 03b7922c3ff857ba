package wire

import (
	"encoding/binary"
	"net/netip"
)

// IPv6HeaderLen is the length of the fixed IPv6 header.
const IPv6HeaderLen = 40

// IPv6 is an IPv6 header (RFC 8200, Section 3) and what the extension headers behind it say:
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|Version| Traffic Class |           Flow Label                  |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|         Payload Length        |  Next Header  |   Hop Limit   |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                                                               |
//	+                         Source Address                        +
//	|                                                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                                                               |
//	+                      Destination Address                      +
//	|                                                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// (each address takes four rows).
type IPv6 struct {
	TrafficClass uint8  // DSCP and ECN
	FlowLabel    uint32 // 20 bits
	PayloadLen   int    // all that follows the fixed header; AppendTo computes it
	NextHeader   Proto  // type of what follows the fixed header
	HopLimit     uint8
	Src, Dst     netip.Addr

	// ParseIPv6 finds these behind the fixed header; AppendTo does not write them. Offsets count from the start of the
	// packet.
	Proto       Proto // type of the payload, behind all extension headers
	ProtoOffset int   // where the payload starts
	NextOffset  int   // the byte that named Proto: what to point at if nobody knows that protocol
	Fragment    Fragment

	// Problem is what to answer a packet with that ParseIPv6 rejected.
	Problem Problem
}

// DSCP returns the differentiated services code point: 6 bits.
func (h *IPv6) DSCP() uint8 { return h.TrafficClass >> 2 }

// ECN returns the congestion mark.
func (h *IPv6) ECN() ECN { return ECN(h.TrafficClass & 3) }

// IsFragment reports whether the packet is one fragment of several. A fragment header on a whole packet does not make it
// one (RFC 6946).
//
// req: RFC8200 4.5-5
func (h *IPv6) IsFragment() bool {
	return h.Fragment.Present && (h.Fragment.More || h.Fragment.Offset != 0)
}

// ParseIPv6 reads the IPv6 header at the start of b and the extension headers behind it, and returns the upper-layer
// payload; of a fragment, the part of the payload it carries.
func ParseIPv6(b []byte) (IPv6, []byte, error) { return parseIPv6(b, false) }

func parseIPv6(b []byte, super bool) (IPv6, []byte, error) {
	if len(b) < IPv6HeaderLen {
		return IPv6{}, nil, ErrTruncated
	}
	first := binary.BigEndian.Uint32(b)
	if first>>28 != 6 {
		return IPv6{}, nil, ErrBadVersion
	}
	h := IPv6{
		TrafficClass: uint8(first >> 20),
		FlowLabel:    first & 0xfffff,
		PayloadLen:   int(binary.BigEndian.Uint16(b[4:])),
		NextHeader:   Proto(b[6]),
		HopLimit:     b[7],
		Src:          netip.AddrFrom16([16]byte(b[8:])),
		Dst:          netip.AddrFrom16([16]byte(b[24:])),
		Proto:        Proto(b[6]),
		ProtoOffset:  IPv6HeaderLen,
		NextOffset:   6,
	}
	if super {
		if err := h.takeJumbo(b); err != nil {
			return h, nil, err
		}
	}
	end := IPv6HeaderLen + h.PayloadLen
	if end > len(b) {
		return h, nil, ErrTruncated
	}
	b = b[:end:end]
	if err := h.walk(b); err != nil {
		return h, nil, err
	}
	return h, b[h.ProtoOffset:], nil
}

// AppendTo appends the fixed header of a packet with payloadLen bytes behind it, extension headers included, to b.
// It panics if an address is not a 16-byte one. For a super-packet that is longer than the field can say, it writes 0 there, and a
// jumbo payload option of JumboLen bytes behind the fixed header.
func (h *IPv6) AppendTo(b []byte, payloadLen int) []byte {
	if !h.Src.Is6() || !h.Dst.Is6() {
		panic("wire: IPv6 header with an address that is not IPv6")
	}
	src, dst := h.Src.As16(), h.Dst.As16()
	b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(h.TrafficClass)<<20|h.FlowLabel&0xfffff)
	length, next := payloadLen, h.NextHeader
	if payloadLen > maxDatagram {
		length, next = 0, ProtoHopByHop
	}
	b = binary.BigEndian.AppendUint16(b, uint16(length))
	b = append(b, byte(next), h.HopLimit)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	if payloadLen > maxDatagram {
		b = appendJumbo(b, h.NextHeader, payloadLen)
	}
	return b
}
