package reactor

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// Socket is a Conn on a stream socket of the kernel: TCP, or a unix socket.
type Socket struct {
	desc    Desc
	handler Handler
	remote  Addr
	network string
	err     error     // for OnClose
	times   *timeouts // nil without deadline and idle timeout
	state   sockState

	paused  bool // the handler wants no OnReadable
	eof     bool // there is nothing more to read
	full    bool // a write came up short
	fin     bool // CloseWrite was called
	calling bool // a callback is running, which settle follows
}

type sockState uint8

const (
	connecting sockState = iota
	open
	ended // the descriptor is closed
)

var _ Conn = (*Socket)(nil)

var errPanicked = errors.New("reactor: a callback of the connection panicked")

// Adopt makes a connection of a stream socket that is connected already, and owns its descriptor from then on. OnConnect is
// called in the next turn.
func (l *Loop) Adopt(fd int, h Handler) (*Socket, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("reactor: descriptor %d: %w", fd, err)
	}
	remote, network, err := peerOf(fd)
	if err != nil {
		return nil, err
	}
	s := &Socket{remote: remote, network: network}
	s.SetHandler(h)
	if err := l.register(&s.desc, fd, Writable, s); err != nil {
		return nil, err
	}
	return s, nil
}

// FD returns the descriptor, for options that this package does not name. It stays the connection's.
func (s *Socket) FD() int { return s.desc.FD() }

// Loop returns the loop that the connection belongs to.
func (s *Socket) Loop() *Loop { return s.desc.loop }

// SetHandler replaces whom the connection calls back; nil stands for nobody.
func (s *Socket) SetHandler(h Handler) {
	if h == nil {
		h = &Funcs{}
	}
	s.handler = h
}

// RemoteAddr returns the peer's address, a *net.TCPAddr or *net.UnixAddr.
func (s *Socket) RemoteAddr() net.Addr { return s.remote.netAddr(s.network) }

// LocalAddr returns our address, the zero one of its kind after the connection has ended.
func (s *Socket) LocalAddr() net.Addr {
	var a Addr
	if s.state != ended {
		a, _ = localOf(s.FD())
	}
	return a.netAddr(s.network)
}

// opError is an error of package net.
func (s *Socket) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: s.network, Addr: s.RemoteAddr(), Err: err}
}

// PauseRead withholds OnReadable until ResumeRead.
func (s *Socket) PauseRead() { s.paused = true; s.settle() }

// ResumeRead undoes PauseRead.
func (s *Socket) ResumeRead() { s.paused = false; s.settle() }

// settle has the descriptor watched for what is of interest now; during a callback once, at its end.
func (s *Socket) settle() {
	if s.calling || s.state == ended {
		return
	}
	var want Events
	switch {
	case s.state == connecting:
		want = Writable
	default:
		if !s.paused && !s.eof {
			want |= Readable
		}
		if s.full {
			want |= Writable
		}
	}
	if want != s.desc.want {
		if err := s.desc.Modify(want); err != nil {
			s.end(s.opError("watch", err))
		}
	}
}

// onReady calls the handler.
func (s *Socket) onReady(ready Events) {
	s.calling = true
	defer s.called()
	if s.state == connecting {
		s.connected()
		return
	}
	if ready&Writable != 0 && s.full {
		s.full = false
		s.handler.OnWritable(s)
	}
	if ready&Readable != 0 && !s.paused && !s.eof && s.state == open {
		s.handler.OnReadable(s)
	}
}

func (s *Socket) called() {
	s.calling = false
	s.settle()
}

// failed ends a connection whose callback panicked.
func (s *Socket) failed() { s.end(errPanicked) }

// loopClosed ends it with the loop.
func (s *Socket) loopClosed() { s.end(ErrClosed) }

// CloseWrite ends the stream to the peer. On a connection that is not established yet, it does so when it is.
func (s *Socket) CloseWrite() error {
	if s.state == ended {
		return s.opError("close", net.ErrClosed)
	}
	s.fin = true
	if s.state == connecting {
		return nil
	}
	if err := unix.Shutdown(s.FD(), unix.SHUT_WR); err != nil && !errors.Is(err, syscall.ENOTCONN) { // reset: reading says so
		return s.opError("close", err)
	}
	return nil
}

// Close ends the connection. The kernel delivers what was written.
func (s *Socket) Close() error {
	if s.state == ended {
		return s.opError("close", net.ErrClosed)
	}
	s.end(nil)
	return nil
}

// Abort ends the connection at once.
func (s *Socket) Abort() error {
	if s.state == ended {
		return s.opError("close", net.ErrClosed)
	}
	_ = unix.SetsockoptLinger(s.FD(), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}) // a unix socket ignores it
	s.end(nil)
	return nil
}

// end closes the descriptor and leaves OnClose to the end of the turn.
func (s *Socket) end(err error) {
	if s.state == ended {
		return
	}
	l := s.Loop()
	s.state, s.err = ended, err
	if s.times != nil {
		s.times.timer.Stop()
	}
	_ = s.desc.Remove() // closing does it too
	unix.Close(s.FD())
	l.ended.list = append(l.ended.list, s)
}

// Read reads what has arrived.
func (s *Socket) Read(p []byte) (int, error) {
	switch {
	case s.state == ended:
		return 0, s.opError("read", net.ErrClosed)
	case s.state == connecting:
		return 0, ErrWouldBlock
	case len(p) == 0:
		return 0, nil
	case s.eof:
		return 0, io.EOF
	}
	n, errno := read(s.FD(), p)
	switch {
	case errno == unix.EAGAIN:
		return 0, ErrWouldBlock
	case errno != 0:
		return 0, s.broken("read", errno)
	case n == 0:
		s.eof = true
		s.settle()
		return 0, io.EOF
	}
	s.touch()
	return n, nil
}

// broken ends the connection and returns why.
func (s *Socket) broken(op string, err error) error {
	err = s.opError(op, err)
	s.end(err)
	return err
}

// Write sends what there is room for.
func (s *Socket) Write(p []byte) (int, error) {
	if err := s.checkWrite(); err != nil || len(p) == 0 {
		return 0, err
	}
	n, errno := write(s.FD(), p)
	return s.wrote(n, len(p), errno)
}

// Writev is Write for what lies in pieces.
func (s *Socket) Writev(bufs [][]byte) (int, error) {
	if err := s.checkWrite(); err != nil {
		return 0, err
	}
	total := 0
	for _, b := range bufs {
		total += len(b)
	}
	n, errno := s.Loop().gather.send(s.FD(), bufs)
	return s.wrote(n, total, errno)
}

func (s *Socket) checkWrite() error {
	switch {
	case s.state == ended:
		return s.opError("write", net.ErrClosed)
	case s.fin:
		return s.opError("write", syscall.EPIPE)
	case s.state == connecting:
		s.full = true
		return ErrWouldBlock
	}
	return nil
}

// wrote makes the result of a write.
func (s *Socket) wrote(n, total int, errno syscall.Errno) (int, error) {
	if n > 0 {
		s.touch()
	}
	switch {
	case n < total && (errno == 0 || errno == unix.EAGAIN):
		s.full = true
		s.settle()
		return n, ErrWouldBlock
	case n < total:
		return n, s.broken("write", errno)
	}
	return n, nil
}
