package runner

import (
	"io"
	"net"
	"syscall"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/tcp"
)

// What follows is for who must not wait: syscall.EAGAIN stands for what a waiting call would wait for, and syscall.EBUSY says
// that another goroutine is in the middle of a call that waits.

// Connected reports whether the handshake is over, or why it failed.
func (c *Conn) Connected() (bool, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.connected()
}

// CanRead reports whether there is something to read: bytes, their end, or an error.
func (c *Conn) CanRead() bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.tryReadable() != syscall.EAGAIN
}

// CanWrite reports whether a write would do something: send, or fail.
func (c *Conn) CanWrite() bool {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return !c.canWait() || c.h.Writable() > 0
}

// tryReadable returns why there is nothing to read, nil if there is something. The mutex is held.
func (c *Conn) tryReadable() error {
	switch {
	case c.closed:
		return net.ErrClosed
	case c.h.Readable() > 0:
		return nil
	case c.h.EOF():
		return io.EOF
	case c.h.State() == tcp.StateClosed:
		if err := c.h.Err(); err != nil {
			return err
		}
		return io.EOF
	case c.s.closed:
		return c.s.err()
	}
	return syscall.EAGAIN
}

// TryRead reads what has arrived.
func (c *Conn) TryRead(p []byte) (int, error) {
	if !c.rmu.TryLock() {
		return 0, syscall.EBUSY
	}
	defer c.rmu.Unlock()
	c.s.mu.Lock()
	if err := c.tryReadable(); err != nil || len(p) == 0 {
		c.s.mu.Unlock()
		return 0, err
	}
	n := 0
	for n < len(p) && c.h.Readable() > 0 {
		var room [maxViews]buffer.View
		views := c.h.Peek(room[:0], len(p)-n)
		c.s.mu.Unlock()
		got := 0
		for _, v := range views {
			got += copy(p[n+got:], v.B)
		}
		c.s.mu.Lock()
		c.s.pool.ReleaseAll(views)
		c.h.Consume(c.s.Now(), got)
		n += got
	}
	c.s.host.MarkDirty(c.h)
	c.s.finish(c.s.Now())
	return n, nil
}

// TryWrite sends as much of bufs as there is room for, and returns how much that is.
func (c *Conn) TryWrite(bufs [][]byte) (int, error) {
	if !c.wmu.TryLock() {
		return 0, syscall.EBUSY
	}
	defer c.wmu.Unlock()
	from := cursor{bufs: bufs}
	left, done := from.len(), 0
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	err := c.writeErr()
	for err == nil && left > 0 {
		b := c.h.Reserve(left)
		if len(b) == 0 {
			c.h.Push()
			err = syscall.EAGAIN
			break
		}
		c.s.mu.Unlock()
		from.fill(b)
		c.s.mu.Lock()
		if err = c.writeErr(); err == nil {
			left, done = left-len(b), done+len(b)
		}
		c.h.Commit(c.s.Now(), len(b), left == 0)
	}
	c.s.host.MarkDirty(c.h)
	c.s.pump(c.s.Now())
	return done, err
}

// cursor is a place in bytes that lie in pieces.
type cursor struct {
	bufs [][]byte
	at   int // in the first of them
}

func (x *cursor) len() int {
	n := 0
	for _, b := range x.bufs {
		n += len(b)
	}
	return n
}

// fill copies the next bytes to b, of which there are enough.
func (x *cursor) fill(b []byte) {
	for len(b) > 0 {
		n := copy(b, x.bufs[0][x.at:])
		b = b[n:]
		if x.at += n; x.at == len(x.bufs[0]) {
			x.bufs, x.at = x.bufs[1:], 0
		}
	}
}

// TryAppend makes bufs part of the stream where they lie: until done is called, once, on the loop's goroutine, they are the
// connection's. All of them are taken or, if there is no room for the first byte, none.
func (c *Conn) TryAppend(bufs [][]byte, done func()) error {
	if !c.wmu.TryLock() {
		return syscall.EBUSY
	}
	defer c.wmu.Unlock()
	c.s.mu.Lock()
	err := c.writeErr()
	if err == nil && c.h.Writable() == 0 {
		err = syscall.EAGAIN
	}
	if err != nil {
		c.s.mu.Unlock()
		return err
	}
	now := c.s.Now()
	c.h.Append(now, bufs, &buffer.Loan{Back: done}, true)
	c.s.host.MarkDirty(c.h)
	c.s.finish(now)
	return nil
}
