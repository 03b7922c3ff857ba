package runner

import (
	"runtime"
	"time"

	"github.com/antedon-net/antedon/link"
)

// driver is the right to read the device, which one goroutine at a time has. Who would have to wait takes it and reads until
// what it waits for is there: to be woken by another reader costs more than to read. The shard's own goroutine reads when
// nobody else does, so that no progress depends on a caller. The mutex guards everything but the batch, which belongs to who
// has the right.
type driver struct {
	queue  link.Waiter // nil if the device cannot be read in turns: the shard's own goroutine then reads every packet
	busy   bool        // somebody has the right
	armed  bool        // the next packet wakes the shard's own goroutine
	parked int         // goroutines that sleep until something happens
	spin   time.Duration

	turns, seen uint64 // how many turns callers have had, and had had when the watch last looked
	watch       *time.Timer
	watching    bool // the watch is set

	dozing *gate // whose goroutine sleeps on the device

	in *intake
}

const (
	// spinFor is how long who has nothing to do tries the device before it goes to sleep: to be woken on another CPU takes
	// longer.
	spinFor = 40 * time.Microsecond

	// dozeFor is how long it then sleeps on the device before it leaves that to the shard's own goroutine.
	dozeFor = 2 * time.Millisecond

	// watchFor is how long packets may lie in the device if nobody sleeps and everybody is busy with something else. To
	// arm the queue after every turn instead would wake the shard's own goroutine for packets that a caller is about to
	// read.
	watchFor = time.Millisecond
)

func (s *Shard) initDriver() {
	d := &s.drv
	d.queue, _ = s.queue.(link.Waiter)
	d.in = newIntake(!s.eachPacket, s.dev.MTU())
	d.in.refill(s.pool)
	if runtime.GOMAXPROCS(0) > 1 {
		d.spin = spinFor
	}
	d.watch = time.AfterFunc(time.Hour, s.onWatch)
	d.watch.Stop()
	if d.queue == nil {
		d.busy = true
		return
	}
	d.armed = true
	d.queue.Arm()
}

// readLoop takes packets from the device, when nobody else does, until it closes.
func (s *Shard) readLoop() {
	defer close(s.done)
	d := &s.drv
	if d.queue == nil {
		s.fail(s.readAll())
		return
	}
	for {
		if err := d.queue.Wait(); err != nil {
			s.fail(err)
			return
		}
		s.mu.Lock()
		d.armed = false
		if !s.takeTurn() {
			s.mu.Unlock() // who has the right arms the queue again if need be
			continue
		}
		n, err := s.readOnce()
		for n > 0 && err == nil {
			n, err = s.readOnce()
		}
		s.endTurn(err == nil)
		s.mu.Unlock()
		if err != nil {
			s.fail(err)
			return
		}
	}
}

// readAll is readLoop for a device that cannot be read in turns. It returns the device's error.
func (s *Shard) readAll() error {
	d := &s.drv
	for {
		n, err := s.queue.Read(d.in.pkts)
		n = d.in.take(n)
		s.mu.Lock()
		if err != nil {
			d.busy = false
			s.mu.Unlock()
			return err
		}
		s.receive(n)
		s.mu.Unlock()
	}
}

// takeTurn takes the right to read, unless somebody has it. The mutex is held.
func (s *Shard) takeTurn() bool {
	d := &s.drv
	if d.busy || s.closed {
		return false
	}
	d.busy = true
	return true
}

// endTurn gives the right back. With arm, and if anybody sleeps, the next packet wakes the shard's own goroutine; else the
// watch sees to it that packets do not lie for long. The mutex is held on entry and on return, and may be given up
// meanwhile.
func (s *Shard) endTurn(arm bool) {
	d := &s.drv
	d.busy = false
	d.turns++
	switch {
	case s.closed:
		s.dropBatch()
	case arm || d.parked > 0:
		s.arm()
	case !d.armed && !d.watching:
		d.watching = true
		d.watch.Reset(watchFor)
	}
}

