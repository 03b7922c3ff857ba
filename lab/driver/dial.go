package driver

import (
	"errors"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/reactor"
)

// A dial is an attempt to reach a listener on behalf of its caller: connection 1 of a call. It begins at the caller's own
// address, so the application sees who calls, and by its mark stays on lo, both ways.
type dial struct {
	d    *Driver
	fd   int
	desc *reactor.Desc
	late *reactor.Timer
	done func(fd int, err error)
}

// dialTime is how long a listener may take: the kernel's own limit is minutes, for which a caller's bytes would be kept.
const dialTime = 10 * time.Second

// dialListener dials the listener at name.Src from name.Dst. done is told in a later turn, and owns the descriptor then.
func (d *Driver) dialListener(name exp4.Conn, done func(fd int, err error)) *dial {
	l := &dial{d: d, fd: -1, done: done}
	err := d.cfg.in(func() (err error) {
		l.fd, err = openDial(name)
		return err
	})
	if err == nil && d.host.tap != nil {
		if sa, err := unix.Getsockname(l.fd); err == nil {
			d.host.tap.expect(exp4.Conn{Src: fromSockaddr(sa), Dst: name.Src}) // which reads what passes in a later turn
		}
	}
	if err == nil {
		l.desc, err = d.loop.Register(l.fd, reactor.Writable, func(reactor.Events) { l.onReady() })
	}
	if err != nil {
		_ = d.loop.Post(func() { l.end(err) })
	}
	l.late = d.loop.AfterFunc(dialTime, func() { l.end(unix.ETIMEDOUT) })
	return l
}

// openDial returns a socket that is connecting.
//
// If the caller's port is taken here, by a listener or by what is left of an earlier call, the kernel chooses another one.
func openDial(name exp4.Conn) (int, error) {
	fd, err := openFrom(name.Dst, name.Src)
	if errors.Is(err, unix.EADDRINUSE) || errors.Is(err, unix.EADDRNOTAVAIL) {
		return openFrom(withPort(name.Dst, 0), name.Src)
	}
	return fd, err
}

func openFrom(from, to netip.AddrPort) (fd int, err error) {
	family, level, transparent := unix.AF_INET, unix.SOL_IP, unix.IP_TRANSPARENT
	if to.Addr().Is6() {
		family, level, transparent = unix.AF_INET6, unix.SOL_IPV6, unix.IPV6_TRANSPARENT
	}
	if fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	set := func(level, name, value int) {
		if err == nil {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, level, name, value))
		}
	}
	set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	set(unix.SOL_SOCKET, unix.SO_MARK, markCall)
	set(level, transparent, 1)
	set(unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // the caller's TCP has delayed what it wanted to
	if err == nil {                            // should we be killed, the listener's end must not stay in the way of the caller's next segment
		err = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	if err == nil {
		err = unix.Bind(fd, toSockaddr(from))
	}
	if err == nil {
		if err = unix.Connect(fd, toSockaddr(to)); errors.Is(err, unix.EINPROGRESS) {
			err = nil
		}
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// onReady finds out what became of it.
func (l *dial) onReady() {
	errno, err := unix.GetsockoptInt(l.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		err = unix.Errno(errno)
	}
	l.end(err)
}

func (l *dial) end(err error) {
	if l.done == nil {
		return // cancelled
	}
	l.late.Stop()
	done, fd := l.done, l.fd
	if err == nil {
		_ = l.desc.Remove()
		l.fd, l.desc, l.done = -1, nil, nil
	} else {
		l.cancel()
		fd = -1
	}
	done(fd, err)
}

// cancel gives up. Nobody is told.
func (l *dial) cancel() {
	l.late.Stop()
	if l.desc != nil {
		_ = l.desc.Remove()
	}
	if l.fd >= 0 {
		unix.Close(l.fd)
	}
	l.fd, l.desc, l.done = -1, nil, nil
}
