package simnet

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link/impair"
)

// Link is a link of limited rate that several paths share: their packets wait in one queue before each goes its own way.
type Link struct {
	fate   *impair.Path
	waited time.Duration // of all packets that passed
}

// AddLink returns a link that carries rate bits a second and queues so many packets, 100 if queue is 0.
func (n *Net) AddLink(rate int64, queue int) *Link {
	l := &Link{fate: impair.NewPath(impair.Plan{Rate: rate, Queue: queue})}
	n.links = append(n.links, l)
	return l
}

// Through leads the path over a link.
func (p *Path) Through(l *Link) { p.link = l }

// Stats returns how many packets were given to the link and how many it had no room for, and how long those that passed
// waited for their last bit to be sent, on average.
func (l *Link) Stats() (packets, dropped uint64, wait time.Duration) {
	s := l.fate.Stats()
	if passed := s.Packets - s.Overflowed; passed > 0 {
		wait = l.waited / time.Duration(passed)
	}
	return s.Packets, s.Overflowed, wait
}

// pass puts a packet on the link and returns when it has passed, or false if the queue is full.
func (l *Link) pass(now mono.Time, size int) (mono.Time, bool) {
	var room [1]impair.Delivery
	d := l.fate.Send(now, size, room[:0])
	if len(d) == 0 {
		return 0, false
	}
	l.waited += d[0].At.Sub(now)
	return d[0].At, true
}
