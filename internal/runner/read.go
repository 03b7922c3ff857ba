package runner

import (
	"io"
	"net"
	"os"
	"runtime"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
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
	if n, err := c.waitReadable(len(p) == 0, p); err != nil || n > 0 || len(p) == 0 {
		over := c.hasRead(c.s.Now(), n)
		c.s.mu.Unlock()
		if over {
			runtime.Gosched()
		}
		return n, err
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

// waitReadable waits until there is something to read, or lies in p already: it returns how much does. Or it returns why there will be
// nothing. The mutex is held.
func (c *Conn) waitReadable(dontWait bool, p []byte) (int, error) {
	for {
		switch {
		case c.closed:
			return 0, net.ErrClosed
		case c.rdl.expired():
			return 0, os.ErrDeadlineExceeded
		case dontWait || !c.readClosed && c.h.Readable() > 0:
			return 0, nil
		case c.readClosed || c.h.EOF():
			return 0, io.EOF
		case c.h.State() == tcp.StateClosed:
			if err := c.h.Err(); err != nil {
				c.told = true
				return 0, err
			}
			return 0, io.EOF
		case c.s.closed:
			return 0, c.s.err()
		}
		if c.h.WaitsForText() {
			c.connect()
			continue
		}
		if n := c.waitText(p); n > 0 {
			return n, nil
		}
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
	over := c.hasRead(now, n)
	c.s.finish(now)
	if over {
		runtime.Gosched()
	}
}

// hasRead notes that n bytes were read, and reports whether it is time to let others run. The mutex is held.
func (c *Conn) hasRead(now mono.Time, n int) bool {
	l := c.lane()
	l.took(now, n)
	return c.isAlone() && l.load.letRun(n)
}

// WriteTo implements io.WriterTo: w is given the bytes where they arrived, without a copy.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	c.rmu.Lock()
	defer c.rmu.Unlock()
	var total int64
	var room [maxViews]buffer.View
	for {
		c.s.mu.Lock()
		if _, err := c.waitReadable(false, nil); err != nil {
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
