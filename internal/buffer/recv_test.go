package buffer

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// recvModel is a receive buffer as a table of the bytes that are there.
type recvModel struct {
	here       [1 << 17]bool
	base, next uint64
	beyond     int // bytes there and not readable
}

func (m *recvModel) insert(off uint64, n int) (readable int) {
	for i := range uint64(n) {
		if off+i >= m.next && !m.here[off+i] {
			m.here[off+i] = true
			m.beyond++
		}
	}
	for m.here[m.next] {
		m.next++
		m.beyond--
		readable++
	}
	return readable
}

// Whatever arrives, how often, in whatever order and pieces: what is read is the stream, and views stay as they are.
func TestRecvModel(t *testing.T) {
	passed := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		pool := NewPool(0)
		held := pins{pool: pool}
		var b Recv
		b.Init(pool, 0)
		m := &recvModel{}
		reach := []int{100, 3000, 60_000}[r.IntN(3)]
		for range 200 {
			switch r.IntN(7) {
			case 0, 1, 2:
				insertRandom(t, seed, r, &b, m, pool, reach)
			case 3:
				want := r.IntN(5000)
				views := b.Peek(make([]View, 0, 1+r.IntN(4)), want)
				got := concat(views)
				if len(got) > want || len(got) < min(want, b.Len()) && len(views) < cap(views) {
					t.Fatalf("seed %d: Peek(%d) shows %d of %d", seed, want, len(got), b.Len())
				}
				if !bytes.Equal(got, patternBytes(m.base, len(got))) {
					t.Fatalf("seed %d: Peek at %d shows other bytes", seed, m.base)
				}
				held.add(views)
			case 4:
				n := r.IntN(b.Len() + 1)
				b.Consume(n)
				m.base += uint64(n)
			case 5:
				n := 1 + r.IntN(5000)
				if m.next+uint64(n) >= uint64(len(m.here)) {
					break
				}
				ok := b.Pass(n)
				if want := m.next == m.base && m.beyond == 0; ok != want {
					t.Fatalf("seed %d: Pass with %d to be read and %d beyond: %v", seed, m.next-m.base, m.beyond, ok)
				}
				if ok {
					passed++
					m.insert(m.next, n)
					b.Consume(n)
					m.base += uint64(n)
				}
			case 6:
				if len(held.views) > 0 {
					held.drop(r.IntN(len(held.views)))
				}
			}
			held.check(t, seed)
			if b.Next() != m.next || b.Len() != int(m.next-m.base) {
				t.Fatalf("seed %d: Next %d, Len %d, want %d, %d", seed, b.Next(), b.Len(), m.next, m.next-m.base)
			}
			if got := b.Holes().Covered(); got != m.beyond {
				t.Fatalf("seed %d: %d bytes beyond the first hole, want %d", seed, got, m.beyond)
			}
			if b.Held() < b.Len()+m.beyond {
				t.Fatalf("seed %d: %d bytes of memory for %d", seed, b.Held(), b.Len()+m.beyond)
			}
		}
		b.Clear()
		if b.Held() != 0 || b.Len() != 0 || b.Holes().Len() != 0 {
			t.Fatalf("seed %d: not empty after Clear", seed)
		}
		held.check(t, seed)
		held.dropAll()
		if pool.Used() != 0 {
			t.Fatalf("seed %d: %d bytes leaked", seed, pool.Used())
		}
	}
	if passed == 0 {
		t.Error("nothing was passed")
	}
}

