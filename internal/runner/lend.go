package runner

import (
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
)

// What a writer hands us is sent from where it lies. It is copied only then, for the case that a segment is lost, if it is not
// acknowledged in time: the writer wants its memory back. It is in that writer's cache when the device reads it, and the copy, which
// hardly ever is looked at, goes past all caches where that is faster: see copier.

const (
	// lendLeast is what is worth being sent so. Less has to be put together with what else is written, from where it was copied to.
	lendLeast = 64 << 10
	// lendMost is how much is at a time: most of it the peer has read when the last of it leaves.
	lendMost = 1 << 20
	// mostCopies are the chunks that takes.
	mostCopies = (lendMost + buffer.MaxChunk - 1) / buffer.MaxChunk
)

// lent is memory of a writer that packets lie in.
type lent struct {
	buffer.Loan
	c    *Conn // whose Write waits for it
	back bool
	next *lent
}

func (s *Shard) getLent(c *Conn) *lent {
	l := s.lent
	if l == nil {
		l = new(lent)
		l.Back = func() {
			l.back = true
			s.wake(&l.c.wgate)
		}
	} else {
		s.lent = l.next
	}
	l.c, l.back, l.next = c, false, nil
	return l
}

func (s *Shard) putLent(l *lent) { l.c, l.next, s.lent = nil, s.lent, l }

// giveBack tells the owners of what was lent and is no longer used. The mutex is held.
func (s *Shard) giveBack() {
	for l := s.pool.Returned(); l != nil; l = s.pool.Returned() {
		if s.inLoop != nil {
			s.inLoop.add(lentToLoop{l})
		} else {
			l.Back()
		}
	}
}

// lendable returns how many of n bytes to be written leave at once if they are lent, 0 if they had better be copied first. The
// mutex is held.
func (c *Conn) lendable(n int) int {
	if n < lendLeast || c.s.inLoop != nil || c.out.busy || !c.canWait() {
		return 0
	}
	if n = min(n, lendMost, c.h.Writable()); n < lendLeast {
		return 0
	}
	if n = min(n, c.h.Sendable()); n < lendLeast {
		return 0
	}
	return n
}

// lend makes p part of the stream, sends it from where it lies, gives way and then copies what is not acknowledged. push says that the write
// ends with it. The mutex is held on entry and on return, and given up meanwhile.
func (c *Conn) lend(p []byte, push bool) {
	s, start := c.s, c.h.WriteOffset()
	l := s.getLent(c)
	now := s.Now()
	s.way.begin(now, len(p))
	c.h.Append(now, [][]byte{p}, &l.Loan, push)
	if c.send(now); !l.back {
		c.giveWay(l, len(p))
	}
	if !l.back {
		c.takeBack(l, start, p)
	}
	s.way.end(s.Now())
	s.putLent(l)
}

// takeBack copies what is not acknowledged of p, which lies at start in the stream, and waits until nobody uses p. The mutex is
// held on entry and on return, and given up meanwhile.
func (c *Conn) takeBack(l *lent, start uint64, p []byte) {
	s := c.s
	from := max(start, c.h.UnackedOffset())
	p = p[min(from-start, uint64(len(p))):]
	var room [mostCopies]buffer.View
	copies := room[:0]
	for left := len(p); left > 0; left -= len(copies[len(copies)-1].B) {
		chunk := s.pool.Get(left)
		copies = append(copies, buffer.View{B: chunk.B[:min(left, len(chunk.B))], Chunk: chunk})
	}
	aside := s.copier.isAside()
	s.mu.Unlock()
	began := time.Now()
	copyOut(copies, p, aside)
	took := time.Since(began)
	s.mu.Lock()
	if len(p) >= lendLeast {
		s.copier.took(aside, len(p), took)
	}
	c.h.Replace(from, copies)
	for s.giveBack(); !l.back; { // else somebody is just sending some of it
		c.wait(&c.wgate)
	}
}
