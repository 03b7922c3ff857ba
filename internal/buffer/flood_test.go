package buffer

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// flood is an order in which segments of a few bytes arrive. at returns where the i-th of them begins; n is how many there
// are before the order begins anew behind them.
type flood struct {
	name    string
	size, n int
	at      func(i, n int) int
}

var floods = []flood{
	{"in order", 1, 20_000, func(i, _ int) int { return i }},
	{"reversed", 1, 20_000, func(i, n int) int { return n - 1 - i }},
	{"every second, then the others", 1, 20_000, func(i, n int) int { return 2*i%n + 2*i/n }},
	{"every second from behind", 1, 8_000, func(i, n int) int { return n - 1 - (2*i%n + 2*i/n) }},
	{"halves that meet", 1, 20_000, func(i, n int) int { return i/2 + i%2*(n-1-i/2*2) }},
	{"all but the first", 3, 7_000, func(i, n int) int { return (i + 1) % n * 3 }},
	{"overlapping", 7, 20_000, func(i, _ int) int { return i }},
}

// Whatever tiny segments a peer sends, in whatever order: the memory they take is bounded by a small multiple of their
// bytes and a constant, and so is the copying they cause.
func TestFloods(t *testing.T) {
	for _, f := range floods {
		t.Run(f.name, func(t *testing.T) {
			pool := NewPool(0)
			var b Recv
			b.Init(pool, 0)
			insertions, worst := 0, 0
			for round := range 3 {
				base := b.Next()
				for i := range f.n {
					off := base + uint64(f.at(i, f.n))
					b.Insert(off, patternBytes(off, f.size), nil)
					insertions++
					bytes, ranges := b.Len()+b.Holes().Covered(), b.Holes().Len()
					limit := 2*bytes + spareChunks + pieceSize*(2*ranges+bytes/pieceBytes+sparePieces+2)
					if b.Held() > limit || pool.Used() > b.Held() {
						t.Fatalf("%d bytes in %d ranges hold %d, %d of the pool; want %d at most", bytes, ranges, b.Held(), pool.Used(), limit)
					}
					worst = max(worst, b.Held())
				}
				if round == 1 {
					b.Consume(b.Len() / 2) // the reader falls behind
				}
			}
			if limit := uint64(insertions * (f.size + pieceBytes)); pool.moved > limit {
				t.Errorf("%d segments cause %d bytes to be copied, want %d at most", insertions, pool.moved, limit)
			}
			for b.Len() > 0 {
				views := b.Peek(make([]View, 0, 4), 1<<20)
				n := 0
				for _, v := range views {
					at := b.Next() - uint64(b.Len()) + uint64(n)
					if !bytes.Equal(v.B, patternBytes(at, len(v.B))) {
						t.Fatalf("other bytes at %d", at)
					}
					n += len(v.B)
				}
				b.Consume(n)
				pool.ReleaseAll(views)
			}
			t.Logf("held %d at most, copied %d", worst, pool.moved)
			b.Clear()
			if pool.Used() != 0 {
				t.Errorf("%d bytes leaked", pool.Used())
			}
		})
	}
}

// A chunk is not kept for a byte that is left in it: a peer sends one byte far ahead, fills the rest of the chunk with
// bytes that are read at once, and so on.
func TestPinnedChunks(t *testing.T) {
	pool := NewPool(0)
	var b Recv
	b.Init(pool, 0)
	const far = 4 << 20
	worst := 0
	for i := range 1000 {
		b.Insert(far+2*uint64(i), []byte{1}, nil)
		for range 4 {
			b.Insert(b.Next()+1, patternBytes(0, 1000), nil) // beyond a hole of one byte
			b.Insert(b.Next(), []byte{2}, nil)
			b.Consume(b.Len())
		}
		worst = max(worst, pool.Used())
	}
	if worst > spareChunks+3*medium {
		t.Errorf("%d bytes of chunks for 1000 bytes", worst)
	}
	if pool.moved == 0 || pool.moved > 1000*1000 {
		t.Errorf("%d bytes were copied", pool.moved)
	}
	b.Clear()
}

// Shed gives memory back from the far end, and what is left is what Holes says.
func TestShed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		pool := NewPool(0)
		var b Recv
		b.Init(pool, 0)
		b.Insert(0, patternBytes(0, 1000), nil)
		for range 100 {
			off := 1001 + uint64(r.IntN(200_000))
			b.Insert(off, patternBytes(off, 1+r.IntN(3000)), nil)
		}
		before, end := b.Held(), b.Holes().Max()
		b.Shed(50_000)
		if b.Held() > before-50_000 && b.Holes().Len() > 0 {
			t.Errorf("%d held, before %d", b.Held(), before)
		}
		if b.Holes().Max() >= end || b.Len() != 1000 {
			t.Errorf("the far end stays, or what can be read goes: %d readable", b.Len())
		}
		b.Insert(1000, patternBytes(1000, 400_000), nil)
		b.Repack()
		if views := b.Peek(make([]View, 0, 100), 1<<20); !bytes.Equal(concat(views), patternBytes(0, 401_000)) {
			t.Error("other bytes")
		} else {
			pool.ReleaseAll(views)
		}
		b.Shed(1 << 30)
		if b.Len() != 401_000 {
			t.Errorf("%d readable", b.Len())
		}
		b.Clear()
		if pool.Used() != 0 {
			t.Errorf("%d bytes leaked", pool.Used())
		}
	}
}

// The first copy of a byte wins, whatever else a peer claims later.
func TestFirstCopyWins(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 3))
		pool := NewPool(0)
		var b Recv
		b.Init(pool, 0)
		var want [3000]byte
		var have [3000]bool
		for !all(have[:]) {
			off := r.IntN(len(want))
			n := min(1+r.IntN(200), len(want)-off)
			x := bytes.Repeat([]byte{byte(r.Uint32())}, n)
			b.Insert(uint64(off), x, nil)
			for i := off; i < off+n; i++ {
				if !have[i] {
					have[i], want[i] = true, x[0]
				}
			}
			if r.IntN(20) == 0 {
				b.Repack()
			}
		}
		views := b.Peek(make([]View, 0, 5000), 1<<20)
		if !bytes.Equal(concat(views), want[:]) {
			t.Errorf("seed %d: a later copy of a byte has won", seed)
		}
		pool.ReleaseAll(views)
		b.Clear()
	}
}

func all(b []bool) bool {
	for _, x := range b {
		if !x {
			return false
		}
	}
	return true
}
