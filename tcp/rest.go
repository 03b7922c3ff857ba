package tcp

import (
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/seq"
	"github.com/antedon-net/antedon/internal/span"
)

// A connection with nothing under way rests: it gives back the two thirds of its memory that only matter while something
// is, and takes some again with the next input. Nothing about it can be seen from outside.

// active is what a connection has while something is under way.
type active struct {
	loss   recovery
	rate   rateState
	pace   pacing
	mtu    mtuSearch
	timers timers
	pend   pending
	wait   waiting
	told   reports
	long   longSegments
}

// waiting is what the connection is waiting for, and since when.
type waiting struct {
	synAt        mono.Time // when a SYN last left
	stalledSince mono.Time // since when the oldest byte in flight, or a closed window, waits for progress
	probes       uint8     // persist back-off
	probesOut    int       // probes since the peer last answered

	push    uint64     // end of the last write: its last byte carries PSH
	small   uint64     // end of the last segment that was not full-sized (Minshall)
	refused seq.Number // SEG.ACK of the segment to be refused
}

// reports are what SACK options have to tell.
type reports struct {
	recent [4]uint64  // an offset in each range of the latest out-of-order arrivals, newest first
	dup    span.Range // what arrived twice and has not been reported (for DSACK)
	finAt  uint64     // where the FIN is that came beyond a hole
}

// rested is what a resting connection remembers of active.
type rested struct {
	past      *history // nil for a connection to which nothing unusual ever happened
	rtt       time.Duration
	delivered uint64
	rate      int64     // latest sample, bytes per second
	keepAlive mono.Time // the two timers that a resting connection may have
	close     mono.Time

	reordering uint16
	linkMTU    uint16
	pathMTU    uint16
	reordered  bool
	appLimited bool
}

// history is what remains of losses, of a search for the path's MTU, and of pacing.
type history struct {
	rack     rack
	undo     undoState
	point    uint64
	rexmitAt mono.Time
	mtu      mtuSearch
	pace     pacing
	long     longSegments
}

// actives are those that resting connections have given back: zero, but for memory that the next owner can use.
type actives struct{ free []*active }

// sparesKept bounds them.
const sparesKept = 1024

func (s *actives) get() *active {
	n := len(s.free)
	if n == 0 {
		return new(active)
	}
	a := s.free[n-1]
	s.free = s.free[:n-1]
	return a
}

func (s *actives) put(a *active) {
	if len(s.free) == sparesKept {
		return
	}
	b := a.loss.board
	*a = active{}
	a.loss.board = scoreboard{fresh: b.fresh.emptied(), again: b.again.emptied()}
	if b.isEmpty() {
		a.loss.board.sacked, a.loss.board.lost, a.loss.board.resent = b.sacked, b.lost, b.resent
	}
	s.free = append(s.free, a)
}

// wake ends a rest. Every input does that first.
func (c *Conn) wake() {
	if c.active != nil {
		return
	}
	c.active = c.env.actives.get()
	r := &c.rested
	if r.past != nil {
		p := r.past
		c.loss.rack, c.loss.undo, c.loss.point, c.loss.rexmitAt = p.rack, p.undo, p.point, p.rexmitAt
		c.mtu, c.pace, c.long = p.mtu, p.pace, p.long
	}
	c.loss.rack.rtt, c.loss.rack.fack, c.loss.rack.reordered = r.rtt, c.unaOffset(), r.reordered
	c.loss.reordering = int(r.reordering)
	c.mtu.link, c.mtu.path = int(r.linkMTU), int(r.pathMTU)
	c.rate.delivered, c.rate.latest = r.delivered, rateSample{r.rate, time.Second}
	if r.appLimited {
		c.rate.onIdle(0)
	}
	c.timers[timerKeepAlive], c.timers[timerClose] = r.keepAlive, r.close
}

// rest gives back what the connection does not need while nothing is under way.
func (c *Conn) rest() {
	if !c.canRest() {
		return
	}
	l, r := &c.loss, &c.rested
	c.keepHistory()
	r.rtt, r.reordered, r.reordering = l.rack.rtt, l.rack.reordered, uint16(l.reordering)
	r.linkMTU, r.pathMTU = uint16(c.mtu.link), uint16(c.mtu.path)
	r.delivered, r.rate, r.appLimited = c.rate.delivered, c.rate.perSecond(), c.rate.appLimited != 0
	r.keepAlive, r.close = c.timers[timerKeepAlive], c.timers[timerClose]
	c.env.actives.put(c.active)
	c.active = nil
}

// keepHistory remembers what most connections have not.
func (c *Conn) keepHistory() {
	l, r := &c.loss, &c.rested
	k := l.rack
	unusual := l.rexmitAt != 0 || l.point != 0 || l.undo != undoState{} || k.dsack || k.round != 0 || k.persist != 0 || k.steps > 1 ||
		c.mtu.on || c.pace != pacing{} || c.long.after != 0
	if r.past == nil {
		if !unusual || c.state == StateClosed || c.state == StateTimeWait {
			return
		}
		r.past = new(history)
	}
	*r.past = history{rack: k, undo: l.undo, point: l.point, rexmitAt: l.rexmitAt, mtu: c.mtu, pace: c.pace, long: c.long}
}

// canRest reports whether nothing is under way: neither in the network, nor about to be sent, nor waited for.
func (c *Conn) canRest() bool {
	switch {
	case c.active == nil || c.pend != pending{} || c.told.dup.Hi != 0:
		return false
	case c.state == StateClosed, c.state == StateTimeWait:
		return true
	case !c.state.synchronized() || c.snd.una != c.snd.nxt || c.timers.anyBefore(timerKeepAlive):
		return false
	case c.rcv.buf.Holes().Len() > 0 || c.isFINBeyondHole():
		return false
	case c.wait.stalledSince != 0 || c.wait.probes != 0 || c.wait.probesOut != 0 || c.mtu.hi != 0:
		return false
	case c.rate.appLimited != 0 && c.rate.appLimited != max(c.rate.delivered, 1):
		return false
	}
	return c.loss.isQuiet() && c.loss.board.found == c.rate.lost
}

// isQuiet reports whether there is nothing to repair and no answer is awaited.
func (l *recovery) isQuiet() bool {
	return l.phase == phaseOpen && l.dupAcks == 0 && !l.force && l.retries == 0 && !l.prr.on &&
		l.tlp.end == 0 && !l.tlp.armed && !l.tlp.due && l.board.isEmpty()
}
