// Package span keeps ordered, disjoint ranges of stream offsets: what a receiver holds beyond the first hole, what a
// sender was told by SACK, which bytes of a datagram its fragments have filled.
package span

import "slices"

// Range is the half-open interval [Lo, Hi).
type Range struct{ Lo, Hi uint64 }

// Len returns the number of offsets in r.
func (r Range) Len() int { return int(r.Hi - r.Lo) }

// Set is an ordered set of disjoint, non-adjacent ranges. The zero Set is empty and ready to use.
//
// Adding at the end, the common case, is O(1); elsewhere O(log n) to find and O(n) to move.
type Set struct {
	r     []Range
	total int
}

// Len returns the number of ranges.
func (s *Set) Len() int { return len(s.r) }

// At returns the i-th range in order.
func (s *Set) At(i int) Range { return s.r[i] }

// Covered returns the number of offsets in the set.
func (s *Set) Covered() int { return s.total }

// Max returns the end of the last range, or 0 for the empty set.
func (s *Set) Max() uint64 {
	if len(s.r) == 0 {
		return 0
	}
	return s.r[len(s.r)-1].Hi
}

// find returns the index of the first range that ends at or after off.
func (s *Set) find(off uint64) int {
	n := len(s.r)
	if n == 0 || s.r[n-1].Hi < off {
		return n
	}
	lo, hi := 0, n
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if s.r[m].Hi < off {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// Add inserts [lo, hi) and returns the range that now holds it and how many of its offsets are new.
func (s *Set) Add(lo, hi uint64) (merged Range, added int) {
	if lo >= hi {
		return Range{lo, lo}, 0
	}
	i := s.find(lo)
	m, j, held := Range{lo, hi}, i, 0
	for ; j < len(s.r) && s.r[j].Lo <= hi; j++ {
		m.Lo, m.Hi = min(m.Lo, s.r[j].Lo), max(m.Hi, s.r[j].Hi)
		held += s.r[j].Len()
	}
	if i == j {
		s.r = slices.Insert(s.r, i, m)
	} else {
		s.r[i] = m
		s.r = slices.Delete(s.r, i+1, j)
	}
	added = m.Len() - held
	s.total += added
	return m, added
}

// Remove takes [lo, hi) out of the set and returns how many offsets that removed.
func (s *Set) Remove(lo, hi uint64) int {
	removed := 0
	for i := s.find(lo); i < len(s.r) && s.r[i].Lo < hi; {
		r := &s.r[i]
		a, b := max(r.Lo, lo), min(r.Hi, hi)
		if a >= b {
			i++
			continue
		}
		removed += int(b - a)
		switch {
		case a == r.Lo && b == r.Hi:
			s.r = slices.Delete(s.r, i, i+1)
			continue
		case a == r.Lo:
			r.Lo = b
		case b == r.Hi:
			r.Hi = a
		default:
			tail := Range{b, r.Hi}
			r.Hi = a
			s.r = slices.Insert(s.r, i+1, tail)
		}
		i++
	}
	s.total -= removed
	return removed
}

// RemoveBelow takes everything before off out of the set.
func (s *Set) RemoveBelow(off uint64) {
	if len(s.r) > 0 && s.r[0].Lo < off {
		s.Remove(s.r[0].Lo, off)
	}
}

// Containing returns the range that holds off.
func (s *Set) Containing(off uint64) (Range, bool) {
	for i := s.find(off); i < len(s.r) && s.r[i].Lo <= off; i++ {
		if off < s.r[i].Hi {
			return s.r[i], true
		}
	}
	return Range{}, false
}

// Overlap returns the first part of [lo, hi) that is in the set.
func (s *Set) Overlap(lo, hi uint64) (Range, bool) {
	if i := s.find(lo + 1); i < len(s.r) && s.r[i].Lo < hi {
		return Range{max(lo, s.r[i].Lo), min(hi, s.r[i].Hi)}, true
	}
	return Range{}, false
}

// Touches reports whether [lo, hi) overlaps a range or is adjacent to one, so that adding it makes no new range.
func (s *Set) Touches(lo, hi uint64) bool {
	i := s.find(lo)
	return i < len(s.r) && s.r[i].Lo <= hi
}

// NextGap returns the first maximal range at or after from, and before limit, that the set does not cover.
func (s *Set) NextGap(from, limit uint64) (Range, bool) {
	i := s.find(from)
	for ; i < len(s.r) && s.r[i].Lo <= from; i++ {
		from = max(from, s.r[i].Hi)
	}
	if i < len(s.r) {
		limit = min(limit, s.r[i].Lo)
	}
	return Range{from, limit}, from < limit
}

// Next returns the first part of the set at or after from, and before limit.
func (s *Set) Next(from, limit uint64) (Range, bool) {
	i := s.find(from)
	if i < len(s.r) && s.r[i].Hi == from {
		i++
	}
	if i == len(s.r) {
		return Range{}, false
	}
	r := Range{max(from, s.r[i].Lo), min(limit, s.r[i].Hi)}
	return r, r.Lo < r.Hi
}

// CoveredAbove returns how many offsets at or after off are in the set.
func (s *Set) CoveredAbove(off uint64) int {
	if len(s.r) == 0 || off <= s.r[0].Lo {
		return s.total
	}
	n := 0
	for i := len(s.r) - 1; i >= 0 && s.r[i].Hi > off; i-- {
		n += int(s.r[i].Hi - max(s.r[i].Lo, off))
	}
	return n
}

// Shrink gives up the memory of an empty set that was large.
func (s *Set) Shrink() {
	if len(s.r) == 0 && cap(s.r) > keepRanges {
		s.r = nil
	}
}

// keepRanges is how many ranges an empty set keeps room for.
const keepRanges = 256

// Clear empties the set and gives up its memory.
func (s *Set) Clear() { *s = Set{} }
