package host

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// fastPair is a pair whose host 1 listens at port 80 with Fast Open.
func fastPair(t testing.TB, pending int) (*pair, *Listener) {
	p := newPair(t, nil)
	l, err := p.host[1].ListenTCP(anyAddr(80), 0, ListenOptions{FastOpen: pending})
	if err != nil {
		t.Fatal(err)
	}
	return p, l
}

func (p *pair) dialFast(to string, s *stream) *Conn {
	p.Helper()
	c, err := p.host[0].DialTCP(p.now, netip.AddrPort{}, addrPort(to), DialOptions{FastOpen: true})
	if err != nil {
		p.Fatal(err)
	}
	c.User = s
	return c
}

// write writes for the application.
func (p *pair) write(c *Conn, text []byte) {
	b := c.Reserve(len(text))
	copy(b, text)
	c.Commit(p.now, len(b), true)
	c.host.MarkDirty(c)
}

// TestFastOpen asks for a cookie on one connection and opens others with it: the request arrives half a round trip after
// it was written, and the answer another half later.
//
// req: RFC7413 4.1.3-1, 4.2.1-1
func TestFastOpen(t *testing.T) {
	for _, to := range []string{"10.0.0.2:80", "[2001:db8::2]:80"} {
		p, _ := fastPair(t, 5)
		p.reply = pattern(3000)
		first := &stream{toSend: pattern(700)}
		p.dialFast(to, first)
		p.run(2 * time.Minute)
		for i := range 3 {
			s := &stream{}
			c := p.dialFast(to, s)
			if !c.WaitsForText() {
				t.Fatalf("%s, %d: the SYN did not wait", to, i)
			}
			p.run(50 * time.Millisecond)
			start := p.now
			p.write(c, pattern(400))
			p.run(p.delay)
			if got := p.accepted[len(p.accepted)-1]; len(p.accepted) != i+2 || !bytes.Equal(got.got, pattern(400)) {
				t.Fatalf("%s, %d: %d bytes came in %v", to, i, len(got.got), p.now.Sub(start))
			}
			p.run(p.delay)
			if !bytes.Equal(s.got, pattern(3000)) {
				t.Errorf("%s, %d: %d bytes of the answer came in %v", to, i, len(s.got), p.now.Sub(start))
			}
			p.run(2 * time.Minute)
			if !s.eof || c.State() != tcp.StateClosed || c.Err() != nil {
				t.Errorf("%s, %d: ended in %v with %v", to, i, c.State(), c.Err())
			}
		}
		if in, out := p.host[1].Counters().FastOpensIn, p.host[0].Counters().FastOpensOut; in != 3 || out != 3 {
			t.Errorf("%s: %d in, %d out; want 3", to, in, out)
		}
	}
}

// A server that does not know Fast Open is left alone, for longer each time.
//
// req: RFC7413 4.1.3.1-1, 4.1.3.1-2, 4.2.1-3
func TestFastOpenNegativeCache(t *testing.T) {
	p, _ := fastPair(t, 0)
	asked := 0
	p.lose = func(b []byte) bool {
		if q := parse(t, b); q.tcp.Flags == wire.SYN && q.tcp.Options.HasFastOpen {
			asked++
		}
		return false
	}
	for _, c := range []struct {
		wait time.Duration
		want int
	}{{0, 1}, {0, 1}, {50 * time.Second, 1}, {20 * time.Second, 2}, {110 * time.Second, 2}, {20 * time.Second, 3}, {230 * time.Second, 3}} {
		p.now = p.now.Add(c.wait)
		p.dialFast("10.0.0.2:80", &stream{})
		p.run(time.Millisecond * 10)
		if asked != c.want {
			t.Errorf("after %v: asked %d times, want %d", c.wait, asked, c.want)
		}
	}
}

// SYNs with the option, or with text, may be lost for a reason: the next connection goes without.
func TestFastOpenLossOfSYNs(t *testing.T) {
	p, _ := fastPair(t, 5)
	p.dialFast("10.0.0.2:80", &stream{toSend: pattern(10)})
	p.run(2 * time.Minute)
	p.lose = func(b []byte) bool { q := parse(t, b); return q.tcp.Flags == wire.SYN && len(q.payload) > 0 }
	s := &stream{toSend: pattern(600)}
	c := p.dialFast("10.0.0.2:80", s)
	p.run(10 * time.Second)
	if got := p.accepted[1]; !bytes.Equal(got.got, pattern(600)) {
		t.Fatalf("got %d bytes: %+v", len(got.got), c.Info(p.now))
	}
	c = p.dialFast("10.0.0.2:80", &stream{toSend: pattern(600)})
	if c.WaitsForText() {
		t.Error("tries again at once")
	}
	p.run(10 * time.Second)
	if got := p.accepted[2]; !bytes.Equal(got.got, pattern(600)) {
		t.Fatalf("got %d bytes: %+v", len(got.got), c.Info(p.now))
	}
	if n := p.host[0].Counters().FastOpensRefused; n != 1 {
		t.Errorf("%d refused, want 1", n)
	}
}

// Some middleboxes let a SYN with text pass, and swallow what follows.
func TestFastOpenBlackHole(t *testing.T) {
	p, _ := fastPair(t, 5)
	p.dialFast("10.0.0.2:80", &stream{toSend: pattern(10)})
	p.run(2 * time.Minute)
	p.lose = func(b []byte) bool { q := parse(t, b); return !q.tcp.Flags.Has(wire.SYN) }
	c := p.dialFast("10.0.0.2:80", &stream{toSend: pattern(60_000)})
	for end := p.now.Add(2 * time.Hour); c.Err() == nil; p.run(time.Second) {
		if p.now > end {
			t.Fatalf("alive: %+v", c.Info(p.now))
		}
	}
	p.lose = nil
	if c = p.dialFast("10.0.0.2:80", &stream{}); c.WaitsForText() {
		t.Error("tries again at once")
	}
}

