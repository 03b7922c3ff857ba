package antedon

import (
	"syscall"

	"github.com/antedon-net/antedon/reactor"
)

// CloseWrite ends the stream to the peer, after what was written.
func (c *LoopConn) CloseWrite() error {
	if c.state >= loopEnded {
		return c.closed("close")
	}
	c.fin = true
	return c.conn.CloseWrite()
}

// Write sends what there is room for.
func (c *LoopConn) Write(p []byte) (int, error) {
	one := [1][]byte{p}
	return c.Writev(one[:])
}

// Writev is Write for what lies in pieces.
func (c *LoopConn) Writev(bufs [][]byte) (int, error) {
	if err := c.checkWrite(); err != nil {
		return 0, err
	}
	n, err := c.conn.c.TryWrite(bufs)
	return n, c.wrote(err)
}

// WriteOwned sends bufs without a copy: they are the stack's, which sends them as often as it takes, until back is called, once and
// in the loop: when all of it is acknowledged, or the connection has ended and no packet under way refers to them any more.
// If there is no room for the first byte, or on any other error, nothing is taken and back is not called; otherwise all of it
// is taken.
func (c *LoopConn) WriteOwned(bufs [][]byte, back func()) error {
	if err := c.checkWrite(); err != nil {
		return err
	}
	return c.wrote(c.conn.c.TryAppend(bufs, back))
}

func (c *LoopConn) checkWrite() error {
	switch {
	case c.state >= loopEnded:
		return c.closed("write")
	case c.fin:
		return c.conn.wrap("write", syscall.EPIPE)
	case c.state == loopConnecting:
		c.full = true
		return reactor.ErrWouldBlock
	}
	return nil
}

// wrote makes the result of a write.
func (c *LoopConn) wrote(err error) error {
	switch err {
	case nil:
		c.touch()
	case syscall.EAGAIN:
		c.touch()
		c.full = true
		return reactor.ErrWouldBlock
	case syscall.EBUSY:
		return c.conn.wrap("write", err)
	default:
		err = c.conn.wrap("write", err)
		c.end(err)
	}
	return err
}
