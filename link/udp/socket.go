package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"
)

// complete checks the configuration and fills in what was left out.
func (c *Config) complete() error {
	c.Local, c.Remote = unmap(c.Local), unmap(c.Remote)
	switch {
	case c.Learn == c.Remote.IsValid():
		return errors.New("udp: give either Config.Remote, the other end, or Config.Learn")
	case c.Learn && !c.Local.IsValid():
		return errors.New("udp: with Config.Learn, Config.Local must say where to wait")
	case !c.Learn && (c.Remote.Port() == 0 || c.Remote.Addr().IsUnspecified() || c.Remote.Addr().IsMulticast()):
		return fmt.Errorf("udp: %v is no address and port of another end", c.Remote)
	case c.MTU != 0 && (c.MTU < minMTU || c.MTU > MaxMTU):
		return fmt.Errorf("udp: MTU %d: must be %d to %d", c.MTU, minMTU, MaxMTU)
	}
	if !c.Local.Addr().IsValid() {
		any := netip.IPv4Unspecified()
		if c.Remote.Addr().Is6() {
			any = netip.IPv6Unspecified()
		}
		c.Local = netip.AddrPortFrom(any, c.Local.Port())
	}
	if !c.Learn && c.Local.Addr().Is6() != c.Remote.Addr().Is6() {
		return fmt.Errorf("udp: %v and %v are not both IPv4 or IPv6", c.Local, c.Remote)
	}
	for _, v := range []struct {
		field *int
		value int
	}{{&c.MTU, DefaultMTU}, {&c.RecvBuffer, defaultBuffer}, {&c.SendBuffer, defaultBuffer}} {
		if *v.field <= 0 {
			*v.field = v.value
		}
	}
	return nil
}

// unmap turns an IPv4 address in IPv6 clothes into itself.
func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

// socket returns a socket that is bound and, if the other end is known, connected: the kernel then drops what comes from
// elsewhere, and tells of errors and of the path's MTU.
func socket(cfg *Config) (int, error) {
	family := unix.AF_INET
	if cfg.Local.Addr().Is6() {
		family = unix.AF_INET6
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	if err := setUp(fd, family, cfg); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func setUp(fd, family int, cfg *Config) error {
	options := []struct{ level, name, value int }{{unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO}}
	if family == unix.AF_INET6 {
		options = []struct{ level, name, value int }{
			{unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1},
			{unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO},
			{unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1},
		}
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, o.level, o.name, o.value); err != nil {
			return err
		}
	}
	enlarge(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, cfg.RecvBuffer)
	enlarge(fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, cfg.SendBuffer)
	if !cfg.NoOffload {
		_ = unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1) // Linux 5.0; before, datagrams come one by one
	}
	local, err := sockaddr(cfg.Local)
	if err != nil {
		return err
	}
	if err := unix.Bind(fd, local); err != nil || cfg.Learn {
		return err
	}
	return connect(fd, cfg.Remote)
}

func connect(fd int, remote netip.AddrPort) error {
	a, err := sockaddr(remote)
	if err != nil {
		return err
	}
	return unix.Connect(fd, a)
}

// hasTrains reports whether the kernel knows UDP_SEGMENT (Linux 4.18).
func hasTrains(fd int) bool {
	_, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT)
	return err == nil
}

// enlarge makes a buffer as large as we want, or as large as we may.
func enlarge(fd, force, polite, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, polite, size)
	}
}

func sockaddr(a netip.AddrPort) (unix.Sockaddr, error) {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, nil
	}
	s := &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if zone := a.Addr().Zone(); zone != "" {
		n, err := strconv.ParseUint(zone, 10, 32)
		if err != nil {
			i, err := net.InterfaceByName(zone)
			if err != nil {
				return nil, fmt.Errorf("zone %s: %w", zone, err)
			}
			n = uint64(i.Index)
		}
		s.ZoneId = uint32(n)
	}
	return s, nil
}

// localOf returns the address of a socket.
func localOf(fd int) netip.AddrPort {
	s, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}
	}
	switch s := s.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(s.Addr), uint16(s.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(withZone(s.Addr, s.ZoneId), uint16(s.Port))
	}
	return netip.AddrPort{}
}

func withZone(b [16]byte, zone uint32) netip.Addr {
	a := netip.AddrFrom16(b)
	if zone != 0 {
		a = a.WithZone(strconv.FormatUint(uint64(zone), 10))
	}
	return a
}

// explain turns the error of opening a socket into one sentence that says what to do.
func explain(cfg *Config, err error) error {
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("udp: another program uses %v: %w", cfg.Local, err)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return fmt.Errorf("udp: %v is no address of this machine: %w", cfg.Local.Addr(), err)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("udp: this user may not use %v (ports below 1024 take privilege): %w", cfg.Local, err)
	case errors.Is(err, unix.ENETUNREACH):
		return fmt.Errorf("udp: no route from %v to %v: %w", cfg.Local.Addr(), cfg.Remote.Addr(), err)
	}
	return fmt.Errorf("udp: from %v to %v: %w", cfg.Local, cfg.Remote, err)
}
