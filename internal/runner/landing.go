package runner

import (
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
)

// Text that comes for who waits in Read, and is next, is read from the device into its memory, as from a socket, and never lies in
// the receive buffer. Whatever else comes instead is put together again, and goes its usual way.

// landing is memory of a reader's into which packets' text is read.
type landing struct {
	c *Conn  // whose reader it is; nil: there is none
	p []byte // its memory,
	n int    // so much of which is filled
}

// debt is what acknowledgment a lane has put off.
type debt struct {
	c     *Conn
	bytes int // that it has received since
}

const (
	// landLeast is the room that a packet may need.
	landLeast = link.MaxPacket

	// landPause is how many reads follow in the usual way after something else came.
	landPause = 8

	// oweMost is how much is received before it is acknowledged, if more comes at once: about as much as a batch that is read in
	// the usual way. An acknowledgment costs as much as 30 KB of text.
	oweMost = 384 << 10
	// oweLeast is what has to come at once for that: who sends less may wait for its congestion window to grow.
	oweLeast = 48 << 10
)

// mayLand reports whether text may be read into the memory of who waits for it. The mutex is held.
func (l *lane) mayLand() bool {
	x := &l.landing
	if x.c == nil || len(x.p)-x.n < landLeast || l.split == nil || l.s.eachPacket || x.c.h.Readable() > 0 {
		return false
	}
	if l.pause > 0 {
		l.pause--
		return false
	}
	return true
}

// read reads what is there, a batch at most, where it is wanted, and returns how many packets that was. The mutex is held on entry
// and on return, and given up meanwhile; who calls has the right to read.
func (l *lane) read() (int, error) {
	if !l.mayLand() {
		return l.readOnce()
	}
	x := &l.landing
	headers := x.c.h.HeaderLen()
	l.s.mu.Unlock()
	n, err := l.split.TryReadSplit(l.in.pkts, headers, x.p[x.n:])
	l.s.mu.Lock()
	if n > 0 {
		l.land(n)
	} else {
		l.acknowledge(l.s.Now())
	}
	return n, err
}

// land gives the host the n packets that were read, and does what follows. The mutex is held on entry and on return, and may be
// given up meanwhile.
func (l *lane) land(n int) {
	x, s := &l.landing, l.s
	now, before, at := s.Now(), x.n, x.n
	for i := range n {
		p := &l.in.pkts[i]
		text := x.p[at : at+int(p.TextLen)]
		l.load.bytes += uint64(len(p.Bytes) + len(text))
		next := len(text) > 0 && at == x.n // what came before it is in its place too
		at += len(text)
		if next {
			if k, ok := s.host.RecvLanded(now, x.c.h, p, text); ok {
				x.n += k
				continue
			}
		}
		l.pause = landPause
		p.Join(text)
		s.host.Recv(now, p, l.in.chunks[i])
	}
	l.in.refill(s.pool)
	l.owe(x.c, x.n-before)
	if l.pause == 0 && l.mayOwe(x.n-before) {
		s.wake(&x.c.rgate)
		return
	}
	l.acknowledge(now)
}

// owe notes that n bytes more are to be acknowledged to c's peer. The mutex is held.
func (l *lane) owe(c *Conn, n int) {
	if d := &l.debt; d.c != c {
		if d.c != nil {
			l.s.host.MarkDirty(d.c.h)
		}
		*d = debt{c: c}
	}
	l.debt.bytes += n
}

// mayOwe reports whether the acknowledgment can be put off, of which n bytes have just come: there may be more at once, and the peer
// has room to go on and waits for nothing of ours. The mutex is held.
func (l *lane) mayOwe(n int) bool {
	h := l.debt.c.h
	return n >= oweLeast && l.debt.bytes < oweMost && h.PeerWindow() >= oweMost && h.Unacked() == 0
}

// acknowledge sends the acknowledgment that was put off. The mutex is held on entry and on return, and may be given up meanwhile.
func (l *lane) acknowledge(now mono.Time) {
	if c := l.debt.c; c != nil {
		l.debt = debt{}
		l.s.host.MarkDirty(c.h)
		l.s.pump(now)
	}
}