// arm makes the next packet wake the shard's own goroutine. The mutex is held on entry and on return, and given up
// meanwhile.
func (s *Shard) arm() {
	if s.drv.armed {
		return
	}
	s.drv.armed = true
	s.mu.Unlock()
	s.drv.queue.Arm()
	s.mu.Lock()
}

// onWatch looks whether callers still read the device.
func (s *Shard) onWatch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &s.drv
	d.watching = false
	switch {
	case d.busy || d.armed || s.closed:
	case d.turns == d.seen:
		s.arm()
	default:
		d.seen = d.turns
		d.watching = true
		d.watch.Reset(watchFor)
	}
}

// readOnce reads what is there, a batch at most, and returns how many packets that was. The mutex is held on entry and on
// return; who calls has the right to read.
func (s *Shard) readOnce() (int, error) {
	s.mu.Unlock()
	n, err := s.queue.TryRead(s.drv.in.pkts)
	n = s.drv.in.take(n)
	s.mu.Lock()
	if n > 0 {
		s.receive(n)
	}
	return n, err
}

// receive gives the host the n packets that are ready for it, and does what follows. The mutex is held on entry and on return;
// who calls has the right to read.
func (s *Shard) receive(n int) {
	d := &s.drv
	now := s.Now()
	for i := range n {
		s.host.Recv(now, &d.in.ready[i], d.in.owners[i])
		if s.eachPacket && i+1 < n && d.in.ready[i].SegSize == 0 {
			s.pump(now)
			now = s.Now()
		}
	}
	d.in.refill(s.pool)
	s.pump(now)
}

// dropBatch gives up the batch of a closed device, unless somebody still uses it, who does so then.
func (s *Shard) dropBatch() {
	d := &s.drv
	if d.busy {
		return
	}
	d.in.release(s.pool)
}

// wait returns when g was woken, and reads the device meanwhile if nobody else does. The mutex is held on entry and on
// return, and given up meanwhile.
func (s *Shard) wait(g *gate) {
	d := &s.drv
	g.watch()
	if s.takeTurn() {
		s.readFor(g)
		s.endTurn(g.isWatched())
		if !g.isWatched() {
			return
		}
	}
	d.parked++
	if !d.busy && d.queue != nil {
		s.arm()
	}
	g.park(s)
	d.parked--
}

// readFor reads until g is woken, or nothing has come for a while. The mutex is held on entry and on return; who calls has
// the right to read.
func (s *Shard) readFor(g *gate) {
	var since time.Time // since when nothing came
	for g.isWatched() {
		n, err := s.readOnce()
		switch {
		case err != nil:
			return
		case n > 0:
			since = time.Time{}
		case since.IsZero():
			since = time.Now()
		case time.Since(since) < s.drv.spin:
		case !s.doze(g):
			return
		default:
			since = time.Time{}
		}
	}
}

// doze sleeps on the device until packets come, which it takes in, or g is woken. It reports false if nothing came for
// long. The mutex is held on entry and on return; who calls has the right to read.
func (s *Shard) doze(g *gate) bool {
	d := &s.drv
	d.dozing = g
	s.mu.Unlock()
	d.queue.Doze(dozeFor)
	s.mu.Lock()
	d.dozing = nil
	n, err := s.readOnce()
	return n > 0 && err == nil || !g.isWatched()
}

// wake lets the goroutine that waits at g, if there is one, look again.
func (s *Shard) wake(g *gate) {
	if s.drv.dozing == g {
		s.drv.dozing = nil
		go s.drv.queue.Rouse() // no system call under the mutex; most wake-ups come with a packet and need none
	}
	g.wake(s)
}

// poll reads the device once if nobody else does: acknowledgments have come while packets were written. The mutex is held on
// entry and on return.
func (s *Shard) poll() {
	if s.takeTurn() {
		_, _ = s.readOnce() // an error comes again, when it is the shard's own goroutine that reads
		s.endTurn(false)
	}
}
