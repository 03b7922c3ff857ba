package driver

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/exp4"
)

// A sourceFinder finds the source address that the kernel would choose: it connects a UDP socket, which sends nothing.
type sourceFinder struct{ v4, v6 int }

func openSourceFinder() (*sourceFinder, error) {
	f := &sourceFinder{-1, -1}
	var err error
	if f.v4, err = openMarked(unix.AF_INET); err != nil {
		return nil, err
	}
	if f.v6, err = openMarked(unix.AF_INET6); err != nil && !errors.Is(err, unix.EAFNOSUPPORT) {
		f.close()
		return nil, err
	}
	return f, nil
}

func openMarked(family int) (int, error) {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, markOurs); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("setsockopt", err)
	}
	return fd, nil
}

func (f *sourceFinder) find(dst netip.AddrPort) (netip.Addr, error) {
	fd := f.v4
	if dst.Addr().Is6() {
		fd = f.v6
	}
	if err := unix.Connect(fd, toSockaddr(dst)); err != nil {
		return netip.Addr{}, fmt.Errorf("no route to %s: %w", dst.Addr(), err)
	}
	sa, err := unix.Getsockname(fd)
	_ = exp4.LetGo(fd) // or the address would stay for the next one
	if err != nil {
		return netip.Addr{}, err
	}
	return fromSockaddr(sa).Addr(), nil
}

func (f *sourceFinder) close() {
	for _, fd := range []int{f.v4, f.v6} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

func withPort(ap netip.AddrPort, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr(), port)
}

func toSockaddr(ap netip.AddrPort) unix.Sockaddr {
	if ap.Addr().Is4() {
		return &unix.SockaddrInet4{Addr: ap.Addr().As4(), Port: int(ap.Port())}
	}
	return &unix.SockaddrInet6{Addr: ap.Addr().As16(), Port: int(ap.Port())}
}

// fromSockaddr returns the address of an internet socket. Those of IPv4 never have the form of IPv6.
func fromSockaddr(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
