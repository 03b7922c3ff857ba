package runner

import (
	"context"
	"io"
	"math"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
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

// maxViews is how many views a Read takes at once.
const maxViews = 4

// connOf returns the Conn that stands for hc.
func (s *Shard) connOf(hc *host.Conn) *Conn {
	if c, ok := hc.User.(*Conn); ok {
		return c
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
	c.forget()
}

// forget takes c off the shard's list when it has nothing more to deliver, and nobody can wait for it.
func (c *Conn) forget() {
	if c.isOver() && (c.closed || !c.accepted) {
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
}

// delivered reports that nothing the user sent still waits for its acknowledgment.
func (c *Conn) delivered() bool {
	switch c.h.State() {
	case tcp.StateClosed, tcp.StateTimeWait, tcp.StateFinWait2:
		return true
	}
	return false
}

// Dial opens a connection to remote and waits until it is established, refused, or ctx is done. It does not wait for one
// whose SYN waits for text (Fast Open).
func (s *Shard) Dial(ctx context.Context, local, remote netip.AddrPort, opt host.DialOptions) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.closing {
		defer s.mu.Unlock()
		return nil, s.err()
	}
	now := s.Now()
	hc, err := s.host.DialTCP(now, local, remote, opt)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	c := s.connOf(hc)
	c.accepted = true
	s.finish(now)
	if err := c.waitConnected(ctx); err != nil {
		_ = c.SetLinger(0)
		c.Close()
		return nil, err
	}
	return c, nil
}

// waitConnected waits for the end of the handshake.
func (c *Conn) waitConnected(ctx context.Context) error {
	s := c.s
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		c.s.wake(&c.wgate)
		s.mu.Unlock()
	})
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch st := c.h.State(); {
		case c.h.WaitsForText():
			return nil
		case st == tcp.StateClosed && c.h.Err() != nil:
			return c.h.Err()
		case st == tcp.StateClosed:
			return net.ErrClosed
		case st >= tcp.StateEstablished:
			return nil
		case s.closed:
			return s.err()
		case ctx.Err() != nil:
			return ctx.Err()
		}
		s.wait(&c.wgate)
	}
}

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
		c.s.wait(&c.rgate)
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
	c.s.finish(now)
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

// Write sends p, waiting for room as needed.
func (c *Conn) Write(p []byte) (int, error) {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	done := 0
	c.s.mu.Lock()
	for {
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
			c.s.wait(&c.wgate)
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
	c.s.host.MarkDirty(c.h)
	c.s.pump(now)
	if c.h.InFlight() >= pollAbove {
		c.s.poll()
	}
	c.s.mu.Unlock()
	return err
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

// command runs f under the mutex, and sends what it causes.
func (c *Conn) command(f func(now mono.Time)) {
	c.s.mu.Lock()
	now := c.s.Now()
	f(now)
	c.s.host.MarkDirty(c.h)
	c.s.finish(now)
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
		c.s.wait(&c.wgate)
	}
	c.wdl.stop()
	return nil
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
