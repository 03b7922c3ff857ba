package span

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// of makes a set of pairs of ends.
func of(ends ...uint64) *Set {
	s := &Set{}
	for i := 0; i < len(ends); i += 2 {
		s.Add(ends[i], ends[i+1])
	}
	return s
}

func (s *Set) ends() []uint64 {
	var e []uint64
	for i := range s.Len() {
		e = append(e, s.At(i).Lo, s.At(i).Hi)
	}
	return e
}

func expect(t *testing.T, s *Set, want ...uint64) {
	t.Helper()
	if got := s.ends(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAdd(t *testing.T) {
	for _, c := range []struct {
		name   string
		set    *Set
		lo, hi uint64
		merged Range
		added  int
		want   []uint64
	}{
		{"first", of(), 5, 9, Range{5, 9}, 4, []uint64{5, 9}},
		{"nothing", of(5, 9), 7, 7, Range{7, 7}, 0, []uint64{5, 9}},
		{"before", of(5, 9), 1, 3, Range{1, 3}, 2, []uint64{1, 3, 5, 9}},
		{"behind", of(5, 9), 11, 13, Range{11, 13}, 2, []uint64{5, 9, 11, 13}},
		{"between", of(1, 3, 9, 11), 5, 7, Range{5, 7}, 2, []uint64{1, 3, 5, 7, 9, 11}},
		{"adjacent before", of(5, 9), 3, 5, Range{3, 9}, 2, []uint64{3, 9}},
		{"adjacent behind", of(5, 9), 9, 11, Range{5, 11}, 2, []uint64{5, 11}},
		{"joins two", of(1, 3, 5, 7), 3, 5, Range{1, 7}, 2, []uint64{1, 7}},
		{"overlaps three", of(1, 3, 5, 7, 9, 11), 2, 10, Range{1, 11}, 4, []uint64{1, 11}},
		{"inside", of(1, 9), 3, 5, Range{1, 9}, 0, []uint64{1, 9}},
		{"around", of(3, 5), 1, 9, Range{1, 9}, 6, []uint64{1, 9}},
		{"huge", of(), 1 << 63, 1<<64 - 1, Range{1 << 63, 1<<64 - 1}, 1<<63 - 1, []uint64{1 << 63, 1<<64 - 1}},
	} {
		merged, added := c.set.Add(c.lo, c.hi)
		if merged != c.merged || added != c.added {
			t.Errorf("%s: got %v and %d, want %v and %d", c.name, merged, added, c.merged, c.added)
		}
		expect(t, c.set, c.want...)
	}
}

func TestRemove(t *testing.T) {
	for _, c := range []struct {
		name    string
		lo, hi  uint64
		removed int
		want    []uint64
	}{
		{"nothing there", 3, 5, 0, []uint64{1, 3, 5, 9}},
		{"empty", 6, 6, 0, []uint64{1, 3, 5, 9}},
		{"a whole range", 5, 9, 4, []uint64{1, 3}},
		{"the left of one", 5, 7, 2, []uint64{1, 3, 7, 9}},
		{"the right of one", 7, 9, 2, []uint64{1, 3, 5, 7}},
		{"the middle of one", 6, 8, 2, []uint64{1, 3, 5, 6, 8, 9}},
		{"parts of two", 2, 6, 2, []uint64{1, 2, 6, 9}},
		{"everything", 0, 100, 6, nil},
	} {
		s := of(1, 3, 5, 9)
		if got := s.Remove(c.lo, c.hi); got != c.removed {
			t.Errorf("%s: removed %d, want %d", c.name, got, c.removed)
		}
		expect(t, s, c.want...)
	}
}

// model is a set as a table of its members.
type model [64]bool

func (m *model) count(lo, hi uint64, want bool) (n int) {
	for i := lo; i < hi; i++ {
		if m[i] == want {
			n++
		}
	}
	return n
}

func (m *model) set(lo, hi uint64, v bool) {
	for i := lo; i < hi; i++ {
		m[i] = v
	}
}

// run returns the maximal run around i of what m[i] is.
func (m *model) run(i uint64) Range {
	r := Range{i, i}
	for r.Lo > 0 && m[r.Lo-1] == m[i] {
		r.Lo--
	}
	for r.Hi < uint64(len(m)) && m[r.Hi] == m[i] {
		r.Hi++
	}
	return r
}

func TestOverlap(t *testing.T) {
	s := of(10, 20, 30, 40)
	for _, c := range []struct {
		lo, hi uint64
		want   Range
		ok     bool
	}{
		{0, 10, Range{}, false},
		{0, 11, Range{10, 11}, true},
		{5, 50, Range{10, 20}, true},
		{12, 15, Range{12, 15}, true},
		{15, 35, Range{15, 20}, true},
		{20, 30, Range{}, false},
		{20, 31, Range{30, 31}, true},
		{39, 50, Range{39, 40}, true},
		{40, 50, Range{}, false},
	} {
		if got, ok := s.Overlap(c.lo, c.hi); got != c.want || ok != c.ok {
			t.Errorf("[%d, %d): got %v, %v, want %v, %v", c.lo, c.hi, got, ok, c.want, c.ok)
		}
	}
}

// Whatever is done, a Set says what the table says.
func TestModel(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 0))
		var s Set
		var m model
		for range 60 {
			lo := r.Uint64N(uint64(len(m)))
			hi := lo + r.Uint64N(uint64(len(m))-lo+1)
			switch r.IntN(5) {
			case 0, 1, 2:
				hi = min(hi, lo+r.Uint64N(8))
				want := m.count(lo, hi, false)
				m.set(lo, hi, true)
				touches := hi > lo && (m.count(lo, hi, true) > want || lo > 0 && m[lo-1] || hi < 64 && m[hi])
				if got := s.Touches(lo, hi); hi > lo && got != touches {
					t.Fatalf("seed %d: Touches(%d, %d) = %v", seed, lo, hi, got)
				}
				merged, added := s.Add(lo, hi)
				if added != want || hi > lo && merged != m.run(lo) {
					t.Fatalf("seed %d: Add(%d, %d) = %v, %d", seed, lo, hi, merged, added)
				}
			case 3:
				want := m.count(lo, hi, true)
				m.set(lo, hi, false)
				if got := s.Remove(lo, hi); got != want {
					t.Fatalf("seed %d: Remove(%d, %d) = %d, want %d", seed, lo, hi, got, want)
				}
			case 4:
				lo = lo % 16
				m.set(0, lo, false)
				s.RemoveBelow(lo)
			}
			compare(t, seed, &s, &m)
		}
		s.Clear()
		if s.Len() != 0 || s.Covered() != 0 || s.Max() != 0 {
			t.Fatal("not empty after Clear")
		}
	}
}

