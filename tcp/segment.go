package tcp

import (
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/wire"
)

// Segment is a segment that arrived, its checksum verified. It may be a super-segment.
type Segment struct {
	Header  wire.TCP
	Payload []byte
	// Owner is the chunk that Payload lies in, nil if in none. Recv takes a reference if it keeps bytes in place.
	Owner *buffer.Chunk
	// SegSize is the payload of the segments a super-segment was made of, 0 for an ordinary segment.
	SegSize int
	// ECT and CE are the ECN codepoint of the IP header (RFC 3168).
	ECT, CE bool

	// Landed says that Payload lies where the reader wants what comes next. Passed says that Recv has left it there: it is not in
	// the buffer, and the caller has to Consume it at once.
	Landed, Passed bool

	synDone bool // it had a SYN, which was dealt with
}

// Has reports whether all of flags are set.
func (s *Segment) Has(flags wire.Flags) bool { return s.Header.Flags&flags == flags }

func (s *Segment) seq() seq.Number { return seq.Number(s.Header.Seq) }
func (s *Segment) ack() seq.Number { return seq.Number(s.Header.Ack) }

// length is SEG.LEN: "The number of octets occupied by the data in the segment (counting SYN and FIN)".
func (s *Segment) length() int {
	n := len(s.Payload)
	if s.Has(wire.SYN) {
		n++
	}
	if s.Has(wire.FIN) {
		n++
	}
	return n
}

// Out is a segment to be sent.
type Out struct {
	Header wire.TCP // checksum not computed

	// Payload is the text: no more views than its capacity. Each pins its chunk: release them to Env.Pool after the
	// device has taken the bytes.
	Payload []buffer.View
	Len     int // bytes in Payload

	// SegSize, if not 0, says that this is a super-segment, to be cut into segments of this much payload.
	SegSize int

	TOS, TTL uint8
}

// ResetFor returns the RST that answers seg when there is no connection for it, and false if none may be sent.
//
// RFC 9293, Section 3.10.7.1: "An incoming segment not containing a RST causes a RST to be sent in response. … If the
// ACK bit is off, sequence number zero is used, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>. If the ACK bit is on,
// <SEQ=SEG.ACK><CTL=RST>".
//
// RFC 7323, Section 5.2: "it is now RECOMMENDED that when generating an <RST>, if the segment causing the <RST> to be
// generated contains a Timestamps option, the <RST> should also contain a Timestamps option. In the <RST> segment,
// SEG.TSecr SHOULD be set to SEG.TSval from the incoming segment and SEG.TSval SHOULD be set to zero."
//
// req: RFC7323 5.2-2, 5.2-3
func ResetFor(seg *Segment) (wire.TCP, bool) {
	if seg.Has(wire.RST) {
		return wire.TCP{}, false
	}
	h := wire.TCP{SrcPort: seg.Header.DstPort, DstPort: seg.Header.SrcPort, Flags: wire.RST}
	if seg.Has(wire.ACK) {
		h.Seq = seg.Header.Ack
	} else {
		h.Flags |= wire.ACK
		h.Ack = uint32(seg.seq().Add(seg.length()))
	}
	if seg.Header.Options.HasTimestamps {
		h.Options = wire.TCPOptions{HasTimestamps: true, TSEcr: seg.Header.Options.TSVal}
	}
	return h, true
}
