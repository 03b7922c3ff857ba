package runner

import (
	"net"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// delivered reports that nothing the user sent still waits for its acknowledgment.
func (c *Conn) delivered() bool {
	switch c.h.State() {
	case tcp.StateClosed, tcp.StateTimeWait, tcp.StateFinWait2:
		return true
	}
	return false
}

// CloseWrite sends a FIN after what was written.
func (c *Conn) CloseWrite() error {
	var err error
	c.command(func(now mono.Time) {
		switch {
		case c.closed:
			err = net.ErrClosed
		case c.h.State() == tcp.StateClosed:
			err = syscall.ENOTCONN
		default:
			c.writeClosed = true
			c.h.CloseWrite(now)
			c.s.wake(&c.wgate)
		}
	})
	return err
}

// CloseRead makes reads return io.EOF; what still arrives is acknowledged and kept unread.
func (c *Conn) CloseRead() error {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.readClosed = true
	c.s.wake(&c.rgate)
	return nil
}

// closeLocked is Close under the mutex, without linger.
func (c *Conn) closeLocked() {
	c.closed = true
	c.rdl.stop()
	c.wdl.stop()
	if c.linger == 0 {
		c.h.Abort(c.s.Now())
	} else {
		c.h.Close(c.s.Now())
	}
	c.s.host.MarkDirty(c.h)
	c.wakeAll()
	c.forget()
}

// Close ends the connection. What was written is delivered in the background, or while Close waits if linger says so.
func (c *Conn) Close() error {
	c.s.mu.Lock()
	if c.closed {
		c.s.mu.Unlock()
		return net.ErrClosed
	}
	c.closeLocked()
	linger := c.linger
	c.s.finish(c.s.Now())
	if linger <= 0 {
		return nil
	}
	c.wmu.Lock()
	defer c.wmu.Unlock()
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.wdl.set(c.s, time.Now().Add(time.Duration(linger)*time.Second), &c.wgate)
	for !c.delivered() && !c.wdl.expired() && !c.s.closed {
		c.wait(&c.wgate)
	}
	c.wdl.stop()
	return nil
}
