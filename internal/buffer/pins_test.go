package buffer

import (
	"bytes"
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
		for i := range c.B {
			c.B[i] = 0xee
		}
		p.pool.Release(c)
	}
}

func (p *pins) dropAll() {
	for len(p.views) > 0 {
		p.drop(0)
	}
}

// pattern is the byte at a stream offset.
func pattern(off uint64) byte { return byte(off ^ off>>8*7 ^ off>>16*31) }

func patternBytes(off uint64, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = pattern(off + uint64(i))
	}
	return b
}

func concat(views []View) []byte {
	var b []byte
	for _, v := range views {
		b = append(b, v.B...)
	}
	return b
}
