package host

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/internal/buffer"
	"github.com/antedon-net/antedon/internal/mono"
	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
)

// stream is the application on one end of a connection: it sends bytes, then ends its side, and collects what comes.
type stream struct {
	toSend []byte
	got    []byte
	eof    bool
	closed bool
}

// pair is two hosts joined by a wire, under one virtual clock.
type pair struct {
	testing.TB
	now   mono.Time
	host  [2]*Host
	delay time.Duration
	lose  func(p []byte) bool
	wire  fifo[flying]
	pkt   Packet
	reply []byte // what accepted connections send

	accepted []*stream

	take func(h *Host, f *link.Packet, c *buffer.Chunk) // in place of Recv
}

type flying struct {
	at mono.Time
	to int
	p  link.Packet
}

func newPair(t testing.TB, edit func(*Config)) *pair {
	p := &pair{TB: t, now: begin, delay: time.Millisecond}
	for i, addrs := range [][]netip.Prefix{prefixes("10.0.0.1/24", "2001:db8::1/64"), prefixes("10.0.0.2/24", "2001:db8::2/64")} {
		cfg := Config{Addrs: addrs, Secret: [32]byte{byte(i)}}
		if edit != nil {
			edit(&cfg)
		}
		p.host[i] = New(cfg)
	}
	return p
}

// drain does what a driver does after every input and command.
func (p *pair) drain(i int) {
	h := p.host[i]
	for e := h.NextDirty(); e != nil; e = h.NextDirty() {
		switch e := e.(type) {
		case *Conn:
			for c := e; c.NextPacket(p.now, &p.pkt); {
				p.transmit(i)
			}
			if s, ok := e.User.(*stream); ok && p.serve(e, s) {
				h.MarkDirty(e)
			}
		case *Listener:
			for c := e.Accept(); c != nil; c = e.Accept() {
				s := &stream{toSend: p.reply}
				c.User = s
				p.accepted = append(p.accepted, s)
				h.MarkDirty(c)
			}
		}
	}
	for h.NextPacket(&p.pkt) {
		p.transmit(i)
	}
}

// serve lets the application read and write, and reports whether it did anything.
func (p *pair) serve(c *Conn, s *stream) (busy bool) {
	for len(s.toSend) > 0 && c.Writable() > 0 {
		b := c.Reserve(min(len(s.toSend), c.Writable()))
		n := copy(b, s.toSend)
		c.Commit(p.now, n, true)
		s.toSend, busy = s.toSend[n:], true
	}
	if len(s.toSend) == 0 && !s.closed && c.State() >= tcp.StateEstablished {
		c.CloseWrite(p.now)
		s.closed, busy = true, true
	}
	for c.Readable() > 0 {
		var views [4]buffer.View
		got := c.Peek(views[:0], 1<<20)
		n := 0
		for _, v := range got {
			s.got = append(s.got, v.B...)
			n += len(v.B)
		}
		c.Consume(p.now, n)
		c.host.pool.ReleaseAll(got)
		busy = true
	}
	if c.EOF() && !s.eof {
		s.eof = true
	}
	return busy
}

// transmit puts p.pkt on the wire. A partial checksum stays partial: the other host trusts it.
func (p *pair) transmit(from int) {
	b := append([]byte(nil), p.pkt.Bytes...)
	for _, x := range p.pkt.Payload {
		b = append(b, x...)
	}
	f := flying{p.now.Add(p.delay), 1 - from, p.pkt.Packet}
	f.p.Bytes, f.p.Payload = b, nil
	p.pkt.Release(p.host[from].pool)
	if f.p.CsumStart == 0 {
		parse(p, b)
	}
	if p.lose == nil || !p.lose(b) {
		p.wire.push(f)
	}
}

// run lets time pass until nothing is left to do, or d has passed.
func (p *pair) run(d time.Duration) {
	end := p.now.Add(d)
	p.drain(0)
	p.drain(1)
	for {
		next := mono.Earliest(p.host[0].Deadline(), p.host[1].Deadline())
		if p.wire.len() > 0 {
			next = mono.Earliest(next, p.wire.front().at)
		}
		if next > end {
			p.now = end
			return
		}
		p.now = max(p.now, next)
		for p.wire.len() > 0 && p.wire.front().at <= p.now {
			f := p.wire.pop()
			h := p.host[f.to]
			c := h.pool.Get(len(f.p.Bytes))
			f.p.Bytes = c.B[:copy(c.B, f.p.Bytes)]
			if p.take != nil {
				p.take(h, &f.p, c)
			} else {
				h.Recv(p.now, &f.p, c)
			}
			h.pool.Release(c)
			p.drain(f.to)
		}
		for i, h := range p.host {
			h.Tick(p.now)
			p.drain(i)
		}
	}
}

