package driver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/antedon-net/antedon"
	"github.com/antedon-net/antedon/lab/exp4"
	"github.com/antedon-net/antedon/reactor"
)

// builtin carries captured connections with Antedon's own TCP, in the driver's loop.
type builtin struct {
	d      *Driver
	dev    *device
	stack  *antedon.Stack
	cursor int // of the pool of ports
}

func (d *Driver) startBuiltin() error {
	dev, err := newDevice(d.wire)
	if err != nil {
		return err
	}
	stack, err := antedon.NewInLoop(d.loop, dev, antedon.Config{AnyAddress: true, Routes: deviceRoutes})
	if err != nil {
		dev.Close()
		return err
	}
	d.builtin = &builtin{d: d, dev: dev, stack: stack}
	for _, port := range d.cfg.Incoming {
		lc := antedon.ListenConfig{Stack: stack}
		if _, err := lc.ListenInLoop("tcp", fmt.Sprintf(":%d", port), d.builtin.answer); err != nil {
			return err
		}
	}
	return nil
}

// answer takes a call: it is joined to a connection to the listener.
func (b *builtin) answer(c reactor.Conn) reactor.Handler {
	name := exp4.Conn{Src: addrPort(c.LocalAddr()), Dst: addrPort(c.RemoteAddr())}
	b.d.counters.Answered++
	dial := b.d.dialListener(name, func(fd int, err error) {
		var app *reactor.Socket
		if err == nil {
			_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{}) // Join closes in order
			if app, err = b.d.loop.Adopt(fd, nil); err != nil {
				unix.Close(fd)
			}
		}
		if err != nil {
			c.Abort() // refused
			return
		}
		reactor.Join(app, c, nil)
	})
	return &reactor.Funcs{Close: func(reactor.Conn, error) { dial.cancel() }} // before the listener was reached
}

func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// carry takes over an application's connection: it is joined to one of ours.
func (b *builtin) carry(fd int, to netip.AddrPort) {
	conn, err := b.dial(to)
	if err != nil {
		b.d.cfg.Log(fmt.Sprintf("the connection to %s is reset: %v", to, err))
		_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		unix.Close(fd)
		return
	}
	app, err := b.d.loop.Adopt(fd, nil)
	if err != nil {
		unix.Close(fd)
		conn.Abort()
		return
	}
	b.d.counters.Carried++
	reactor.Join(app, conn, nil)
}

// dial begins a connection from the next port of the pool that is free.
func (b *builtin) dial(to netip.AddrPort) (*antedon.LoopConn, error) {
	src, err := b.d.host.source.find(to)
	if err != nil {
		return nil, err
	}
	pool := b.d.cfg.Table
	for range pool.Ports {
		port := pool.FirstPort + uint16(b.cursor)
		b.cursor = (b.cursor + 1) % pool.Ports
		dialer := antedon.Dialer{Stack: b.stack, LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(src, port))}
		conn, err := dialer.DialInLoop("tcp", to.String(), &reactor.Funcs{})
		if errors.Is(err, unix.EADDRINUSE) { // or in TIME-WAIT
			continue
		}
		return conn, err
	}
	return nil, errors.New("all ports are taken")
}
