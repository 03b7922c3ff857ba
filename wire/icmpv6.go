package wire

import (
	"encoding/binary"
	"net/netip"
)

// Types of ICMPv6 messages (RFC 4443, RFC 4861, RFC 2710, RFC 3810). Those below 128 are errors.
const (
	ICMPv6Unreachable      = 1
	ICMPv6PacketTooBig     = 2
	ICMPv6TimeExceeded     = 3
	ICMPv6ParameterProblem = 4

	ICMPv6Echo      = 128
	ICMPv6EchoReply = 129

	ICMPv6MLDQuery    = 130
	ICMPv6MLDReport   = 131
	ICMPv6MLDDone     = 132
	ICMPv6MLDv2Report = 143

	ICMPv6RouterSolicitation    = 133
	ICMPv6RouterAdvertisement   = 134
	ICMPv6NeighborSolicitation  = 135
	ICMPv6NeighborAdvertisement = 136
	ICMPv6Redirect              = 137
)

// Codes of ICMPv6Unreachable (RFC 4443, Section 3.1).
const (
	ICMPv6NoRoute            = 0
	ICMPv6AdminProhibited    = 1
	ICMPv6BeyondScope        = 2
	ICMPv6AddressUnreachable = 3
	ICMPv6PortUnreachable    = 4
	ICMPv6SourcePolicy       = 5
	ICMPv6RejectRoute        = 6
)

// Codes of ICMPv6TimeExceeded.
const (
	ICMPv6HopLimitExceeded   = 0
	ICMPv6ReassemblyExceeded = 1
)

// Codes of ICMPv6ParameterProblem (RFC 4443, Section 3.4; RFC 7112, Section 6).
const (
	ICMPv6BadField        = 0
	ICMPv6UnknownHeader   = 1
	ICMPv6UnknownOption   = 2
	ICMPv6IncompleteChain = 3
)

// ICMPv6 is an ICMPv6 header (RFC 4443, Section 2.1) with the word that follows it in every message we know:
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|     Type      |     Code      |          Checksum             |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                                                               |
//	+                         Message Body                          +
//	|                                                               |
//
// For the messages of neighbour discovery see ParseNeighbor and ParseRouterAdvertisement.
type ICMPv6 struct {
	Type, Code uint8
	Checksum   uint16 // AppendTo computes it
	Rest       uint32 // first word of the body; see the methods and EchoRest
}

// ID and Seq are the identifier and sequence number of an echo message.
func (h *ICMPv6) ID() uint16  { return uint16(h.Rest >> 16) }
func (h *ICMPv6) Seq() uint16 { return uint16(h.Rest) }

// MTU is the next hop's MTU in "packet too big".
func (h *ICMPv6) MTU() int { return int(h.Rest) }

// Pointer is the offset of the offending byte in a parameter problem; it may lie beyond what the message quotes.
func (h *ICMPv6) Pointer() int { return int(h.Rest) }

// IsError reports whether the message is about another packet, so that none may be sent about it
// (RFC 4443, Section 2.4(e)): an error, or a redirect.
func (h *ICMPv6) IsError() bool { return h.Type < 128 || h.Type == ICMPv6Redirect }

// ParseICMPv6 reads the ICMPv6 message b of a packet from src to dst, verifies its checksum and returns what follows the
// first word of the body.
func ParseICMPv6(b []byte, src, dst netip.Addr) (ICMPv6, []byte, error) {
	if len(b) < ICMPHeaderLen {
		return ICMPv6{}, nil, ErrTruncated
	}
	h := ICMPv6{b[0], b[1], binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:])}
	if !TransportChecksumOK(ProtoICMPv6, src, dst, b) {
		return h, nil, ErrBadChecksum
	}
	return h, b[ICMPHeaderLen:], nil
}

// AppendTo appends the message, header and payload, to b with its checksum for a packet from src to dst.
func (h *ICMPv6) AppendTo(b []byte, src, dst netip.Addr, payload []byte) []byte {
	start := len(b)
	b = append(b, h.Type, h.Code, 0, 0)
	b = binary.BigEndian.AppendUint32(b, h.Rest)
	b = append(b, payload...)
	pseudo := PseudoSum(ProtoICMPv6, src, dst, len(b)-start)
	binary.BigEndian.PutUint16(b[start+2:], TransportChecksum(pseudo, b[start:]))
	return b
}
