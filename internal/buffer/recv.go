package buffer

import "github.com/antedon-net/antedon/internal/span"

// Recv holds bytes that arrived: those in order and not yet read, and those beyond the first hole.
type Recv struct {
	pool *Pool
	q    queue  // in order: [base, next)
	ooo  queue  // beyond the first hole, ordered and disjoint
	base uint64 // offset of the next byte to be read
	next uint64 // offset after the last byte in order
	held int    // true size: chunk bytes this buffer pins, in both queues
	have span.Set
}

// Init makes r empty; the first byte expected has stream offset at.
func (r *Recv) Init(pool *Pool, at uint64) { *r = Recv{pool: pool, base: at, next: at} }

// Next returns the offset of the first byte that has not arrived.
func (r *Recv) Next() uint64 { return r.next }

// Len returns the number of bytes that can be read.
func (r *Recv) Len() int { return int(r.next - r.base) }

// Held returns the memory that the bytes pin, which is at least their number.
func (r *Recv) Held() int { return r.held }

// Holes reports the ranges held beyond the first hole. The set belongs to r.
func (r *Recv) Holes() *span.Set { return &r.have }

// Insert adds the bytes b, the first of which has stream offset off, and returns how many bytes became readable. What is
// already held is ignored: the first copy of a byte wins. The caller has cut b to the window.
//
// If b lies in owner and fills at least half of it, r takes a reference instead of copying. owner may be nil.
func (r *Recv) Insert(off uint64, b []byte, owner *Chunk) int {
	if off < r.next {
		k := r.next - off
		if k >= uint64(len(b)) {
			return 0
		}
		off, b = r.next, b[k:]
	}
	if len(b) == 0 {
		return 0
	}
	if off > r.next {
		r.insertBeyond(off, b, owner)
		return 0
	}
	before := r.next
	if r.have.Len() > 0 {
		r.insertBeyond(off, b, owner)
		r.collect()
	} else {
		r.add(&r.q, r.q.len(), off, b, owner)
		r.next += uint64(len(b))
	}
	return int(r.next - before)
}

// collect moves the pieces that are now in order to the readable queue.
func (r *Recv) collect() {
	for r.ooo.len() > 0 && r.ooo.at(0).start == r.next {
		p := *r.ooo.at(0)
		r.next = p.end()
		if len(p.b) <= small/2 && r.q.len() > 0 && len(r.q.last().room()) >= len(p.b) {
			last := r.q.last()
			last.b = append(last.b, p.b...)
			r.drop(&p)
		} else {
			r.q.pushBack(r.pool, p)
		}
		r.ooo.popFront(r.pool)
	}
	r.have.RemoveBelow(r.next)
}

// insertBeyond fills the gaps in [off, off+len(b)) of the out-of-order queue.
func (r *Recv) insertBeyond(off uint64, b []byte, owner *Chunk) {
	end := off + uint64(len(b))
	for at := off; ; {
		gap, ok := r.have.NextGap(at, end)
		if !ok {
			break
		}
		i := r.ooo.search(gap.Lo)
		r.add(&r.ooo, i, gap.Lo, b[gap.Lo-off:gap.Hi-off], owner)
		at = gap.Hi
	}
	r.have.Add(off, end)
}

// add puts b into q before its i-th piece: behind the bytes of the piece before if that has room, else as a piece of its
// own, moved if it fills half of owner and copied if not.
func (r *Recv) add(q *queue, i int, off uint64, b []byte, owner *Chunk) {
	if owner != nil && 2*len(b) >= len(owner.B) {
		r.pool.Hold(owner)
		r.place(q, i, piece{start: off, b: b, chunk: owner})
		return
	}
	if i > 0 {
		if p := q.at(i - 1); p.end() == off {
			n := min(len(b), len(p.room()))
			p.b = append(p.b, b[:n]...)
			off, b = off+uint64(n), b[n:]
		}
	}
	for len(b) > 0 {
		want := len(b)
		if q == &r.q {
			want = max(want, min(r.Len()/2, large)) // a backlog will go on growing: fewer, larger chunks
		}
		c := r.pool.Get(want)
		n := copy(c.B, b)
		r.place(q, i, piece{start: off, b: c.B[:n], chunk: c, own: true})
		off, b, i = off+uint64(n), b[n:], i+1
	}
}

func (r *Recv) place(q *queue, i int, p piece) {
	r.held += len(p.chunk.B)
	q.insert(r.pool, i, p)
}

func (r *Recv) drop(p *piece) {
	r.held -= len(p.chunk.B)
	r.pool.Release(p.chunk)
}

// Peek appends to dst the readable pieces, max bytes at most and no more pieces than dst has capacity for, and returns
// dst. Each view holds its chunk until released, so its bytes may be read outside the mutex.
func (r *Recv) Peek(dst []View, max int) []View {
	for i := 0; i < r.q.len() && max > 0 && len(dst) < cap(dst); i++ {
		p := r.q.at(i)
		b := p.b[:min(max, len(p.b))]
		r.pool.Hold(p.chunk)
		dst = append(dst, View{B: b, Chunk: p.chunk})
		max -= len(b)
	}
	return dst
}

// Consume drops the first n readable bytes, or all if there are fewer: Clear may have come between Peek and Consume.
func (r *Recv) Consume(n int) {
	r.base = min(r.base+uint64(n), r.next)
	for r.q.len() > 0 {
		p := r.q.at(0)
		if p.end() > r.base {
			if k := r.base - p.start; k > 0 {
				p.start, p.b = r.base, p.b[k:]
			}
			return
		}
		r.drop(p)
		r.q.popFront(r.pool)
	}
}

// ClearBeyond drops what lies beyond the first hole.
func (r *Recv) ClearBeyond() {
	for i := range r.ooo.len() {
		r.held -= len(r.ooo.at(i).chunk.B)
	}
	r.ooo.releaseAll(r.pool)
	r.have.Clear()
}

// Clear drops every byte that was not read, in order or not.
func (r *Recv) Clear() {
	r.ClearBeyond()
	r.q.releaseAll(r.pool)
	r.base, r.held = r.next, 0
}
