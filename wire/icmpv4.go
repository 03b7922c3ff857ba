package wire

import (
	"encoding/binary"
	"net/netip"
)

// ICMPHeaderLen is the length of an ICMP or ICMPv6 header with the word behind the checksum.
const ICMPHeaderLen = 8

// Types of ICMP messages (RFC 792, RFC 1256).
const (
	ICMPv4EchoReply        = 0
	ICMPv4Unreachable      = 3
	ICMPv4SourceQuench     = 4 // deprecated: RFC 6633
	ICMPv4Redirect         = 5
	ICMPv4Echo             = 8
	ICMPv4TimeExceeded     = 11
	ICMPv4ParameterProblem = 12
	ICMPv4Timestamp        = 13
	ICMPv4TimestampReply   = 14
)

// Codes of ICMPv4Unreachable (RFC 792; RFC 1122, Section 3.2.2.1; RFC 1812, Section 5.2.7.1).
const (
	ICMPv4NetUnreachable      = 0
	ICMPv4HostUnreachable     = 1
	ICMPv4ProtoUnreachable    = 2
	ICMPv4PortUnreachable     = 3
	ICMPv4FragNeeded          = 4
	ICMPv4SourceRouteFailed   = 5
	ICMPv4NetUnknown          = 6
	ICMPv4HostUnknown         = 7
	ICMPv4HostIsolated        = 8
	ICMPv4NetProhibited       = 9
	ICMPv4HostProhibited      = 10
	ICMPv4NetTOS              = 11
	ICMPv4HostTOS             = 12
	ICMPv4AdminProhibited     = 13
	ICMPv4PrecedenceViolation = 14
	ICMPv4PrecedenceCutoff    = 15
)

// Codes of ICMPv4TimeExceeded.
const (
	ICMPv4TTLExceeded        = 0
	ICMPv4ReassemblyExceeded = 1
)

// ICMPv4 is an ICMP header (RFC 792). What the second word holds depends on the type:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Type      |     Code      |          Checksum             |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|           Identifier          |        Sequence Number        |  echo
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|            unused             |         Next-Hop MTU          |  unreachable, fragmentation needed
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|    Pointer    |                   unused                      |  parameter problem
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                 Gateway Internet Address                      |  redirect
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// The payload of an error is the start of the packet it is about.
type ICMPv4 struct {
	Type, Code uint8
	Checksum   uint16 // AppendTo computes it
	Rest       uint32 // the second word; see the methods and EchoRest, MTURest, PointerRest
}

// ID and Seq are the identifier and sequence number of an echo or timestamp message.
func (h *ICMPv4) ID() uint16  { return uint16(h.Rest >> 16) }
func (h *ICMPv4) Seq() uint16 { return uint16(h.Rest) }

// MTU is the next hop's MTU in "fragmentation needed" (RFC 1191, Section 4); 0 comes from routers that do not tell.
func (h *ICMPv4) MTU() int { return int(h.Rest & 0xffff) }

// Pointer is the offset of the offending byte in a parameter problem.
func (h *ICMPv4) Pointer() int { return int(h.Rest >> 24) }

// Gateway is the address a redirect names.
func (h *ICMPv4) Gateway() netip.Addr {
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], h.Rest)
	return netip.AddrFrom4(a)
}

// IsError reports whether the message is about another packet, so that none may be sent about it
// (RFC 1122, Section 3.2.2).
func (h *ICMPv4) IsError() bool {
	switch h.Type {
	case ICMPv4Unreachable, ICMPv4SourceQuench, ICMPv4Redirect, ICMPv4TimeExceeded, ICMPv4ParameterProblem:
		return true
	}
	return false
}

// EchoRest returns the second word of an echo message, in ICMP and ICMPv6.
func EchoRest(id, seq uint16) uint32 { return uint32(id)<<16 | uint32(seq) }

// ICMPv4MTURest returns the second word of "fragmentation needed".
func ICMPv4MTURest(mtu int) uint32 { return uint32(uint16(mtu)) }

// ICMPv4PointerRest returns the second word of a parameter problem.
func ICMPv4PointerRest(pointer int) uint32 { return uint32(uint8(pointer)) << 24 }

// ParseICMPv4 reads the ICMP message b, verifies its checksum and returns what follows the second word.
//
// req: RFC792 1-3
func ParseICMPv4(b []byte) (ICMPv4, []byte, error) {
	if len(b) < ICMPHeaderLen {
		return ICMPv4{}, nil, ErrTruncated
	}
	h := ICMPv4{b[0], b[1], binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])}
	if Checksum(b) != 0 {
		return h, nil, ErrBadChecksum
	}
	return h, b[ICMPHeaderLen:], nil
}

// AppendTo appends the message, header and payload, to b with its checksum.
//
// req: RFC792 1-3
func (h *ICMPv4) AppendTo(b, payload []byte) []byte {
	start := len(b)
	b = append(b, h.Type, h.Code, 0, 0)
	b = binary.BigEndian.AppendUint32(b, h.Rest)
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[start+2:], Checksum(b[start:]))
	return b
}
