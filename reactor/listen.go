package reactor

import (
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ListenConfig says how to listen. The zero ListenConfig is ready for use.
type ListenConfig struct {
	// Backlog is how many connections the kernel keeps until they are accepted; default and upper limit are the kernel's,
	// /proc/sys/net/core/somaxconn.
	Backlog int

	// ReusePort lets several sockets listen on the same address; the kernel spreads connections over them by hash.
	ReusePort bool

	// Exclusive is for a listener that several loops Share: a connection wakes one of them, not all. Only Epoll has it.
	Exclusive bool

	// OnError is told why a connection could not be accepted, too many open files for instance. Accepting goes on, after a
	// pause if that may help.
	OnError func(err error)
}

const (
	acceptBatch     = 64                    // connections accepted in a turn
	acceptExclusive = 4                     // fewer, so that the loops that share a listener get some each
	acceptPause     = 50 * time.Millisecond // when descriptors or memory have run out
)

// Listener accepts connections in a loop.
type Listener struct {
	desc    Desc
	config  ListenConfig
	network string
	addr    Addr
	accept  func(c Conn) Handler
	pause   Timer
	unlink  string // the file of a unix socket, which goes with it
	closed  bool
}

// Listen accepts connections of "tcp", "tcp4", "tcp6" or "unix". See ListenConfig.
func (l *Loop) Listen(network, address string, accept func(c Conn) Handler) (*Listener, error) {
	return ListenConfig{}.Listen(l, network, address, accept)
}

// Listen listens on an address; port 0 means one that is free. accept is called for each connection and returns whom it
// calls back, beginning with OnConnect; if that is nil, the connection is aborted.
func (c ListenConfig) Listen(l *Loop, network, address string, accept func(c Conn) Handler) (*Listener, error) {
	a, err := ParseAddr(network, address)
	if err == nil && network[0] == 'u' && network != "unix" {
		err = net.UnknownNetworkError(network)
	}
	var raw rawSocket
	if err == nil {
		raw, err = c.open(network, a)
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: a.netAddr(network), Err: err}
	}
	ln, err := c.start(l, network, raw.fd, accept)
	if err == nil && network == "unix" && a.Name[0] != '@' {
		ln.unlink = a.Name
	}
	return ln, err
}

func (c ListenConfig) open(network string, a Addr) (rawSocket, error) {
	raw, err := openSocket(network, a)
	if err != nil {
		return raw, err
	}
	if raw.family != unix.AF_UNIX {
		err = raw.set(unix.SOL_SOCKET, unix.SO_REUSEADDR, true)
	}
	if err == nil && c.ReusePort {
		err = raw.set(unix.SOL_SOCKET, unix.SO_REUSEPORT, true)
	}
	if err == nil {
		err = raw.bind(a)
	}
	if err == nil {
		backlog := c.Backlog
		if backlog <= 0 {
			backlog = 1 << 15 // the kernel lowers it to somaxconn
		}
		err = os.NewSyscallError("listen", unix.Listen(raw.fd, backlog))
	}
	if err != nil {
		unix.Close(raw.fd)
	}
	return raw, err
}

// start registers a listening descriptor, which it owns.
func (c ListenConfig) start(l *Loop, network string, fd int, accept func(c Conn) Handler) (*Listener, error) {
	ln := &Listener{config: c, network: network, accept: accept}
	ln.addr, _ = localOf(fd)
	if err := l.register(&ln.desc, fd, ln.want(), ln); err != nil {
		unix.Close(fd)
		return nil, &net.OpError{Op: "listen", Net: network, Addr: ln.Addr(), Err: err}
	}
	l.InitTimer(&ln.pause, ln.resume)
	return ln, nil
}

func (ln *Listener) want() Events {
	if ln.config.Exclusive {
		return Readable | Exclusive
	}
	return Readable
}

// Share has another loop accept connections of ln as well. It is called on the other loop's goroutine, or before that runs,
// while ln is open. Each of the two is closed by itself; the address is given up with the last.
func (l *Loop) Share(ln *Listener, accept func(c Conn) Handler) (*Listener, error) {
	fd, err := unix.FcntlInt(uintptr(ln.desc.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: ln.network, Addr: ln.Addr(), Err: os.NewSyscallError("fcntl", err)}
	}
	return ln.config.start(l, ln.network, fd, accept)
}

// Addr returns the address it listens on, a *net.TCPAddr or *net.UnixAddr.
func (ln *Listener) Addr() net.Addr { return ln.addr.netAddr(ln.network) }

// Close ends listening. Connections that were accepted live on.
func (ln *Listener) Close() error {
	if ln.closed {
		return &net.OpError{Op: "close", Net: ln.network, Addr: ln.Addr(), Err: net.ErrClosed}
	}
	ln.closed = true
	ln.pause.Stop()
	_ = ln.desc.Remove() // closing does it too
	if ln.unlink != "" {
		_ = os.Remove(ln.unlink) // it may be gone
	}
	unix.Close(ln.desc.FD())
	return nil
}

func (ln *Listener) loopClosed() { ln.Close() }

// failed: OnError has panicked. The listener lives on.
func (ln *Listener) failed() {}

// onReady accepts a bounded number of connections; those that are left are reported again.
func (ln *Listener) onReady(Events) {
	n := acceptBatch
	if ln.config.Exclusive {
		n = acceptExclusive
	}
	for ; n > 0 && !ln.closed && !ln.pause.IsSet(); n-- {
		var raw unix.RawSockaddrAny
		size := uint32(unix.SizeofSockaddrAny)
		fd, errno := accept(ln.desc.FD(), &raw, &size)
		if errno == unix.EAGAIN {
			return
		}
		if errno != 0 {
			ln.refused(errno)
			continue
		}
		ln.accepted(fd, addrFrom(&raw, size, ""))
	}
}

// accepted begins the life of a connection.
func (ln *Listener) accepted(fd int, remote Addr) {
	l := ln.desc.loop
	s := &Socket{remote: remote, network: ln.network}
	if err := l.register(&s.desc, fd, Readable, s); err != nil {
		unix.Close(fd)
		ln.report(err)
		return
	}
	s.state, s.calling = open, true
	l.culprit = s
	defer s.called()
	s.handler = ln.accept(s)
	switch {
	case s.state == ended:
	case s.handler == nil:
		_ = s.Abort() // it is open
	default:
		s.handler.OnConnect(s)
	}
}

// refused deals with a connection that could not be accepted. If descriptors or memory have run out, the listener would
// be ready in every turn, to no avail, so it rests.
func (ln *Listener) refused(errno syscall.Errno) {
	switch errno {
	case unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM:
		if err := ln.desc.Modify(0); err == nil {
			ln.pause.Reset(acceptPause)
		}
	}
	ln.report(os.NewSyscallError("accept4", errno))
}

func (ln *Listener) resume() {
	if err := ln.desc.Modify(ln.want()); err != nil {
		ln.pause.Reset(acceptPause)
		ln.report(err)
	}
}

func (ln *Listener) report(err error) {
	if ln.config.OnError != nil && !errors.Is(err, syscall.ECONNABORTED) { // the peer changed its mind
		ln.desc.loop.culprit = ln
		ln.config.OnError(&net.OpError{Op: "accept", Net: strings.TrimRight(ln.network, "46"), Addr: ln.Addr(), Err: err})
	}
}
