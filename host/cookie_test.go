package host

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/antedon-net/antedon/link"
	"github.com/antedon-net/antedon/tcp"
	"github.com/antedon-net/antedon/wire"
)

// flooded returns a bench whose listener at port 80 has a full SYN queue.
func flooded(t testing.TB, cfg Config, opt ListenOptions) (*bench, *Listener) {
	t.Helper()
	b := newBench(t, cfg)
	l := b.mustListen("10.0.0.1:80", 1, opt)
	if _, out := b.recv(syn(1)); len(out) != 1 {
		t.Fatal("no answer to the first SYN")
	}
	return b, l
}

// client is a peer of our own making.
type client struct {
	at, to netip.AddrPort
	isn    uint32
	opt    wire.TCPOptions
}

func (c *client) syn(flags wire.Flags) []byte {
	return tcpPacket(c.at, c.to, wire.TCP{Seq: c.isn, Flags: wire.SYN | flags, Window: 5000, Options: c.opt}, nil)
}

// ack returns the segment that completes the handshake, as a client with these options sends it.
func (c *client) ack(synAck wire.TCP, text string) []byte {
	h := wire.TCP{Seq: c.isn + 1, Ack: synAck.Seq + 1, Flags: wire.ACK, Window: 5000}
	if synAck.Options.HasTimestamps {
		h.Options = wire.TCPOptions{HasTimestamps: true, TSVal: c.opt.TSVal + 5, TSEcr: synAck.Options.TSVal}
	}
	return tcpPacket(c.at, c.to, h, []byte(text))
}

// TestCookieKeepsOptions completes handshakes of which the host remembers nothing, and looks at what the connections know.
func TestCookieKeepsOptions(t *testing.T) {
	all := wire.TCPOptions{
		HasMSS: true, MSS: 1460, HasWScale: true, WScale: 7, SACKPermitted: true, HasTimestamps: true, TSVal: 0xfffffff0,
	}
	with := func(edit func(o *wire.TCPOptions)) wire.TCPOptions {
		o := all
		edit(&o)
		return o
	}
	for _, c := range []struct {
		name  string
		opt   wire.TCPOptions
		flags wire.Flags
		cfg   tcp.Config
		mss   int
		want  string
	}{
		{"everything", all, wire.ECE | wire.CWR, tcp.Config{}, 1448, "ts sack ecn wscale:7,8"},
		{"no ECN", all, 0, tcp.Config{}, 1448, "ts sack wscale:7,8"},
		{"no SACK", with(func(o *wire.TCPOptions) { o.SACKPermitted = false }), 0, tcp.Config{}, 1448, "ts wscale:7,8"},
		{"no window scale", with(func(o *wire.TCPOptions) { o.HasWScale = false }), 0, tcp.Config{}, 1448, "ts sack"},
		{"window scale 0", with(func(o *wire.TCPOptions) { o.WScale = 0 }), 0, tcp.Config{}, 1448, "ts sack wscale:0,8"},
		{"window scale 14", with(func(o *wire.TCPOptions) { o.WScale = 14 }), 0, tcp.Config{}, 1448, "ts sack wscale:14,8"},
		{"window scale 15", with(func(o *wire.TCPOptions) { o.WScale = 15 }), 0, tcp.Config{}, 1448, "ts sack wscale:14,8"},
		{"no timestamps", with(func(o *wire.TCPOptions) { o.HasTimestamps = false }), wire.ECE | wire.CWR, tcp.Config{}, 1460, ""},
		{"no timestamps of ours", all, wire.ECE | wire.CWR, tcp.Config{NoTimestamps: true}, 1460, ""},
		{"nothing", wire.TCPOptions{}, 0, tcp.Config{}, 536, ""},
		{"MSS of PPPoE", wire.TCPOptions{HasMSS: true, MSS: 1452}, 0, tcp.Config{}, 1440, ""},
		{"least MSS", wire.TCPOptions{HasMSS: true, MSS: 1}, 0, tcp.Config{}, 48, ""},
		{"small MSS", wire.TCPOptions{HasMSS: true, MSS: 500}, 0, tcp.Config{}, 48, ""},
		{"large MSS", wire.TCPOptions{HasMSS: true, MSS: 65495}, 0, tcp.Config{}, 1460, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, l := flooded(t, config(), ListenOptions{TCP: &c.cfg})
			x := client{netip.AddrPortFrom(them4, 7000), addrPort("10.0.0.1:80"), 0xffffffff, c.opt}
			_, out := b.recv(x.syn(c.flags))
			synAck := one(t, out).tcp
			if b.Counters().CookiesSent != 1 || b.tcp.conns.n != 1 || synAck.Flags.Has(wire.ECE) != (c.flags != 0 && c.want != "") {
				t.Fatalf("answered with %+v, %d connections", synAck, b.tcp.conns.n)
			}
			b.at = b.at.Add(50 * time.Millisecond)
			if _, out := b.recv(x.ack(synAck, "")); len(out) != 0 {
				t.Errorf("the ACK was answered with %+v", parse(t, out[0]).tcp)
			}
			conn := l.Accept()
			if conn == nil {
				t.Fatal("no connection")
			}
			i := conn.Info(b.at)
			if i.State != tcp.StateEstablished || i.Options != c.want || i.SndMSS != c.mss || i.RTT != 0 || i.RTO != time.Second {
				t.Errorf("got %v %q MSS %d, RTT %v, RTO %v; want ESTABLISHED %q MSS %d, none, 1s",
					i.State, i.Options, i.SndMSS, i.RTT, i.RTO, c.want, c.mss)
			}
			if want := 5000 << min(c.opt.WScale, 14); i.SndWnd != want && (i.SndWnd != 5000 || c.want != "" && c.opt.HasWScale) {
				t.Errorf("got a window of %d, want %d", i.SndWnd, want)
			}
			conn.Abort(b.at)
			b.MarkDirty(conn)
			b.sent()
		})
	}
}

