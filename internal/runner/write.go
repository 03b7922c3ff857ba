package runner

import (
	"io"
	"net"
	"os"
	"syscall"

	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/tcp"
)

// Write sends p, waiting for room as needed: from where it lies if that can leave at once, else through the send buffer.
func (c *Conn) Write(p []byte) (int, error) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	done := 0
	c.s.mu.Lock()
	for {
		if n := c.lendable(len(p) - done); n > 0 {
			c.lend(p[done:done+n], done+n == len(p))
			if done += n; done == len(p) {
				c.s.mu.Unlock()
				return done, nil
			}
			continue
		}
		b, err := c.waitRoom(len(p) - done)
		if err != nil || len(p) == 0 {
			c.s.mu.Unlock()
			return done, err
		}
		if len(b) > smallCopy {
			c.s.mu.Unlock()
			copy(b, p[done:])
			c.s.mu.Lock()
		} else {
			copy(b, p[done:])
		}
		if err := c.commit(len(b), done+len(b) == len(p)); err != nil {
			return done, err
		}
		done += len(b)
		if done == len(p) {
			return done, nil
		}
		c.s.mu.Lock()
	}
}

// writeErr returns why nothing can be written any more. The mutex is held.
func (c *Conn) writeErr() error {
	switch {
	case c.closed:
		return net.ErrClosed
	case c.s.closed:
		return c.s.err()
	case c.h.State() == tcp.StateClosed:
		if err := c.h.Err(); err != nil && !c.told {
			c.told = true
			return err
		}
		return syscall.EPIPE
	case c.writeClosed:
		return syscall.EPIPE
	}
	return nil
}

// waitRoom waits until n bytes, or the first of them, can be written, and reserves room for them. The mutex is held.
func (c *Conn) waitRoom(n int) ([]byte, error) {
	for {
		if err := c.writeErr(); err != nil {
			return nil, err
		}
		if c.wdl.expired() {
			return nil, os.ErrDeadlineExceeded
		}
		if n == 0 {
			return nil, nil
		}
		if b := c.h.Reserve(n); len(b) > 0 {
			return b, nil
		}
		c.h.Push()
		c.s.host.MarkDirty(c.h)
		c.s.pump(c.s.Now())
		if c.h.Writable() == 0 && c.canWait() {
			c.wait(&c.wgate)
			c.s.way.slept()
		}
	}
}

// canWait reports that nothing has happened that waitRoom has to look at first.
func (c *Conn) canWait() bool {
	return !c.closed && !c.s.closed && !c.wdl.expired() && !c.writeClosed && c.h.State() != tcp.StateClosed
}

// commit makes n reserved bytes part of the stream and sends, unless the connection was closed during the copy. The mutex
// is held and given up.
func (c *Conn) commit(n int, push bool) error {
	now := c.s.Now()
	err := c.writeErr()
	c.h.Commit(now, n, push)
	c.send(now)
	c.s.mu.Unlock()
	return err
}

// send sends what was written, and looks for acknowledgments. The mutex is held on entry and on return, and given up meanwhile.
func (c *Conn) send(now mono.Time) {
	c.s.host.MarkDirty(c.h)
	c.s.pump(now)
	if c.h.InFlight() >= pollAbove {
		c.lane().poll()
	}
}

// pollAbove is how many bytes in flight make it likely that an acknowledgment has come during a write.
const pollAbove = 256 << 10

// ReadFrom implements io.ReaderFrom: r fills the send buffer itself, without a copy in between. The room is held while r
// waits: little of it, unless r has been filling more.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	var total int64
	for offer := readFromLeast; ; {
		c.s.mu.Lock()
		b, err := c.waitRoom(offer)
		c.s.mu.Unlock()
		if err != nil {
			return total, err
		}
		n, err := r.Read(b)
		c.s.mu.Lock()
		if werr := c.commit(n, true); werr != nil && n > 0 {
			return total, werr
		}
		total += int64(n)
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
		switch {
		case n == len(b):
			offer = min(4*offer, readFromMost)
		case n < offer/4:
			offer = max(offer/4, readFromLeast)
		}
	}
}

// readFromLeast and readFromMost are how much ReadFrom offers its reader at once: a chunk of middle size, or the largest.
const (
	readFromLeast = 4 << 10
	readFromMost  = 64 << 10
)
