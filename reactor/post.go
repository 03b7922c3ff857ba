package reactor

import (
	"sync"

	"golang.org/x/sys/unix"
)

// posts is where other goroutines leave functions for the loop.
type posts struct {
	mu     sync.Mutex
	queue  []func()
	asleep bool // the loop waits: the bell wakes it
	closed bool
	bell   int // an eventfd; -1 when released

	batch []func() // taken from queue, the loop's own
	next  int      // the first of batch not yet called
}

// Post has the loop call fn. It may be called from every goroutine, callbacks included, does not wait, and allocates nothing
// once the queue has grown. Functions are called in the order in which they were posted, those that others post meanwhile
// in the next turn. On a closed loop Post returns ErrClosed; if it returns nil, fn is called, if need be while the loop closes.
func (l *Loop) Post(fn func()) error {
	p := &l.posts
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.queue = append(p.queue, fn)
	p.ring()
	return nil
}

// ring wakes the loop if it waits. The mutex is held, so that the bell is not released meanwhile.
func (p *posts) ring() {
	if p.asleep && p.bell >= 0 {
		p.asleep = false
		one := [8]byte{1}
		_, _ = unix.Write(p.bell, one[:]) // it can only fail if the counter is full, and then it is readable
	}
}

// heard empties the bell.
func (p *posts) heard(Events) {
	var b [8]byte
	_, _ = unix.Read(p.bell, b[:])
}

// sleep reports whether the loop may wait: nothing is queued, and from now on Post rings.
func (p *posts) sleep() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asleep = len(p.queue) == 0 && p.next == len(p.batch) && !p.closed
	return p.asleep
}

func (p *posts) awake() {
	p.mu.Lock()
	p.asleep = false
	p.mu.Unlock()
}

// wake has the loop return from its wait.
func (p *posts) wake() {
	p.mu.Lock()
	p.ring()
	p.mu.Unlock()
}

// close makes Post refuse.
func (p *posts) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
}

func (p *posts) release() {
	p.mu.Lock()
	unix.Close(p.bell)
	p.bell = -1
	p.mu.Unlock()
}

// take moves what is queued into the batch, and swaps their memory.
func (p *posts) take() {
	p.mu.Lock()
	p.queue, p.batch = p.batch[:0], p.queue
	p.mu.Unlock()
	p.next = 0
}

// runPosts calls what was posted, in a loop that closes too if all is set.
func (l *Loop) runPosts(all bool) {
	p := &l.posts
	if p.next == len(p.batch) {
		p.take()
	}
	for p.next < len(p.batch) && (all || !l.closing.Load()) {
		fn := p.batch[p.next]
		p.batch[p.next] = nil
		p.next++
		l.culprit = nil
		fn()
	}
	if all && p.next == len(p.batch) {
		if p.take(); len(p.batch) > 0 {
			l.runPosts(true) // a panic kept the last batch from its end
		}
	}
}
