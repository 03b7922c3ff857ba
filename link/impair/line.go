package impair

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/wire"
)

// maxInFlight bounds the memory of the packets on a Line; what exceeds it is dropped like what exceeds the queue.
const maxInFlight = 64 << 20

// Line is a Path together with the packets that are on it:
//
//	l.Send(now, packet)
//	for n := l.Next(now, buf); n > 0; n = l.Next(now, buf) {
//		... buf[:n] arrives ...
//	}
//	... call Next again when l.Deadline() has come, or after Send
type Line struct {
	path  Path
	heap  []entry  // a binary heap, earliest first
	count uint64   // breaks ties: of two packets that arrive at once, the one sent first is first
	bytes int      // memory of what is on the line
	drop  uint64   // packets that would have exceeded maxInFlight
	free  [][]byte // of smallPacket bytes each

	marked uint64
}

// entry is a packet on the line.
type entry struct {
	at    mono.Time
	count uint64
	b     []byte
}

const (
	smallPacket = 2 << 10
	maxFree     = 4096 // how many of them an idle line keeps
)

// NewLine returns a line with no packets on it. The plan has been checked.
func NewLine(plan Plan) *Line { return &Line{path: *NewPath(plan)} }

// Stats returns the counters.
func (l *Line) Stats() Stats {
	s := l.path.Stats()
	s.Overflowed += l.drop
	s.Marked = l.marked
	return s
}

// Len returns how many packets are on the line.
func (l *Line) Len() int { return len(l.heap) }

// Backlog returns how long a packet sent now would wait for its turn.
func (l *Line) Backlog(now mono.Time) time.Duration { return l.path.Backlog(now) }

// Send puts a copy of packet on the line and returns how many will arrive: 0 if it is lost, 2 if it is duplicated.
func (l *Line) Send(now mono.Time, packet []byte) (copies int) {
	var arrivals [2]Delivery
	for _, d := range l.path.Send(now, len(packet), arrivals[:0]) {
		if l.bytes+memory(packet) > maxInFlight {
			l.drop++
			continue
		}
		b := l.copy(packet)
		if d.Mark && wire.MarkCE(b) {
			l.marked++
		}
		if d.Flip >= 0 {
			b[d.Flip/8] ^= 0x80 >> (d.Flip % 8)
		}
		l.bytes += memory(b)
		l.count++
		l.push(entry{d.At, l.count, b})
		copies++
	}
	return copies
}

// Deadline returns when the next packet arrives; mono.Never if there is none.
func (l *Line) Deadline() mono.Time {
	if len(l.heap) == 0 {
		return mono.Never
	}
	return l.heap[0].at
}

// Next copies to dst the next packet that has arrived by now and returns its length, or 0 if there is none. Of a packet
// longer than dst the rest is lost.
func (l *Line) Next(now mono.Time, dst []byte) int {
	if len(l.heap) == 0 || l.heap[0].at > now {
		return 0
	}
	e := l.pop()
	l.bytes -= memory(e.b)
	if cap(e.b) == smallPacket && len(l.free) < maxFree {
		l.free = append(l.free, e.b)
	}
	return copy(dst, e.b)
}

// memory returns about how much memory the copy of a packet takes.
func memory(packet []byte) int { return max(len(packet), smallPacket) }

func (l *Line) copy(packet []byte) []byte {
	if len(packet) > smallPacket {
		return append([]byte(nil), packet...)
	}
	if len(l.free) == 0 {
		l.free = append(l.free, make([]byte, 0, smallPacket))
	}
	last := len(l.free) - 1
	b := l.free[last]
	l.free = l.free[:last]
	return append(b[:0], packet...)
}

func (e *entry) before(f *entry) bool { return e.at < f.at || e.at == f.at && e.count < f.count }

func (l *Line) push(e entry) {
	l.heap = append(l.heap, e)
	h := l.heap
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			return
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

func (l *Line) pop() entry {
	h := l.heap
	first, last := h[0], len(h)-1
	h[0], h[last] = h[last], entry{}
	l.heap = h[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			return first
		}
		if down+1 < last && h[down+1].before(&h[down]) {
			down++
		}
		if !h[down].before(&h[i]) {
			return first
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
}
