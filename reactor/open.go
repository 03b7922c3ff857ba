package reactor

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rawSocket is a socket that is being set up.
type rawSocket struct{ fd, family int }

// openSocket makes a non-blocking socket for an address of the network. With both set, one that takes IPv4 and IPv6 where
// there is IPv6.
func openSocket(network string, a Addr) (rawSocket, error) {
	kind := unix.SOCK_STREAM
	if strings.HasPrefix(network, "udp") || network == "unixgram" {
		kind = unix.SOCK_DGRAM
	}
	family, both := unix.AF_INET6, false
	switch {
	case strings.HasPrefix(network, "unix"):
		family = unix.AF_UNIX
	case !a.Addr().IsValid():
		both = true
	case a.Addr().Is4():
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if both && errors.Is(err, syscall.EAFNOSUPPORT) {
		family = unix.AF_INET
		fd, err = unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	}
	if err != nil {
		return rawSocket{}, os.NewSyscallError("socket", err)
	}
	s := rawSocket{fd, family}
	if family == unix.AF_INET6 {
		err = s.set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, !both)
	}
	if err == nil && strings.HasPrefix(network, "tcp") {
		err = s.set(unix.IPPROTO_TCP, unix.TCP_NODELAY, true) // what a listener accepts inherits it
	}
	if err != nil {
		unix.Close(fd)
		return rawSocket{}, err
	}
	return s, nil
}

// set switches a socket option.
func (s rawSocket) set(level, option int, on bool) error {
	value := 0
	if on {
		value = 1
	}
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(s.fd, level, option, value))
}

func (s rawSocket) bind(a Addr) error { return s.call(unix.SYS_BIND, "bind", a) }

// connect: EINPROGRESS is no error.
func (s rawSocket) connect(a Addr) error {
	err := s.call(unix.SYS_CONNECT, "connect", a)
	if errors.Is(err, syscall.EINPROGRESS) || errors.Is(err, syscall.EINTR) {
		return nil
	}
	return err
}

func (s rawSocket) call(number uintptr, name string, a Addr) error {
	var raw unix.RawSockaddrAny
	size, err := a.put(&raw, s.family)
	if err != nil {
		return err
	}
	if _, _, errno := unix.RawSyscall(number, uintptr(s.fd), uintptr(unsafe.Pointer(&raw)), uintptr(size)); errno != 0 {
		return os.NewSyscallError(name, errno)
	}
	return nil
}