// What a server's connections before the end of their handshake cost is bounded, even if a peer resets them.
//
// req: RFC7413 4.2-3
func TestFastOpenPendingIsBounded(t *testing.T) {
	b := newBench(t, config())
	l := b.mustListen("10.0.0.1:80", 0, ListenOptions{FastOpen: 2})
	x := client{netip.AddrPortFrom(them4, 1), addrPort("10.0.0.1:80"), 1000, wire.TCPOptions{HasFastOpen: true}}
	_, out := b.recv(x.syn(0))
	x.opt = one(t, out).tcp.Options
	x.opt.HasMSS, x.opt.HasTimestamps = false, false
	open := func(port uint16) (synAck []byte, taken bool) {
		x.at = netip.AddrPortFrom(them4, port)
		_, out := b.recv(tcpPacket(x.at, x.to, wire.TCP{Seq: 1000, Flags: wire.SYN, Window: 5000, Options: x.opt}, []byte("hello")))
		return out[0], one(t, out).tcp.Ack == 1006
	}
	reset := func() { b.recv(tcpPacket(x.at, x.to, wire.TCP{Seq: 1006, Flags: wire.RST}, nil)) }
	first, taken := open(10)
	if c := l.Accept(); !taken || c == nil || c.Readable() != 5 || c.State() != tcp.StateSynReceived {
		t.Fatalf("the text of a SYN was not taken, or not handed out")
	}
	if _, taken = open(11); !taken {
		t.Error("two are allowed")
	}
	if _, taken = open(12); taken {
		t.Error("a third was taken")
	}
	// One completes its handshake: there is room for one.
	q := parse(t, first)
	b.recv(tcpPacket(netip.AddrPortFrom(them4, 10), x.to, wire.TCP{Seq: 1006, Ack: q.tcp.Seq + 1, Flags: wire.ACK}, nil))
	if _, taken = open(13); !taken {
		t.Error("no room again")
	}
	reset()
	if _, taken = open(14); taken {
		t.Error("a reset made room at once")
	}
	b.advance(resetCounts)
	if _, taken = open(15); !taken {
		t.Error("a reset counts for ever")
	}
	l.Close()
	b.advance(10 * time.Minute)
	if l.fast.pending != 0 {
		t.Errorf("%d pending in the end", l.fast.pending)
	}
}

// Whichever two packets of a connection get lost, what was written arrives, once.
func TestFastOpenEveryLoss(t *testing.T) {
	everyLoss(t, func() *pair {
		p, _ := fastPair(t, 5)
		p.dialFast("10.0.0.2:80", &stream{toSend: pattern(10)})
		p.run(2 * time.Minute)
		p.accepted = nil
		return p
	}, func(p *pair, s *stream) { p.dialFast("10.0.0.2:80", s) })
}

// everyLoss opens a connection over and over again, and loses another one or two of its first packets each time.
func everyLoss(t *testing.T, prepare func() *pair, dial func(p *pair, s *stream)) {
	t.Helper()
	const first = 14
	request, reply := pattern(3000), pattern(6000)
	for i := range first {
		for j := range i + 1 {
			p := prepare()
			n := 0
			p.reply, p.lose = reply, func([]byte) bool { n++; return n == i+1 || n == j+1 }
			s := &stream{toSend: request}
			dial(p, s)
			p.run(3 * time.Minute)
			if !bytes.Equal(s.got, reply) || !s.eof || len(p.accepted) != 1 || !bytes.Equal(p.accepted[0].got, request) || !p.accepted[0].eof {
				t.Fatalf("packets %d and %d lost: %d bytes came back, %d connections", j+1, i+1, len(s.got), len(p.accepted))
			}
			for k, h := range p.host {
				if h.pool.Used() != 0 {
					t.Fatalf("packets %d and %d lost: host %d holds %d bytes", j+1, i+1, k, h.pool.Used())
				}
			}
		}
	}
}

// A listener's connections that nobody accepted are reset with it, those of Fast Open too.
func TestFastOpenListenerCloses(t *testing.T) {
	p, l := fastPair(t, 5)
	p.dialFast("10.0.0.2:80", &stream{toSend: pattern(10)})
	p.run(2 * time.Minute)
	c := p.dialFast("10.0.0.2:80", &stream{})
	p.write(c, pattern(10))
	p.drain(0)
	f := p.wire.pop()
	p.host[1].Recv(p.now, &f.p, nil)
	if l.queue.len() != 1 {
		t.Fatalf("%d to accept", l.queue.len())
	}
	l.Close()
	p.run(time.Second)
	if c.State() != tcp.StateClosed || c.Err() == nil {
		t.Errorf("the client is in %v: %v", c.State(), c.Err())
	}
	if n := p.host[1].tcp.conns.n; n != 0 {
		t.Errorf("%d connections left", n)
	}
}

// What is remembered of servers is bounded: the oldest goes first.
func TestRecentIsBounded(t *testing.T) {
	r := recent[int, string]{limit: 3}
	for i := range 5 {
		r.set(i, "x")
	}
	r.set(3, "y")
	for i, want := range []string{"", "", "x", "y", "x"} {
		if got, _ := r.lookup(i); got != want {
			t.Errorf("%d: got %q, want %q", i, got, want)
		}
	}
	if len(r.items) != 3 || len(r.index) != 3 {
		t.Errorf("%d items, %d in the index", len(r.items), len(r.index))
	}
}
