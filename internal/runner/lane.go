package runner

import (
	"runtime"
	"time"

	"github.com/antedon-net/antedon/link"
)

// lane is a queue of the device, and the right to read it, which one goroutine at a time has. Who would have to wait takes it
// and reads until what it waits for is there: to be woken by another reader costs more than to read. A goroutine of the lane's
// own reads when nobody else does, so that no progress depends on a caller. The shard's mutex guards everything but the
// intake, which belongs to who has the right.
type lane struct {
	s        *Shard
	queue    link.Queue
	inTurns  link.Waiter   // the queue, nil if it cannot be read in turns: the lane's own goroutine then reads every packet
	split    link.Splitter // the same, nil if it cannot be read in two parts
	attached bool          // packets come on it
	conns    []*Conn       // whose packets do, but on the first lane

	busy   bool  // somebody has the right
	reader *gate // at which who has it waits; nil if it does not
	armed  bool  // the next packet wakes the lane's own goroutine
	parked int   // goroutines that sleep until something happens
	spin   time.Duration
	dozing *gate // whose goroutine sleeps on the queue

	turns, seen uint64 // how many turns callers have had, and had had when the watch last looked
	watch       *time.Timer
	watching    bool // the watch is set

	in    *intake
	load  load
	shift shift

	landing landing // of who reads
	pause   int     // so many reads nothing lands
	debt    debt
}

const (
	// spinFor is how long who has nothing to do tries the device before it goes to sleep: to be woken on another CPU takes
	// longer.
	spinFor = 40 * time.Microsecond

	// spinForMore is the same where only those read who receive much: there are others, to whom the CPU is of more use.
	spinForMore = 20 * time.Microsecond

	// dozeFor is how long it then sleeps on the device before it leaves that to the lane's own goroutine.
	dozeFor = 2 * time.Millisecond

	// watchFor is how long packets may lie in the device if nobody sleeps and everybody is busy with something else. To
	// arm the queue after every turn instead would wake the lane's own goroutine for packets that a caller is about to
	// read.
	watchFor = time.Millisecond
)

// newLane returns a lane over q, which nobody reads yet. The mutex is held, unless the shard is new.
func (s *Shard) newLane(q link.Queue) *lane {
	l := &lane{s: s, queue: q}
	l.inTurns, _ = q.(link.Waiter)
	l.split, _ = q.(link.Splitter)
	switch {
	case runtime.GOMAXPROCS(0) == 1:
	case len(s.lanes) == 0:
		l.spin = spinFor
	default:
		l.spin = spinForMore
	}
	l.watch = time.AfterFunc(time.Hour, l.onWatch)
	l.watch.Stop()
	l.open()
	s.lanes = append(s.lanes, l)
	return l
}

// isFirst reports whether l is where connections begin.
func (l *lane) isFirst() bool { return l == l.s.lanes[0] }

// open makes ready for packets. The mutex is held, unless the shard is new.
func (l *lane) open() {
	l.attached = true
	if l.busy {
		return // who has the right has the memory too
	}
	l.in = newIntake(!l.s.eachPacket, l.s.dev.MTU())
	l.in.refill(l.s.pool)
}

// start begins to read the lane. The mutex is held, unless the shard is new.
func (l *lane) start() {
	if l.inTurns == nil {
		l.busy = true
	} else {
		l.armed = true
		l.inTurns.Arm()
	}
	l.s.readers.Go(l.readLoop)
}

// readLoop takes packets from the queue, when nobody else does, until it closes.
func (l *lane) readLoop() {
	s := l.s
	if l.inTurns == nil {
		s.fail(l.readAll())
		return
	}
	for {
		if err := l.inTurns.Wait(); err != nil {
			s.fail(err)
			return
		}
		s.mu.Lock()
		l.armed = false
		if !l.takeTurn() {
			s.mu.Unlock() // who has the right arms the queue again if need be
			continue
		}
		n, err := l.readOnce()
		for n > 0 && err == nil {
			n, err = l.readOnce()
		}
		l.endTurn(err == nil)
		s.mu.Unlock()
		if err != nil {
			s.fail(err)
			return
		}
	}
}

// readAll is readLoop for a device that cannot be read in turns. It returns the device's error.
func (l *lane) readAll() error {
	s := l.s
	for {
		n, err := l.queue.Read(l.in.pkts)
		n = l.in.take(n)
		s.mu.Lock()
		if err != nil {
			l.busy = false
			s.mu.Unlock()
			return err
		}
		l.receive(n)
		s.mu.Unlock()
	}
}

// takeTurn takes the right to read, unless somebody has it. The mutex is held.
func (l *lane) takeTurn() bool {
	if l.busy || !l.attached || l.s.closed {
		return false
	}
	l.busy = true
	return true
}

