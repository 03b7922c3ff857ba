package buffer

// store is the chunk that payloads are copied into, one behind the other as they arrive, and how far it is filled.
type store struct {
	chunk *Chunk
	at    int
}

// isEnd reports whether p ends where the store goes on, so that it may grow.
func (s *store) isEnd(p *piece) bool {
	return s.chunk != nil && s.chunk == p.chunk && len(s.chunk.B)-cap(p.b)+len(p.b) == s.at
}

// take copies as much of b as there is room for and returns the copy.
func (s *store) take(b []byte) []byte {
	n := copy(s.chunk.B[s.at:], b)
	s.at += n
	return s.chunk.B[s.at-n : s.at]
}

// worthStoring is the room at the end of a chunk below which a longer payload begins a new one.
const worthStoring = 256

// add puts b into q before its i-th piece: in place if it fills half of owner, else copied into s, behind the piece before
// if that ends there.
func (r *Recv) add(q *queue, s *store, i int, off uint64, b []byte, owner *Chunk) {
	if len(b) == 0 {
		return
	}
	if owner != nil && 2*len(b) >= len(owner.B) {
		r.pool.Hold(owner)
		r.place(q, i, piece{start: off, b: b, chunk: owner})
		return
	}
	if i > 0 {
		if p := q.at(i - 1); p.end() == off && s.isEnd(p) {
			n := len(s.take(b))
			p.b = p.b[:len(p.b)+n]
			off, b = off+uint64(n), b[n:]
		}
	}
	for ; len(b) > 0; i++ {
		if s.chunk == nil || len(s.chunk.B)-s.at < min(len(b), worthStoring) {
			// A backlog will go on growing: fewer, larger chunks.
			want := max(len(b), min((r.Len()+r.have.Covered())/2, large))
			*s = store{chunk: r.pool.Get(want)}
		} else {
			r.pool.Hold(s.chunk)
		}
		x := s.take(b)
		r.place(q, i, piece{start: off, b: x, chunk: s.chunk})
		off, b = off+uint64(len(x)), b[len(x):]
	}
}

// place inserts a piece, which brings a reference to its chunk.
func (r *Recv) place(q *queue, i int, p piece) {
	if p.chunk.parts == 0 {
		r.held += len(p.chunk.B)
	}
	p.chunk.parts++
	q.insert(r.pool, i, p)
}

// drop gives up a piece's chunk. The last piece of a store's chunk takes the store along: an empty buffer holds nothing.
func (r *Recv) drop(p *piece) {
	if p.chunk.parts--; p.chunk.parts == 0 {
		r.held -= len(p.chunk.B)
		for _, s := range [...]*store{&r.near, &r.far} {
			if s.chunk == p.chunk {
				*s = store{}
			}
		}
	}
	r.pool.Release(p.chunk)
}

const (
	// spareChunks are the bytes of chunks that may be pinned for nothing without being worth a copy: what is left of
	// the first chunk, and the rest of both stores.
	spareChunks = 4 * large
	// sparePieces is the same for pieces.
	sparePieces = 1024
	// pieceBytes is how many bytes make a piece worth having.
	pieceBytes = 512
)

// tidy repacks the buffer if more than half of the memory is pinned for nothing, or if it consists of many small pieces
// that touch each other. Both grow by at least as much as a repacking has cost before the next: in the long run each byte
// that arrives is copied once more, and each segment causes a copy of pieceBytes, at most.
func (r *Recv) tidy() {
	bytes := r.Len() + r.have.Covered()
	pieces := r.q.len() + r.ooo.len()
	if r.held > 2*bytes+spareChunks || pieces > 2*r.have.Len()+bytes/pieceBytes+sparePieces {
		r.Repack()
	}
}

// Tighten repacks the buffer if that gives back a third of its memory, for a caller who is short of it.
func (r *Recv) Tighten() {
	if r.recvBytes == nil {
		return
	}
	if bytes := r.Len() + r.have.Covered(); r.held > bytes+bytes/2+large {
		r.Repack()
	}
}

// Repack copies all bytes into as few chunks and pieces as they need.
func (r *Recv) Repack() {
	if r.recvBytes == nil {
		return
	}
	r.pool.moved += uint64(r.Len() + r.have.Covered())
	q, ooo := r.q, r.ooo
	r.q, r.ooo, r.near, r.far = queue{}, queue{}, store{}, store{}
	r.repack(&r.q, &r.near, &q)
	r.repack(&r.ooo, &r.far, &ooo)
}

func (r *Recv) repack(q *queue, s *store, old *queue) {
	for i := range old.len() {
		p := old.at(i)
		r.add(q, s, q.len(), p.start, p.b, nil)
		r.drop(p)
	}
	old.free(r.pool)
}
