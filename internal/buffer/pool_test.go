package buffer

import "testing"

func TestChunkSizes(t *testing.T) {
	p := NewPool(0)
	for _, c := range []struct{ ask, want int }{
		{0, 512}, {1, 512}, {512, 512}, {513, 4 << 10}, {4 << 10, 4 << 10}, {4<<10 + 1, 16 << 10},
		{16<<10 + 1, MaxChunk}, {MaxChunk, MaxChunk}, {10 * MaxChunk, MaxChunk},
	} {
		x := p.Get(c.ask)
		if len(x.B) != c.want || p.Used() != c.want {
			t.Errorf("Get(%d) has %d bytes, %d used; want %d", c.ask, len(x.B), p.Used(), c.want)
		}
		p.Release(x)
	}
	if p.Used() != 0 {
		t.Errorf("%d bytes used", p.Used())
	}
}

func TestReferences(t *testing.T) {
	p := NewPool(0)
	a := p.Get(100)
	if a.Shared() {
		t.Error("a fresh chunk is shared")
	}
	p.Hold(a)
	if !a.Shared() {
		t.Error("held twice and not shared")
	}
	p.Release(a)
	if b := p.Get(100); b == a {
		t.Fatal("a chunk somebody holds is handed out again")
	}
	p.Release(a)
	if b := p.Get(100); b != a {
		t.Error("the chunk released last is not used first")
	}
	p.Release(a)
	defer func() {
		if recover() == nil {
			t.Error("a chunk released twice goes unnoticed")
		}
	}()
	p.Release(a)
}

func TestLimit(t *testing.T) {
	p := NewPool(1000)
	if p.Room() != 1000 {
		t.Errorf("room %d", p.Room())
	}
	a := p.Get(1)
	if p.Room() != 1000-512 {
		t.Errorf("room %d", p.Room())
	}
	b := p.Get(5000) // the limit is advice
	if p.Room() != 0 {
		t.Errorf("room %d", p.Room())
	}
	p.Release(a)
	p.Release(b)
	if p.Room() != 1000 {
		t.Errorf("room %d", p.Room())
	}
	if NewPool(0).Room() < 1<<30 {
		t.Error("no limit, and little room")
	}
}

// A burst does not stay in memory for ever.
func TestIdleMemoryIsBounded(t *testing.T) {
	p := NewPool(0)
	var chunks []*Chunk
	for range 4 * keepMax / large {
		chunks = append(chunks, p.Get(large))
	}
	for _, c := range chunks {
		p.Release(c)
	}
	if p.kept > keepMax || p.Used() != 0 {
		t.Errorf("%d bytes kept, %d used", p.kept, p.Used())
	}
}

func TestReleaseAll(t *testing.T) {
	p := NewPool(0)
	a, b := p.Get(1), p.Get(1)
	views := []View{{a.B[:3], a}, {b.B[:5], b}}
	p.ReleaseAll(views)
	if p.Used() != 0 || views[0].B != nil || views[1].Chunk != nil {
		t.Errorf("%d used, %v", p.Used(), views)
	}
}
