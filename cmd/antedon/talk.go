package main

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/reactor"
	"github.com/antedon-net/antedon/tcp"
)

// talk carries standard input to a connection, and what the connection receives to standard output, in an event loop, until both
// have ended. The end of the input is passed on to the peer. Neither way is anything kept but one piece of the input: a
// peer that takes no more stops the reading of the input, an output that takes no more closes the window.
type talk struct {
	conn *antedon.LoopConn
	in   *inlet // nil for no input, which does not even end
	out  *outlet
	bufs [][]byte

	idle  *reactor.Timer // nil without a limit
	limit time.Duration
	check *reactor.Timer // of finishing
	until time.Time

	typed     bool // somebody types the input, who need not be waited for
	sent      bool // the end of the input is passed on
	gone      bool // the peer has ended its stream
	finishing bool
	err       error
	done      chan error
}

// talk hands c to the loop and waits until the talk is over.
func (n *netcat) talk(ctx context.Context, s *session, c *antedon.Conn) error {
	t := &talk{in: n.input, out: n.output, limit: n.wait.Duration(), typed: isTyped(n.in), done: make(chan error, 1)}
	if err := s.loop.Post(func() { t.start(s, c) }); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = s.loop.Post(t.finish) }) // a loop that is closed has ended the talk
	defer stop()
	return <-t.done
}

func (t *talk) start(s *session, c *antedon.Conn) {
	if t.limit > 0 {
		t.idle = s.loop.AfterFunc(t.limit, t.finish)
	}
	t.conn = c.InLoop(s.Stack, t)
}

// touch puts the idle timer off.
func (t *talk) touch() {
	if t.idle != nil {
		t.idle.Reset(t.limit)
	}
}

// OnConnect begins to read the input.
func (t *talk) OnConnect(reactor.Conn) { t.listen() }

func (t *talk) listen() {
	if t.in != nil && !t.sent && !t.finishing {
		t.failIf(t.in.want(t.onInput))
	}
}

// onInput sends what the input has.
func (t *talk) onInput() {
	b, err := t.in.next()
	switch {
	case errors.Is(err, io.EOF):
		t.in.leave()
		t.sent = true
		_ = t.conn.CloseWrite() // of a reset reading tells
		if t.gone {
			t.end(nil)
		}
	case err != nil:
		t.end(err)
	case len(b) > 0:
		n, err := t.conn.Write(b)
		t.in.take(n)
		t.touch()
		if errors.Is(err, reactor.ErrWouldBlock) {
			t.in.leave()
		}
	}
}

// OnWritable goes on with the input.
func (t *talk) OnWritable(reactor.Conn) { t.listen() }

// OnReadable writes the packets' own bytes to the output.
func (t *talk) OnReadable(reactor.Conn) {
	var err error
	t.bufs, err = t.conn.Peek(t.bufs[:0])
	switch {
	case errors.Is(err, io.EOF):
		t.gone = true
		if t.in == nil || t.sent || t.typed {
			t.end(nil)
		}
		return
	case err != nil:
		return // OnClose tells
	}
	t.touch()
	total := 0
	for _, b := range t.bufs {
		total += len(b)
	}
	n, err := t.out.write(t.bufs, t.conn.ResumeRead)
	if err != nil {
		t.end(err)
		return
	}
	t.failIf(t.conn.Discard(n))
	if n < total {
		t.conn.PauseRead()
	}
}

func (t *talk) failIf(err error) {
	if err != nil {
		t.end(err)
	}
}

// end closes the connection; the first reason counts.
func (t *talk) end(err error) {
	if t.err == nil {
		t.err = err
	}
	_ = t.conn.Close() // it may be over already
}

// OnClose ends the talk.
func (t *talk) OnClose(_ reactor.Conn, err error) {
	if t.err == nil && !t.finishing {
		t.err = t.reason(err)
	}
	for _, timer := range [...]*reactor.Timer{t.idle, t.check} {
		if timer != nil {
			timer.Stop()
		}
	}
	if t.in != nil {
		t.in.leave()
	}
	t.out.leave()
	t.done <- t.err
}

// reason has a reset that a write is told of look like one that a read is told of: which of the two comes first is chance.
func (t *talk) reason(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && !t.gone && op.Op == "write" && errors.Is(err, syscall.ECONNRESET) {
		e := *op
		e.Op = "read"
		return &e
	}
	return err
}

// finishStep is how often a talk that is being ended looks whether it has.
const finishStep = 2 * time.Millisecond

// finish ends the stream to the peer, and the talk when everything in it is acknowledged. Until then c is read: closing with
// unread bytes would take back what was sent.
func (t *talk) finish() {
	if t.finishing || t.conn == nil {
		return
	}
	t.finishing, t.until = true, time.Now().Add(antedon.DefaultCloseTimeout)
	if t.in != nil {
		t.in.leave()
	}
	if t.conn.CloseWrite() != nil {
		t.end(nil) // it has ended already
		return
	}
	t.check = t.conn.Loop().AfterFunc(finishStep, t.checkEnd)
}

func (t *talk) checkEnd() {
	switch t.conn.Info().State {
	case tcp.StateFinWait2, tcp.StateTimeWait, tcp.StateClosed:
		t.end(nil)
		return
	}
	if time.Now().After(t.until) {
		t.end(nil) // closing the stack says so
		return
	}
	t.check.Reset(finishStep)
}
