// Package runner is the only loop that touches device, clock and host together.
//
// A Shard is one device, one host, one mutex and one timer. Everything the host owns belongs to whoever holds the
// mutex, which is never held across a system call or a user's callback: callers copy their bytes and write packets to
// the device outside it.
//
// # Who does the work
//
// The goroutine that causes packets sends them. Whoever finds a connection with something to send and nobody sending it
// becomes its sender: it cuts a few segments under the mutex, writes them to the device outside it, and looks again;
// others who cause more leave it to the sender. So the packets of one connection leave in order, a segment is cut as
// late as possible, and connections do not wait for each other. The bytes of a packet under way are pinned by references
// to their chunks, which the sender drops when the write has returned.
//
// Packets are taken in by whoever waits for something, one goroutine at a time on each queue of the device; when nobody waits by
// a goroutine of that queue's own. It and the runtime timer that ticks the host keep everything moving; no progress depends on a
// caller. There is one queue, until several connections receive much: see spread.
package runner

import (
	"context"
	"errors"
	"iter"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
)

// Shard drives one host over one device.
type Shard struct {
	dev   link.Device
	epoch time.Time

	mu      lock
	host    *host.Host
	pool    *buffer.Pool
	free    *batch // transmit batches not in use
	lent    *lent  // the same
	copier  copier
	way     way
	direct  sender // packets of no connection
	timer   *time.Timer
	timerAt mono.Time
	closing bool                // Close was called: nothing new begins
	closed  bool                // the device is gone
	failure error               // why, if not because of Close
	conns   connList            // those with something to deliver, or that somebody may wait for
	waiters map[waiter]struct{} // listeners and sockets
	idle    gate                // told when a connection is done with its peer
	lanes   []*lane             // the first is where connections begin
	spread  spread
	rota    rota
	calls   roll
	inLoop  *inLoop // what drives the shard in place of a goroutine and a timer of its own; nil without

	eachPacket bool // acknowledge packet by packet, but for what was joined: the device does not coalesce
	readers    sync.WaitGroup
	writeErrs  atomic.Uint64
}

// New starts a shard. It owns dev from now on.
func New(dev link.Device, cfg host.Config) *Shard {
	s := newShard(dev, cfg)
	s.timer = time.AfterFunc(time.Hour, s.onTimer)
	for _, q := range dev.Queues() {
		s.newLane(q)
	}
	s.spread.device, _ = dev.(link.Attacher)
	s.spread.fixed, s.spread.rate, s.spread.restFor = len(s.lanes), bulkRate, restFor
	for _, l := range s.lanes {
		l.start()
	}
	return s
}

func newShard(dev link.Device, cfg host.Config) *Shard {
	pool := cfg.Pool
	if pool == nil {
		pool = buffer.NewPool(0)
		cfg.Pool = pool
	}
	cfg.MTU, cfg.Offload, cfg.Cuts, cfg.RecvQueue = dev.MTU(), dev.Offload(), link.Cuts(dev), link.QueueLen(dev)
	cfg.MaxSuper = link.MaxSuper(dev)
	s := &Shard{
		dev: dev, epoch: time.Now().Add(-time.Second),
		host: host.New(cfg), pool: pool, timerAt: mono.Never,
		waiters:    make(map[waiter]struct{}),
		eachPacket: cfg.Offload&link.OffloadTSO == 0,
	}
	s.mu.init()
	s.rota.init()
	s.way.init()
	return s
}

// Now returns the shard's clock: above zero and never running backwards.
func (s *Shard) Now() mono.Time { return mono.Time(time.Since(s.epoch)) }

// onTimer is the shard's one timer.
func (s *Shard) onTimer() {
	s.mu.Lock()
	s.timerAt = mono.Never
	now := s.Now()
	s.host.Tick(now)
	s.finish(now)
}

// setTimer makes sure that onTimer comes no later than the host's deadline. A deadline that moved away leaves the timer
// as it is: an early tick costs less than a change with every packet.
func (s *Shard) setTimer(now mono.Time) {
	d := s.host.Deadline()
	if d >= s.timerAt || s.closed {
		return
	}
	s.timerAt = d
	if s.inLoop != nil {
		s.inLoop.kick()
		return
	}
	s.timer.Reset(max(0, d.Sub(now)))
}