// TestCookieConnectionWorks sends both ways, the client's first bytes with the ACK, over a path that loses.
func TestCookieConnectionWorks(t *testing.T) {
	for _, lossy := range []bool{false, true} {
		p := newPair(t, nil)
		l, err := p.host[1].ListenTCP(anyAddr(80), 1, ListenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p.host[1].Recv(p.now, &link.Packet{Bytes: tcpPacket(addrPort("10.0.0.9:9"), addrPort("10.0.0.2:80"), wire.TCP{Flags: wire.SYN}, nil)}, nil)
		if n := 0; lossy {
			p.lose = func([]byte) bool { n++; return n%7 == 0 }
		}
		request, reply := pattern(100_000), pattern(300_000)
		p.reply = reply
		s := &stream{toSend: request}
		c := p.dial(0, "10.0.0.2:80", s)
		p.run(40 * time.Second)
		if n := p.host[1].Counters().CookiesAccepted; n != 1 {
			t.Fatalf("lossy %v: %d cookies accepted", lossy, n)
		}
		if !bytes.Equal(s.got, reply) || len(p.accepted) != 1 || !bytes.Equal(p.accepted[0].got, request) {
			t.Errorf("lossy %v: got %d bytes, want %d: %+v", lossy, len(s.got), len(reply), c.Info(p.now))
		}
		l.Close()
		p.run(5 * time.Minute)
	}
}

// Whichever two packets of a connection over a cookie get lost, what was written arrives.
func TestCookieEveryLoss(t *testing.T) {
	everyLoss(t, func() *pair {
		p := newPair(t, nil)
		if _, err := p.host[1].ListenTCP(anyAddr(80), 1, ListenOptions{}); err != nil {
			t.Fatal(err)
		}
		invented := tcpPacket(addrPort("10.0.0.9:9"), addrPort("10.0.0.2:80"), wire.TCP{Flags: wire.SYN}, nil)
		p.host[1].Recv(p.now, &link.Packet{Bytes: invented}, nil)
		p.drain(1)
		p.wire.pop()
		return p
	}, func(p *pair, s *stream) { p.dial(0, "10.0.0.2:80", s) })
}

// TestCookieRefused shows a listener ACKs that bring no valid cookie back: they leave nothing, and draw no answer.
func TestCookieRefused(t *testing.T) {
	good := client{netip.AddrPortFrom(them4, 7000), addrPort("10.0.0.1:80"), 1000, wire.TCPOptions{HasTimestamps: true, TSVal: 1}}
	for _, c := range []struct {
		name   string
		edit   func(h *wire.TCP, from *netip.AddrPort)
		wait   time.Duration
		refuse bool
	}{
		{"good", func(*wire.TCP, *netip.AddrPort) {}, 0, false},
		{"good, later", func(*wire.TCP, *netip.AddrPort) {}, time.Minute, false},
		{"too late", func(*wire.TCP, *netip.AddrPort) {}, 2*time.Minute - time.Second, true},
		{"another acknowledgment", func(h *wire.TCP, _ *netip.AddrPort) { h.Ack++ }, 0, true},
		{"another time", func(h *wire.TCP, _ *netip.AddrPort) { h.Ack ^= 1 << 28 }, 0, true},
		{"another MSS", func(h *wire.TCP, _ *netip.AddrPort) { h.Ack ^= 1 << 30 }, 0, true},
		{"another sequence number", func(h *wire.TCP, _ *netip.AddrPort) { h.Seq += 100 }, 0, true},
		{"other options", func(h *wire.TCP, _ *netip.AddrPort) { h.Options.TSEcr ^= 1 << 4 }, 0, true},
		{"options lost", func(h *wire.TCP, _ *netip.AddrPort) { h.Options = wire.TCPOptions{} }, 0, true},
		{"another port", func(_ *wire.TCP, from *netip.AddrPort) { *from = netip.AddrPortFrom(them4, 7001) }, 0, true},
		{"another address", func(_ *wire.TCP, from *netip.AddrPort) { *from = netip.AddrPortFrom(far4, 7000) }, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, l := flooded(t, config(), ListenOptions{})
			b.at = 1230 * 1e9 // in the middle of a minute
			_, out := b.recv(good.syn(0))
			synAck := one(t, out).tcp
			h := wire.TCP{Seq: 1001, Ack: synAck.Seq + 1, Flags: wire.ACK, Window: 100}
			h.Options = wire.TCPOptions{HasTimestamps: true, TSVal: 2, TSEcr: synAck.Options.TSVal}
			from := good.at
			c.edit(&h, &from)
			b.at = b.at.Add(c.wait)
			before := b.tcp.conns.n
			_, out = b.recv(tcpPacket(from, good.to, h, nil))
			if !c.refuse {
				if len(out) != 0 || l.Accept() == nil {
					t.Error("not accepted")
				}
				return
			}
			if len(out) != 0 {
				t.Errorf("answered with %+v", parse(t, out[0]).tcp)
			}
			if l.Accept() != nil || b.tcp.conns.n != before || b.Counters().CookiesRefused != 1 {
				t.Errorf("%d connections, want %d; %d refused", b.tcp.conns.n, before, b.Counters().CookiesRefused)
			}
		})
	}
}