func (p *pair) checkIdle() {
	p.Helper()
	for i, h := range p.host {
		if !h.Idle() || h.Deadline() != mono.Never || h.pool.Used() != 0 {
			p.Errorf("host %d: idle %v with %d connections, deadline %d, %d bytes of the pool in use",
				i, h.Idle(), h.tcp.conns.n, h.Deadline(), h.pool.Used())
		}
	}
}

func (p *pair) listen(i int, at string) *Listener {
	p.Helper()
	l, err := p.host[i].ListenTCP(addrPort(at), 0, ListenOptions{})
	if err != nil {
		p.Fatal(err)
	}
	return l
}

func (p *pair) dial(i int, to string, s *stream) *Conn {
	p.Helper()
	c, err := p.host[i].DialTCP(p.now, netip.AddrPort{}, addrPort(to), DialOptions{})
	if err != nil {
		p.Fatal(err)
	}
	c.User = s
	return c
}

// TestTransfer sends bytes both ways over every kind of path between two hosts, and expects them and nothing else: no
// drop, no connection left, no memory held.
//
// req: RFC9293 MUST-2, MUST-45, RFC1122 3.3.1.1-2, RFC8200 5-1
func TestTransfer(t *testing.T) {
	offload := func(o link.Offload) func(*Config) { return func(c *Config) { c.Offload = o } }
	for _, c := range []struct {
		name string
		to   string
		edit func(*Config)
	}{
		{"IPv4", "10.0.0.2:80", nil},
		{"IPv6", "[2001:db8::2]:80", nil},
		{"checksum offload", "10.0.0.2:80", offload(link.OffloadChecksum)},
		{"super-segments", "10.0.0.2:80", offload(link.OffloadChecksum | link.OffloadTSO)},
		{"super-segments, IPv6", "[2001:db8::2]:80", offload(link.OffloadChecksum | link.OffloadTSO)},
		{"super-segments that the device cuts", "10.0.0.2:80", func(c *Config) { c.Cuts = true }},
		{"small MTU", "10.0.0.2:80", func(c *Config) { c.MTU = 296 }},
		{"large MTU", "[2001:db8::2]:80", func(c *Config) { c.MTU = 65535 }},
		{"to itself", "10.0.0.1:80", nil},
		{"to itself, loopback", "[::1]:80", nil},
		{"to itself, no room", "127.0.0.1:80", func(c *Config) { c.Limits.Queue = 300_000 }},
		{"to itself, super-segments", "127.0.0.1:80", offload(link.OffloadChecksum | link.OffloadTSO)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, c.edit)
			server := 1
			if p.host[0].isSelf(addrPort(c.to).Addr()) {
				server = 0
			}
			l, err := p.host[server].ListenTCP(anyAddr(80), 0, ListenOptions{})
			if err != nil {
				t.Fatal(err)
			}
			request, reply := pattern(300_000), pattern(700_001)
			p.reply = reply
			s := &stream{toSend: request}
			p.dial(0, c.to, s)
			p.run(2 * time.Minute)
			if !bytes.Equal(s.got, reply) || !s.eof {
				t.Errorf("client got %d bytes, want %d; end seen: %v", len(s.got), len(reply), s.eof)
			}
			if len(p.accepted) != 1 || !bytes.Equal(p.accepted[0].got, request) || !p.accepted[0].eof {
				t.Errorf("server got something else than the %d bytes of one connection", len(request))
			}
			for i, h := range p.host {
				for name, n := range h.Counters().Dropped() {
					t.Errorf("host %d: %s: %d", i, name, n)
				}
			}
			l.Close()
			p.checkIdle()
		})
	}
}