func insertRandom(t *testing.T, seed uint64, r *rand.Rand, b *Recv, m *recvModel, pool *Pool, reach int) {
	t.Helper()
	off := m.next + uint64(r.IntN(reach))
	if r.IntN(3) == 0 {
		off = m.next // in order
	}
	off -= min(off, uint64(r.IntN(50)))
	n := 1 + r.IntN([]int{20, 1460, 9000}[r.IntN(3)])
	if off+uint64(n) >= uint64(len(m.here)) {
		return
	}
	var owner *Chunk
	data := bytes.Clone(patternBytes(off, n))
	if r.IntN(2) == 0 {
		owner = pool.Get(n + 100)
		start := r.IntN(100)
		data = owner.B[start : start+n]
		copy(data, patternBytes(off, n))
	}
	want := m.insert(off, n)
	if got := b.Insert(off, data, owner); got != want {
		t.Fatalf("seed %d: Insert(%d, %d) makes %d readable, want %d", seed, off, n, got, want)
	}
	if owner != nil {
		pool.Release(owner) // the device reads the next packet into it unless the buffer has kept it
		(&pins{pool: pool}).scribble()
	} else {
		clear(data)
	}
}

// A payload that fills half of its packet's chunk is kept in place; a smaller one is copied and does not pin it.
func TestMoveOrCopy(t *testing.T) {
	for _, c := range []struct {
		n     int
		moved bool
	}{{MaxChunk / 2, true}, {MaxChunk/2 - 1, false}, {1, false}} {
		pool := NewPool(0)
		var b Recv
		b.Init(pool, 0)
		owner := pool.Get(MaxChunk)
		b.Insert(0, owner.B[:c.n], owner)
		if owner.Shared() != c.moved {
			t.Errorf("%d bytes of %d: moved %v", c.n, MaxChunk, owner.Shared())
		}
		pool.Release(owner)
		if !c.moved && pool.Used() > 4*c.n+512 {
			t.Errorf("%d bytes hold %d", c.n, pool.Used())
		}
		b.Clear()
	}
}

// ClearBeyond keeps what can be read.
func TestClearBeyond(t *testing.T) {
	pool := NewPool(0)
	var b Recv
	b.Init(pool, 0)
	b.Insert(0, patternBytes(0, 100), nil)
	b.Insert(200, patternBytes(200, 5000), nil)
	b.ClearBeyond()
	if b.Len() != 100 || b.Held() != 512+pieceSize || b.Holes().Len() != 0 || pool.Used() != 512 {
		t.Errorf("%d readable, %d held, %d used", b.Len(), b.Held(), pool.Used())
	}
	if got := b.Insert(100, patternBytes(100, 100), nil); got != 100 {
		t.Errorf("%d became readable", got)
	}
	b.Clear()
}

// Clear may come between Peek and Consume.
func TestConsumeAfterClear(t *testing.T) {
	pool := NewPool(0)
	var b Recv
	b.Init(pool, 0)
	b.Insert(0, patternBytes(0, 100), nil)
	views := b.Peek(make([]View, 0, 1), 100)
	b.Clear()
	b.Consume(100)
	pool.ReleaseAll(views)
	if b.Len() != 0 || b.Next() != 100 || pool.Used() != 0 {
		t.Errorf("Len %d, Next %d, %d used", b.Len(), b.Next(), pool.Used())
	}
}

func TestRecvAllocates(t *testing.T) {
	const n, size = 200, 1448
	data := patternBytes(0, size)
	for _, c := range []struct {
		name  string
		order func(i int) int
	}{
		{"in order", func(i int) int { return i }},
		{"reversed", func(i int) int { return n - 1 - i }},
		{"every second first", func(i int) int { return (2*i)%n + 2*i/n }},
	} {
		pool := NewPool(0)
		var b Recv
		b.Init(pool, 0)
		dst := make([]View, 0, 8)
		cycle := func() {
			start := b.Next()
			for i := range n {
				b.Insert(start+uint64(c.order(i)*size), data, nil)
			}
			for b.Len() > 0 {
				views := b.Peek(dst, 1<<20)
				b.Consume(len(views[0].B))
				pool.ReleaseAll(views)
			}
		}
		cycle()
		if got := testing.AllocsPerRun(50, cycle); got > 0 {
			t.Errorf("%s: %v allocations", c.name, got)
		}
	}
}
