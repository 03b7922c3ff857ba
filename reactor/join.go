package reactor

import (
	"errors"
	"io"
)

// Join passes what is read from each of two connections to the other, and the end of each stream, until both have ended
// or one of them fails. Both connections call back to Join from then on, and may be of different stacks. A side that takes
// no more holds up the other; at most 64 KiB wait for each. onEnd is called when both are closed, with the first error; it
// may be nil. Either may still be connecting.
//
// It returns the handler of a, for accept to return.
func Join(a, b Conn, onEnd func(err error)) Handler {
	j := &joint{onEnd: onEnd}
	j.side[0] = joinSide{joint: j, conn: a, other: &j.side[1]}
	j.side[1] = joinSide{joint: j, conn: b, other: &j.side[0]}
	a.SetHandler(&j.side[0])
	b.SetHandler(&j.side[1])
	a.ResumeRead()
	b.ResumeRead()
	return &j.side[0]
}

type joint struct {
	side   [2]joinSide
	closed int
	err    error
	onEnd  func(err error)
}

// joinSide is one connection of two, and what waits to be written to it.
type joinSide struct {
	*joint
	conn  Conn
	other *joinSide
	out   Backlog
	fin   bool // the other stream has ended
	done  bool // and this one was told
}

func (s *joinSide) OnConnect(Conn) {}

// OnReadable passes on one read a turn.
func (s *joinSide) OnReadable(c Conn) {
	buf := c.Loop().Scratch()
	n, err := c.Read(buf)
	if n > 0 {
		if s.other.out.Send(s.other.conn, buf[:n]) == nil && s.other.out.Len() > 0 {
			c.PauseRead()
		}
	}
	if errors.Is(err, io.EOF) {
		s.other.fin = true
		s.other.finish()
	}
}

// OnWritable makes room.
func (s *joinSide) OnWritable(c Conn) {
	if s.out.Flush(c) == nil && s.out.Len() == 0 {
		s.other.conn.ResumeRead()
		s.finish()
	}
}

// finish passes on the end of the stream once everything before it is written.
func (s *joinSide) finish() {
	if !s.fin || s.done || s.out.Len() > 0 {
		return
	}
	s.done = true
	if s.conn.CloseWrite() != nil || s.other.done {
		_, _ = s.conn.Close(), s.other.conn.Close() // OnClose tells
	}
}

// OnClose closes the other connection: in peace, or as abruptly as this one failed.
func (s *joinSide) OnClose(_ Conn, err error) {
	if s.err == nil {
		s.err = err
	}
	if s.closed++; s.closed == 2 {
		if s.onEnd != nil {
			s.onEnd(s.err)
		}
		return
	}
	if err != nil {
		_ = s.other.conn.Abort() // it may have ended by itself
	} else {
		_ = s.other.conn.Close()
	}
}
