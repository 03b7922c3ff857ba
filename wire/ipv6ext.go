package wire

// Types of options in hop-by-hop and destination options headers. The two highest bits say what a node does that does
// not know the type (RFC 8200, Section 4.2).
const (
	IPv6OptPad1        = 0
	IPv6OptPadN        = 1
	IPv6OptRouterAlert = 5    // RFC 2711
	IPv6OptJumbo       = 0xc2 // RFC 2675

	ipv6OptAction  = 0xc0
	ipv6OptSkip    = 0x00
	ipv6OptDiscard = 0x40
	ipv6OptReport  = 0x80 // discard and report; with both bits set not for a multicast destination
)

// walk moves h.Proto and h.ProtoOffset over the extension headers of packet b to the payload, or to that of a fragment.
//
// req: RFC8200 4-1, 4-2, 4-3, 4-4, 4.1-1
func (h *IPv6) walk(b []byte) error {
	for {
		switch h.Proto {
		case ProtoHopByHop:
			// "The Hop-by-Hop Options header [...] is restricted to appear immediately after an IPv6 header only"
			// (RFC 8200, Section 4.1).
			if h.ProtoOffset != IPv6HeaderLen {
				return h.outOfPlace()
			}
			if err := h.walkOptions(b); err != nil {
				return err
			}
		case ProtoDestOpts:
			if err := h.walkOptions(b); err != nil {
				return err
			}
		case ProtoRouting:
			if err := h.walkRouting(b); err != nil {
				return err
			}
		case ProtoFragment:
			if err := h.walkFragment(b); err != nil || h.IsFragment() {
				return err
			}
		default:
			return nil
		}
	}
}

// reject records the answer to a packet and returns err.
func (h *IPv6) reject(err error, code uint8, pointer int) error {
	h.Problem = Problem{Report: ReportUnicast, Code: code, Pointer: pointer}
	return err
}

// req: RFC8200 4-4
func (h *IPv6) outOfPlace() error {
	return h.reject(ErrUnknownHeader, ICMPv6UnknownHeader, h.NextOffset)
}

// extension returns the extension header at h.ProtoOffset, of a kind that gives its length in its second byte, in units
// of 8 bytes after the first 8.
func (h *IPv6) extension(b []byte) ([]byte, error) {
	ext := b[h.ProtoOffset:]
	if len(ext) < 8 {
		return nil, ErrTruncated
	}
	n := 8 + 8*int(ext[1])
	if n > len(ext) {
		return nil, ErrTruncated
	}
	return ext[:n], nil
}

// step moves on behind the extension header ext.
func (h *IPv6) step(ext []byte) {
	h.Proto, h.NextOffset = Proto(ext[0]), h.ProtoOffset
	h.ProtoOffset += len(ext)
}

// walkOptions steps over a hop-by-hop or destination options header. (Padding and router alert need no action of a host;
// every other option we do not know.)
//
// req: RFC8200 4.2-1, 4.2-2, 4.2-3
func (h *IPv6) walkOptions(b []byte) error {
	ext, err := h.extension(b)
	if err != nil {
		return err
	}
	for i := 2; i < len(ext); {
		if ext[i] == IPv6OptPad1 {
			i++
			continue
		}
		if i+2 > len(ext) || i+2+int(ext[i+1]) > len(ext) {
			return h.reject(ErrBadOption, ICMPv6BadField, h.ProtoOffset+i)
		}
		if ext[i]&ipv6OptAction != ipv6OptSkip {
			return h.unknownOption(ext[i], h.ProtoOffset+i)
		}
		i += 2 + int(ext[i+1])
	}
	h.step(ext)
	return nil
}

// unknownOption does what the action bits of an unknown option type ask for (RFC 8200, Section 4.2).
//
// req: RFC8200 4.2-2
func (h *IPv6) unknownOption(kind byte, offset int) error {
	h.Problem = Problem{Code: ICMPv6UnknownOption, Pointer: offset}
	switch kind & ipv6OptAction {
	case ipv6OptDiscard:
		h.Problem = Problem{}
	case ipv6OptReport:
		h.Problem.Report = ReportAlways
	default:
		h.Problem.Report = ReportUnicast
	}
	return ErrUnknownOption
}

// walkRouting steps over a routing header, of which we know no type:
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Next Header  |  Hdr Ext Len  |  Routing Type | Segments Left |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// "If Segments Left is zero, the node must ignore the Routing header [...]. If Segments Left is non-zero, the node must
// discard the packet and send an ICMP Parameter Problem, Code 0, message to the packet's Source Address, pointing to the
// unrecognized Routing Type" (RFC 8200, Section 4.4).
//
// req: RFC8200 4.4-1, 4.4-2
func (h *IPv6) walkRouting(b []byte) error {
	ext, err := h.extension(b)
	if err != nil {
		return err
	}
	if ext[3] != 0 {
		return h.reject(ErrBadRouting, ICMPv6BadField, h.ProtoOffset+2)
	}
	h.step(ext)
	return nil
}

// AppendOptionsHeader appends a hop-by-hop or destination options header (RFC 8200, Section 4.3) to b. It holds options,
// at most 2046 bytes, padded:
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Next Header  |  Hdr Ext Len  |                               |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+                               +
//	.                            Options                            .
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
func AppendOptionsHeader(b []byte, next Proto, options []byte) []byte {
	pad := -(2 + len(options)) & 7
	b = append(b, byte(next), byte((2+len(options)+pad)/8-1))
	b = append(b, options...)
	switch pad {
	case 0:
		return b
	case 1:
		return append(b, IPv6OptPad1)
	}
	b = append(b, IPv6OptPadN, byte(pad-2))
	for range pad - 2 {
		b = append(b, 0)
	}
	return b
}
