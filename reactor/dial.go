package reactor

import (
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// DialConfig says how to dial. The zero DialConfig is ready for use.
type DialConfig struct {
	// Local is the address to dial from, in the form of the one dialled; default: the kernel's choice.
	Local string

	// Timeout is how long the connection may take to be established; default: as long as the kernel tries.
	Timeout time.Duration
}

// Dial connects to an address of "tcp", "tcp4", "tcp6" or "unix". See DialConfig.
func (l *Loop) Dial(network, address string, h Handler) (*Socket, error) {
	return DialConfig{}.Dial(l, network, address, h)
}

// Dial begins to connect. What is wrong at once is the error of Dial; after that the handler is told, by OnConnect or by
// OnClose, in a later turn. What is written before OnConnect finds no room, with OnWritable to follow.
func (c DialConfig) Dial(l *Loop, network, address string, h Handler) (*Socket, error) {
	remote, err := ParseAddr(network, address)
	if err == nil && (network[0] == 'u' && network != "unix") {
		err = net.UnknownNetworkError(network)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	s := &Socket{remote: remote.toLoopback(), network: network}
	s.SetHandler(h)
	if err := c.connect(l, s); err != nil {
		return nil, s.opError("dial", err)
	}
	return s, nil
}

func (c DialConfig) connect(l *Loop, s *Socket) error {
	raw, err := openConnected(s.network, c.Local, s.remote)
	if err != nil {
		return err
	}
	if err := l.register(&s.desc, raw.fd, Writable, s); err != nil {
		unix.Close(raw.fd)
		return err
	}
	s.setConnectTimeout(c.Timeout)
	return nil
}

// openConnected makes a socket that is connecting to remote, from local if that is not empty.
func openConnected(network, local string, remote Addr) (rawSocket, error) {
	raw, err := openSocket(network, remote)
	if err != nil {
		return raw, err
	}
	if local != "" {
		var from Addr
		if from, err = ParseAddr(network, local); err == nil {
			err = raw.bind(from)
		}
	}
	if err == nil {
		err = raw.connect(remote)
	}
	if err != nil {
		unix.Close(raw.fd)
	}
	return raw, err
}

// connected finds out what became of an attempt to connect.
func (s *Socket) connected() {
	errno, err := unix.GetsockoptInt(s.FD(), unix.SOL_SOCKET, unix.SO_ERROR)
	switch {
	case err != nil:
		s.end(s.opError("dial", os.NewSyscallError("getsockopt", err)))
		return
	case errno != 0:
		s.end(s.opError("dial", os.NewSyscallError("connect", syscall.Errno(errno))))
		return
	case s.isSelfConnected():
		s.end(s.opError("dial", syscall.ECONNREFUSED))
		return
	}
	s.established()
}

// isSelfConnected: a port of this machine that nobody listens on may be the one the kernel chose for us, and TCP then
// connects to itself (RFC 9293, Section 3.5, simultaneous open).
func (s *Socket) isSelfConnected() bool {
	if s.network == "unix" || !s.remote.Addr().IsLoopback() {
		return false
	}
	local, err := localOf(s.FD())
	return err == nil && local == s.remote
}

// established begins the life of a connection, in a callback of its descriptor.
func (s *Socket) established() {
	s.state = open
	if s.times != nil {
		s.times.connect = 0
		s.setTimer()
	}
	if s.fin {
		_ = s.CloseWrite() // a reset meanwhile is what reading says
	}
	s.handler.OnConnect(s)
}
