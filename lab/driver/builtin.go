package driver

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

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
	conns  map[exp4.Conn]int // how many of the name there are or were a while ago
	cursor int               // of the pool of ports
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
	d.builtin = &builtin{d: d, dev: dev, stack: stack, conns: make(map[exp4.Conn]int)}
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
	b.conns[name]++
	b.d.counters.Answered++
	forget := func(error) { b.forget(name) }
	dial := b.d.dialListener(name, func(fd int, err error) {
		var app *reactor.Socket
		if err == nil {
			_ = unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{}) // Join closes in order
			if app, err = b.d.loop.Adopt(fd, nil); err != nil {
				unix.Close(fd)
			}
		}
		if err != nil {
			c.Abort() // refused; Close, below, forgets it
			return
		}
		reactor.Join(app, c, forget)
	})
	return &reactor.Funcs{Close: func(_ reactor.Conn, err error) { // before the listener was reached
		dial.cancel()
		forget(err)
	}}
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
	name, conn, err := b.dial(to)
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
	b.conns[name]++
	b.d.counters.Carried++
	reactor.Join(app, conn, func(error) { b.forget(name) })
}

// lastsOn is how long the stack may have to send what is left of a connection that nobody uses any more.
const lastsOn = 5 * time.Minute

// forget takes note that nobody uses a connection any more.
func (b *builtin) forget(name exp4.Conn) {
	b.d.loop.AfterFunc(lastsOn, func() {
		if b.conns[name]--; b.conns[name] <= 0 {
			delete(b.conns, name)
		}
	})
}

// dial begins a connection from the next port of the pool that is free.
func (b *builtin) dial(to netip.AddrPort) (exp4.Conn, *antedon.LoopConn, error) {
	src, err := b.d.host.source.find(to)
	if err != nil {
		return exp4.Conn{}, nil, err
	}
	pool := b.d.cfg.Table
	for range pool.Ports {
		port := pool.FirstPort + uint16(b.cursor)
		b.cursor = (b.cursor + 1) % pool.Ports
		name := exp4.Conn{Src: netip.AddrPortFrom(src, port), Dst: to}
		dialer := antedon.Dialer{Stack: b.stack, LocalAddr: net.TCPAddrFromAddrPort(name.Src)}
		conn, err := dialer.DialInLoop("tcp", to.String(), &reactor.Funcs{})
		if errors.Is(err, unix.EADDRINUSE) { // or in TIME-WAIT
			continue
		}
		return name, conn, err
	}
	return exp4.Conn{}, nil, errors.New("all ports are taken")
}