// A device that cuts super-packets is handed some, whatever it takes over; and windows fit its queue, whose packets are small.
func TestDeviceCuts(t *testing.T) {
	for _, cuts := range []bool{false, true} {
		p := newPair(t, func(c *Config) { c.Cuts, c.RecvQueue = cuts, 100 })
		p.listen(1, "10.0.0.2:80")
		largest := 0
		p.lose = func(b []byte) bool {
			largest = max(largest, len(b))
			return false
		}
		s := &stream{toSend: pattern(1_000_000)}
		c := p.dial(0, "10.0.0.2:80", s)
		p.run(time.Minute)
		if !s.eof {
			t.Fatalf("cuts: %v: the transfer did not end", cuts)
		}
		if supers := largest > 1500; supers != cuts {
			t.Errorf("cuts: %v: the largest packet had %d bytes", cuts, largest)
		}
		if wnd := c.Info(p.now).SndWnd; wnd > 80*1460 {
			t.Errorf("cuts: %v: a window of %d for a queue of 100 packets", cuts, wnd)
		}
	}
}

// A path that carries less than the link is discovered from what its routers report.
//
// req: RFC7323 5.7-1, RFC8200 5-2
func TestTransferDiscoversPathMTU(t *testing.T) {
	for _, to := range []string{"10.0.0.2:80", "[2001:db8::2]:80"} {
		p := newPair(t, nil)
		p.listen(1, to)
		s := &stream{toSend: pattern(200_000)}
		p.lose = func(b []byte) bool {
			if len(b) <= 1380 {
				return false
			}
			p.wire.push(flying{p.now.Add(p.delay), 0, link.Packet{Bytes: tooBig(b, 1380)}})
			return true
		}
		p.dial(0, to, s)
		p.run(5 * time.Minute)
		if !s.eof {
			t.Errorf("%s: the transfer did not end", to)
		}
		if got := p.host[0].mtu(addrPort(to).Addr()); got != 1380 {
			t.Errorf("%s: path MTU %d, want 1380", to, got)
		}
		if n := p.host[0].Counters().ICMPErrorsIn; n == 0 {
			t.Errorf("%s: no ICMP error counted", to)
		}
		if p.host[1].Counters().In.Packets > 2000 {
			t.Errorf("%s: %d packets for 200,000 bytes", to, p.host[1].Counters().In.Packets)
		}
	}
}

func TestManyConnections(t *testing.T) {
	p := newPair(t, nil)
	p.listen(1, "10.0.0.2:80")
	p.reply = pattern(1000)
	streams := make([]*stream, 500)
	for i := range streams {
		streams[i] = &stream{toSend: pattern(100 + i)}
		p.dial(0, "10.0.0.2:80", streams[i])
	}
	p.run(5 * time.Minute)
	for i, s := range streams {
		if !bytes.Equal(s.got, p.reply) || !s.eof {
			t.Fatalf("connection %d got %d bytes, end %v", i, len(s.got), s.eof)
		}
	}
	c := p.host[1].Counters()
	if c.ConnsAccepted != 500 || c.ConnsClosed != 500 {
		t.Errorf("%d accepted, %d closed, want 500", c.ConnsAccepted, c.ConnsClosed)
	}
	p.checkIdle()
}

// A connection with itself is a simultaneous open (RFC 9293, Section 3.5).
func TestSelfConnect(t *testing.T) {
	p := newPair(t, nil)
	self := addrPort("10.0.0.1:5000")
	c, err := p.host[0].DialTCP(p.now, self, self, DialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{toSend: pattern(100_000)}
	c.User = s
	p.run(5 * time.Minute)
	if !bytes.Equal(s.got, pattern(100_000)) || !s.eof {
		t.Errorf("got %d bytes, end %v, state %v", len(s.got), s.eof, c.State())
	}
	p.checkIdle()
}

// A connection from an address that is not ours to ourselves stays within the host, both ways.
func TestTransparentToItself(t *testing.T) {
	p := newPair(t, nil)
	p.listen(0, "10.0.0.1:80")
	p.reply = pattern(1000)
	c, err := p.host[0].DialTCP(p.now, addrPort("203.0.113.5:0"), addrPort("10.0.0.1:80"), DialOptions{Transparent: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{}
	c.User = s
	p.run(5 * time.Minute)
	if !bytes.Equal(s.got, p.reply) || p.host[0].Counters().Out.Packets != 0 {
		t.Errorf("got %d bytes, %d packets left the host", len(s.got), p.host[0].Counters().Out.Packets)
	}
	p.checkIdle()
}
