package wire

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// Sum is an Internet checksum under way (RFC 1071): the one's complement sum of the bytes added so far. The zero Sum is
// the sum of nothing.
type Sum struct {
	acc uint64 // sum of big-endian 16-bit words
	odd bool   // an odd number of bytes was added: the next one is the low half of a word
}

// StartSum returns a Sum that begins with a folded sum, such as PseudoSum's.
func StartSum(folded uint16) Sum { return Sum{acc: uint64(folded)} }

// SumBytes returns s with b added. Slices of any length may follow each other: the result is that of their concatenation.
func SumBytes(s Sum, b []byte) Sum {
	v := fold(sumWords(b))
	// The words were read in little-endian order, which swaps the bytes of the sum (RFC 1071, Section 2(B)); so does
	// an odd offset.
	if !s.odd {
		v = bits.ReverseBytes16(v)
	}
	s.acc += uint64(v)
	s.odd = s.odd != (len(b)&1 == 1)
	return s
}

// FoldSum returns s as 16 bits, not complemented.
func FoldSum(s Sum) uint16 { return fold(s.acc) }

// Checksum returns the Internet checksum of b, ready for a checksum field. If b holds a correct checksum the result is 0.
func Checksum(b []byte) uint16 {
	return ^bits.ReverseBytes16(fold(sumWords(b)))
}

// PseudoSum returns the folded, not complemented sum of the pseudo-header (RFC 9293, Section 3.1; RFC 8200, Section 8.1):
// what the checksum field of a segment holds whose checksum the device completes. length is that of the transport header
// and its payload. Both addresses are of the same family.
//
// req: RFC8200 8.1-1
func PseudoSum(proto Proto, src, dst netip.Addr, length int) uint16 {
	sum := uint64(proto) + uint64(length)
	if src.Is4() {
		s, d := src.As4(), dst.As4()
		sum += uint64(binary.BigEndian.Uint32(s[:])) + uint64(binary.BigEndian.Uint32(d[:]))
		return fold(sum)
	}
	s, d := src.As16(), dst.As16()
	for _, a := range [...]*[16]byte{&s, &d} {
		sum += uint64(binary.BigEndian.Uint32(a[0:])) + uint64(binary.BigEndian.Uint32(a[4:]))
		sum += uint64(binary.BigEndian.Uint32(a[8:])) + uint64(binary.BigEndian.Uint32(a[12:]))
	}
	return fold(sum)
}

// TransportChecksum returns the checksum of a segment that lies in segs one after the other, header first with its
// checksum field 0; pseudo is PseudoSum's result. For UDP see UDPChecksum.
func TransportChecksum(pseudo uint16, segs ...[]byte) uint16 {
	s := StartSum(pseudo)
	for _, b := range segs {
		s = SumBytes(s, b)
	}
	return ^FoldSum(s)
}

// TransportChecksumOK reports whether the checksum in a TCP, UDP or ICMPv6 segment, header and payload, is correct.
// (In UDP over IPv4 a field of 0 means that there is none: see UDP.ChecksumOK.)
func TransportChecksumOK(proto Proto, src, dst netip.Addr, segment []byte) bool {
	return TransportChecksum(PseudoSum(proto, src, dst, len(segment)), segment) == 0
}

// fold adds the four 16-bit words of sum with end-around carry.
func fold(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum)
}

// sumWords returns the one's complement sum of b as little-endian words of 64 bits; fold turns it into that of words of
// 16 bits, since 2^16-1 divides 2^64-1 (RFC 1071, Section 2(C)). A short last word is padded with zeros.
func sumWords(b []byte) uint64 {
	var sum, carry uint64
	for len(b) >= 64 {
		// A block's own sum does not wait for the last block's, so that the processor adds several at a time.
		// Block and carry are never both all ones, so adding the carry at the end cannot overflow.
		w := (*[64]byte)(b)
		block, c := bits.Add64(binary.LittleEndian.Uint64(w[0:]), binary.LittleEndian.Uint64(w[8:]), 0)
		block, c = bits.Add64(block, binary.LittleEndian.Uint64(w[16:]), c)
		block, c = bits.Add64(block, binary.LittleEndian.Uint64(w[24:]), c)
		block, c = bits.Add64(block, binary.LittleEndian.Uint64(w[32:]), c)
		block, c = bits.Add64(block, binary.LittleEndian.Uint64(w[40:]), c)
		block, c = bits.Add64(block, binary.LittleEndian.Uint64(w[48:]), c)
		block, c = bits.Add64(block, binary.LittleEndian.Uint64(w[56:]), c)
		sum, carry = bits.Add64(sum, block, c)
		sum += carry
		b = b[64:]
	}
	for len(b) >= 8 {
		sum, carry = bits.Add64(sum, binary.LittleEndian.Uint64(b), 0)
		sum += carry
		b = b[8:]
	}
	var last uint64
	if len(b) >= 4 {
		last = uint64(binary.LittleEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		last += uint64(binary.LittleEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) > 0 {
		last += uint64(b[0])
	}
	sum, carry = bits.Add64(sum, last, 0)
	return sum + carry
}
