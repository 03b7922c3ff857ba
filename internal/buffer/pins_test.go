package buffer

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// pins are views somebody holds, with what was seen in them first: it must not change.
type pins struct {
	pool  *Pool
	views []View
	seen  [][]byte
}

// add takes over the references of views.
func (p *pins) add(views []View) {
	for _, v := range views {
		p.views = append(p.views, v)
		p.seen = append(p.seen, bytes.Clone(v.B))
	}
}

// check compares every view with what was seen in it.
func (p *pins) check(t *testing.T, seed uint64) {
	t.Helper()
	for i, v := range p.views {
		if !bytes.Equal(v.B, p.seen[i]) {
			t.Fatalf("seed %d: bytes behind a view change while it is held", seed)
		}
	}
}

// drop releases the i-th view and makes sure that its memory is written to if nobody else holds it.
func (p *pins) drop(i int) {
	last := len(p.views) - 1
	p.pool.Release(p.views[i].Chunk)
	p.views[i], p.seen[i] = p.views[last], p.seen[last]
	p.views, p.seen = p.views[:last], p.seen[:last]
	p.scribble()
}

// scribble writes over free chunks of every size.
func (p *pins) scribble() {
	for _, size := range sizes {
		c := p.pool.Get(size)
		copy(c.B, poison)
		p.pool.Release(c)
	}
}

func (p *pins) dropAll() {
	for len(p.views) > 0 {
		p.drop(0)
	}
}

var (
	poison = bytes.Repeat([]byte{0xee}, large)
	stream = func() []byte {
		b := make([]byte, 1<<23)
		rand.NewChaCha8([32]byte{1}).Read(b)
		return b
	}()
)

// patternBytes returns n bytes of the stream, which nobody may change.
func patternBytes(off uint64, n int) []byte { return stream[off : off+uint64(n) : off+uint64(n)] }

func concat(views []View) []byte {
	var b []byte
	for _, v := range views {
		b = append(b, v.B...)
	}
	return b
}