// Cookies are believed only of listeners that sent some lately: others answer an ACK as ever.
func TestCookieNotAskedFor(t *testing.T) {
	b, _ := flooded(t, config(), ListenOptions{})
	x := client{netip.AddrPortFrom(them4, 7000), addrPort("10.0.0.1:80"), 1000, wire.TCPOptions{}}
	_, out := b.recv(x.syn(0))
	ack := x.ack(one(t, out).tcp, "")
	other := b.mustListen("10.0.0.1:81", 0, ListenOptions{})
	x.to = other.Addr()
	if d, _ := b.recv(x.ack(wire.TCP{}, "")); d != DropNoListener {
		t.Errorf("a listener that sent none: counted as %q", d)
	}
	b.advance(tcp.CookieLife)
	if d, _ := b.recv(ack); d != DropNoListener {
		t.Errorf("after %v: counted as %q", tcp.CookieLife, d)
	}
	if n := b.Counters().CookiesRefused; n != 0 {
		t.Errorf("%d hashes for nothing", n)
	}
}

// When the accept queue is full, the ACK is dropped and the client's repetition gets in once there is room.
func TestCookieAcceptQueueFull(t *testing.T) {
	b := newBench(t, config())
	l := b.mustListen("10.0.0.1:80", 1, ListenOptions{})
	_, first := b.recv(syn(1))
	x := client{netip.AddrPortFrom(them4, 7000), addrPort("10.0.0.1:80"), 1000, wire.TCPOptions{}}
	_, out := b.recv(x.syn(0))
	synAck := one(t, out).tcp
	b.recv(answer(t, first[0], wire.ACK))
	if d, out := b.recv(x.ack(synAck, "hello")); d != DropAcceptQueueFull || len(out) != 0 {
		t.Errorf("counted as %q, answered %d times", d, len(out))
	}
	if c := l.Accept(); c == nil || c.ID().Remote.Port() != 1 {
		t.Fatal("the first connection is not there")
	}
	if _, out := b.recv(x.ack(synAck, "hello")); len(out) != 1 || parse(t, out[0]).tcp.Ack != 1006 {
		t.Errorf("the repetition was not acknowledged")
	}
	if c := l.Accept(); c == nil || c.Readable() != 5 {
		t.Error("the second connection is not there")
	}
}

