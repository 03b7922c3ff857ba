package reactor

import (
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/internal/mono"
)

// The states of a loop.
const (
	idle    int32 = iota
	running       // Run, Turn or Close is at work
	closed
)

// Loop calls back when descriptors are ready, timers expire, signals come and other goroutines Post. See the package
// comment for which methods belong to the loop's goroutine.
type Loop struct {
	config  Config
	poller  poller
	state   atomic.Int32
	closing atomic.Bool
	done    chan struct{}

	epoch time.Time
	now   mono.Time // when this turn began

	descs   descs
	timers  timers
	posts   posts
	hooks   []*Hook
	atClose []*Hook
	ended   endings

	gather  gather
	scratch []byte

	culprit culprit // whose callback is running
}

// New makes a loop. Close releases what it holds, whether it ever ran or not.
func New(c Config) (*Loop, error) {
	p, err := newPoller(&c)
	if err != nil {
		return nil, err
	}
	l := &Loop{config: c, poller: p, done: make(chan struct{}), epoch: time.Now()}
	l.now = l.clock()
	if err := l.openBell(); err != nil {
		p.close()
		return nil, err
	}
	return l, nil
}

// clock reads the time; it begins above zero, as the wheel wants it.
func (l *Loop) clock() mono.Time { return mono.Time(1 + time.Since(l.epoch)) }

// Now returns when this turn of the loop began to call back, with a monotonic reading.
func (l *Loop) Now() time.Time { return l.epoch.Add(time.Duration(l.now - 1)) }

// Backend returns what the loop waits with.
func (l *Loop) Backend() Backend { return l.config.Backend }

// Run calls back until Close: it returns nil then, after everything is closed and the last callback has returned. The
// goroutine that calls it is the loop's for as long. On a loop that runs already it returns ErrRunning, on a closed one
// ErrClosed, and the error of a back end that fails.
func (l *Loop) Run() error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.leave()
	for !l.closing.Load() {
		if err := l.turn(-1); err != nil {
			return err
		}
	}
	return nil
}

// Turn is Run for a single turn: it waits for something to do, for ever if wait is negative, and does it. It is for who has
// a loop of their own around this one.
func (l *Loop) Turn(wait time.Duration) error {
	if err := l.enter(); err != nil {
		return err
	}
	defer l.leave()
	return l.turn(wait)
}

func (l *Loop) enter() error {
	switch {
	case l.closing.Load():
		return ErrClosed
	case !l.state.CompareAndSwap(idle, running):
		return ErrRunning
	}
	return nil
}

// leave gives the loop up, and sees to Close if that came while the loop was ours, even if only just before.
func (l *Loop) leave() {
	l.state.Store(idle)
	if l.closing.Load() && l.state.CompareAndSwap(idle, running) {
		l.shutdown()
	}
}

// Close ends the loop: the callback that is running is the last one of a descriptor, a timer or a signal. Then
// connections and listeners are closed, what Post has accepted is called, OnClose is called, and Run returns. If the loop is not running all that happens in Close.
//
// It may be called from everywhere, callbacks included, and more than once. It does not wait for Run: Done tells.
func (l *Loop) Close() error {
	l.posts.close()
	l.closing.Store(true)
	if l.state.CompareAndSwap(idle, running) {
		l.shutdown()
	} else {
		l.posts.wake()
	}
	return nil
}

// Done returns a channel that is closed when the loop has closed everything and made its last callback.
func (l *Loop) Done() <-chan struct{} { return l.done }

// shutdown ends everything. A callback that panics here does not keep the others from being made.
func (l *Loop) shutdown() {
	defer func() {
		if l.state.Load() != closed {
			l.shutdown() // a callback panicked: what is left is done before the panic goes on
		}
	}()
	l.guard((*Loop).runAtClose)
	l.guard((*Loop).closeSockets)
	l.guard((*Loop).runLastPosts)
	for l.ended.any() {
		l.guard((*Loop).runEnded)
	}
	l.descs = descs{}
	l.posts.release()
	l.poller.close()
	l.state.Store(closed)
	close(l.done)
}

// turn waits and calls back: timers, then descriptors, then posted functions, then OnClose. What a panic has kept an
// earlier turn from doing comes first.
func (l *Loop) turn(wait time.Duration) error {
	if !l.timers.hasDue() && !l.descs.hasReady() {
		if err := l.poll(wait); err != nil {
			return err
		}
	}
	l.guard((*Loop).runTimers)
	l.guard((*Loop).runReady)
	l.guard((*Loop).runPostsOnce)
	l.guard((*Loop).runEnded)
	return nil
}

func (l *Loop) runPostsOnce() { l.runPosts(false) }
func (l *Loop) runLastPosts() { l.runPosts(true) }

// poll waits until something is ready or due.
func (l *Loop) poll(wait time.Duration) error {
	if l.runHooks() || l.descs.hasAgain() || l.ended.any() || l.closing.Load() {
		wait = 0
	}
	wait = l.untilTimer(wait)
	if wait != 0 && !l.posts.sleep() {
		wait = 0
	}
	ready, err := l.poller.wait(l.descs.ready[:0], wait)
	if wait != 0 {
		l.posts.awake()
	}
	l.now = l.clock()
	l.descs.arrived(ready)
	return err
}

// untilTimer shortens wait to when the next timer is due.
func (l *Loop) untilTimer(wait time.Duration) time.Duration {
	next := l.timers.wheel.Deadline()
	if wait == 0 || next == mono.Never {
		return wait
	}
	left := max(next.Sub(l.clock()), 0)
	if wait < 0 {
		return left
	}
	return min(wait, left)
}

// openBell makes the descriptor with which Post wakes the loop.
func (l *Loop) openBell() error {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	l.posts.bell = fd
	if _, err := l.Register(fd, Readable, l.posts.heard); err != nil {
		unix.Close(fd)
		return err
	}
	return nil
}

// Scratch returns 64 KiB of memory for reading into: the same for all callbacks, so its content lasts until the next.
func (l *Loop) Scratch() []byte {
	if l.scratch == nil {
		l.scratch = make([]byte, 64<<10)
	}
	return l.scratch
}