// fail ends the shard because the device did.
func (s *Shard) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isClosed(err) {
		s.failure = err
	}
	s.closing, s.closed = true, true
	if s.inLoop == nil {
		s.timer.Stop()
	}
	for _, l := range s.lanes {
		l.watch.Stop()
		l.dropBatch()
	}
	if s.spread.rest != nil {
		s.spread.rest.Stop()
	}
	for w := range s.waiters {
		w.wakeAll()
	}
	for c := range s.conns.all() {
		if s.inLoop != nil {
			c.h.Abort(s.Now()) // gives back what was lent
		}
		c.wakeAll()
	}
	s.giveBack()
	s.wake(&s.idle)
}

// err is what calls return once nothing new can begin. The mutex is held.
func (s *Shard) err() error {
	if s.failure != nil {
		return s.failure
	}
	return net.ErrClosed
}

// Close stops listening, closes every connection, waits until their data and FINs are acknowledged, or ctx is done, and
// then closes the device. It never waits for TIME-WAIT, and not for long for a FIN that answers the peer's. The error is ctx's if connections had to be cut off.
func (s *Shard) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closing {
		defer s.mu.Unlock()
		return s.err()
	}
	s.closing = true
	for w := range s.waiters {
		if l, ok := w.(*Listener); ok {
			l.closeLocked()
		}
	}
	for c := range s.conns.all() {
		if !c.closed && !c.isOver() {
			c.closeLocked()
		}
	}
	s.finish(s.Now())
	err := s.drainAll(ctx)
	s.mu.Lock()
	now := s.Now()
	for c := range s.conns.all() {
		if !c.isOver() {
			c.h.Abort(now)
			s.host.MarkDirty(c.h)
		}
	}
	s.finish(now)
	if s.inLoop != nil {
		s.inLoop.loop.Detach()
		defer s.fail(net.ErrClosed)
	}
	if e := s.dev.Close(); e != nil && err == nil {
		err = e
	}
	if s.inLoop == nil {
		s.readers.Wait()
	}
	return err
}

// drainAll waits until no connection has anything left to deliver.
func (s *Shard) drainAll(ctx context.Context) error {
	wake := func() {
		s.mu.Lock()
		s.wake(&s.idle)
		s.mu.Unlock()
	}
	defer context.AfterFunc(ctx, wake)()
	lastAcks, over := context.WithTimeout(context.WithoutCancel(ctx), lastAckWait)
	defer over()
	defer context.AfterFunc(lastAcks, wake)()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		left, fins := s.undelivered()
		switch {
		case s.closed, left == 0:
			return nil
		case left > fins && ctx.Err() != nil:
			return ctx.Err()
		case left == fins && (ctx.Err() != nil || lastAcks.Err() != nil):
			return nil
		}
		s.lanes[0].wait(&s.idle, landing{})
	}
}

// lastAckWait is how long Close waits for the acknowledgment of a FIN that answers the peer's: it may never come, for a peer
// that has read our stream to its end and sent its own is done, and may be gone. The FIN is sent several times meanwhile.
const lastAckWait = time.Second

// undelivered returns how many connections have something left to deliver, and of how many that is only the FIN that answers
// the peer's. It looks at few: those done leave the list.
func (s *Shard) undelivered() (left, fins int) {
	for c := range s.conns.all() {
		if c.isOver() || c.delivered() {
			continue
		}
		left++
		if st := c.h.State(); (st == tcp.StateLastAck || st == tcp.StateClosing) && c.h.Unacked() == 0 {
			fins++
		}
	}
	return left, fins
}

// Counters yields the name and value of every counter that is not 0.
func (s *Shard) Counters() iter.Seq2[string, uint64] {
	s.mu.Lock()
	c := *s.host.Counters()
	s.mu.Unlock()
	return func(yield func(string, uint64) bool) {
		if n := s.writeErrs.Load(); n != 0 && !yield("write errors", n) {
			return
		}
		c.All()(yield)
	}
}

// Device returns the shard's device.
func (s *Shard) Device() link.Device { return s.dev }

// isClosed reports whether err says that the device is gone.
func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }
