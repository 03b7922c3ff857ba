package runner

import (
	"math"
	"slices"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
)

// spread is how connections that receive much get queues of their own. All begin on the first lane, and what belongs to no
// connection stays there. On one queue the readers of many streams wait for whoever reads the device at the time, which copies
// the packets of all, one CPU after the other; on a queue of its own each reads what is its own, where and when it needs it, as
// from a socket.
type spread struct {
	device    link.Attacher // nil if the device gets no more queues
	fixed     int           // how many lanes are there for good
	attaching bool          // somebody is about to attach one more
	full      bool          // that failed, and none was detached since
	detached  int           // how many were in all
	rest      *time.Timer
	resting   bool // the timer is set

	rate    float64       // bulkRate, but in tests
	restFor time.Duration // the same
}

const (
	// bulkBytes is what a connection has received before it may have a queue of its own.
	bulkBytes = 1 << 20

	// bulkRate is how many bytes a second the first lane carries before it is divided, measured over bulkSpan at least.
	bulkRate = 100 << 20
	bulkSpan = 10 * time.Millisecond

	// A lane that carried less than restBytes in restFor is idle, and its connections go back to the first. When it has been for
	// as many times as idleRests it is given up, the one that was attached last first: a TUN device forgets only after three
	// seconds where it expects a flow, and warns of packets for queues it no longer has, or which have changed their places.
	// Queues that are not needed get a share of what belongs to no known flow, such as SYNs, and their readers would have to be
	// woken for it.
	restFor   = time.Second
	restBytes = 1 << 20
	idleRests = 5
)

// load is how much a lane carries.
type load struct {
	bytes uint64

	at   mono.Time // when isHigh last looked
	then uint64    // bytes at that time
	high bool      // what it found

	run int // bytes that its reader has taken since it let others run

	seen uint64 // bytes at the last rest
	idle int    // rests in a row at which it had carried little
}

// isHigh reports whether the lane has carried so many bytes a second of late.
func (l *load) isHigh(now mono.Time, rate float64) bool {
	if d := now.Sub(l.at); d >= bulkSpan {
		l.high = float64(l.bytes-l.then) >= rate*d.Seconds()
		l.at, l.then = now, l.bytes
	}
	return l.high
}

// letRun notes that n bytes were read, and reports whether it is time to let others run.
func (l *load) letRun(n int) bool {
	if l.run += n; l.run < yieldBytes {
		return false
	}
	l.run = 0
	return true
}

// lane returns the lane on which c's packets leave and are expected.
func (c *Conn) lane() *lane { return c.s.lanes[c.out.lane] }

// isAlone reports whether c has a lane for itself. The mutex is held.
func (c *Conn) isAlone() bool { return c.out.lane != 0 && len(c.lane().conns) == 1 }

// wait returns when g was woken, or without a reason. The mutex is held on entry and on return, and given up meanwhile.
func (c *Conn) wait(g *gate) { c.lane().wait(g, landing{}) }

// waitText returns when there may be something to read, or without a reason, and how much of it lies in p already. The mutex is held
// on entry and on return, and given up meanwhile.
func (c *Conn) waitText(p []byte) int {
	if c.s.isCrowded(c) && c.s.moveOut(c) {
		return 0
	}
	return c.lane().wait(&c.rgate, landing{c: c, p: p})
}

// isCrowded reports whether c, about to wait for text, should have a lane of its own: it receives much, the first lane carries much,
// and others wait there, or have left it for that reason.
func (s *Shard) isCrowded(c *Conn) bool {
	if c.out.lane != 0 || s.spread.device == nil && len(s.lanes) == 1 || c.h.Received() < bulkBytes {
		return false
	}
	r := s.lanes[0].reader
	others := r != nil && r != &c.rgate && r != &c.wgate ||
		slices.ContainsFunc(s.lanes[1:], func(l *lane) bool { return len(l.conns) > 0 })
	return others && s.lanes[0].load.isHigh(s.Now(), s.spread.rate)
}

// moveOut moves c to the lane beside the first that has the fewest connections, a new one if all have some. It reports whether
// it has. The mutex is held on entry and on return, and may be given up meanwhile.
func (s *Shard) moveOut(c *Conn) bool {
	best := s.emptiest()
	if (best == nil || len(best.conns) > 0) && s.canAttach() {
		s.attach()
		best = s.emptiest()
	}
	if best == nil || !c.listed || c.out.lane != 0 {
		return false
	}
	c.out.lane = uint8(slices.Index(s.lanes, best))
	best.conns = append(best.conns, c)
	best.load.idle = 0
	return true
}

// canAttach reports whether it is worth to ask the device for one more queue.
func (s *Shard) canAttach() bool {
	return s.spread.device != nil && !s.spread.full && !s.spread.attaching && len(s.lanes) < math.MaxUint8 // sender.lane
}

// emptiest returns the attached lane beside the first that has the fewest connections, nil if there is none.
func (s *Shard) emptiest() *lane {
	var best *lane
	for _, l := range s.lanes[1:] {
		if l.attached && (best == nil || len(l.conns) < len(best.conns)) {
			best = l
		}
	}
	return best
}

// attach gives the device one more queue, and the shard a lane for it, unless that cannot be. The mutex is held on entry and on
// return, and given up meanwhile.
func (s *Shard) attach() {
	s.spread.attaching = true
	before := s.spread.detached
	s.mu.Unlock()
	q, err := s.spread.device.AttachQueue()
	s.mu.Lock()
	s.spread.attaching = false
	s.spread.full = err != nil && s.spread.detached == before
	if err != nil || s.closed {
		return
	}
	if i := slices.IndexFunc(s.lanes, func(l *lane) bool { return l.inTurns == q }); i >= 0 {
		s.lanes[i].open()
		s.lanes[i].arm()
	} else {
		s.newLane(q).start()
	}
	s.setRest()
}

func (s *Shard) setRest() {
	if s.spread.resting {
		return
	}
	s.spread.resting = true
	if s.spread.rest == nil {
		s.spread.rest = time.AfterFunc(s.spread.restFor, s.onRest)
		return
	}
	s.spread.rest.Reset(s.spread.restFor)
}

// onRest sends connections home from lanes that carry little, and gives up those that have for long.
func (s *Shard) onRest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spread.resting = false
	if s.closed {
		return
	}
	var idle []*lane
	last := true // nothing was attached later
	for _, l := range slices.Backward(s.lanes[s.spread.fixed:]) {
		if !l.attached {
			continue
		}
		if l.load.rest() == 1 {
			l.sendHome()
		}
		if last = last && l.load.idle >= idleRests; !last {
			s.setRest()
			continue
		}
		l.attached = false
		l.dropBatch()
		idle = append(idle, l)
	}
	if idle != nil {
		go s.detach(idle)
	}
}

// rest returns for how many rests the lane has carried little, this one included.
func (l *load) rest() int {
	if l.idle++; l.bytes-l.seen >= restBytes {
		l.idle = 0
	}
	l.seen = l.bytes
	return l.idle
}

// detach takes the queues of lanes from the device, in that order.
func (s *Shard) detach(idle []*lane) {
	for _, l := range idle {
		_ = s.spread.device.DetachQueue(l.inTurns) // an error: the device is closed
	}
	s.mu.Lock()
	s.spread.full = false
	s.spread.detached += len(idle)
	s.mu.Unlock()
}

// sendHome moves the lane's connections to the first. Who sleeps on the queue goes there too.
func (l *lane) sendHome() {
	for _, c := range l.conns {
		c.out.lane = 0
	}
	l.conns = nil
	if l.dozing != nil {
		l.s.wake(l.dozing)
	}
}

// leave takes c, which is over, off its lane.
func (c *Conn) leave() {
	l := c.lane()
	if l.debt.c == c {
		l.debt = debt{}
	}
	if c.out.lane == 0 {
		return
	}
	c.out.lane = 0
	if i := slices.Index(l.conns, c); i >= 0 {
		l.conns = slices.Delete(l.conns, i, i+1)
	}
}
