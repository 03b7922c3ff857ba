// Package seq is arithmetic on 32-bit TCP sequence numbers, modulo 2^32 (RFC 9293, Section 3.4).
//
// Comparison is meaningful for numbers less than 2^31 apart, which TCP's window limit of 2^30 guarantees for every
// number that passed the acceptability check.
package seq

// Number is a sequence number, an acknowledgment number or a TCP timestamp: a point on a circle of 2^32.
type Number uint32

// Add returns the number n steps after a; n may be negative.
func (a Number) Add(n int) Number { return a + Number(uint32(n)) }

// Sub returns how many steps a lies after b; it is negative if a lies before b.
func (a Number) Sub(b Number) int { return int(int32(a - b)) }

// Less reports whether a comes before b.
func (a Number) Less(b Number) bool { return int32(a-b) < 0 }

// LessEq reports whether a comes before b or equals it.
func (a Number) LessEq(b Number) bool { return int32(a-b) <= 0 }

// InWindow reports whether a lies in the size numbers that begin with first.
func (a Number) InWindow(first Number, size int) bool {
	return uint32(a-first) < uint32(size)
}

// Max returns the later of a and b.
func Max(a, b Number) Number {
	if a.Less(b) {
		return b
	}
	return a
}

// Min returns the earlier of a and b.
func Min(a, b Number) Number {
	if a.Less(b) {
		return a
	}
	return b
}
