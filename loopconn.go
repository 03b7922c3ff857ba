package antedon

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/antedon-net/antedon/internal/runner"
	"github.com/antedon-net/antedon/reactor"
	"github.com/antedon-net/antedon/tcp"
)

// LoopConn is a connection of a Stack that calls back from an event loop. Nothing here waits; all of it belongs to the loop's
// goroutine. See reactor.Conn.
type LoopConn struct {
	conn    *Conn
	w       *runner.Watch
	stack   *loopStack
	handler reactor.Handler
	times   *loopTimes // nil without deadline and idle timeout
	err     error      // for OnClose
	state   loopState

	paused bool // the handler wants no OnReadable
	eof    bool // there is nothing more to read
	full   bool // a write came up short
	fin    bool // CloseWrite was called
}

type loopState uint8

const (
	loopConnecting loopState = iota
	loopOpen
	loopEnded // OnClose is owed
	loopTold  // that was the last callback
)

var _ reactor.Conn = (*LoopConn)(nil)

var errPanicked = errors.New("a callback of the connection panicked")

func newLoopConn(c *Conn, s *loopStack) *LoopConn {
	l := &LoopConn{conn: c, stack: s}
	l.SetHandler(nil)
	l.w = c.c.Watch(l.onEvents)
	return l
}

// Conn returns the connection for another goroutine, which may then wait in its calls: crypto/tls for instance. It calls back
// no more, not even OnClose, and the LoopConn is of no more use.
func (c *LoopConn) Conn() *Conn {
	c.stopTimer()
	c.w.Stop()
	c.state = loopTold
	return c.conn
}

// Loop returns the loop that the connection calls back from.
func (c *LoopConn) Loop() *reactor.Loop { return c.stack.loop }

// LocalAddr returns our end, a *net.TCPAddr.
func (c *LoopConn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns the peer's end, a *net.TCPAddr.
func (c *LoopConn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// SetHandler replaces whom the connection calls back; nil stands for nobody.
func (c *LoopConn) SetHandler(h reactor.Handler) {
	if h == nil {
		h = &reactor.Funcs{}
	}
	c.handler = h
}

// PauseRead withholds OnReadable until ResumeRead.
func (c *LoopConn) PauseRead() { c.paused = true }

// ResumeRead undoes PauseRead.
func (c *LoopConn) ResumeRead() {
	if c.paused {
		c.paused = false
		c.w.Again(tcp.EventReadable)
	}
}

// onEvents is called by the stack, in a turn of the loop.
func (c *LoopConn) onEvents(tcp.Event) { c.stack.loop.Call(c) }

// Call implements reactor.Callback: it is not for users.
func (c *LoopConn) Call() {
	if c.stack.closed {
		c.end(reactor.ErrClosed)
	}
	switch c.state {
	case loopEnded:
		c.state = loopTold
		c.w.Stop()
		c.handler.OnClose(c, c.err)
		return
	case loopTold:
		return
	case loopConnecting:
		c.onConnecting()
	}
	if c.full && c.state == loopOpen && c.conn.c.CanWrite() {
		c.full = false
		c.handler.OnWritable(c)
	}
	if !c.isReadable() {
		return
	}
	// What is left is called for again in the next turn, also if the handler panics.
	c.w.Again(tcp.EventReadable)
	c.handler.OnReadable(c)
}

// Failed implements reactor.Callback: it is not for users.
func (c *LoopConn) Failed() { c.end(errPanicked) }

// onConnecting looks how the handshake went.
func (c *LoopConn) onConnecting() {
	ok, err := c.conn.c.Connected()
	switch {
	case err != nil:
		c.end(c.conn.wrap("dial", err))
	case ok:
		c.state = loopOpen
		c.setTimer()
		c.handler.OnConnect(c)
	}
}

func (c *LoopConn) isReadable() bool {
	return c.state == loopOpen && !c.paused && !c.eof && c.conn.c.CanRead()
}

// end leaves OnClose to the next turn.
func (c *LoopConn) end(err error) {
	if c.state >= loopEnded {
		return
	}
	c.state, c.err = loopEnded, err
	c.stopTimer()
	_ = c.conn.c.Close() // it may be over already
	c.w.Again(tcp.EventClosed)
}

// Close ends the connection. What was written is still delivered. What was lent with Write Owned comes back when it is.
func (c *LoopConn) Close() error {
	if c.state >= loopEnded {
		return c.closed("close")
	}
	c.end(nil)
	return nil
}

// Abort ends the connection with a RST.
func (c *LoopConn) Abort() error {
	if c.state >= loopEnded {
		return c.closed("close")
	}
	_ = c.conn.c.SetLinger(0)
	c.end(nil)
	return nil
}

// CloseWrite ends the stream to the peer, after what was written.
func (c *LoopConn) CloseWrite() error {
	if c.state >= loopEnded {
		return c.closed("close")
	}
	c.fin = true
	return c.conn.CloseWrite()
}

func (c *LoopConn) closed(op string) error { return c.conn.wrap(op, net.ErrClosed) }

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

// loopTimes are the timeouts of one connection, on one timer. Activity only notes the time.
type loopTimes struct {
	timer    *reactor.Timer
	deadline time.Time
	connect  time.Time
	idle     time.Duration
	active   time.Time
}

// SetDeadline ends the connection at an instant; the zero time means none.
func (c *LoopConn) SetDeadline(t time.Time) {
	if c.state < loopEnded && (c.times != nil || !t.IsZero()) {
		c.timeouts().deadline = t
		c.setTimer()
	}
}

// SetIdleTimeout ends the connection when nothing was read or written for d; 0 means never.
func (c *LoopConn) SetIdleTimeout(d time.Duration) {
	if c.state < loopEnded && (c.times != nil || d > 0) {
		x := c.timeouts()
		x.idle, x.active = max(d, 0), time.Now()
		c.setTimer()
	}
}

func (c *LoopConn) setConnectTimeout(d time.Duration) {
	if d > 0 {
		c.timeouts().connect = time.Now().Add(d)
		c.setTimer()
	}
}

func (c *LoopConn) timeouts() *loopTimes {
	if c.times == nil {
		c.times = &loopTimes{timer: c.stack.loop.NewTimer(c.onTimer)}
	}
	return c.times
}

func (c *LoopConn) touch() {
	if c.times != nil {
		c.times.active = c.stack.loop.Now()
	}
}

// next returns when the connection is to end as things are, the zero time for never.
func (c *LoopConn) next() time.Time {
	x, next := c.times, time.Time{}
	earlier := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	earlier(x.deadline)
	if c.state == loopConnecting {
		earlier(x.connect)
	}
	if x.idle > 0 {
		earlier(x.active.Add(x.idle))
	}
	return next
}

func (c *LoopConn) setTimer() {
	if c.times == nil {
		return
	}
	if next := c.next(); next.IsZero() {
		c.times.timer.Stop()
	} else {
		c.times.timer.ResetAt(next)
	}
}

func (c *LoopConn) stopTimer() {
	if c.times != nil {
		c.times.timer.Stop()
	}
}

func (c *LoopConn) onTimer() {
	if next := c.next(); next.IsZero() || next.After(time.Now()) {
		c.setTimer()
		return
	}
	op := "read"
	if c.state == loopConnecting {
		op = "dial"
		_ = c.conn.c.SetLinger(0)
	}
	c.end(c.conn.wrap(op, os.ErrDeadlineExceeded))
}
