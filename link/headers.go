package link

import (
	"encoding/binary"
	"errors"

	"github.com/antedon-net/antedon/wire"
)

// ErrMalformed is returned for a packet whose headers do not allow what was asked: to find its transport header, to cut
// it into segments, or to complete its checksum.
var ErrMalformed = errors.New("malformed packet")

// Headers says where the headers of an IP packet lie. It is all that devices need to know of one: nothing here verifies
// checksums or lengths, which may be those of a super-packet.
type Headers struct {
	IPv6      bool
	Proto     wire.Proto // of the transport header
	Transport int        // offset of the transport header
	Payload   int        // offset of the transport payload: for protocols other than TCP and UDP it equals Transport
}

// ParseHeaders finds the headers of the IP packet that begins with b. Fragments are ErrMalformed, since most of them
// have no transport header.
func ParseHeaders(b []byte) (Headers, error) {
	if len(b) == 0 {
		return Headers{}, ErrMalformed
	}
	var h Headers
	var ok bool
	switch b[0] >> 4 {
	case 4:
		ok = h.parseIPv4(b)
	case 6:
		ok = h.parseIPv6(b)
	}
	if !ok || !h.parseTransport(b) {
		return Headers{}, ErrMalformed
	}
	return h, nil
}

func (h *Headers) parseIPv4(b []byte) bool {
	if len(b) < wire.IPv4HeaderLen {
		return false
	}
	h.Proto = wire.Proto(b[9])
	h.Transport = int(b[0]&0xf) * 4
	fragment := binary.BigEndian.Uint16(b[6:])&0x3fff != 0 // MF and the offset
	return h.Transport >= wire.IPv4HeaderLen && !fragment
}

func (h *Headers) parseIPv6(b []byte) bool {
	if len(b) < wire.IPv6HeaderLen {
		return false
	}
	h.IPv6 = true
	h.Proto = wire.Proto(b[6])
	h.Transport = wire.IPv6HeaderLen
	for {
		switch h.Proto {
		case wire.ProtoHopByHop, wire.ProtoRouting, wire.ProtoDestOpts:
			if len(b) < h.Transport+2 {
				return false
			}
			h.Proto = wire.Proto(b[h.Transport])
			h.Transport += 8 + 8*int(b[h.Transport+1])
		case wire.ProtoFragment:
			return false
		default:
			return true
		}
	}
}

func (h *Headers) parseTransport(b []byte) bool {
	h.Payload = h.Transport
	switch h.Proto {
	case wire.ProtoTCP:
		if len(b) < h.Transport+wire.TCPHeaderLen {
			return false
		}
		n := int(b[h.Transport+12]>>4) * 4
		h.Payload += n
		return n >= wire.TCPHeaderLen && h.Payload <= len(b)
	case wire.ProtoUDP:
		h.Payload += wire.UDPHeaderLen
	}
	return h.Payload <= len(b)
}

// pseudoSum returns the folded sum of the pseudo-header of b but for the length (RFC 9293, Section 3.1).
func (h *Headers) pseudoSum(b []byte) uint16 {
	addrs := b[12:20]
	if h.IPv6 {
		addrs = b[8:40]
	}
	return wire.FoldSum(wire.SumBytes(wire.StartSum(uint16(h.Proto)), addrs))
}
