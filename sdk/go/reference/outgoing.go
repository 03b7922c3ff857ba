package main

import (
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/internal/wheel"
	"github.com/antedon-net/antedon/sdk/go/api"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// mtu is what packets the path is taken to carry.
const mtu = 1500

// outgoing carries the connections that applications open, and those that others open to them.
type outgoing struct {
	driver api.Driver
	clock  clock
	env    tcp.Env
	config tcp.Config

	mu     sync.Mutex // guards what follows, and all connections
	conns  map[api.Conn]*conn
	timers wheel.Wheel[*conn]

	// Room for what is under way, kept so that none is allocated for each segment.
	views   []buffer.View
	segment []byte
}

func newOutgoing(driver api.Driver, clock clock) *outgoing {
	o := &outgoing{
		driver: driver,
		clock:  clock,
		env:    tcp.Env{Pool: buffer.NewPool(0), Secret: randomKey()},
		// With Nagle's algorithm: the driver cuts what an application writes in pieces of 1,460 bytes, more than a segment takes
		// beside its timestamps, and each would leave as a large one and a crumb.
		config: tcp.Config{
			TimeWait: 2 * time.Second, // a minute would keep the driver's ports for too long
		}.WithDefaults(),
		conns: make(map[api.Conn]*conn),
		views: make([]buffer.View, 0, 16),
	}
	clock.onAlarm(o.onAlarm)
	return o
}

// randomKey is what initial sequence numbers are made from, so that strangers cannot guess them (RFC 6528).
func randomKey() siphash.Key {
	var b [16]byte
	rand.Read(b[:])
	return siphash.Key{K0: binary.LittleEndian.Uint64(b[:8]), K1: binary.LittleEndian.Uint64(b[8:])}
}

// AppConnect dials.
func (o *outgoing) AppConnect(name api.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	local, okLocal := addrPort(name.Src)
	remote, okRemote := addrPort(name.Dst)
	if !okLocal || !okRemote || local.Addr().Is4() != remote.Addr().Is4() {
		o.driver.AppPeerRst(name)
		return
	}
	if old := o.conns[name]; old != nil {
		old.Abort(o.clock.now())
		o.forget(old)
	}
	now := o.clock.now()
	c := &conn{name: name, Conn: tcp.Dial(&o.env, &o.config, now, tcp.ID{Local: local, Remote: remote}, mtu)}
	c.timer.Owner = c
	o.conns[name] = c
	o.settle(now, c)
}

func addrPort(e api.Endpoint) (netip.AddrPort, bool) {
	addr, err := netip.ParseAddr(e.IP)
	return netip.AddrPortFrom(addr, uint16(e.Port)), err == nil
}

// AppSend writes. What the send buffer has no room for waits in front of it: the driver cannot be asked to wait.
func (o *outgoing) AppSend(name api.Conn, data []byte) {
	o.with(name, func(_ mono.Time, c *conn) { c.unwritten = append(c.unwritten, data...) })
}

// AppFin closes for writing, after all that was written.
func (o *outgoing) AppFin(name api.Conn) {
	o.with(name, func(_ mono.Time, c *conn) { c.closing = true })
}

// AppRst aborts. The application hears no more of it.
func (o *outgoing) AppRst(name api.Conn) {
	o.with(name, func(now mono.Time, c *conn) {
		c.deserted = true
		c.Abort(now)
	})
}

// with does something to a connection, if it is there, and sees to what comes of it.
func (o *outgoing) with(name api.Conn, do func(mono.Time, *conn)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.conns[name]; c != nil {
		now := o.clock.now()
		do(now, c)
		o.settle(now, c)
	}
}

// TcpRx takes a segment. One that is not as it was sent is dropped (RFC 9293, Section 3.1: "the receiver MUST check it"):
// package tcp leaves the checksum to whoever knows the addresses.
func (o *outgoing) TcpRx(name api.Conn, b []byte) {
	header, payload, err := wire.ParseTCP(b)
	if err != nil || !isIntact(name, b) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	seg := tcp.Segment{Header: header, Payload: payload}
	c := o.conns[name]
	if c == nil {
		o.refuse(name, &seg)
		return
	}
	now := o.clock.now()
	c.Recv(now, &seg)
	o.settle(now, c)
}

// Tick has nothing to do: the clock calls when it is time, which is more exact.
func (o *outgoing) Tick() {}

// onAlarm lets connections whose time has come act.
func (o *outgoing) onAlarm() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.clock.setAlarm(mono.Never) // this one has come
	now := o.clock.now()
	for t := o.timers.Expire(now); t != nil; t = o.timers.Expire(now) {
		c := t.Owner
		if c.Deadline() <= now {
			c.Conn.Tick(now)
		}
		o.settle(now, c)
	}
	o.clock.setAlarm(o.timers.Deadline())
}

// forget takes a connection out of everything that could find it.
func (o *outgoing) forget(c *conn) {
	o.timers.Stop(&c.timer)
	delete(o.conns, c.name)
}
