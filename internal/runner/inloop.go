package runner

import (
	"syscall"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
)

// Loop is an event loop as a shard sees it.
type Loop interface {
	// Wake has the loop's goroutine call Turn soon. It is called under the mutex, by any goroutine.
	Wake()

	// Detach keeps the device from being looked at, and returns when that is so. Turn is still called for Wake.
	Detach()
}

// inLoop is what a shard has in place of its own goroutine and timer. The mutex guards it.
type inLoop struct {
	loop  Loop
	woken bool // a turn will come without a Wake
	calls calls
}

// calls are callbacks that the loop's goroutine has to make. It alone makes them, outside the mutex.
type calls struct {
	queue []caller // for this turn or the next
	batch []caller // being made, from next on
	next  int
}

// caller has something to call back for.
type caller interface{ callBack() }

// NewInLoop is New for a shard that has no goroutine and no runtime timer: the goroutine of loop calls Turn when the device
// can be read, when the deadline has come that Rest returned, and when Wake says so. It is the only one to read the device;
// others may use the shard as any other, but must not be that goroutine if they wait.
func NewInLoop(dev link.Device, cfg host.Config, loop Loop) *Shard {
	s := newShard(dev, cfg)
	s.inLoop = &inLoop{loop: loop}
	s.newLane(dev.Queues()[0]).busy = true
	return s
}

func (l *inLoop) kick() {
	if !l.woken {
		l.woken = true
		l.loop.Wake()
	}
}

// Cut ends a shard whose loop closes, on the loop's goroutine: connections are reset, and everybody is called back who is to be,
// with err as the reason.
func (s *Shard) Cut(err error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
	} else {
		now := s.Now()
		for c := range s.conns.all() {
			c.h.Abort(now)
			s.host.MarkDirty(c.h)
		}
		s.finish(now)
		_ = s.dev.Close()
		s.fail(err)
	}
	for s.hasCalls() {
		s.callBack()
	}
}

func (s *Shard) hasCalls() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.inLoop.calls
	return len(c.queue) > 0 || c.next < len(c.batch)
}

// Turn takes in what the device has, a batch at most, does what is due, and calls back. The error is the device's: it is
// over.
func (s *Shard) Turn() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		s.callBack()
		return s.err()
	}
	s.inLoop.woken = true
	if now := s.Now(); s.host.Deadline() <= now {
		s.host.Tick(now)
		s.pump(now)
	}
	_, err := s.lanes[0].readOnce()
	s.mu.Unlock()
	if err != nil {
		s.fail(err)
	}
	s.callBack()
	return err
}

// Rest is for the loop's goroutine before it sleeps: it returns how long that may be, negative for ever, 0 if there is more
// to call back for.
func (s *Shard) Rest() time.Duration {
	if s.hasCalls() {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inLoop.woken = false
	s.timerAt = s.host.Deadline()
	if s.timerAt == mono.Never || s.closed {
		return -1
	}
	return max(0, s.timerAt.Sub(s.Now()))
}

// callBack makes the calls that are due. What they cause is for the next turn. If one panics the next callBack goes on
// behind it.
func (s *Shard) callBack() {
	c := &s.inLoop.calls
	if c.next == len(c.batch) {
		s.mu.Lock()
		c.queue, c.batch = c.batch[:0], c.queue
		s.mu.Unlock()
		c.next = 0
	}
	for c.next < len(c.batch) {
		x := c.batch[c.next]
		c.batch[c.next] = nil
		c.next++
		x.callBack()
	}
}

// add has x called back in the next turn. The mutex is held.
func (l *inLoop) add(x caller) {
	l.calls.queue = append(l.calls.queue, x)
	l.kick()
}

// Watch calls back for the events of a connection.
type Watch struct {
	c      *Conn
	fn     func(tcp.Event)
	events tcp.Event
	queued bool
	lent   []buffer.View // what Peek has shown
}

// Watch has fn called on the loop's goroutine, outside the mutex, for what has happened since the last time; first in the next
// turn, for what is so already. A shard that is in no loop has none.
func (c *Conn) Watch(fn func(tcp.Event)) *Watch {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &Watch{c: c, fn: fn}
	c.h.User = w
	w.call(tcp.EventReadable | tcp.EventWritable)
	return w
}

// Again has the function called with e in the next turn, whatever happens.
func (w *Watch) Again(e tcp.Event) {
	w.c.s.mu.Lock()
	w.call(e)
	w.c.s.mu.Unlock()
}

// Stop ends the calls, none is made any more, and what Peek has shown is given back.
func (w *Watch) Stop() {
	w.c.s.mu.Lock()
	w.c.h.User, w.fn = w.c, nil
	w.takeBack()
	w.c.s.mu.Unlock()
}

// Peek appends to dst what has arrived, where it lies, in four slices at most. They are the caller's to look at until Discard,
// Stop or the next Peek.
func (w *Watch) Peek(dst [][]byte) ([][]byte, error) {
	s := w.c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	w.takeBack()
	if err := w.c.tryReadable(); err != nil {
		return dst, err
	}
	if w.lent == nil {
		w.lent = make([]buffer.View, 0, maxViews)
	}
	w.lent = w.c.h.Peek(w.lent, w.c.h.Readable())
	for _, v := range w.lent {
		dst = append(dst, v.B)
	}
	return dst, nil
}

// Discard takes n bytes off the stream, which Peek has shown, and gives back the rest of what it has shown.
func (w *Watch) Discard(n int) error {
	c := w.c
	if !c.rmu.TryLock() {
		return syscall.EBUSY
	}
	defer c.rmu.Unlock()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	shown := 0
	for _, v := range w.lent {
		shown += len(v.B)
	}
	if n < 0 || n > shown {
		return syscall.EINVAL
	}
	w.takeBack()
	now := c.s.Now()
	c.h.Consume(now, n)
	c.s.host.MarkDirty(c.h)
	c.s.pump(now)
	return nil
}

func (w *Watch) takeBack() {
	w.c.s.pool.ReleaseAll(w.lent)
	w.lent = w.lent[:0]
}

// call notes e. The mutex is held.
func (w *Watch) call(e tcp.Event) {
	if w.events |= e; w.events != 0 && !w.queued {
		w.queued = true
		w.c.s.inLoop.add(w)
	}
}

func (w *Watch) callBack() {
	w.c.s.mu.Lock()
	e, fn := w.events, w.fn
	w.events, w.queued = 0, false
	w.c.s.mu.Unlock()
	if fn != nil {
		fn(e)
	}
}

// lentToLoop is memory that was lent by who is called back for it.
type lentToLoop struct{ *buffer.Loan }

func (l lentToLoop) callBack() { l.Back() }

// turnOver is a sender whose turn in serve was over: it goes on in the loop's next turn.
type turnOver struct {
	s *Shard
	x *sender
}

func (t turnOver) callBack() {
	s := t.s
	s.mu.Lock()
	b := s.getBatch()
	if !s.serveOne(s.Now(), b, t.x) {
		s.inLoop.add(t)
	}
	s.putBatch(b)
	s.finish(s.Now())
}
