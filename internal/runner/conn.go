package runner

import (
	"math"
	"net"
	"sync"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// Conn is a TCP connection for goroutines. Its errors are plain: io.EOF, net.ErrClosed, os.ErrDeadlineExceeded or a
// syscall.Errno.
type Conn struct {
	s   *Shard
	h   *host.Conn
	out sender

	rmu, wmu sync.Mutex // one reader and one writer at a time

	// Guarded by the shard's mutex.
	closed, readClosed, writeClosed bool
	accepted                        bool  // a user has it, or had it
	told                            bool  // the user knows why the connection failed: writes are EPIPE from then on
	listed                          bool  // in the shard's list, at place
	linger                          int16 // seconds Close may wait; -1: in the background
	rgate, wgate                    gate
	rdl, wdl                        deadline

	place place
}

// connOf returns the Conn that stands for hc.
func (s *Shard) connOf(hc *host.Conn) *Conn {
	switch u := hc.User.(type) {
	case *Conn:
		return u
	case *Watch:
		return u.c
	}
	c := &Conn{s: s, h: hc, linger: -1}
	c.out.conn = c
	hc.User = c
	s.conns.add(c)
	return c
}

// onEvents wakes who waits for what happened.
func (c *Conn) onEvents(e tcp.Event) {
	if e&(tcp.EventReadable|tcp.EventClosed) != 0 {
		c.s.wake(&c.rgate)
	}
	if e&(tcp.EventWritable|tcp.EventConnected|tcp.EventClosed) != 0 {
		c.s.wake(&c.wgate)
	}
	if e&(tcp.EventFinished|tcp.EventClosed) != 0 {
		c.s.wake(&c.s.idle)
		if c.linger > 0 {
			c.s.wake(&c.wgate)
		}
	}
	if w, ok := c.h.User.(*Watch); ok {
		w.call(e)
	}
	c.forget()
}

// forget takes c off the shard's list when it has nothing more to deliver, and nobody can wait for it.
func (c *Conn) forget() {
	if c.isOver() && (c.closed || !c.accepted) {
		c.leave()
		c.s.conns.remove(c)
	}
}

// isOver reports whether c has nothing more to deliver and gets no more to send.
func (c *Conn) isOver() bool {
	return c.h.State() == tcp.StateClosed || c.closed && c.delivered()
}

func (c *Conn) wakeAll() {
	c.s.wake(&c.rgate)
	c.s.wake(&c.wgate)
	if w, ok := c.h.User.(*Watch); ok {
		w.call(tcp.EventReadable | tcp.EventWritable)
	}
}

// command runs f under the mutex, and sends what it causes.
func (c *Conn) command(f func(now mono.Time)) {
	c.s.mu.Lock()
	now := c.s.Now()
	f(now)
	c.s.host.MarkDirty(c.h)
	c.s.finish(now)
}

// SetLinger is net.TCPConn's: negative delivers in the background, 0 aborts, more is how many seconds Close waits: nine hours
// at most.
func (c *Conn) SetLinger(sec int) error {
	return c.setting(func(mono.Time) { c.linger = int16(min(max(sec, -1), math.MaxInt16)) })
}

// setting runs f under the mutex unless the connection is closed.
func (c *Conn) setting(f func(now mono.Time)) error {
	err := error(nil)
	c.command(func(now mono.Time) {
		if c.closed {
			err = net.ErrClosed
			return
		}
		f(now)
	})
	return err
}

// Set applies a setting to the TCP connection.
func (c *Conn) Set(f func(now mono.Time, t *host.Conn)) error {
	return c.setting(func(now mono.Time) { f(now, c.h) })
}

// SetDeadlines moves the read and the write deadline; the zero time means none.
func (c *Conn) SetDeadlines(t time.Time, read, write bool) error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	if read {
		c.rdl.set(c.s, t, &c.rgate)
	}
	if write {
		c.wdl.set(c.s, t, &c.wgate)
	}
	return nil
}

// ID returns the connection's ends.
func (c *Conn) ID() tcp.ID { return c.h.ID() }

// Info returns a picture of the connection.
func (c *Conn) Info() tcp.Info {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.h.Info(c.s.Now())
}
