package main

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/reactor"
)

// inlet is an input in an event loop, be it a pipe, a terminal, a socket or a file. It is handed from one connection to the
// next: what one has not taken the next gets. All of it belongs to the loop's goroutine.
type inlet struct {
	loop *reactor.Loop
	fd   int
	name string        // for errors
	desc *reactor.Desc // nil until it is read, and of a file, which epoll does not watch: it is always ready

	ready  func() // called when next has something; nil for nobody
	wanted bool
	posted bool // turn will be called

	buf  []byte
	rest []byte // of buf: read and not taken
	full bool   // a read does not wait
	eof  bool
}

// inletSize is how much is read at a time.
const inletSize = 128 << 10

func newInlet(l *reactor.Loop, fd int, name string) *inlet {
	return &inlet{loop: l, fd: fd, name: name}
}

// want has ready called, soon and again, while there is something to take.
func (s *inlet) want(ready func()) error {
	s.ready, s.wanted = ready, true
	switch {
	case s.buf == nil:
		return s.open()
	case s.desc == nil || s.eof:
		return s.post()
	}
	if len(s.rest) > 0 {
		if err := s.post(); err != nil {
			return err
		}
	}
	return s.desc.Modify(reactor.Readable)
}

// open begins to watch. The descriptor is not made non-blocking, for others may use the terminal or the pipe; it is read once
// each time that it is ready, which does not wait.
func (s *inlet) open() error {
	s.buf = make([]byte, inletSize)
	desc, err := s.loop.Register(s.fd, reactor.Readable, func(reactor.Events) {
		s.full = true
		s.turn()
	})
	if errors.Is(err, unix.EPERM) {
		s.full = true
		return s.post()
	}
	s.desc = desc
	return err
}

func (s *inlet) post() error {
	if s.posted {
		return nil
	}
	s.posted = true
	return s.loop.Post(func() { s.posted = false; s.turn() })
}

func (s *inlet) turn() {
	if !s.wanted {
		return
	}
	s.ready()
	if s.wanted && s.desc == nil {
		_ = s.post() // a loop that closes has other ways to tell
	}
}

// leave ends the calls until want.
func (s *inlet) leave() {
	s.ready, s.wanted = nil, false
	if s.desc != nil {
		_ = s.desc.Modify(0) // a descriptor that cannot be watched is not
	}
}

// next returns what there is to take, nothing if there is nothing yet, or io.EOF. It stays until take.
func (s *inlet) next() ([]byte, error) {
	switch {
	case len(s.rest) > 0:
		return s.rest, nil
	case s.eof:
		return nil, io.EOF
	case !s.full:
		return nil, nil
	}
	s.full = s.desc == nil
	n, err := unix.Read(s.fd, s.buf)
	switch {
	case err == unix.EAGAIN, err == unix.EINTR:
		return nil, nil
	case err != nil:
		return nil, &os.PathError{Op: "read", Path: s.name, Err: err}
	case n == 0:
		s.eof = true
		return nil, io.EOF
	}
	s.rest = s.buf[:n]
	return s.rest, nil
}

// take removes the first n bytes of what next has returned.
func (s *inlet) take(n int) { s.rest = s.rest[n:] }
