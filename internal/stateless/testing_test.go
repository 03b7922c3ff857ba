package stateless

import (
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/host"
	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/internal/siphash"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
)

const begin = mono.Time(10 * time.Second)

var (
	target4 = netip.MustParseAddrPort("10.7.0.1:80")
	target6 = netip.MustParseAddrPort("[fd07::1]:80")
	from4   = netip.MustParsePrefix("198.18.0.0/15")
	from6   = netip.MustParsePrefix("2001:2::/48")
	request = []byte("GET / HTTP/1.0\r\n\r\n")
)

func config(m Mode) Config {
	return Config{Mode: m, Target: target4, From: from4, Conns: 20, Rate: 1000, Request: request, Key: siphash.Key{K0: 1, K1: 2}}
}

// duel is an Engine against a host of ours that listens, joined by a path of constant delay, in virtual time.
type duel struct {
	testing.TB
	*Engine
	host  *host.Host
	pool  *buffer.Pool
	at    mono.Time
	delay time.Duration
	wire  []flight
	pkt   host.Packet
	seen  [NumKinds][]time.Duration

	// serve is told of every connection that something happened to.
	serve func(c *host.Conn)
	conns []*host.Conn
	lose  func(toHost bool, p []byte) bool
}

// flight is a packet on its way.
type flight struct {
	due    mono.Time
	toHost bool
	bytes  []byte
}

func newDuel(t testing.TB, cfg Config, settings tcp.Config) *duel {
	t.Helper()
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	pool := new(buffer.Pool)
	h := host.New(host.Config{
		Addrs: []netip.Prefix{netip.PrefixFrom(target4.Addr(), 24), netip.PrefixFrom(target6.Addr(), 64)},
		TCP:   settings, Pool: pool, Secret: [32]byte{7},
	})
	if _, err := h.ListenTCP(cfg.Target, 4096, host.ListenOptions{}); err != nil {
		t.Fatal(err)
	}
	return &duel{TB: t, Engine: e, host: h, pool: pool, at: begin, delay: 5 * time.Millisecond}
}

func (d *duel) send(toHost bool, b []byte) {
	if d.lose == nil || !d.lose(toHost, b) {
		d.wire = append(d.wire, flight{d.at.Add(d.delay), toHost, append([]byte(nil), b...)})
	}
}

// run lets time pass.
func (d *duel) run(limit time.Duration) {
	for end := d.at.Add(limit); ; {
		d.drain()
		next := min(d.Deadline(), d.host.Deadline())
		if len(d.wire) > 0 {
			next = min(next, d.wire[0].due)
		}
		if next > end {
			d.at = end
			return
		}
		d.at = max(d.at, next)
		d.host.Tick(d.at)
		for len(d.wire) > 0 && d.wire[0].due <= d.at {
			f := d.wire[0]
			d.wire = d.wire[1:]
			if f.toHost {
				d.host.Recv(d.at, &link.Packet{Bytes: f.bytes}, nil)
			} else {
				d.Recv(d.at, f.bytes, false)
			}
			d.drain()
		}
	}
}

// drain takes what both sides have to send.
func (d *duel) drain() {
	buf := make([]byte, MaxPacket)
	for p := d.Next(d.at, buf); len(p) > 0; p = d.Next(d.at, buf) {
		d.send(true, p)
	}
	for _, s := range d.Samples() {
		d.seen[s.Kind] = append(d.seen[s.Kind], s.Took)
	}
	for ep := d.host.NextDirty(); ep != nil; ep = d.host.NextDirty() {
		switch ep := ep.(type) {
		case *host.Listener:
			for c := ep.Accept(); c != nil; c = ep.Accept() {
				d.conns = append(d.conns, c)
				d.served(c)
			}
		case *host.Conn:
			for ep.NextPacket(d.at, &d.pkt) {
				d.take()
			}
			if ep.Events() != 0 && ep.User != nil {
				d.served(ep)
			}
		}
	}
	for d.host.NextPacket(&d.pkt) {
		d.take()
	}
}

func (d *duel) take() {
	p := append([]byte(nil), d.pkt.Bytes...)
	for _, x := range d.pkt.Payload {
		p = append(p, x...)
	}
	d.pkt.Release(d.pool)
	d.send(false, p)
}

func (d *duel) served(c *host.Conn) {
	c.User = d
	if d.serve != nil {
		d.serve(c)
		d.host.MarkDirty(c)
	}
}

// write has the application of c write n bytes at once.
func (d *duel) write(c *host.Conn, n int) {
	for n > 0 {
		b := c.Reserve(n)
		if len(b) == 0 {
			d.Fatalf("no room for %d bytes", n)
		}
		c.Commit(d.at, len(b), true)
		n -= len(b)
	}
}

// open returns how many connections the host's side believes to be open.
func (d *duel) open() (n int) {
	for _, c := range d.conns {
		if c.State() == tcp.StateEstablished {
			n++
		}
	}
	return n
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
