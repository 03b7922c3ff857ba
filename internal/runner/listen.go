package runner

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/host"
)

// Listener accepts connections.
type Listener struct {
	s      *Shard
	h      *host.Listener
	amu    sync.Mutex // one Accept at a time
	gate   gate
	dl     deadline
	closed bool
	fn     func() // called in a loop when there may be somebody to accept
	queued bool
}

// Listen starts to accept connections to local.
func (s *Shard) Listen(local netip.AddrPort, backlog int, opt host.ListenOptions) (*Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, s.err()
	}
	h, err := s.host.ListenTCP(local, backlog, opt)
	if err != nil {
		return nil, err
	}
	l := &Listener{s: s, h: h}
	h.User = l
	s.waiters[l] = struct{}{}
	return l, nil
}

func (l *Listener) wakeAll() {
	l.s.wake(&l.gate)
	if l.fn != nil && !l.queued {
		l.queued = true
		l.s.inLoop.add(l)
	}
}

// Watch has fn called on the loop's goroutine when there is somebody to TryAccept, or the listener is closed; once in the next
// turn to begin with.
func (l *Listener) Watch(fn func()) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.fn = fn
	l.wakeAll()
}

// Again has the function called in the next turn.
func (l *Listener) Again() {
	l.s.mu.Lock()
	l.wakeAll()
	l.s.mu.Unlock()
}

func (l *Listener) callBack() {
	l.s.mu.Lock()
	l.queued = false
	l.s.mu.Unlock()
	l.fn()
}

// TryAccept returns a connection, or syscall.EAGAIN if there is none.
func (l *Listener) TryAccept() (*Conn, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if err := l.err(); err != nil {
		return nil, err
	}
	if c := l.next(); c != nil {
		return c, nil
	}
	return nil, syscall.EAGAIN
}

// err returns why there will be nobody to accept. The mutex is held.
func (l *Listener) err() error {
	switch {
	case l.closed:
		return net.ErrClosed
	case l.s.closed:
		return l.s.err()
	}
	return nil
}

// next accepts a connection, nil if there is none. The mutex is held.
func (l *Listener) next() *Conn {
	hc := l.h.Accept()
	if hc == nil {
		return nil
	}
	c := l.s.connOf(hc)
	c.accepted = true
	return c
}

// Accept waits for a connection.
func (l *Listener) Accept() (*Conn, error) {
	l.amu.Lock()
	defer l.amu.Unlock()
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	for {
		if err := l.err(); err != nil {
			return nil, err
		}
		if l.dl.expired() {
			return nil, os.ErrDeadlineExceeded
		}
		if c := l.next(); c != nil {
			return c, nil
		}
		l.s.lanes[0].wait(&l.gate, landing{})
	}
}

// Close stops listening. Connections in the queue are reset; those accepted live on.
func (l *Listener) Close() error {
	l.s.mu.Lock()
	if l.closed {
		l.s.mu.Unlock()
		return net.ErrClosed
	}
	l.closeLocked()
	l.s.finish(l.s.Now())
	return nil
}

func (l *Listener) closeLocked() {
	l.closed = true
	l.dl.stop()
	l.h.Close()
	l.wakeAll()
	delete(l.s.waiters, l)
}

// SetDeadline moves the deadline of Accept.
func (l *Listener) SetDeadline(t time.Time) error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.dl.set(l.s, t, &l.gate)
	return nil
}

// Addr returns the listener's address.
func (l *Listener) Addr() netip.AddrPort { return l.h.Addr() }
