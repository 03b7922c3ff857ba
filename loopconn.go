package antedon

import (
	"errors"
	"net"

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

	dialled bool // by DialInLoop: others are established when they come here

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

// Info returns what Linux's tcp_info tells of a connection, under its names.
func (c *LoopConn) Info() tcp.Info { return c.conn.Info() }

// SetHandler replaces whom the connection calls back; nil stands for nobody.
func (c *LoopConn) SetHandler(h reactor.Handler) {
	if h == nil {
		h = &reactor.Funcs{}
	}
	c.handler = h
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
	if c.isReadable() {
		defer c.goOn() // also if the handler panics
		c.handler.OnReadable(c)
	}
}

// goOn has OnReadable called again in the next turn if something is left.
func (c *LoopConn) goOn() {
	if c.isReadable() {
		c.w.Again(tcp.EventReadable)
	}
}

// Failed implements reactor.Callback: it is not for users.
func (c *LoopConn) Failed() { c.end(errPanicked) }

// onConnecting looks how the handshake went. What has become of a connection since it was established, reading tells.
func (c *LoopConn) onConnecting() {
	ok, err := c.conn.c.Connected()
	switch {
	case !c.dialled:
		c.state = loopOpen
		c.handler.OnConnect(c)
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

// Close ends the connection. What was written is still delivered. What was lent with WriteOwned comes back when it is.
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

func (c *LoopConn) closed(op string) error { return c.conn.wrap(op, net.ErrClosed) }
