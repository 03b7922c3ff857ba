package driver

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon/lab/table"
	"github.com/antedon-net/antedon/reactor"
)

// A listener accepts captured connections of one IP version.
type listener struct {
	d    *Driver
	fd   int
	self netip.AddrPort
	desc *reactor.Desc
}

// backlog is how many captured connections may wait to be accepted.
const backlog = 1024

func (d *Driver) listen() error {
	for _, addr := range []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()} {
		l := &listener{d: d, fd: -1, self: netip.AddrPortFrom(addr, listenPort)}
		err := l.open()
		if addr.Is6() && (errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EADDRNOTAVAIL)) {
			continue // no IPv6 here, hence nothing to capture
		}
		if err != nil {
			l.close()
			return fmt.Errorf("listen on %s: %w", l.self, err)
		}
		d.host.listeners = append(d.host.listeners, l)
	}
	return nil
}

func (l *listener) open() (err error) {
	family, level, transparent := unix.AF_INET, unix.SOL_IP, unix.IP_TRANSPARENT
	if l.self.Addr().Is6() {
		family, level, transparent = unix.AF_INET6, unix.SOL_IPV6, unix.IPV6_TRANSPARENT
	}
	if l.fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return os.NewSyscallError("socket", err)
	}
	set := func(level, name, value int) {
		if err == nil {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(l.fd, level, name, value))
		}
	}
	set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	set(unix.SOL_SOCKET, unix.SO_MARK, markOurs) // what is sent to applications is not captured either
	set(level, transparent, 1)
	if family == unix.AF_INET6 {
		set(unix.SOL_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err != nil {
		return err
	}
	if err := unix.Bind(l.fd, toSockaddr(l.self)); err != nil {
		return err
	}
	if err := unix.Listen(l.fd, backlog); err != nil {
		return err
	}
	l.desc, err = l.d.loop.Register(l.fd, reactor.Readable, l.onReadable)
	return err
}

// acceptsAtOnce bounds how many connections are accepted in one turn of the loop.
const acceptsAtOnce = 32

func (l *listener) onReadable(reactor.Events) {
	for range acceptsAtOnce {
		fd, from, err := unix.Accept4(l.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
			l.pause()
			return
		case err == nil:
			l.accept(fd, fromSockaddr(from))
		}
	}
}

// pause stops accepting until the next tick: it would fail again at once.
func (l *listener) pause() {
	l.d.cfg.Log("too many open files: captured connections wait")
	if l.desc.Modify(0) == nil {
		l.d.loop.AfterFunc(tickInterval, func() { _ = l.desc.Modify(reactor.Readable) })
	}
}

// accept takes on a captured connection: where it was going is its local address.
func (l *listener) accept(fd int, from netip.AddrPort) {
	sa, err := unix.Getsockname(fd)
	to := fromSockaddr(sa)
	if err != nil || to == l.self || !to.IsValid() { // somebody dialled the listener itself
		unix.Close(fd)
		return
	}
	if l.d.cfg.Builtin {
		l.d.builtin.carry(fd, to)
		return
	}
	l.d.takeOn(fd, from, to)
}

// takeOn begins a connection that an SDK carries.
func (d *Driver) takeOn(fd int, from, to netip.AddrPort) {
	a := &app{d: d, fd: fd}
	d.lastApp++
	a.id = d.lastApp
	src, err := d.host.source.find(to)
	if err != nil {
		d.cfg.Log(fmt.Sprintf("%v: the connection is reset", err))
		a.reset()
		return
	}
	sdk := d.choose(from.Addr())
	d.apps[a.id], a.sdk = a, sdk
	name, ok := d.table.Accept(d.now(), a.id, sdk, src, to)
	if ok {
		a.name = name
		a.watch()
	} else {
		a.reset()
	}
	d.drain()
}

// choose returns the SDK for a connection. An application at 127.84.N.0/24 gets the Nth; the others go to those that are
// attached, in turn.
func (d *Driver) choose(from netip.Addr) table.SDK {
	if PartialPrefix.Contains(from) {
		if n := int(from.As4()[2]); n >= 1 && n <= len(d.programs) {
			return table.SDK(n - 1)
		}
	}
	for range d.programs {
		d.turn = (d.turn + 1) % len(d.programs)
		if d.table.Has(table.SDK(d.turn)) {
			break
		}
	}
	return table.SDK(d.turn)
}

// chooseForCall returns the SDK for a call: those that take any have their turns. A caller cannot choose.
func (d *Driver) chooseForCall() (table.SDK, bool) {
	for range d.programs {
		d.turn = (d.turn + 1) % len(d.programs)
		if d.table.TakesCalls(table.SDK(d.turn)) {
			return table.SDK(d.turn), true
		}
	}
	return 0, false
}

func (l *listener) close() {
	if l.desc != nil {
		_ = l.desc.Remove()
	}
	if l.fd >= 0 {
		unix.Close(l.fd)
	}
}
