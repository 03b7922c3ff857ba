package buffer

import "github.com/antedon-net/antedon/internal/span"

// Recv holds bytes that arrived: those in order and not yet read, and those beyond the first hole.
//
// A payload that fills half of its packet's chunk stays in it. Smaller ones are copied one behind the other, so that a
// flood of tiny segments takes little more memory than it has bytes; when chunks are kept by little that is left in them,
// everything moves together (see repack).
type Recv struct {
	pool       *Pool
	base       uint64 // offset of the next byte to be read
	next       uint64 // offset after the last byte in order
	*recvBytes        // nil while there are none
}

// recvBytes are the bytes of a Recv. Most connections hold none most of the time: it comes from the pool and goes back there.
type recvBytes struct {
	q    queue // in order: [base, next)
	ooo  queue // beyond the first hole, ordered and disjoint
	have span.Set
	held int // bytes of the chunks that this buffer pins, in both queues

	near, far store // where small payloads of either queue are copied to
}

// rest gives back what an empty buffer does not need.
func (r *Recv) rest() {
	if r.recvBytes != nil && r.q.len() == 0 && r.ooo.len() == 0 {
		r.have.Shrink()
		r.pool.recvs.put(r.recvBytes)
		r.recvBytes = nil
	}
}

// Init makes r empty; the first byte expected has stream offset at.
func (r *Recv) Init(pool *Pool, at uint64) { *r = Recv{pool: pool, base: at, next: at} }

// Next returns the offset of the first byte that has not arrived.
func (r *Recv) Next() uint64 { return r.next }

// Len returns the number of bytes that can be read.
func (r *Recv) Len() int { return int(r.next - r.base) }

// pieceSize is what a piece costs beside its bytes: its place in a queue, twice as long at times, and a range in have.
const pieceSize = 128

// Held returns the memory that the bytes pin, which is at least their number.
func (r *Recv) Held() int {
	if r.recvBytes == nil {
		return 0
	}
	return r.held + pieceSize*(r.q.len()+r.ooo.len())
}

// noHoles is what all empty buffers have.
var noHoles span.Set

// Holes reports the ranges held beyond the first hole. The set belongs to r and is not to be changed.
func (r *Recv) Holes() *span.Set {
	if r.recvBytes == nil {
		return &noHoles
	}
	return &r.have
}

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
	if r.recvBytes == nil {
		r.recvBytes = r.pool.recvs.get()
	}
	before := r.next
	switch {
	case off > r.next:
		r.insertBeyond(off, b, owner)
	case r.have.Len() == 0:
		r.insertNext(b, owner)
	default:
		k := min(len(b), int(r.have.At(0).Lo-off))
		r.insertNext(b[:k], owner)
		r.insertBeyond(off+uint64(k), b[k:], owner)
		r.collect()
	}
	return int(r.next - before)
}

// Pass takes the n bytes that come next for arrived although they lie elsewhere, where the reader wants them, who Consumes them
// before anything else happens. It reports false, and does nothing, if there are others to be read before them, or beyond them.
func (r *Recv) Pass(n int) bool {
	if r.Len() > 0 || r.Holes().Len() > 0 {
		return false
	}
	r.next += uint64(n)
	return true
}

// insertNext adds the bytes that come next.
func (r *Recv) insertNext(b []byte, owner *Chunk) {
	r.add(&r.q, &r.near, r.q.len(), r.next, b, owner)
	r.next += uint64(len(b))
	r.tidy()
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
		r.add(&r.ooo, &r.far, i, gap.Lo, b[gap.Lo-off:gap.Hi-off], owner)
		at = gap.Hi
	}
	r.have.Add(off, end)
	r.tidy()
}

// collect moves the pieces that are now in order to the readable queue. Small ones join each other there.
func (r *Recv) collect() {
	for r.ooo.len() > 0 && r.ooo.at(0).start == r.next {
		p := *r.ooo.at(0)
		r.ooo.popFront(r.pool)
		if len(p.b) <= small/2 {
			r.add(&r.q, &r.near, r.q.len(), p.start, p.b, nil)
			r.drop(&p)
		} else {
			r.q.pushBack(r.pool, p)
		}
		r.next = p.end()
	}
	r.have.RemoveBelow(r.next)
	r.have.Shrink()
}

// Peek appends to dst the readable pieces, max bytes at most and no more pieces than dst has capacity for, and returns
// dst. Each view holds its chunk until released, so its bytes may be read outside the mutex.
func (r *Recv) Peek(dst []View, max int) []View {
	if r.recvBytes == nil {
		return dst
	}
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
	if r.recvBytes == nil {
		return
	}
	for r.q.len() > 0 {
		p := r.q.at(0)
		if p.end() > r.base {
			if k := r.base - min(r.base, p.start); k > 0 {
				p.start, p.b = r.base, p.b[k:]
			}
			return
		}
		r.drop(p)
		r.q.popFront(r.pool)
	}
	r.rest()
}

// Shed drops bytes from the far end of what lies beyond the first hole until n bytes less are held, or nothing is left
// there.
func (r *Recv) Shed(n int) {
	if r.recvBytes == nil {
		return
	}
	for target := r.Held() - n; r.ooo.len() > 0 && r.Held() > target; {
		p := *r.ooo.last()
		r.ooo.popBack(r.pool)
		r.have.Remove(p.start, p.end())
		r.drop(&p)
	}
	r.rest()
}

// ClearBeyond drops what lies beyond the first hole.
func (r *Recv) ClearBeyond() {
	if r.recvBytes == nil {
		return
	}
	r.clear(&r.ooo)
	r.have.Clear()
	r.rest()
}

// Clear drops every byte that was not read, in order or not.
func (r *Recv) Clear() {
	r.ClearBeyond()
	r.base = r.next
	if r.recvBytes != nil {
		r.clear(&r.q)
		r.rest()
	}
}

func (r *Recv) clear(q *queue) {
	for i := range q.len() {
		r.drop(q.at(i))
	}
	q.free(r.pool)
}
