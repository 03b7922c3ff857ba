package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/reactor"
)

// outlet is an output in an event loop. All of it belongs to the loop's goroutine.
type outlet struct {
	loop *reactor.Loop
	fd   int
	name string        // for errors
	desc *reactor.Desc // nil of a file, which epoll does not watch: it always has room
	room func()        // called when there is room again; nil for nobody

	checked bool // whether the descriptor can be watched
	careful bool // the kernel does not take writes that must not wait
}

func newOutlet(l *reactor.Loop, fd int, name string) *outlet {
	return &outlet{loop: l, fd: fd, name: name}
}

// open finds out what the descriptor is.
func (s *outlet) open() error {
	if s.checked {
		return nil
	}
	s.checked = true
	desc, err := s.loop.Register(s.fd, reactor.Writable|reactor.OneShot, func(reactor.Events) { s.ready() })
	if errors.Is(err, unix.EPERM) {
		return nil
	}
	s.desc = desc
	return err
}

func (s *outlet) ready() {
	if s.room != nil {
		room := s.room
		s.room = nil
		room()
	}
}

// leave ends the calls.
func (s *outlet) leave() { s.room = nil }

// write writes what there is room for and returns how much that is. If it is not everything, room is called once there is more.
func (s *outlet) write(bufs [][]byte, room func()) (total int, err error) {
	if err := s.open(); err != nil {
		return 0, err
	}
	for len(bufs) > 0 {
		n, err := s.writeOnce(bufs)
		total += max(n, 0)
		switch {
		case err == unix.EAGAIN:
			s.room = room
			return total, s.desc.Modify(reactor.Writable | reactor.OneShot)
		case err != nil && err != unix.EINTR:
			return total, &os.PathError{Op: "write", Path: s.name, Err: err}
		}
		bufs = without(bufs, max(n, 0))
	}
	return total, nil
}

// pipeBuf is how much a pipe with any room takes at once, and a terminal soon: PIPE_BUF.
const pipeBuf = 4096

// writeOnce is writev without waiting. The descriptor is not made non-blocking for that, since others may use the same pipe or
// terminal: either the kernel is asked not to wait, or whether there is room for a little.
func (s *outlet) writeOnce(bufs [][]byte) (int, error) {
	if s.desc == nil {
		return unix.Writev(s.fd, bufs)
	}
	if !s.careful {
		n, err := unix.Pwritev2(s.fd, bufs, -1, unix.RWF_NOWAIT)
		if err != unix.EOPNOTSUPP && err != unix.ENOSYS {
			return n, err
		}
		s.careful = true
	}
	p := [...]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}
	if n, err := unix.Poll(p[:], 0); n == 0 || err != nil {
		return 0, unix.EAGAIN
	}
	return unix.Write(s.fd, bufs[0][:min(len(bufs[0]), pipeBuf)])
}

// without returns bufs without their first n bytes.
func without(bufs [][]byte, n int) [][]byte {
	for len(bufs) > 0 && n >= len(bufs[0]) {
		n -= len(bufs[0])
		bufs = bufs[1:]
	}
	if n > 0 {
		bufs[0] = bufs[0][n:]
	}
	return bufs
}
