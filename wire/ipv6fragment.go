package wire

import (
	"encoding/binary"
	"errors"
)

// FragmentHeaderLen is the length of an IPv6 fragment header.
const FragmentHeaderLen = 8

// Fragment is an IPv6 fragment header (RFC 8200, Section 4.5):
//
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|  Next Header  |   Reserved    |      Fragment Offset    |Res|M|
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//	|                         Identification                        |
//	+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
type Fragment struct {
	Present bool
	More    bool
	Offset  int // in bytes
	ID      uint32
	Next    Proto

	// Where the header stands in the packet it was parsed from: it starts at HeaderOffset, which is where the
	// unfragmentable part ends, and the byte at NextOffset announces it. To reassemble, put Next there and the
	// fragments' payloads in the header's place.
	HeaderOffset int
	NextOffset   int
}

const (
	fragmentMore   = 0x0001
	fragmentOffset = 0xfff8
)

// AppendTo appends the fragment header to b.
func (f *Fragment) AppendTo(b []byte) []byte {
	off := uint16(f.Offset) & fragmentOffset
	if f.More {
		off |= fragmentMore
	}
	b = append(b, byte(f.Next), 0)
	b = binary.BigEndian.AppendUint16(b, off)
	return binary.BigEndian.AppendUint32(b, f.ID)
}

// walkFragment reads a fragment header, steps over it and checks that such a fragment can be.
func (h *IPv6) walkFragment(b []byte) error {
	if h.Fragment.Present {
		return h.outOfPlace()
	}
	ext := b[h.ProtoOffset:]
	if len(ext) < FragmentHeaderLen {
		return ErrTruncated
	}
	ext = ext[:FragmentHeaderLen]
	off := binary.BigEndian.Uint16(ext[2:])
	h.Fragment = Fragment{
		Present:      true,
		More:         off&fragmentMore != 0,
		Offset:       int(off & fragmentOffset),
		ID:           binary.BigEndian.Uint32(ext[4:]),
		Next:         Proto(ext[0]),
		HeaderOffset: h.ProtoOffset,
		NextOffset:   h.NextOffset,
	}
	h.step(ext)
	return h.checkFragment(b)
}

// checkFragment applies the rules of RFC 8200, Section 4.5, that one fragment can break by itself.
//
// req: RFC8200 4.5-8, 4.5-9, 4.5-10
func (h *IPv6) checkFragment(b []byte) error {
	f := &h.Fragment
	n := len(b) - h.ProtoOffset
	if f.More && n%8 != 0 {
		return h.reject(ErrBadLength, ICMPv6BadField, 4) // the Payload Length field
	}
	if f.HeaderOffset-IPv6HeaderLen+f.Offset+n > maxDatagram {
		return h.reject(ErrBadLength, ICMPv6BadField, f.HeaderOffset+2) // the Fragment Offset field
	}
	if f.More && f.Offset == 0 && !h.hasWholeChain(b) {
		return h.reject(ErrIncompleteChain, ICMPv6IncompleteChain, 0)
	}
	return nil
}

// hasWholeChain reports whether the first fragment b holds all headers "through the Upper-Layer header". What else may
// be wrong with them shows when the packet has been reassembled.
//
// req: RFC8200 4.5-10
func (h *IPv6) hasWholeChain(b []byte) bool {
	rest := *h
	rest.Fragment.More = false
	if err := rest.walk(b); err != nil {
		return !errors.Is(err, ErrTruncated)
	}
	need := 0
	switch rest.Proto {
	case ProtoTCP:
		need = TCPHeaderLen
	case ProtoUDP:
		need = UDPHeaderLen
	case ProtoICMPv6:
		need = ICMPHeaderLen
	}
	return len(b)-rest.ProtoOffset >= need
}
