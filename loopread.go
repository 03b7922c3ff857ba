package antedon

import (
	"io"
	"syscall"

	"github.com/antedon-net/antedon/reactor"
	"github.com/antedon-net/antedon/tcp"
)

// PauseRead withholds OnReadable until ResumeRead.
func (c *LoopConn) PauseRead() { c.paused = true }

// ResumeRead undoes PauseRead.
func (c *LoopConn) ResumeRead() {
	if c.paused {
		c.paused = false
		c.w.Again(tcp.EventReadable)
	}
}

// Read reads what has arrived.
func (c *LoopConn) Read(p []byte) (int, error) {
	if err := c.checkRead(); err != nil || len(p) == 0 {
		return 0, err
	}
	n, err := c.conn.c.TryRead(p)
	return n, c.readErr(err)
}

func (c *LoopConn) checkRead() error {
	switch {
	case c.state >= loopEnded:
		return c.closed("read")
	case c.state == loopConnecting:
		return reactor.ErrWouldBlock
	case c.eof:
		return io.EOF
	}
	return nil
}

func (c *LoopConn) readErr(err error) error {
	switch err {
	case nil:
		c.touch()
	case syscall.EAGAIN:
		return reactor.ErrWouldBlock
	case io.EOF:
		c.eof = true
	case syscall.EBUSY, syscall.EINVAL:
		return c.conn.wrap("read", err)
	default:
		err = c.conn.wrap("read", err)
		c.end(err)
	}
	return err
}

// Peek appends to dst what has arrived, without a copy: up to four slices of the packets' own bytes. They are lent until the next
// Discard or Peek, or until OnClose has returned, and must not be changed. Discard takes them off the stream; until then
// they count as not read.
func (c *LoopConn) Peek(dst [][]byte) ([][]byte, error) {
	if err := c.checkRead(); err != nil {
		return dst, err
	}
	dst, err := c.w.Peek(dst)
	return dst, c.readErr(err)
}

// Discard takes n bytes off the stream, as many as Peek has shown at most.
func (c *LoopConn) Discard(n int) error {
	if c.state >= loopEnded {
		return c.closed("read")
	}
	if err := c.w.Discard(n); err != nil {
		return c.conn.wrap("read", err)
	}
	return nil
}