func compare(t *testing.T, seed uint64, s *Set, m *model) {
	t.Helper()
	last, ranges := uint64(0), 0
	for i := range uint64(len(m)) {
		if m[i] {
			last = i + 1
			if i == 0 || !m[i-1] {
				ranges++
			}
		}
		r, ok := s.Containing(i)
		if ok != m[i] || ok && r != m.run(i) {
			t.Fatalf("seed %d: Containing(%d) = %v, %v", seed, i, r, ok)
		}
		if got, want := s.CoveredAbove(i), m.count(i, 64, true); got != want {
			t.Fatalf("seed %d: CoveredAbove(%d) = %d, want %d", seed, i, got, want)
		}
		limit := i + i%7
		gap, ok := s.NextGap(i, min(limit, 64))
		from := i
		for from < min(limit, 64) && m[from] {
			from++
		}
		if want := from < min(limit, 64); ok != want || ok && (gap.Lo != from || gap.Hi != min(m.run(from).Hi, limit)) {
			t.Fatalf("seed %d: NextGap(%d, %d) = %v, %v", seed, i, limit, gap, ok)
		}
	}
	if s.Covered() != m.count(0, 64, true) || s.Max() != last || s.Len() != ranges {
		t.Fatalf("seed %d: Covered %d, Max %d, Len %d", seed, s.Covered(), s.Max(), s.Len())
	}
}

func BenchmarkAddAtEnd(b *testing.B) {
	b.ReportAllocs()
	var s Set
	for i := uint64(0); b.Loop(); i += 1000 {
		s.Add(i, i+1000)
	}
}
