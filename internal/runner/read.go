package runner

import (
	"io"
	"net"
	"os"
	"runtime"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/tcp"
)

// maxViews is how many views a Read takes at once.
const maxViews = 4

// smallCopy is how many bytes are copied without giving up the mutex.
const smallCopy = 2 << 10

// Read reads what has arrived, waiting for the first byte.
func (c *Conn) Read(p []byte) (int, error) {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	c.s.mu.Lock()
	if err := c.waitReadable(len(p) == 0); err != nil || len(p) == 0 {
		c.s.mu.Unlock()
		return 0, err
	}
	var room [maxViews]buffer.View
	views := c.h.Peek(room[:0], len(p))
	n := 0
	for _, v := range views {
		n += len(v.B)
	}
	if n > smallCopy {
		c.s.mu.Unlock()
	}
	at := 0
	for _, v := range views {
		at += copy(p[at:], v.B)
	}
	if n > smallCopy {
		c.s.mu.Lock()
	}
	c.consumed(views, n)
	return n, nil
}

// waitReadable waits until there is something to read and returns why there will not be. The mutex is held.
func (c *Conn) waitReadable(dontWait bool) error {
	for {
		switch {
		case c.closed:
			return net.ErrClosed
		case c.rdl.expired():
			return os.ErrDeadlineExceeded
		case dontWait || !c.readClosed && c.h.Readable() > 0:
			return nil
		case c.readClosed || c.h.EOF():
			return io.EOF
		case c.h.State() == tcp.StateClosed:
			if err := c.h.Err(); err != nil {
				c.told = true
				return err
			}
			return io.EOF
		case c.s.closed:
			return c.s.err()
		}
		if c.h.WaitsForText() {
			c.connect()
			continue
		}
		c.wait(&c.rgate)
	}
}

// connect sends a SYN that waits for text: the user wants to read first. The mutex is held.
func (c *Conn) connect() {
	now := c.s.Now()
	c.h.Connect(now)
	c.s.host.MarkDirty(c.h)
	c.s.pump(now)
}

// consumed ends a Read or a part of WriteTo. The mutex is held and given up.
func (c *Conn) consumed(views []buffer.View, n int) {
	now := c.s.Now()
	c.s.pool.ReleaseAll(views)
	c.h.Consume(now, n)
	c.s.host.MarkDirty(c.h)
	c.lane().took(now, n)
	over := c.isAlone() && c.lane().load.letRun(n)
	c.s.finish(now)
	if over {
		runtime.Gosched()
	}
}

// WriteTo implements io.WriterTo: w is given the bytes where they arrived, without a copy.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	var total int64
	var room [maxViews]buffer.View
	for {
		c.s.mu.Lock()
		if err := c.waitReadable(false); err != nil {
			c.s.mu.Unlock()
			if err == io.EOF {
				err = nil
			}
			return total, err
		}
		views := c.h.Peek(room[:0], buffer.MaxChunk)
		c.s.mu.Unlock()
		n, err := 0, error(nil)
		for _, v := range views {
			var k int
			k, err = w.Write(v.B)
			n += k
			if err == nil && k < len(v.B) {
				err = io.ErrShortWrite
			}
			if err != nil {
				break
			}
		}
		c.s.mu.Lock()
		c.consumed(views, n)
		total += int64(n)
		if err != nil {
			return total, err
		}
	}
}