// TestSYNFlood sends 100,000 SYNs of invented senders, among them those of a real client. What the host holds stays
// bounded, and the client's connection has all its options.
func TestSYNFlood(t *testing.T) {
	const backlog = 128
	for _, family := range []struct {
		name string
		us   string
		them func(i int) netip.Addr
	}{
		{"IPv4", "10.0.0.1:80", func(i int) netip.Addr { return netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}) }},
		{"IPv6", "[2001:db8::1]:80", func(i int) netip.Addr {
			return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 1, 12: 1, byte(i >> 16), byte(i >> 8), byte(i)})
		}},
	} {
		t.Run(family.name, func(t *testing.T) {
			b := newBench(t, config())
			l := b.mustListen(family.us, backlog, ListenOptions{})
			opt := wire.TCPOptions{HasMSS: true, MSS: 1460, HasWScale: true, WScale: 9, SACKPermitted: true, HasTimestamps: true, TSVal: 77}
			flood := func(from, to int) {
				for i := from; i < to; i++ {
					x := client{netip.AddrPortFrom(family.them(i), uint16(i)|1), addrPort(family.us), uint32(i), opt}
					b.recv(x.syn(0))
					b.at += 10_000
				}
			}
			flood(0, 50_000)
			x := client{netip.AddrPortFrom(family.them(1<<24-1), 5555), addrPort(family.us), 99, opt}
			_, out := b.recv(x.syn(0))
			synAck := one(t, out).tcp
			flood(50_000, 100_000)
			held := b.pool.Used()
			b.recv(x.ack(synAck, "GET /"))
			c := l.Accept()
			if c == nil || c.Readable() != 5 || c.Info(b.at).Options != "ts sack wscale:9,8" {
				t.Fatal("the client did not get in as it is")
			}
			if b.tcp.conns.n != backlog+1 || held != 0 {
				t.Errorf("%d connections, %d bytes held; want %d and 0", b.tcp.conns.n, held, backlog+1)
			}
			if n := b.Counters().CookiesSent; n != 100_001-backlog {
				t.Errorf("%d cookies sent, want %d", n, 100_001-backlog)
			}
		})
	}
}

// A flood costs no memory, neither of SYNs nor of ACKs.
func TestCookiesDoNotAllocate(t *testing.T) {
	b, _ := flooded(t, config(), ListenOptions{})
	x := client{netip.AddrPortFrom(them4, 7000), addrPort("10.0.0.1:80"), 1000, wire.TCPOptions{HasMSS: true, MSS: 1460, HasTimestamps: true}}
	for name, packet := range map[string][]byte{"SYN": x.syn(0), "ACK": x.ack(wire.TCP{Seq: 4}, "")} {
		p := &link.Packet{Bytes: packet}
		if n := testing.AllocsPerRun(100, func() {
			b.Recv(b.at, p, nil)
			for b.NextPacket(&b.pkt) {
				b.pkt.Release(b.pool)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
