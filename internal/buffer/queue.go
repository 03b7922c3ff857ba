package buffer

// piece is a run of stream bytes held in part of a chunk. It owns one reference.
type piece struct {
	start uint64 // stream offset of b[0]
	b     []byte
	chunk *Chunk
	own   bool // the rest of the chunk belongs to this piece, which may grow into it
}

func (p *piece) end() uint64 { return p.start + uint64(len(p.b)) }

// room returns the bytes of the chunk behind the piece that it may grow into.
func (p *piece) room() []byte {
	if !p.own {
		return nil
	}
	return p.b[len(p.b):cap(p.b)]
}

// queue is a double-ended list of pieces in stream order. Its memory comes from the pool and goes back with the last
// piece: an idle connection holds none, and a busy one allocates none.
type queue struct {
	p    []piece // p[head:] are the pieces
	head int
}

func (q *queue) len() int        { return len(q.p) - q.head }
func (q *queue) at(i int) *piece { return &q.p[q.head+i] }
func (q *queue) last() *piece    { return &q.p[len(q.p)-1] }

func (q *queue) pushBack(pool *Pool, x piece) {
	if len(q.p) == cap(q.p) {
		q.makeRoom(pool, 0)
	}
	q.p = append(q.p, x)
}

// insert puts x before the i-th piece. It moves the pieces on the shorter side: segments that arrive in the reverse order
// cost no more than those in order.
func (q *queue) insert(pool *Pool, i int, x piece) {
	n := q.len()
	switch {
	case i == n:
		q.pushBack(pool, x)
	case i <= n/2:
		if q.head == 0 {
			q.makeRoom(pool, 1)
		}
		q.head--
		copy(q.p[q.head:], q.p[q.head+1:q.head+1+i])
		q.p[q.head+i] = x
	default:
		q.pushBack(pool, piece{})
		copy(q.p[q.head+i+1:], q.p[q.head+i:])
		q.p[q.head+i] = x
	}
}

// makeRoom moves the pieces so that there is room on both sides if front is 1, else behind them; into a larger slab if
// this one is more than half full.
func (q *queue) makeRoom(pool *Pool, front int) {
	n, old := q.len(), q.p
	to := old[:cap(old)]
	if 2*n >= len(to) {
		to = pool.slab(2*n + 2)
	}
	head := front * (len(to) - n + 1) / 2
	copy(to[head:], old[q.head:])
	if cap(old) > 0 && &to[0] == &old[:1][0] {
		clear(to[:head])
		clear(to[head+n:])
	} else {
		clear(old)
		pool.freeSlab(old)
	}
	q.p, q.head = to[:head+n], head
}

// popFront drops the first piece; the caller has released its chunk.
func (q *queue) popFront(pool *Pool) {
	q.p[q.head] = piece{}
	q.head++
	if q.head == len(q.p) {
		pool.freeSlab(q.p)
		*q = queue{}
	}
}

// popBack drops the last piece; the caller has released its chunk.
func (q *queue) popBack(pool *Pool) {
	last := len(q.p) - 1
	q.p[last] = piece{}
	q.p = q.p[:last]
	if q.head == last {
		pool.freeSlab(q.p)
		*q = queue{}
	}
}

// search returns the index of the first piece that ends after off.
func (q *queue) search(off uint64) int {
	lo, hi := q.head, len(q.p)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if q.p[m].end() <= off {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo - q.head
}

func (q *queue) releaseAll(pool *Pool) {
	for i := range q.len() {
		pool.Release(q.at(i).chunk)
	}
	q.free(pool)
}

// free gives the memory of the queue back; the caller has released the chunks.
func (q *queue) free(pool *Pool) {
	clear(q.p)
	pool.freeSlab(q.p)
	*q = queue{}
}

// The sizes of slabs, in pieces. Larger ones are left to the garbage collector.
var slabSizes = [...]int{8, 32, 128, 512, 2048}

// slabsKept bounds the idle slabs of each size, in pieces.
const slabsKept = 16 << 10

// slab returns empty memory for at least n pieces.
func (p *Pool) slab(n int) []piece {
	for k, size := range slabSizes {
		if size < n {
			continue
		}
		if free := p.slabs[k]; len(free) > 0 {
			s := free[len(free)-1]
			p.slabs[k] = free[:len(free)-1]
			return s
		}
		return make([]piece, size)
	}
	return make([]piece, 2*n)
}

// freeSlab takes back the memory of a queue, all zero.
func (p *Pool) freeSlab(s []piece) {
	s = s[:cap(s)]
	for k, size := range slabSizes {
		if len(s) == size && len(p.slabs[k])*size < slabsKept {
			p.slabs[k] = append(p.slabs[k], s)
		}
	}
}
