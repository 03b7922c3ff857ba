// Package buffer keeps a connection's bytes: what was sent and not yet acknowledged, what arrived and was not yet
// read, addressed by stream offset (bytes since the connection began, never wrapping).
//
// Bytes live in reference-counted chunks from a Pool. Whoever still looks at a chunk outside the shard's mutex (a writev
// under way, a copy to the application) holds a reference; the memory returns to the pool with the last one. Chunks are
// reused last in, first out, so that the memory a busy connection walks through stays in cache.
//
// Nothing here locks: a Pool and everything drawn from it belong to one shard.
package buffer

// The sizes of chunks. The largest takes any IP packet, with room for a device's own header before it.
const (
	small  = 512
	medium = 4 << 10
	big    = 16 << 10
	large  = 64<<10 + 1<<10

	// MaxChunk is the size of the largest chunk.
	MaxChunk = large
)

var sizes = [...]int{small, medium, big, large}

// Chunk is a block of memory with a reference count.
type Chunk struct {
	B     []byte // the whole block
	refs  int32
	parts int32 // pieces of a receive buffer that lie in it
	size  int8  // index into sizes
	next  *Chunk
	loan  *Loan // whose memory it is, if not the pool's
}

// Loan is memory that is not the pool's: of somebody who wants it back.
type Loan struct {
	Back func() // is for who gives it back

	chunks int // that lie in it
	next   *Loan
}

// Pool hands out chunks and takes them back.
type Pool struct {
	free  [len(sizes)]*Chunk
	slabs [len(slabSizes)][][]piece
	sends spares[sendBytes]
	recvs spares[recvBytes]
	moved uint64 // bytes repacked so far
	kept  int    // bytes on the free lists
	used  int    // bytes handed out
	limit int

	lent     *Chunk // spare chunks for memory that is lent
	returned *Loan  // what nobody uses any more
}

// keepMax bounds the idle memory of a pool.
const keepMax = 32 << 20

// NewPool returns a pool that aims to keep at most limit bytes handed out; no limit if it is 0.
func NewPool(limit int) *Pool { return &Pool{limit: limit} }

// Used returns the bytes handed out, counting whole chunks.
func (p *Pool) Used() int { return p.used }

// Room returns how many more bytes may be handed out within the limit.
func (p *Pool) Room() int {
	if p.limit == 0 {
		return 1 << 40
	}
	return max(0, p.limit-p.used)
}

// Get returns the smallest chunk of at least n bytes, or the largest there is, with one reference. Its bytes are
// undefined. Get does not look at the limit: callers that can wait ask Room first.
func (p *Pool) Get(n int) *Chunk {
	k := 0
	for k < len(sizes)-1 && sizes[k] < n {
		k++
	}
	p.used += sizes[k]
	c := p.free[k]
	if c == nil {
		c = &Chunk{B: make([]byte, sizes[k]), size: int8(k)}
	} else {
		p.free[k] = c.next
		c.next = nil
		p.kept -= sizes[k]
	}
	c.refs = 1
	return c
}

// Hold adds a reference to c.
func (p *Pool) Hold(c *Chunk) { c.refs++ }

// Shared reports whether anyone else holds a reference to c too.
func (c *Chunk) Shared() bool { return c.refs > 1 }

// Release drops a reference to c.
func (p *Pool) Release(c *Chunk) {
	c.refs--
	switch {
	case c.refs > 0:
		return
	case c.refs < 0:
		panic("buffer: chunk released twice")
	}
	if c.loan != nil {
		p.endLoan(c)
		return
	}
	p.used -= len(c.B)
	if p.kept+len(c.B) > keepMax {
		return
	}
	c.next = p.free[c.size]
	p.free[c.size] = c
	p.kept += len(c.B)
}

// borrow returns a chunk that is b, with one reference. It does not count as handed out.
func (p *Pool) borrow(b []byte, l *Loan) *Chunk {
	c := p.lent
	if c == nil {
		c = new(Chunk)
	} else {
		p.lent = c.next
	}
	l.chunks++
	*c = Chunk{B: b, refs: 1, loan: l}
	return c
}

// endLoan takes note that nobody uses c any more.
func (p *Pool) endLoan(c *Chunk) {
	l := c.loan
	*c = Chunk{next: p.lent}
	p.lent = c
	if l.chunks--; l.chunks == 0 {
		l.next, p.returned = p.returned, l
	}
}

// Returned takes a loan that is no longer used off the list, nil if there is none.
func (p *Pool) Returned() *Loan {
	l := p.returned
	if l != nil {
		p.returned, l.next = l.next, nil
	}
	return l
}

// View is a run of bytes in a chunk. Who is given a View owns one reference to its chunk.
type View struct {
	B     []byte
	Chunk *Chunk
}

// ReleaseAll drops the references of views.
func (p *Pool) ReleaseAll(views []View) {
	for i := range views {
		p.Release(views[i].Chunk)
		views[i] = View{}
	}
}