// endTurn gives the right back. With arm, and if anybody sleeps, the next packet wakes the lane's own goroutine; else the
// watch sees to it that packets do not lie for long. The mutex is held on entry and on return, and may be given up
// meanwhile.
func (l *lane) endTurn(arm bool) {
	l.busy, l.reader = false, nil
	l.turns++
	if l.shift.has {
		l.shift.last = l.s.Now()
	}
	switch {
	case l.s.closed || !l.attached:
		l.dropBatch()
	case arm || l.parked > 0:
		l.arm()
	case !l.armed:
		l.setWatch()
	}
	if l.debt.c != nil {
		l.setWatch()
	}
}

func (l *lane) setWatch() {
	if !l.watching {
		l.watching = true
		l.watch.Reset(watchFor)
	}
}

// arm makes the next packet wake the lane's own goroutine. The mutex is held on entry and on return, and given up
// meanwhile.
func (l *lane) arm() {
	if l.armed {
		return
	}
	l.armed = true
	l.s.mu.Unlock()
	l.inTurns.Arm()
	l.s.mu.Lock()
}

// onWatch looks whether callers still read the device, and acknowledges what they have put off.
func (l *lane) onWatch() {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.watching = false
	if !l.s.closed {
		l.acknowledge(l.s.Now())
	}
	switch {
	case l.busy || l.armed || !l.attached || l.s.closed:
	case l.turns == l.seen:
		l.arm()
	default:
		l.seen = l.turns
		l.setWatch()
	}
}

// readOnce reads what is there, a batch at most, and returns how many packets that was. The mutex is held on entry and on
// return; who calls has the right to read.
func (l *lane) readOnce() (int, error) {
	l.s.mu.Unlock()
	n, err := l.queue.TryRead(l.in.pkts)
	n = l.in.take(n)
	l.s.mu.Lock()
	if n > 0 {
		l.receive(n)
	}
	return n, err
}

// receive gives the host the n packets that are ready for it, and does what follows. The mutex is held on entry and on return;
// who calls has the right to read.
func (l *lane) receive(n int) {
	s := l.s
	now := s.Now()
	for i := range n {
		l.load.bytes += uint64(len(l.in.ready[i].Bytes))
		s.host.Recv(now, &l.in.ready[i], l.in.owners[i])
		if s.eachPacket && i+1 < n && l.in.ready[i].SegSize == 0 {
			s.pump(now)
			now = s.Now()
		}
	}
	l.in.refill(s.pool)
	s.pump(now)
}

// dropBatch gives up the batch of a queue that is closed or detached, unless somebody still uses it, who does so then.
func (l *lane) dropBatch() {
	if !l.busy {
		l.in.release(l.s.pool)
	}
}

// wait returns when g was woken, and reads the device meanwhile if nobody else does, into x what is for its reader: it returns how
// much of that is filled. The mutex is held on entry and on return, and given up meanwhile.
func (l *lane) wait(g *gate, x landing) int {
	g.watch()
	if l.takeTurn() {
		l.reader, l.landing = g, x
		l.takeShift(g)
		l.readFor(g)
		x, l.landing = l.landing, landing{}
		l.endTurn(g.isWatched())
		if x.n > 0 || !g.isWatched() {
			return x.n
		}
	}
	l.parked++
	if !l.busy && l.inTurns != nil {
		l.arm()
	}
	g.park(l.s)
	l.parked--
	return 0
}

// readFor reads until g is woken, or nothing has come for a while. The mutex is held on entry and on return; who calls has
// the right to read.
func (l *lane) readFor(g *gate) {
	var since time.Time // since when nothing came
	for g.isWatched() {
		n, err := l.read()
		switch {
		case err != nil:
			return
		case n > 0:
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		case time.Since(since) < l.spin:
		case !l.doze(g):
			return
		default:
			since = time.Time{}
		}
	}
}

// doze sleeps on the device until packets come, which it takes in, or g is woken. It reports false if nothing came for
// long. The mutex is held on entry and on return; who calls has the right to read.
func (l *lane) doze(g *gate) bool {
	l.rest()
	l.dozing = g
	l.s.mu.Unlock()
	l.inTurns.Doze(dozeFor)
	l.s.mu.Lock()
	l.dozing = nil
	if g.isWatched() {
		l.takeShift(g)
	}
	n, err := l.read()
	return n > 0 && err == nil || !g.isWatched()
}

// wake lets the goroutine that waits at g, if there is one, look again.
func (s *Shard) wake(g *gate) {
	for _, l := range s.lanes {
		if l.dozing == g {
			l.dozing = nil
			go l.inTurns.Rouse() // no system call under the mutex; most wake-ups come with a packet and need none
		}
		if l.shift.queued && l.reader == g {
			l.unqueue()
		}
	}
	g.wake(s)
}

// poll reads the device once if nobody else does: acknowledgments have come while packets were written. The mutex is held on
// entry and on return.
func (l *lane) poll() {
	if l.takeTurn() {
		_, _ = l.readOnce() // an error comes again, when it is the lane's own goroutine that reads
		l.endTurn(false)
	}
}
