package buffer

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Whatever is written, sent and acknowledged, in whatever order: a view shows the bytes of its offsets, for as long as it
// is held.
func TestSendModel(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		pool := NewPool(0)
		held := pins{pool: pool}
		var s Send
		s.Init(pool, 0)
		base, end := uint64(0), uint64(0)
		var reserved []byte
		lent := 0 // loans that are out
		for range 200 {
			switch r.IntN(10) {
			case 9: // lend for a moment
				if reserved == nil {
					lentAt, b := end, bytes.Clone(patternBytes(end, 1+r.IntN(200_000)))
					s.Append([][]byte{b}, &Loan{})
					lent++
					end += uint64(len(b))
					if r.IntN(2) == 0 {
						base += r.Uint64N(end - base + 1)
						s.Discard(base)
					}
					from := max(base, lentAt) // or base has moved since
					if r.IntN(2) == 0 {
						base += r.Uint64N(end - base + 1)
						s.Discard(base)
					}
					s.Replace(from, copies(pool, b[from-lentAt:]))
					clear(b)
				}
			case 8: // lend
				if reserved == nil {
					pieces := [][]byte{patternBytes(end, r.IntN(3000)), nil}
					end += uint64(len(pieces[0]))
					pieces = append(pieces, patternBytes(end, r.IntN(100_000)))
					end += uint64(len(pieces[2]))
					s.Append(pieces, &Loan{})
					lent++
				}
			case 0, 1, 2: // write, in two steps
				if reserved == nil {
					reserved = s.Reserve(1 + r.IntN([]int{10, 600, 5000, 100_000}[r.IntN(4)]))
					copy(reserved, patternBytes(end, len(reserved)))
					break
				}
				n := r.IntN(len(reserved) + 1)
				s.Commit(n)
				end += uint64(n)
				reserved = nil
			case 3, 4, 5: // send, or send again
				if end == base {
					break
				}
				off := base + r.Uint64N(end-base)
				n := 1 + r.IntN(70_000)
				views, got := s.View(make([]View, 0, 1+r.IntN(4)), off, n)
				want := int(min(uint64(n), end-off))
				if got > want || got < want && len(views) < cap(views) {
					t.Fatalf("seed %d: View of %d at %d has %d of [%d, %d)", seed, n, off, got, base, end)
				}
				if !bytes.Equal(concat(views), patternBytes(off, got)) {
					t.Fatalf("seed %d: View of %d at %d shows other bytes", seed, n, off)
				}
				held.add(views)
			case 6: // an acknowledgment
				off := base + r.Uint64N(end-base+1)
				s.Discard(off)
				base = off
			case 7: // the device has taken a packet
				if len(held.views) > 0 {
					held.drop(r.IntN(len(held.views)))
				}
			}
			held.check(t, seed)
			if s.Base() != base || s.End() != end || s.Len() != int(end-base) {
				t.Fatalf("seed %d: [%d, %d) with Len %d, want [%d, %d)", seed, s.Base(), s.End(), s.Len(), base, end)
			}
		}
		if reserved != nil {
			s.Commit(0)
		}
		s.Clear()
		held.check(t, seed)
		held.dropAll()
		if pool.Used() != 0 {
			t.Fatalf("seed %d: %d bytes leaked", seed, pool.Used())
		}
		for pool.Returned() != nil {
			lent--
		}
		if lent != 0 {
			t.Fatalf("seed %d: %d loans did not return, or too many", seed, lent)
		}
	}
}

// copies returns b in chunks of pool.
func copies(pool *Pool, b []byte) []View {
	var views []View
	for len(b) > 0 {
		c := pool.Get(len(b))
		n := CopyAside(c.B, b)
		views = append(views, View{c.B[:n], c})
		b = b[n:]
	}
	return views
}

// TestReplaceCleared: of a buffer that was cleared meanwhile nothing is kept.
func TestReplaceCleared(t *testing.T) {
	pool := NewPool(0)
	var s Send
	s.Init(pool, 7)
	b := patternBytes(7, 100_000)
	s.Append([][]byte{b}, &Loan{})
	s.Clear()
	s.Replace(7, copies(pool, b))
	if s.Len() != 0 || pool.Used() != 0 || pool.Returned() == nil {
		t.Errorf("%d bytes, which hold %d; or the loan is still out", s.Len(), pool.Used())
	}
}

// A reservation survives whatever happens until it is committed.
func TestReservation(t *testing.T) {
	for _, c := range []struct {
		name      string
		meanwhile func(s *Send)
	}{
		{"nothing", func(*Send) {}},
		{"all acknowledged", func(s *Send) { s.Discard(s.End()) }},
		{"cleared", func(s *Send) { s.Clear() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			pool := NewPool(0)
			pins := pins{pool: pool}
			var s Send
			s.Init(pool, 0)
			copy(s.Reserve(100), patternBytes(0, 100))
			s.Commit(100)
			b := s.Reserve(50) // room of the same chunk
			c.meanwhile(&s)
			pins.scribble()
			copy(b, patternBytes(100, 50))
			pins.scribble()
			s.Commit(50)
			views, n := s.View(make([]View, 0, 4), 100, 50)
			if n != 50 || !bytes.Equal(concat(views), patternBytes(100, 50)) {
				t.Errorf("%d bytes, not those written", n)
			}
			pool.ReleaseAll(views)
			s.Clear()
			if pool.Used() != 0 {
				t.Errorf("%d bytes leaked", pool.Used())
			}
		})
	}
	t.Run("twice", func(t *testing.T) {
		var s Send
		s.Init(NewPool(0), 0)
		s.Reserve(1)
		defer func() {
			if recover() == nil {
				t.Error("goes unnoticed")
			}
		}()
		s.Reserve(1)
	})
}

// Many small writes end up in few chunks: a device takes few views at a time, and memory is counted by the chunk.
func TestSmallWrites(t *testing.T) {
	for _, size := range []int{1, 100, 300, 500, 700, 3000} {
		pool := NewPool(0)
		var s Send
		s.Init(pool, 0)
		for s.Len() < 200_000 {
			n := len(s.Reserve(size))
			s.Commit(n)
		}
		if pool.Used() > 2*s.Len() {
			t.Errorf("writes of %d: %d bytes hold %d", size, s.Len(), pool.Used())
		}
		views, got := s.View(make([]View, 0, 8), 100_000, 64_000)
		if got < 64_000 {
			t.Errorf("writes of %d: 8 views show %d bytes", size, got)
		}
		pool.ReleaseAll(views)
		s.Clear()
	}
}

func TestSendAllocates(t *testing.T) {
	pool := NewPool(0)
	var s Send
	s.Init(pool, 0)
	dst := make([]View, 0, 8)
	cycle := func() {
		for range 20 {
			s.Commit(len(s.Reserve(30_000)))
		}
		for off := s.Base(); off < s.End(); {
			views, n := s.View(dst, off, 1448)
			pool.ReleaseAll(views)
			off += uint64(n)
			s.Discard(off)
		}
	}
	cycle()
	if n := testing.AllocsPerRun(100, cycle); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
