package runner

import (
	"net"
	"net/netip"
	"os"
	"sync"
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

func (l *Listener) wakeAll() { l.s.wake(&l.gate) }

// Accept waits for a connection.
func (l *Listener) Accept() (*Conn, error) {
	l.amu.Lock()
	defer l.amu.Unlock()
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	for {
		switch {
		case l.closed:
			return nil, net.ErrClosed
		case l.s.closed:
			return nil, l.s.err()
		case l.dl.expired():
			return nil, os.ErrDeadlineExceeded
		}
		if hc := l.h.Accept(); hc != nil {
			c := l.s.connOf(hc)
			c.accepted = true
			return c, nil
		}
		l.s.wait(&l.gate)
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
	l.s.wake(&l.gate)
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
