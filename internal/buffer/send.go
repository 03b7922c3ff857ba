package buffer

// Send holds the bytes from SND.UNA to the end of what the application wrote.
//
// Writing is in three steps so that the copy can happen outside the shard's mutex: Reserve room, fill it, Commit. Only
// committed bytes are visible to View. One writer at a time.
type Send struct {
	pool       *Pool
	base       uint64 // offset of the first byte held
	end        uint64 // offset after the last committed byte
	*sendBytes        // nil while there are none
}

// sendBytes are the bytes of a Send. Most connections hold none most of the time: it comes from the pool and goes back there.
type sendBytes struct {
	q        queue
	res      []byte // the reservation under way: room of resChunk, which it holds
	resChunk *Chunk
}

// rest gives back what an empty buffer does not need.
func (s *Send) rest() {
	if s.sendBytes != nil && s.q.len() == 0 && s.resChunk == nil {
		s.pool.sends.put(s.sendBytes)
		s.sendBytes = nil
	}
}

// Init makes s empty; its first byte will have stream offset at.
func (s *Send) Init(pool *Pool, at uint64) { *s = Send{pool: pool, base: at, end: at} }

// Base returns the offset of the first byte held: everything before it was discarded.
func (s *Send) Base() uint64 { return s.base }

// End returns the offset after the last byte written.
func (s *Send) End() uint64 { return s.end }

// Len returns the number of bytes held.
func (s *Send) Len() int { return int(s.end - s.base) }

// worthFilling is the room at the end of the last chunk below which a longer write starts a new chunk: one copy into
// one chunk beats a remainder here and the rest there.
const worthFilling = 2 << 10

// Reserve returns one slice of at most n bytes to be filled by the caller and then made part of the stream by Commit.
// It may be shorter than n: call again after Commit. The slice stays valid until Commit, whatever is discarded or
// cleared meanwhile.
func (s *Send) Reserve(n int) []byte {
	if s.sendBytes == nil {
		s.sendBytes = s.pool.sends.get()
	}
	if s.resChunk != nil {
		panic("buffer: reservation under way")
	}
	if s.q.len() > 0 {
		if room := s.q.last().room(); len(room) > 0 && len(room) >= min(n, worthFilling) {
			s.resChunk, s.res = s.q.last().chunk, room[:min(n, len(room))]
			s.pool.Hold(s.resChunk)
			return s.res
		}
	}
	s.resChunk = s.pool.Get(max(n, min(s.Len()/2, large))) // a backlog will go on growing: fewer, larger chunks
	s.res = s.resChunk.B[:min(n, len(s.resChunk.B))]
	return s.res
}

// Commit makes the first n bytes of the reservation part of the stream and ends the reservation.
func (s *Send) Commit(n int) {
	b, c := s.res[:n], s.resChunk
	s.res, s.resChunk = nil, nil
	switch {
	case n == 0:
		s.pool.Release(c)
		s.rest()
		return
	case s.q.len() > 0 && s.q.last().chunk == c:
		p := s.q.last()
		p.b = p.b[:len(p.b)+n]
		s.pool.Release(c)
	default:
		s.q.pushBack(s.pool, piece{start: s.end, b: b, chunk: c, own: true})
	}
	s.end += uint64(n)
}

// Append makes bufs part of the stream where they lie. Nothing may write to them until the loan has returned to the pool: at once,
// as soon as somebody asks, if they are empty.
func (s *Send) Append(bufs [][]byte, l *Loan) {
	if s.sendBytes == nil {
		s.sendBytes = s.pool.sends.get()
	}
	if s.resChunk != nil {
		panic("buffer: reservation under way")
	}
	hold := s.pool.borrow(nil, l)
	for _, b := range bufs {
		if len(b) > 0 {
			s.q.pushBack(s.pool, piece{start: s.end, b: b, chunk: s.pool.borrow(b, l)})
			s.end += uint64(len(b))
		}
	}
	s.pool.Release(hold)
	s.rest()
}

// Replace puts copies in place of the bytes from offset start on, all of which are lent, and takes over the references to the
// copies. Those of bytes that were discarded meanwhile it drops.
func (s *Send) Replace(start uint64, copies []View) {
	for s.sendBytes != nil && s.q.len() > 0 && s.q.last().end() > start {
		s.pool.Release(s.q.last().chunk)
		s.q.popBack(s.pool)
	}
	for _, v := range copies {
		p := piece{start: start, b: v.B, chunk: v.Chunk, own: true}
		start = p.end()
		if p.start < s.base {
			p.start, p.b = s.base, p.b[min(s.base-p.start, uint64(len(p.b))):]
		}
		if len(p.b) == 0 {
			s.pool.Release(v.Chunk)
			continue
		}
		s.q.pushBack(s.pool, p)
	}
	s.rest()
}

// Discard drops the bytes before offset off: they were acknowledged.
func (s *Send) Discard(off uint64) {
	if off <= s.base {
		return
	}
	s.base = min(off, s.end)
	if s.sendBytes == nil {
		return
	}
	for s.q.len() > 0 {
		p := s.q.at(0)
		if p.end() > s.base {
			if k := s.base - min(s.base, p.start); k > 0 {
				p.start, p.b = s.base, p.b[k:]
			}
			return
		}
		s.pool.Release(p.chunk)
		s.q.popFront(s.pool)
	}
	s.rest()
}

// View appends to dst the pieces that hold the bytes from off on, n at most and no more pieces than dst has capacity
// for, and returns dst and how many bytes that is. Each view holds its chunk until released.
func (s *Send) View(dst []View, off uint64, n int) ([]View, int) {
	if s.sendBytes == nil {
		return dst, 0
	}
	got := 0
	for i := s.q.search(off); i < s.q.len() && n > 0 && len(dst) < cap(dst); i++ {
		p := s.q.at(i)
		b := p.b[off-p.start:]
		b = b[:min(n, len(b))]
		s.pool.Hold(p.chunk)
		dst = append(dst, View{B: b, Chunk: p.chunk})
		off += uint64(len(b))
		got += len(b)
		n -= len(b)
	}
	return dst, got
}

// Clear drops every byte. A reservation under way stays valid; end it with Commit(0).
func (s *Send) Clear() {
	s.base = s.end
	if s.sendBytes != nil {
		s.q.releaseAll(s.pool)
		s.rest()
	}
}
